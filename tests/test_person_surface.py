"""From a prediction to a surface, with the shipped weights: relief, hidden limbs, the bound, and levels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lifecast
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.model.ablations import preset_named
from lifecast.model.column_field import ColumnField
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import Model
from lifecast.model.silhouette import silhouette_bound
from lifecast.person_surface import PredictedPerson, networks_field, person_field, person_surface
from lifecast.photo.decode import read_photo
from lifecast.pipeline import Reconstructor
from lifecast.space.mesh_normals import vertex_normals
from lifecast.space.skeleton import Joint
from lifecast.space.view import Camera
from lifecast.surface.detail.body_limbs import WithBodyLimbs
from lifecast.surface.detail.relief import RELIEF
from lifecast.surface.extract.slivers import SHORTEST, without_slivers
from lifecast.surface.extract.surface import extract_surface
from lifecast.surface.raster import rasterize

Doll = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def shipped() -> Reconstructor:
    return lifecast.load("compact", "cpu")


@pytest.fixture(scope="module")
def predicted(shipped: Reconstructor, doll: Doll) -> PredictedPerson:
    """The doll cut out, without its landmarks."""
    photo = read_photo(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)]))
    return shipped.predict(photo, shipped.find(photo)[0], Camera.whole(len(doll[0])))[1]._replace(joints=None)


def with_a_forearm_behind(vertices: np.ndarray) -> torch.Tensor:
    """Joints (1, 33, 4) that all are visible, but for a left forearm 5 cm behind a body of these vertices."""
    top, bottom = float(vertices[:, 1].max()), float(vertices[:, 1].min())
    middle, behind = float(vertices[:, 0].mean()), float(vertices[:, 2].min()) - 0.05
    height = bottom + 0.6 * (top - bottom)
    joints = torch.zeros(1, 33, 4)
    joints[:, :, 3] = 1.0
    for joint, x, z in (
        (Joint.LEFT_ELBOW, 0.02, 0.0),
        (Joint.LEFT_WRIST, 0.0, behind),
        (Joint.LEFT_INDEX, -0.01, behind),
    ):
        joints[0, joint] = torch.tensor([middle + x, height, z, 0.1])
    return joints


def body_at(vertices: np.ndarray) -> FittedBody:
    """The mean body at rest in the middle of these vertices, as high as they are, nothing of it fitted."""
    body = shipped_body()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    nothing = np.zeros(24, np.float32), np.zeros(len(body.actions), np.float32)
    scale = float(np.ptp(vertices[:, 1])) / 1.67
    return FittedBody(*nothing, turns, (vertices.min(0) + vertices.max(0)) / 2, scale)


def test_the_surface_takes_on_the_folds_of_its_normal_maps(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    assert shipped.inference.relief
    maps = predicted.maps
    assert maps is not None
    found = person_surface(shipped.model, predicted, shipped.inference, 256)
    bare = person_surface(shipped.model, predicted, shipped.inference.without("relief"), 256)

    def angle(vertices: np.ndarray, triangles: np.ndarray) -> float:
        """Between the mesh's normals, from the front, and the map, in degrees."""
        front = maps.front[0].permute(1, 2, 0)  # (s, s, 3)
        corners, faces = torch.from_numpy(vertices), torch.from_numpy(triangles).long()
        visible = rasterize(corners, faces, front.shape[0])
        normals = visible.interpolate(faces, torch.from_numpy(vertex_normals(vertices, triangles)))
        pairs = front[visible.covered].numpy(), normals.numpy()
        a, b = (values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6) for values in pairs)
        return float(np.degrees(np.arccos((a * b).sum(1).clip(-1, 1))).mean())

    assert angle(found.vertices, found.faces) < 0.95 * angle(bare.vertices, bare.faces)
    np.testing.assert_array_equal(found.vertices[:, :2], bare.vertices[:, :2])
    np.testing.assert_array_equal(found.faces, bare.faces)
    assert 0 < np.abs(found.vertices[:, 2] - bare.vertices[:, 2]).max() <= RELIEF.farthest + 1e-6


def test_faces_are_simplified_after_the_relief(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    whole = person_surface(shipped.model, predicted, shipped.inference, 96)
    few = person_surface(shipped.model, predicted, shipped.inference, 96, faces=2000)
    assert len(few.faces) <= 2000 < len(whole.faces)


def test_a_coarse_surface_is_the_fields_alone(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    """It is made of other maps than the ones that say what folds there are."""
    coarse = predicted.at_level("coarse")
    assert coarse.prediction.fine_features is None
    assert predicted.at_level("fine") is predicted
    with torch.inference_mode():
        field = extract_surface(networks_field(shipped.model, coarse, shipped.inference), 96)
        field = without_slivers(field, SHORTEST * 2 / 96)
    found = person_surface(shipped.model, coarse, shipped.inference, 96)
    np.testing.assert_array_equal(found.vertices, field.vertices)


@torch.inference_mode()
def test_the_silhouette_bounds_the_field_or_does_not(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    assert shipped.inference.silhouette
    model, maps = shipped.model, predicted.maps
    assert maps is not None
    assert maps.mask is not None
    bound = silhouette_bound(maps.mask, model.architecture.align_corners)
    points = torch.tensor([[-0.95, 0.95, 0.0], [0.0, 0.1, 0.0]])
    for options, wanted in (
        (shipped.inference, ColumnField(model, predicted.prediction, bound, smooth=True)),
        (shipped.inference.without("silhouette"), ColumnField(model, predicted.prediction, None, smooth=True)),
    ):
        torch.testing.assert_close(
            networks_field(model, predicted, options).logits(points), wanted.logits(points), atol=0, rtol=0
        )


def test_an_arm_that_the_body_hides_is_the_fitted_bodys(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    model, options = shipped.model, shipped.inference
    assert options.body_limbs
    bare = person_surface(model, predicted, options, 64).vertices
    hiding = predicted._replace(joints=with_a_forearm_behind(bare), body=body_at(bare))
    found = person_field(model, hiding, options).field
    assert isinstance(found, WithBodyLimbs)
    assert [limb.joint for limb in found.limbs] == ["upperarm01.L"]  # the elbow is guessed, too
    for without in (hiding._replace(body=None), hiding):
        field = person_field(model, without, options if without.body is None else options.without("body_limbs")).field
        assert isinstance(field, ColumnField)


def test_a_body_without_fitted_parts_changes_nothing(shipped: Reconstructor, predicted: PredictedPerson) -> None:
    model, options = shipped.model, shipped.inference
    coarse = options.without("finer_parts")
    bare = person_surface(model, predicted._replace(body=None), options, 64)
    found = person_surface(model, predicted._replace(body=body_at(bare.vertices)), coarse, 64)
    np.testing.assert_array_equal(found.vertices, bare.vertices)
    np.testing.assert_array_equal(found.faces, bare.faces)


def test_an_architecture_without_maps_gives_the_nets_field() -> None:
    torch.manual_seed(0)
    model = Model(preset_named("tiny-no-normals")).eval()
    with torch.inference_mode():
        image = torch.rand(1, 3, 256, 256) * 2 - 1
        person = PredictedPerson(model(image), None)
        assert person.maps is None
        asked = InferenceOptions(relief=True, silhouette=True, body=True)
        points = torch.rand(50, 3) - 0.5
        found, plain = (networks_field(model, person, options).logits(points) for options in (asked, PLAIN))
    torch.testing.assert_close(found, plain, atol=0, rtol=0)
