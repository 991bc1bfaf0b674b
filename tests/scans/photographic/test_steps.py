"""A photograph takes pixels from the mask only where something stands before the person, or the photograph ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.scans.photographic.bystanders import Bystanders
from lifecast.scans.photographic.camera import CameraModel
from lifecast.scans.photographic.cast_shadow import CastShadow
from lifecast.scans.photographic.held_things import HeldThings
from lifecast.scans.photographic.layers import without
from lifecast.scans.photographic.motion_blur import MotionBlur
from lifecast.scans.photographic.occluders import Occluders
from lifecast.scans.photographic.steps import MOST_HIDDEN, OFF, Photograph, PhotographicSteps

from .conftest import SIZE, body_mask

Take = Callable[..., Photograph]
BEFORE = replace(OFF, bystanders=Bystanders(1.0), held_things=HeldThings(1.0, mistaken=0), occluders=Occluders(1.0))


def test_without_steps_a_photograph_is_person_before_background(photographed: Take) -> None:
    photograph = photographed(OFF)
    inside = body_mask() > 0
    assert (photograph.image[inside] == (0, 200, 0)).all()
    assert (photograph.image[~inside] == 120).all()
    np.testing.assert_array_equal(photograph.mask, body_mask())
    np.testing.assert_array_equal(photograph.found, body_mask())
    assert photograph.hidden is None


def test_what_stands_before_leaves_the_mask_and_nothing_else_does(photographed: Take) -> None:
    hid = 0
    for index in range(30):
        photograph = photographed(BEFORE, index)
        if photograph.hidden is None:
            np.testing.assert_array_equal(photograph.mask, body_mask())
            continue
        np.testing.assert_array_equal(photograph.mask, without(body_mask(), photograph.hidden))
        assert (photograph.mask[photograph.hidden == 255] == 0).all()
        np.testing.assert_array_equal(photograph.mask[photograph.hidden == 0], body_mask()[photograph.hidden == 0])
        assert photograph.mask.sum() >= (1 - MOST_HIDDEN - 0.01) * body_mask().sum()
        hid += int((photograph.mask != body_mask()).any())
        whole = (photograph.hidden == 255) & (body_mask() > 0)
        assert (photograph.image[whole] != (0, 200, 0)).any(axis=1).mean() > 0.95 or not whole.any()
    assert hid >= 15


@pytest.mark.parametrize(
    "steps",
    [
        replace(OFF, cast_shadow=CastShadow(unlit=1.0)),
        replace(OFF, motion_blur=MotionBlur(shake=1.0, moving=1.0)),
        replace(OFF, camera=PhotographicSteps().camera),
        replace(OFF, bystanders=Bystanders(1.0, before=0, beside=0)),
    ],
)
def test_light_blur_camera_and_people_behind_leave_the_mask(photographed: Take, steps: PhotographicSteps) -> None:
    changed = 0
    for index in range(6):
        photograph = photographed(steps, index)
        np.testing.assert_array_equal(photograph.mask, body_mask())
        assert photograph.hidden is None
        changed += int((photograph.image != photographed(OFF).image).any())
    assert changed >= 3


def test_people_behind_are_hidden_by_the_person(photographed: Take) -> None:
    steps = replace(OFF, bystanders=Bystanders(1.0, second=1.0, before=0, beside=0))
    red = 0
    for index in range(8):
        image = photographed(steps, index).image
        assert (image[body_mask() > 0] == (0, 200, 0)).all()
        red += int((image[..., 0] > 200).sum())
    assert red > 500


def test_a_found_mask_may_take_held_things_for_the_person(photographed: Take) -> None:
    steps = replace(OFF, held_things=HeldThings(1.0, mistaken=1.0))
    added = 0
    for index in range(10):
        photograph = photographed(steps, index)
        assert (photograph.found >= photograph.mask).all()
        if photograph.hidden is not None:
            added += int((photograph.found.astype(int) - photograph.mask > 100).sum())
            assert (photograph.found[photograph.hidden == 255] == 255).all()
    assert added > 100


def test_beyond_the_photograph_edges_are_repeated_and_nobody_is(photographed: Take) -> None:
    x, y, w, h = rim = (10, 20, 100, 60)
    plain, framed = photographed(OFF), photographed(OFF, rim=rim)
    np.testing.assert_array_equal(framed.image[y : y + h, x : x + w], plain.image[y : y + h, x : x + w])
    np.testing.assert_array_equal(
        framed.image[y + h :, x : x + w], np.repeat(plain.image[y + h - 1 : y + h, x : x + w], SIZE - y - h, 0)
    )
    beyond = np.ones((SIZE, SIZE), bool)
    beyond[y : y + h, x : x + w] = False
    for cover in (framed.mask, framed.found):
        assert (cover[beyond] == 0).all()
        np.testing.assert_array_equal(cover[~beyond], body_mask()[~beyond])
    assert framed.hidden is not None
    assert (framed.hidden[beyond] == 255).all()
    assert (framed.hidden[~beyond] == 0).all()


def test_a_seed_decides_everything(photographed: Take) -> None:
    steps = replace(BEFORE, camera=PhotographicSteps().camera, motion_blur=MotionBlur(shake=0.5, moving=0.5))
    for index in range(4):
        first, again = photographed(steps, index), photographed(steps, index)
        for name in ("image", "mask", "found"):
            np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert (photographed(steps, 0).image != photographed(steps, 1).image).any()


def test_a_step_leaves_the_draws_of_the_others(photographed: Take) -> None:
    noisy = replace(BEFORE, camera=replace(OFF.camera, noise=1.0, jpeg=1.0), cast_shadow=CastShadow(unlit=1.0))
    for index in range(6):
        np.testing.assert_array_equal(photographed(noisy, index).mask, photographed(BEFORE, index).mask)


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(UsageError, match=r"camera: jpeg 1\.5"):
        PhotographicSteps(camera=CameraModel(jpeg=1.5))
    with pytest.raises(UsageError, match="bystanders: probability -1"):
        PhotographicSteps(bystanders=Bystanders(-1))
