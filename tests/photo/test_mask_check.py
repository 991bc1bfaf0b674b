"""Faults of masks, by their shape and against the person found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lifecast.photo.mask_check import against, by_itself, small

Doll = tuple[np.ndarray, np.ndarray]


def drawn(kind: str, shape: tuple[int, int] = (200, 160)) -> np.ndarray:
    canvas = np.zeros(shape, np.uint8)
    if kind == "circle":
        cv2.circle(canvas, (80, 100), 60, 1, -1)
    elif kind == "ellipse":
        cv2.ellipse(canvas, (80, 100), (50, 90), 0, 0, 360, 1, -1)
    elif kind == "rectangle":
        canvas[20:180, 30:120] = 1
    elif kind == "round corners":
        canvas[10:190, 40:120] = 1
        canvas[40:160, 10:150] = 1
        for x, y in ((40, 40), (119, 40), (40, 159), (119, 159)):
            cv2.circle(canvas, (x, y), 30, 1, -1)
    elif kind == "hexagon":
        turns = np.radians(np.arange(6) * 60 + 10)
        cv2.fillConvexPoly(canvas, (np.stack([np.cos(turns), np.sin(turns)], 1) * 70 + (80, 100)).astype(int), 1)
    elif kind == "vignette":
        cv2.circle(canvas, (80, 100), 105, 1, -1)
    return canvas > 0


@pytest.fixture(scope="module")
def body(doll: Doll) -> np.ndarray:
    """The doll in a picture that is not square, off its middle."""
    return small(np.pad(doll[1], ((0, 0), (0, 0)))[:, 60:400])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("circle", "a circle"),
        ("ellipse", "an ellipse"),
        ("rectangle", "a rectangle,"),
        ("round corners", "round corners"),
        ("hexagon", "without any inward bend"),
        ("vignette", "round corners"),
    ],
)
def test_drawn_shapes_are_frames(kind: str, words: str) -> None:
    verdict = by_itself(drawn(kind))
    assert verdict is not None
    assert verdict.fault == "frame"
    assert words in verdict.words


def test_a_body_is_no_frame_and_its_inverse_is_named(body: np.ndarray) -> None:
    assert by_itself(body) is None
    verdict = by_itself(~body)
    assert verdict is not None
    assert verdict.fault == "inverted"
    cut = body[:180]  # by the lower border, at the knees
    assert by_itself(cut) is None
    inverse = by_itself(~cut)
    assert inverse is not None
    assert inverse.fault == "inverted"


def test_what_fits_the_person_found(body: np.ndarray) -> None:
    other = np.roll(body, 90, 1)
    wide = cv2.dilate(body.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    half = body & (np.arange(len(body)) < 110)[:, None]
    for mask in (body, wide, half):
        assert against(mask, [other, body]) is None
    assert against(body | other, [other, body]) is None  # two people are as large as two people


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        (lambda m: ~m, "inverted", "white on black"),
        (lambda m: m[::-1, ::-1], "turned", "by 180 degrees"),
        (lambda m: m[::-1], "turned", "top and bottom"),
        (lambda m: m[:, ::-1], "turned", "left and right"),
        (lambda m: cv2.dilate(m.astype(np.uint8), np.ones((61, 61))) > 0, "larger", "times the area"),
        (lambda m: np.roll(m[100:140], 100, 1), "beside", "another place"),
    ],
)
def test_what_does_not_fit_is_named(body: np.ndarray, change: object, fault: str, words: str) -> None:
    lopsided = body.copy()
    lopsided[:, : body.shape[1] // 2 + 5] &= (np.arange(len(body)) < 130)[:, None]  # one leg, so that sides differ
    lopsided = np.roll(lopsided, -15, 1)
    changed = change(lopsided)  # type: ignore[operator]
    mask = np.zeros_like(body)
    mask[: changed.shape[0], : changed.shape[1]] = changed
    verdict = against(mask, [lopsided])
    assert verdict is not None
    assert verdict.fault == fault
    assert words in verdict.words


@pytest.mark.parametrize(("steps", "words"), [(1, "90 degrees counter-clockwise"), (-1, "90 degrees clockwise")])
def test_a_mask_that_lies_says_which_way(body: np.ndarray, steps: int, words: str) -> None:
    """`np.rot90` turns counter-clockwise by positive steps."""
    verdict = against(np.rot90(body, steps), [body], transposed=True)
    assert verdict is not None
    assert words in verdict.words
    unknown = against(np.rot90(body, steps), [], transposed=True)
    assert unknown is not None
    assert unknown.words == "is turned by 90 degrees"
