"""Framing a person: camera, mask, background, pose, and what the networks get."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.framed_person import Framer
from lifecast.loading import load
from lifecast.model.ablations import preset_named
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import Model
from lifecast.photo import mask as found_mask
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.mask import ArrayMask, PoseMask, SquareMask
from lifecast.photo.neighbours import Limbs
from lifecast.photo.person import Person
from lifecast.pipeline import Reconstructor
from lifecast.space.limb_map import limb_map
from lifecast.space.view import Camera

Doll = tuple[np.ndarray, np.ndarray]
BOX = (100.0, 50.0, 400.0, 450.0)


@pytest.fixture(scope="module")
def model(doll_weights: Path) -> Model:
    return load(doll_weights, "cpu").model


@pytest.fixture(scope="module")
def posed_model() -> Model:
    """A model with pose channels and a pose lifter."""
    torch.manual_seed(3)
    model = Model(preset_named("tiny-pose-lifter"))
    assert model.pose_lifter is not None
    for values in model.pose_lifter.parameters():
        torch.nn.init.normal_(values, std=0.1)
    return model.for_inference()


@pytest.fixture(scope="module")
def photo(doll: Doll) -> Photo:
    return read_photo(doll[0])


def landmarks() -> np.ndarray:
    """(33, 4) in pixels of the doll's photograph, all visible."""
    draw = np.random.default_rng(5)
    points = draw.uniform([180, 80, -30, 1], [330, 430, 30, 1], (33, 4))
    return points.astype(np.float32)


def grey_level(image: torch.Tensor) -> float:
    """Of the upper left corner, 0 to 255."""
    return float((image[0, 0, 0, 0] + 1) * 127.5)


def test_background_is_cleaned_or_kept(model: Model, photo: Photo, doll: Doll) -> None:
    person = Person(BOX, mask=ArrayMask(doll[1]))
    clean = Framer(model, PLAIN).frame(photo, person)
    kept = Framer(model, PLAIN.without("clean_background")).frame(photo, person)
    assert grey_level(clean.inputs[0]) == pytest.approx(127, abs=1.5)
    assert grey_level(kept.inputs[0]) == pytest.approx(214, abs=1.5)
    assert clean.given_mask is not None
    np.testing.assert_array_equal(clean.given_mask[0, 0].numpy(), clean.mask)
    assert kept.given_mask is None, "the networks find the mask themselves"
    assert len(clean.inputs) == 1
    assert clean.inputs[0].shape[-1] == model.architecture.image_size


def test_the_camera_frames_the_box_or_is_given(model: Model, photo: Photo) -> None:
    framer, person = Framer(model, PLAIN), Person(BOX)
    found = framer.frame(photo, person)
    assert found.camera == framer.camera(photo, person)
    # A box of 400 pixels is 180 of the picture's 256 rows.
    assert found.camera.side == pytest.approx(400 * 256 / 180, rel=0.01)
    assert found.camera.size == 1024
    assert found.image.shape == (1024, 1024, 3)
    assert found.mask is None
    whole = framer.frame(photo, person, Camera.whole(512))
    np.testing.assert_array_equal(whole.image, photo.colour)


def test_landmarks_are_lifted_and_drawn_as_the_options_say(posed_model: Model, photo: Photo) -> None:
    person = Person(BOX, landmarks())
    lifted = Framer(posed_model, PLAIN).frame(photo, person)
    plain = Framer(posed_model, PLAIN.without("lift")).frame(photo, person)
    blind = Framer(posed_model, PLAIN.without("pose")).frame(photo, person)
    assert lifted.joints is not None
    assert plain.joints is not None
    in_view = torch.from_numpy(lifted.camera.landmarks_to_view(landmarks()))
    assert torch.equal(plain.joints[0], in_view)
    with torch.inference_mode():
        assert torch.equal(lifted.joints, posed_model.lifted(in_view[None]))
    assert not torch.allclose(lifted.joints, plain.joints, atol=1e-3)
    for framed in (lifted, plain):
        assert framed.joints is not None
        assert framed.pose is not None
        assert torch.equal(framed.pose[0], limb_map(framed.joints[0]))
    assert blind.pose is None
    assert Framer(posed_model, PLAIN).frame(photo, Person(BOX)).joints is None


def test_another_masker_finds_the_mask_but_of_a_cut_out(model: Model, photo: Photo, doll: Doll) -> None:
    asked: list[tuple[np.ndarray, np.ndarray | None]] = []
    half = np.zeros((1024, 1024), np.float32)
    half[:, :512] = 1

    def masker(image: np.ndarray, found: np.ndarray | None) -> np.ndarray:
        asked.append((image, found))
        return half

    framer = Framer(model, PLAIN, masker)
    bare = framer.frame(photo, Person(BOX))
    np.testing.assert_array_equal(bare.mask, half)
    assert asked[0][0] is bare.image
    assert asked[0][1] is None
    soft = SquareMask(doll[1], 0, 0, 512)
    np.testing.assert_array_equal(framer.frame(photo, Person(BOX, mask=soft)).mask, half)
    camera = bare.camera
    np.testing.assert_array_equal(asked[1][1], soft.window(camera.left, camera.top, camera.side, camera.size))
    cut_out = framer.frame(photo, Person(BOX, mask=ArrayMask(doll[1])), Camera.whole(512))
    np.testing.assert_array_equal(cut_out.mask, doll[1])
    assert len(asked) == 2


def test_a_found_mask_is_refined_unless_switched_off(model: Model, photo: Photo, doll: Doll) -> None:
    rough = np.zeros_like(doll[1])
    rough[40:480, 150:360] = 0.2
    rough += 0.6 * doll[1]
    person = Person(BOX, mask=SquareMask(rough, 0, 0, 512))
    camera = Camera.whole(512)
    off = Framer(model, PLAIN.without("refine_mask")).frame(photo, person, camera)
    np.testing.assert_allclose(off.mask, rough, atol=1e-6)
    fine = Framer(model, PLAIN).frame(photo, person, camera)
    assert fine.mask is not None
    assert np.abs(fine.mask - doll[1]).mean() < 0.5 * np.abs(rough - doll[1]).mean()


@pytest.mark.parametrize(
    ("close_by", "options", "comes_back"),
    [(False, PLAIN, True), (True, PLAIN, False), (False, PLAIN.without("lost_parts"), False)],
    ids=["alone", "somebody near", "switched off"],
)
def test_legs_that_blazepose_lost_come_back_where_nobody_is_near(
    model: Model,
    photo: Photo,
    doll: Doll,
    monkeypatch: pytest.MonkeyPatch,
    close_by: bool,
    options: InferenceOptions,
    comes_back: bool,
) -> None:
    without_legs = doll[1].copy()
    without_legs[290:] = 0
    monkeypatch.setattr(found_mask, "mask_in", lambda _pose, _left, _top, _side, _size: without_legs)
    monkeypatch.setattr(model, "find_mask", lambda _image, _pose: torch.from_numpy(doll[1])[None, None])
    nobody = Limbs(np.array([[400.0, 200.0]]), np.array([[400.0, 300.0]]), np.array([20.0]))
    mask = PoseMask(None, photo.size, nobody, (nobody,) if close_by else ())  # type: ignore[arg-type]
    whole = Framer(model, options).frame(photo, Person(BOX, mask=mask), Camera.whole(512)).mask
    assert whole is not None
    legs = doll[1][300:] > 0.5
    assert (whole[300:][legs] > 0.5).mean() == pytest.approx(1.0 if comes_back else 0.0, abs=0.02)
    assert (whole[300:][~legs] > 0.5).mean() < 0.02


@pytest.mark.parametrize("exact", [True, False])
def test_the_authors_checkpoint_gets_the_background_as_from_their_program(
    doll_weights: Path, photo: Photo, doll: Doll, exact: bool
) -> None:
    """An alpha channel puts mid-grey behind the person; a mask that was only found leaves the photograph as it is."""
    model = load(doll_weights, "cpu").model
    model.architecture = dataclasses.replace(model.architecture, framing="pifuhd")
    person = Reconstructor(model).find(photo, mask=doll[1])[0]
    assert isinstance(person.mask, ArrayMask)
    person = dataclasses.replace(person, mask=dataclasses.replace(person.mask, exact=exact))
    framed = Framer(model, PLAIN).frame(photo, person)
    assert framed.given_mask is None, "the normal maps are not masked"
    assert [image.shape[-1] for image in framed.inputs] == [
        model.architecture.image_size,
        model.architecture.coarse.image_size,
    ]
    for image in framed.inputs:
        size = image.shape[-1]
        middle = float((image[0, 0, size // 2, size // 10] + 1) * 127.5)
        assert middle == pytest.approx(127.5 if exact else 214, abs=0.6)
