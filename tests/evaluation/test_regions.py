"""Distances by region against obvious loops, and parts that are moved back to where they belong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.regions import part_alignment, region_figures, region_points
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import FACE, HAIR, LEFT_HAND, RIGHT_HAND
from lifecast.space.units import CM_PER_UNIT

Boxes = Callable[..., tuple[Triangles, np.ndarray]]


def test_equal_surfaces_are_nowhere_off(boxes: Boxes) -> None:
    truth, regions = boxes()
    figures = region_figures(truth, truth, regions)
    rows = ("face", "hands", "rest")
    kinds = ("truth_to_prediction", "prediction_to_truth", "aligned")
    assert set(figures) == {f"{row}_{kind}_cm" for row in rows for kind in kinds}
    assert max(figures.values()) < 1e-5


def test_a_moved_hand_counts_for_hands_alone_and_is_right_once_aligned(boxes: Boxes) -> None:
    truth, regions = boxes()
    predicted, _ = boxes({LEFT_HAND: (0.0, 0.0, 0.02)})
    figures = region_figures(predicted, truth, regions)
    assert figures["face_truth_to_prediction_cm"] < 1e-5
    assert figures["rest_prediction_to_truth_cm"] < 1e-5
    # Of a plate that is moved across by less than its thickness, its two sides are off by the shift, others by less.
    left = CM_PER_UNIT * predicted.closest(region_points(truth, regions == LEFT_HAND, 1 + LEFT_HAND))[0].mean()
    assert figures["hands_truth_to_prediction_cm"] == pytest.approx(left / 2)
    assert 0.4 * 2.56 / 2 < figures["hands_truth_to_prediction_cm"] < 2.56 / 2
    assert 0.4 * 2.56 / 2 < figures["hands_prediction_to_truth_cm"] < 2.56 / 2
    assert figures["hands_aligned_cm"] < 0.02


def test_both_directions_are_the_obvious_loop(boxes: Boxes) -> None:
    truth, regions = boxes()
    rng = np.random.default_rng(2)
    predicted = Triangles(boxes()[0].vertices + rng.normal(0, 0.01, truth.vertices.shape), truth.faces)
    figures = region_figures(predicted, truth, regions, seed=5)
    points, _ = predicted.sample(20_000, 5)
    few = points[:: len(points) // 400]
    nearest, apart = [], []
    for point in few:
        _, distance, face = trimesh.proximity.closest_point_naive(
            trimesh.Trimesh(truth.vertices, truth.faces, process=False), point[None]
        )
        nearest.append(regions[face[0]])
        apart.append(distance[0])
    hands = CM_PER_UNIT * np.array(apart)[np.isin(nearest, (LEFT_HAND, RIGHT_HAND))]
    assert len(hands) > 20
    assert figures["hands_prediction_to_truth_cm"] == pytest.approx(
        hands.mean(), abs=4 * hands.std() / len(hands) ** 0.5
    )
    true = region_points(truth, regions == FACE, 5 + 1 + FACE)
    own = Triangles(truth.vertices, truth.faces[regions == FACE])
    assert own.closest(true)[0].max() < 1e-9
    loop = trimesh.proximity.closest_point_naive(
        trimesh.Trimesh(predicted.vertices, predicted.faces, process=False), true[:300]
    )[1]
    np.testing.assert_allclose(CM_PER_UNIT * predicted.closest(true[:300])[0], CM_PER_UNIT * loop, atol=1e-9)
    expected = CM_PER_UNIT * predicted.closest(true)[0].mean()
    assert figures["face_truth_to_prediction_cm"] == pytest.approx(expected)


@pytest.mark.parametrize(("side", "measured"), [(0.01, False), (0.05, True)])
def test_a_region_that_hardly_shows_is_not_measured(boxes: Boxes, side: float, measured: bool) -> None:
    truth, regions = boxes()
    tuft = trimesh.creation.box((side, side, side), trimesh.transformations.translation_matrix((0, 0.9, 0)))
    whole = Triangles(
        np.concatenate([truth.vertices, tuft.vertices]), np.concatenate([truth.faces, tuft.faces + len(truth.vertices)])
    )
    regions = np.concatenate([regions, np.full(len(tuft.faces), HAIR, np.uint8)])
    assert ("hair_aligned_cm" in region_figures(whole, whole, regions)) is measured


def test_alignment_of_a_part_undoes_a_small_motion_and_never_makes_it_worse(boxes: Boxes) -> None:
    truth, regions = boxes()
    points = region_points(truth, regions == LEFT_HAND, 0)
    turn = trimesh.transformations.rotation_matrix(0.1, [0.3, 1, 0.2], (0.6, 0, 0))
    moved = points @ turn[:3, :3].T + turn[:3, 3] + [0.005, 0.004, -0.006]
    back = part_alignment(moved, truth)(moved)
    before, after = (truth.closest(one)[0].mean() for one in (moved, back))
    assert after < 0.1 * before
    np.testing.assert_allclose(part_alignment(points, truth)(points), points, atol=1e-9)
