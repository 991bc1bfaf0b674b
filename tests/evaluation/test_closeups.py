"""Normals of face and hands, where the picture shows them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lifecast.evaluation.closeups import closeup_figures, region_map
from lifecast.evaluation.raster import render_normals
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import FACE, HAIR, LEFT_HAND, REST, RIGHT_HAND

Boxes = Callable[..., tuple[Triangles, np.ndarray]]


def test_the_map_shows_the_regions_where_they_are(boxes: Boxes) -> None:
    truth, regions = boxes()
    shown = region_map(truth, regions, 100)
    for number, (x, y) in {REST: (0, 0), FACE: (0, 0.7), LEFT_HAND: (0.6, 0), RIGHT_HAND: (-0.6, 0)}.items():
        assert shown[round(50 - 50 * y), round(50 + 50 * x)] == number
    assert shown[0, 0] == -1
    sizes = {number: int((shown == number).sum()) for number in (FACE, LEFT_HAND, RIGHT_HAND)}
    assert sizes == {
        FACE: pytest.approx(125, abs=25),
        LEFT_HAND: pytest.approx(50, abs=15),
        RIGHT_HAND: sizes[LEFT_HAND],
    }


def test_what_stands_behind_is_not_shown(boxes: Boxes) -> None:
    truth, regions = boxes({FACE: (0, -0.7, -0.5)})
    assert not (region_map(truth, regions, 100) == FACE).any()


def test_angles_are_those_of_the_region_alone(boxes: Boxes) -> None:
    truth, regions = boxes()
    shown = region_map(truth, regions, 128)
    true, mask = render_normals(truth, 0, 128)
    turned = true.copy()
    angle = np.radians(20)
    turned[shown == LEFT_HAND] = [np.sin(angle), 0, np.cos(angle)]
    figures = closeup_figures(turned, true, mask, shown)
    assert figures["face_degrees"] == pytest.approx(0, abs=1e-6)
    left, right = ((shown == number).sum() for number in (LEFT_HAND, RIGHT_HAND))
    hands = np.degrees(np.arccos(np.clip((turned * true).sum(2)[shown == LEFT_HAND], -1, 1))).sum()
    assert figures["hand_degrees"] == pytest.approx(hands / (left + right), abs=1e-4)
    assert 5 < figures["hand_degrees"] < 15


def test_a_few_pixels_are_no_hand() -> None:
    true = np.zeros((32, 32, 3))
    true[..., 2] = 1
    shown = np.full((32, 32), REST, np.int64)
    shown[:5, :5] = LEFT_HAND
    shown[20:, 20:] = HAIR
    assert closeup_figures(true, true, np.ones((32, 32), bool), shown) == {}
    shown[:5, :7] = FACE
    assert closeup_figures(true, true, np.ones((32, 32), bool), shown) == {"face_degrees": 0.0}
    assert closeup_figures(true, true, np.zeros((32, 32), bool), shown) == {}
