"""Faces of people who were made, and people in a group who are told apart by them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lifecast.photo import blazepose, faces
from lifecast.photo.decode import Photo
from lifecast.photo.person import find_people

PEOPLE = Path(__file__).parents[1] / "unseen_people"
pytestmark = pytest.mark.skipif(
    not blazepose.available() or not faces.available(), reason="mediapipe's networks are not installed"
)


def person(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Colours (512, 512, 3) RGB and mask (512, 512) bool."""
    folder = PEOPLE / f"person_{name}"
    colour = cv2.imread(str(folder / "view_000_colour.jpg"), cv2.IMREAD_COLOR_RGB)
    mask = cv2.imread(str(folder / "view_000_mask.png"), cv2.IMREAD_GRAYSCALE)
    assert colour is not None
    assert mask is not None
    return colour, mask > 127


def side_by_side(names: list[str], gap: int) -> tuple[Photo, list[np.ndarray]]:
    """Whole people on a grey wall, their middles `gap` pixels apart, the later in front; and what is seen of each."""
    wall = np.full((560, 900, 3), 150, np.uint8)
    owner = np.full(wall.shape[:2], -1)
    for number, name in enumerate(names):
        colour, mask = person(name)
        rows, columns = np.nonzero(mask)
        left = int(450 + (number - (len(names) - 1) / 2) * gap - columns.mean())
        wall[rows + 30, columns + left] = colour[rows, columns]
        owner[rows + 30, columns + left] = number
    return Photo(wall, name="wall.png"), [owner == number for number in range(len(names))]


def test_a_face_is_found_once_and_where_it_is() -> None:
    photo, seen = side_by_side(["000012", "000001"], 250)
    squares = [(0.0, 0.0, 560.0), (170.0, 0.0, 560.0), (340.0, 0.0, 560.0)]
    found = faces.find_faces(photo.image(), squares)
    assert len(found) == 2
    for face, shown in zip(sorted(found, key=lambda face: face.x), seen, strict=True):
        rows, columns = np.nonzero(shown)
        head = rows < rows.min() + 50
        assert abs(face.nose[0] - columns[head].mean()) < 12
        assert rows.min() < face.nose[1] < rows.min() + 50
        assert 25 < face.width < 45
        body = face.bodies()[0]
        assert rows.min() + 100 < body.y < rows.max() - 100


def test_nobody_has_no_face() -> None:
    wall = Image.new("RGB", (600, 400), (150, 150, 150))
    assert faces.find_faces(wall, [(0.0, 0.0, 400.0), (200.0, 0.0, 400.0)]) == []


def test_people_who_hide_each_other_are_told_apart_by_their_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, seen = side_by_side(["000001", "000012"], 84)
    people = find_people(photo)
    assert len(people) == 2
    for shown in seen:
        best = 0.0
        for one in people:
            assert one.mask is not None
            mask = one.mask.window(0, 0, 900, 900)[:560] > 0.5
            best = max(best, (mask & shown).sum() / (mask | shown).sum())
        assert best > 0.5
    monkeypatch.setattr(faces, "available", lambda: False)
    assert len(find_people(photo)) == 1
