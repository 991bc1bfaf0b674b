"""Which way up a picture lies: turned by quarters, and told from a pose."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.options import parse_turn
from lifecast.photo.blazepose import ANKLES, EYES, HIPS, LANDMARKS, MOUTH, SHOULDERS
from lifecast.photo.decode import Photo
from lifecast.photo.orientation import turn_needed, turn_notes, turned


def figure(trunk: float = 0, head: float = 0, legs: float = 0) -> np.ndarray:
    """A stick figure whose parts lean clockwise from upright, in degrees."""

    def up(degrees: float) -> np.ndarray:
        return np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])

    points = np.zeros((LANDMARKS, 4), np.float32)
    points[:, 3] = 1
    points[list(SHOULDERS), :2] = 100 * up(trunk)
    points[list(MOUTH), :2] = 130 * up(trunk)
    points[list(EYES), :2] = points[MOUTH[0], :2] + 10 * up(head)
    points[list(ANKLES), :2] = -150 * up(legs)
    points[list(HIPS), 3] = 1
    return points


@pytest.mark.parametrize(("lean", "turn"), [(0, 0), (20, 0), (90, 270), (-70, 90), (-90, 90), (170, 180), (-175, 180)])
def test_a_person_who_is_not_upright_names_the_turn(lean: float, turn: int) -> None:
    landmarks = figure(lean, lean, lean)
    assert turn_needed(landmarks) == turn
    notes = turn_notes(landmarks)
    assert len(notes) == (turn > 0)
    assert all(f"--turn {turn}" in note for note in notes)


@pytest.mark.parametrize(
    "leans",
    [
        (133, 105, 122),  # a one-hand handstand
        (83, 85, 157),  # a break dancer on one arm
        (26, -27, 41),  # a dance
        (-60, 0, -90),  # a slide with the head up
        (90, 30, 90),  # lies and looks at the camera
    ],
)
def test_sport_is_no_turned_picture(leans: tuple[float, float, float]) -> None:
    assert turn_needed(figure(*leans)) == 0
    assert turn_notes(figure(*leans)) == ()


def test_legs_that_cannot_be_seen_do_not_count() -> None:
    landmarks = figure(180, 180, 90)
    assert turn_needed(landmarks) == 0
    landmarks[list(ANKLES), 3] = 0.1
    assert turn_needed(landmarks) == 180
    assert turn_needed(None) == 0


def test_a_photograph_is_turned_clockwise_with_its_transparency() -> None:
    colour = np.zeros((2, 3, 3), np.uint8)
    colour[0, 0] = 9  # the upper left corner
    photo = Photo(colour, colour[..., 0] / np.float32(9), name="p")
    right = turned(photo, 90)
    assert right.size == (2, 3)
    assert right.colour[0, 1, 0] == 9
    assert right.alpha is not None
    assert right.alpha[0, 1] == 1
    assert right.turned == 90
    assert right.notes == ("turned by 90 degrees clockwise",)
    again = turned(right, 270)
    np.testing.assert_array_equal(again.colour, colour)
    assert again.turned == 0
    assert turned(photo, 0) is photo


@pytest.mark.parametrize("typed", ["0", "90", "180", "270", " Auto ", 180])
def test_turns_as_they_are_typed(typed: str | int) -> None:
    assert str(parse_turn(typed)) == str(typed).strip().lower()


@pytest.mark.parametrize("typed", ["45", "-90", "", "left", "90.0"])
def test_other_turns_are_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="0, 90, 180 or 270"):
        parse_turn(typed)
