"""Animations: the first frame that shows something, and a remark where that is not the first."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lifecast.photo.decode import read_photo
from lifecast.photo.frames import blank_note


def scene(brightness: float = 1.0) -> np.ndarray:
    """(H, W, 3) uint8: dark on the left, bright on the right."""
    values = np.zeros((48, 64, 3))
    values[:, 16:] = 60, 90, 120
    values[:, 40:] = 250, 200, 150
    return np.round(values * brightness).astype(np.uint8)


def animation(kind: str, frames: list[np.ndarray]) -> bytes:
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(kind, {})
    first.save(buffer, kind, save_all=True, append_images=others, duration=100, **options)
    return buffer.getvalue()


def animated(kind: str) -> None:
    Image.init()
    if kind not in Image.SAVE_ALL:
        pytest.skip(f"this Pillow writes no animated {kind}")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("level", [0, 255], ids=["black", "white"])
def test_a_blank_first_frame_is_passed_over(kind: str, level: int) -> None:
    animated(kind)
    blank = np.full((48, 64, 3), level, np.uint8)
    photo = read_photo(animation(kind, [blank, scene(), scene()[:, ::-1]]))
    assert np.abs(photo.colour.astype(int) - scene()).mean() < 4
    assert len(photo.notes) == 1
    assert photo.notes[0].startswith("frame 2 of ")


def test_a_transparent_first_frame_is_passed_over() -> None:
    full = np.dstack([scene(), np.full((48, 64), 255, np.uint8)])
    photo = read_photo(animation("WEBP", [np.zeros((48, 64, 4), np.uint8), full]))
    np.testing.assert_array_equal(photo.colour, scene())


def test_of_a_fade_a_frame_that_is_nearly_bright_is_taken() -> None:
    fade = [scene(level) for level in (0.0, 0.1, 0.2, 0.4, 0.8, 1.0)]
    photo = read_photo(animation("WEBP", fade))
    np.testing.assert_array_equal(photo.colour, scene(0.8))
    assert photo.notes[0].startswith("frame 5 of 6")


def test_a_first_frame_that_shows_something_stays() -> None:
    photo = read_photo(animation("WEBP", [scene(0.5), scene()]))
    np.testing.assert_array_equal(photo.colour, scene(0.5))
    assert photo.notes == ("the first of its 2 frames or pages was taken",)


def test_an_animation_of_nothing_is_its_first_frame_and_says_so() -> None:
    black = [np.full((48, 64, 3), level, np.uint8) for level in (0, 3)]
    photo = read_photo(animation("WEBP", black))
    assert photo.notes == ("the first of its 2 frames or pages was taken", "it is nearly black everywhere")


def test_damaged_later_frames_are_passed_over() -> None:
    data = animation("GIF", [np.zeros((48, 64, 3), np.uint8), scene(), scene()[:, ::-1]])
    photo = read_photo(data[:-300])
    assert np.abs(photo.colour.astype(int) - scene()).mean() < 4


def test_the_main_picture_of_heic_is_taken() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    other = Image.fromarray(scene()[:, ::-1])
    other.save(buffer, "HEIF", save_all=True, append_images=[Image.fromarray(scene())], primary_index=1, quality=95)
    photo = read_photo(buffer.getvalue())
    assert np.abs(photo.colour.astype(int) - scene()).mean() < 6
    assert photo.notes == ()


@pytest.mark.parametrize(("level", "said"), [(2, "black"), (250, "white"), (120, "of one colour")])
def test_blank_pictures(level: int, said: str) -> None:
    assert blank_note(np.full((48, 64, 3), level, np.uint8)) == (f"it is nearly {said} everywhere",)
    assert blank_note(scene()) == ()
