"""The steps' constants are changed from Python, reach their steps, and are recorded where they differ."""

from __future__ import annotations

import dataclasses
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lifecast
from lifecast.framed_person import Framer
from lifecast.model.inference_options import PLAIN, STEPS, InferenceOptions
from lifecast.person_surface import networks_field, person_surface
from lifecast.photo.decode import read_photo
from lifecast.photo.mask import MASK_REFINEMENT, SquareMask
from lifecast.photo.person import Person
from lifecast.pipeline import Reconstructor
from lifecast.space.maps import SHARPENING
from lifecast.space.view import Camera
from lifecast.step_constants import STEP_CONSTANTS, StepConstants
from lifecast.surface.colour.colour_surface import COLOURING
from lifecast.surface.detail.relief import RELIEF
from lifecast.surface.output.gltf import glb_bytes

Doll = tuple[np.ndarray, np.ndarray]
RESOLUTION = 64


@pytest.fixture(scope="module")
def model(doll_weights: Path) -> Reconstructor:
    return lifecast.load(doll_weights, "cpu")


def with_constants(model: Reconstructor, **changed: Any) -> Reconstructor:
    options = InferenceOptions(sharpen=1.0, relief=True)
    return Reconstructor(model.model, inference=options, constants=StepConstants(**changed))


def test_every_constant_is_of_a_step_and_says_what_it_is() -> None:
    names = {field.name for field in dataclasses.fields(StepConstants)}
    assert names - set(STEPS) == {"colour", "texture", "normal_texture"}
    assert STEP_CONSTANTS.changed() == {}
    for name in names:
        constants = getattr(STEP_CONSTANTS, name)
        with pytest.raises(dataclasses.FrozenInstanceError):
            constants.anything = 1.0


def test_a_changed_constant_changes_the_surface_and_the_colours(model: Reconstructor, doll: Doll) -> None:
    given: dict[str, Any] = {"mask": doll[1].astype(np.float32), "resolution": RESOLUTION}
    usual = with_constants(model).reconstruct(doll[0], **given)
    flat = with_constants(model, relief=replace(RELIEF, farthest=0.0)).reconstruct(doll[0], **given)
    bare = Reconstructor(model.model, inference=InferenceOptions(sharpen=1.0)).reconstruct(doll[0], **given)
    np.testing.assert_array_equal(flat.vertices, bare.vertices)
    assert np.abs(flat.vertices - usual.vertices).max() > 1e-4

    blurred = with_constants(model, sharpen=replace(SHARPENING, within=6.0)).reconstruct(doll[0], **given)
    assert usual.front_normals is not None
    assert blurred.front_normals is not None
    assert np.abs(blurred.front_normals - usual.front_normals).max() > 0.01

    distrusting = with_constants(model, colour=replace(COLOURING, grazing=(0.98, 0.99))).reconstruct(doll[0], **given)
    np.testing.assert_array_equal(distrusting.vertices, usual.vertices)
    assert distrusting.coloured.trust.mean() < 0.5 * usual.coloured.trust.mean()


def test_a_changed_constant_changes_the_mask(model: Reconstructor, doll: Doll) -> None:
    photo, camera = read_photo(doll[0]), Camera.whole(len(doll[0]))
    soft = np.asarray(doll[1], np.float32) * 0.6 + 0.2
    person = Person((0.0, 0.0, 512.0, 512.0), mask=SquareMask(soft, 0.0, 0.0, float(len(soft))))
    constants = StepConstants(refine_mask=replace(MASK_REFINEMENT, edge_level=0.9))
    usual, late = (
        Framer(model.model, PLAIN, constants=one).frame(photo, person, camera).mask
        for one in (STEP_CONSTANTS, constants)
    )
    assert usual is not None
    assert late is not None
    assert (late > 0.5).sum() < (usual > 0.5).sum()


def test_a_result_records_the_constants_that_were_changed(model: Reconstructor, doll: Doll) -> None:
    given: dict[str, Any] = {"mask": doll[1].astype(np.float32), "resolution": RESOLUTION}

    def recorded(one: Reconstructor) -> dict[str, Any]:
        data = glb_bytes(one.reconstruct(doll[0], **given).model)
        document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
        return document["asset"]["extras"].get("constants", {})

    hidden = replace(COLOURING.hidden, hair_like=30.0)
    changed = with_constants(model, relief=replace(RELIEF, reach=0.02), colour=replace(COLOURING, hidden=hidden))
    assert recorded(changed) == {"relief": {"reach": 0.02}, "colour": {"hidden": {"hair_like": 30.0}}}
    assert recorded(with_constants(model)) == {}


def test_the_silhouettes_constants_reach_the_field(doll: Doll) -> None:
    shipped = lifecast.load("compact", "cpu")
    photo = read_photo(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)]))
    _, predicted = shipped.predict(photo, shipped.find(photo)[0], Camera.whole(len(doll[0])))
    points = torch.tensor([[-0.98, 0.98, 0.0]])
    usual, deep = (
        networks_field(shipped.model, predicted, shipped.inference, StepConstants(silhouette=one)).logits(points)
        for one in (STEP_CONSTANTS.silhouette, replace(STEP_CONSTANTS.silhouette, fall=50.0))
    )
    torch.testing.assert_close(usual - deep, torch.tensor([38.0]))
    assert shipped.inference.silhouette
    with torch.inference_mode():
        bare = person_surface(shipped.model, predicted, shipped.inference.without("relief"), RESOLUTION)
        flat = person_surface(
            shipped.model, predicted, shipped.inference, RESOLUTION,
            constants=StepConstants(relief=replace(RELIEF, farthest=0.0)),
        )  # fmt: skip
    np.testing.assert_array_equal(flat.vertices, bare.vertices)
