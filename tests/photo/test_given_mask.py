"""Masks that somebody gives, and cut-outs: believed where they can be a person's, else refused by name or searched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo
from lifecast.photo.given_mask import person_by_alpha, person_by_mask, read_mask
from lifecast.photo.search import search, search_cut_out, turn_photo

needs_detector = pytest.mark.skipif(
    not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed"
)

Doll = tuple[np.ndarray, np.ndarray]


def ellipse(shape: tuple[int, int] = (512, 512)) -> np.ndarray:
    canvas = np.zeros(shape, np.uint8)
    cv2.ellipse(canvas, (256, 256), (200, 230), 0, 0, 360, 1, -1)
    return canvas.astype(np.float32)


def nobody_by_networks(photo: Photo) -> object:
    raise AssertionError("the networks are asked only without BlazePose")


def box_of(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


def test_a_mask_says_where_somebody_is(doll: Doll) -> None:
    person = person_by_mask(Photo(doll[0]), doll[1])
    np.testing.assert_array_equal(person.box, box_of(doll[1] > 0.5))
    assert person.mask is not None
    assert person.mask.exact
    assert person.notes == ()
    np.testing.assert_array_equal(person.mask.window(0, 0, 512, 512), doll[1])


@pytest.mark.parametrize(
    ("left", "top", "words"),
    [(0, 100, "upper border;"), (0, -100, "lower border;"), (200, 120, "left and upper borders;")],
)
def test_borders_that_a_mask_touches_are_named(doll: Doll, left: int, top: int, words: str) -> None:
    """The doll moved over the border of a picture of its own size."""

    def moved(values: np.ndarray) -> np.ndarray:
        padding = [(200, 200), (200, 200)] + [(0, 0)] * (values.ndim - 2)
        return np.pad(values, padding, mode="edge")[200 + top : 712 + top, 200 + left : 712 + left]

    person = person_by_mask(Photo(moved(doll[0])), moved(doll[1]))
    assert f"touches the photograph's {words} it may be cut off" in person.notes


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((512, 512)), "nobody.*highest is 0 of 255"),
        (np.full((512, 512), 0.3), "nobody.*highest is 76 of 255"),
        (np.ones((512, 512)), "whole picture"),
        (np.ones((100, 100)), "do not fit"),
        (ellipse(), "an ellipse.*--box 56,26,401,461"),
    ],
)
def test_masks_that_show_nobody(doll: Doll, mask: np.ndarray, words: str) -> None:
    with pytest.raises(PhotoError, match=f"^mask.png: .*{words}"):
        person_by_mask(Photo(doll[0]), mask, "mask.png")


@needs_detector
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: 1 - m, "is inverted"),
        (lambda m: m[::-1], "(by 180 degrees|top and bottom exchanged)"),
        (lambda m: np.rot90(m), "90 degrees counter-clockwise"),
        (lambda m: cv2.dilate(m, np.ones((121, 121))), "times the area of the person"),
        (lambda m: np.roll(m, 200, 1) * (np.arange(512) > 200), "another place"),
    ],
)
def test_masks_that_cannot_be_the_persons_are_refused(doll: Doll, change: object, words: str) -> None:
    mask = np.ascontiguousarray(change(doll[1]))  # type: ignore[operator]
    with pytest.raises(PhotoError, match=f"^mask.png: .*{words}"):
        person_by_mask(Photo(doll[0], name="p.png"), mask, "mask.png")


@pytest.mark.parametrize("found", [True, False])
def test_a_mask_of_the_stored_picture_is_refused(doll: Doll, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not found:
        monkeypatch.setattr(blazepose, "models_folder", lambda: None)
    elif not blazepose.available():
        pytest.skip("needs the detector")
    photo = Photo(np.ascontiguousarray(doll[0][:, 80:430]), name="p.jpg")
    mask = np.ascontiguousarray(np.rot90(doll[1][:, 80:430], -1))
    words = "turned by 90 degrees clockwise" if found else "turned by 90 degrees: "
    with pytest.raises(PhotoError, match=f"{words}.*512 x 350.*EXIF"):
        person_by_mask(photo, mask, "mask.png")


def test_where_nobody_is_found_a_mask_is_believed_but_for_its_shape(
    doll: Doll, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Photo(np.full((512, 512, 3), 120, np.uint8))
    rng = np.random.default_rng(0)
    wall.colour[:] = rng.integers(90, 160, wall.colour.shape)
    for installed in (True, False):
        if not installed:
            monkeypatch.setattr(blazepose, "models_folder", lambda: None)
        person = person_by_mask(wall, doll[1])
        np.testing.assert_array_equal(person.box, box_of(doll[1] > 0.5))
        for mask, words in ((ellipse(), "frame"), (1 - doll[1], "inverted")):
            with pytest.raises(PhotoError, match=words):
                person_by_mask(wall, mask)


@needs_detector
def test_half_a_mask_and_a_fat_one_are_said(doll: Doll) -> None:
    head = doll[1] * (np.arange(512) < 170)[:, None]
    (said,) = person_by_mask(Photo(doll[0]), head).notes
    assert "% of the person who is found" in said
    # Speckled, so that the added rim is no outline of one colour.
    speckled = np.where(doll[1][..., None] > 0.5, doll[0], np.random.default_rng(0).integers(0, 255, doll[0].shape))
    wide = cv2.dilate(doll[1], np.ones((31, 31)))
    person = person_by_mask(Photo(speckled.astype(np.uint8)), wide)
    assert any("times the area" in note for note in person.notes)


def test_dark_masks_of_two_values_are_taken(doll: Doll) -> None:
    ones = doll[1] > 0.5
    picture = Image.fromarray(ones.astype(np.uint8))
    for source in (picture, ones.astype(np.uint8), ones.astype(np.int64), ones, Image.fromarray(ones)):
        values, _ = read_mask(source)
        np.testing.assert_array_equal(values, ones.astype(np.float32))
    soft, _ = read_mask(doll[1] * 0.4 * np.linspace(0.5, 1, 512, dtype=np.float32))
    assert soft.max() == pytest.approx(0.337, abs=0.01)  # grey stays grey
    turned, name = read_mask(picture, 90)
    np.testing.assert_array_equal(turned, np.rot90(ones, -1))
    assert name == "picture"


@needs_detector
def test_a_frame_is_searched_inside(doll: Doll) -> None:
    photo = Photo(doll[0], ellipse(), "avatar.png")
    (person,) = search_cut_out(photo, "largest", nobody_by_networks)  # type: ignore[arg-type]
    assert "an ellipse" in person.notes[0]
    truth = box_of(doll[1] > 0.5)
    np.testing.assert_allclose(person.box, truth, atol=0.06 * (truth[3] - truth[1]))
    empty = Photo(np.random.default_rng(0).integers(90, 160, (512, 512, 3), dtype=np.uint8), ellipse(), "avatar.png")
    with pytest.raises(PhotoError, match=r"avatar.png: no person.*an ellipse"):
        search_cut_out(empty, "largest", nobody_by_networks)  # type: ignore[arg-type]


def test_an_inverted_cut_out_is_refused(doll: Doll) -> None:
    with pytest.raises(PhotoError, match=r"transparency of p.png.*is inverted"):
        person_by_alpha(Photo(doll[0], (1 - doll[1]).astype(np.float32), "p.png"))


def test_stickers_and_shadows_are_trimmed(doll: Doll) -> None:
    outline = cv2.dilate(doll[1], np.ones((25, 25)))
    colour = np.where(doll[1][..., None] > 0.5, doll[0], 255).astype(np.uint8)
    shadow = cv2.GaussianBlur(np.roll(outline, 10, 0), (0, 0), 8) * 0.6
    colour[outline < 0.5] = 0
    given = person_by_alpha(Photo(colour, np.maximum(outline, shadow).astype(np.float32)))
    assert given.person is not None
    np.testing.assert_allclose(given.person.box, box_of(doll[1] > 0.5), atol=4)
    assert [word for word in ("shadow", "outline") if any(word in note for note in given.person.notes)] == [
        "shadow",
        "outline",
    ]


@needs_detector
def test_a_cut_out_of_two_people_is_taken_apart(doll: Doll) -> None:
    colour = np.concatenate([doll[0], doll[0]], 1)
    photo = Photo(colour, np.concatenate([doll[1], doll[1]], 1), "two.png")
    people = search_cut_out(photo, "all", nobody_by_networks)  # type: ignore[arg-type]
    assert len(people) == 2
    assert all("several people" in person.notes[0] for person in people)
    mask = person_by_mask(photo, photo.alpha if photo.alpha is not None else np.zeros(0), "mask.png")
    assert any("another face" in note for note in mask.notes)


@needs_detector
def test_somebody_who_is_found_only_turned_is_said(doll: Doll, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecast.photo import search as searching

    real = searching.find_people
    upside_down = Photo(np.ascontiguousarray(doll[0][::-1, ::-1]), name="p.jpg")
    # The detector finds the doll either way up; a picture in which it does not is made by forgetting the first answer.
    monkeypatch.setattr(searching, "find_people", lambda photo: real(photo) if photo.turned else [])
    with pytest.raises(PhotoError, match=r"p.jpg: no person.*--turn 180"):
        search(upside_down, "largest", nobody_by_networks)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert turn_photo(upside_down, "auto").turned == 180
    assert turn_photo(Photo(doll[0]), "auto").turned == 0
    assert turn_photo(Photo(doll[0]), 90).turned == 90
