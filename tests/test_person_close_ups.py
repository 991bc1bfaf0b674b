"""Close-ups of a photograph: which squares are predicted, and what the head gets of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from lifecast.framed_person import Framer
from lifecast.model.ablations import preset_named
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.inference_options import PLAIN
from lifecast.model.model import Model, Prediction
from lifecast.person_close_ups import person_close_ups, square_camera
from lifecast.photo.decode import read_photo
from lifecast.photo.mask import ArrayMask
from lifecast.photo.person import Person
from lifecast.pipeline import Reconstructor
from lifecast.space.close_up import CLOSE_UPS, CloseUps, Square
from lifecast.space.skeleton import Joint
from lifecast.space.view import Camera

Doll = tuple[np.ndarray, np.ndarray]
SQUARES = CloseUps(least=20.0)


@pytest.fixture(scope="module")
def model() -> Model:
    preset = preset_named("tiny-pose")
    assert preset.maps is not None
    head = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, norm="none")
    maps = dataclasses.replace(preset.maps, close_up=head, close_up_size=64)
    torch.manual_seed(0)
    return Model(dataclasses.replace(preset, maps=maps)).for_inference()


@pytest.fixture
def person(doll: Doll) -> Person:
    """The doll, whose head and left hand are visible: pixels of its photograph of 512."""
    landmarks = np.zeros((33, 4), np.float32)
    landmarks[[Joint.NOSE, Joint.LEFT_EAR, Joint.RIGHT_EAR]] = [256, 115, 0, 1]
    landmarks[[Joint.LEFT_WRIST, Joint.LEFT_PINKY, Joint.LEFT_INDEX]] = [340, 250, 0, 1]
    return Person((100.0, 50.0, 400.0, 450.0), landmarks=landmarks, mask=ArrayMask(doll[1]))


def test_a_square_of_the_photograph_is_where_its_middle_says() -> None:
    camera = Camera(10.0, 20.0, 400.0, 1024, (800, 600))
    part = square_camera(camera, Square("head", 0.25, 0.5, 0.1), 64)
    np.testing.assert_allclose(part.to_photo(np.zeros(2)), camera.to_photo(np.array([0.25, 0.5])))
    np.testing.assert_allclose(part.to_photo(np.array([1.0, -1.0])), camera.to_photo(np.array([0.35, 0.4])))
    assert (part.side, part.size) == (pytest.approx(40.0), 64)


def test_visible_squares_are_predicted_from_the_photographs_pixels(
    model: Model, doll: Doll, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = read_photo(doll[0])
    framed = Framer(model, PLAIN).frame(photo, person)
    maps = model(framed.inputs[0], until="maps", mask=framed.given_mask).maps
    received: list[torch.Tensor] = []
    forward = model.forward

    def listen(image: torch.Tensor, **given: object) -> Prediction:
        received.append(image)
        return forward(image, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "forward", listen)
    found = person_close_ups(model, photo, framed, maps.fine, SQUARES)
    assert [one.square.name for one in found] == ["head", "left_hand"]
    for one in found:
        assert one.front.shape == (1, 3, 64, 64)
    head = (received[0][0].permute(1, 2, 0) + 1) * 127.5
    np.testing.assert_allclose(head[40, 32], [205, 155, 125], atol=3)  # the doll's face
    np.testing.assert_allclose(head[2, 2], [127] * 3, atol=2)  # grey where its mask says that nobody is
    # Fresh from the constructor the head gives what the finest maps have there.
    assert float(found[0].front[0, :, 40, 32].norm()) == pytest.approx(1, abs=0.02)
    assert person_close_ups(model, photo, framed, maps.fine, CLOSE_UPS) == (), "too few pixels for the usual ones"


def test_a_reconstruction_has_close_ups_unless_they_are_left_out(model: Model, doll: Doll, person: Person) -> None:
    photo = read_photo(doll[0])
    constants = dataclasses.replace(Reconstructor(model).constants, close_ups=SQUARES)
    used = Reconstructor(model, inference=dataclasses.replace(PLAIN, close_ups=True), constants=constants)
    _, predicted = used.predict(photo, person)
    assert [one.square.name for one in predicted.close_ups] == ["head", "left_hand"]
    _, without = used.predict(photo, person, inference=used.inference.without("close_ups"))
    assert without.close_ups == ()
    assert "close_ups" not in Reconstructor(Model(preset_named("tiny-pose"))).inference.running()
