"""A smooth ball before a wrinkled normal map gets the wrinkles, where the camera sees them and nowhere else."""

import numpy as np
import pytest
import torch
import trimesh

from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.detail.relief import RELIEF, relief, with_relief
from lifecast.surface.extract.surface import Surface
from lifecast.surface.raster import rasterize

SIZE = 256


def ball(radius: float = 0.4, squash: float = 1.0) -> Surface:
    mesh = trimesh.creation.icosphere(subdivisions=6, radius=radius)
    vertices = np.asarray(mesh.vertices, np.float32) * np.array([1, 1, squash], np.float32)
    faces = np.asarray(mesh.faces, np.int32)
    return Surface(vertices, faces, vertex_normals(vertices, faces), 0, 0, 0)


def normal_map(surface: Surface, side: int = 1) -> torch.Tensor:
    """(3, SIZE, SIZE): the mesh's own normals from the front (1), or from behind as the back map has them (-1)."""
    points, faces = torch.from_numpy(surface.vertices), torch.from_numpy(surface.faces).long()
    facing, keep = ("camera", "nearest") if side > 0 else ("away", "farthest")
    seen = rasterize(points, faces, SIZE, facing=facing, keep=keep)
    normals = torch.zeros(SIZE, SIZE, 3)
    normals[seen.covered] = seen.interpolate(faces, torch.from_numpy(surface.normals))
    return torch.nn.functional.normalize(normals, dim=-1).permute(2, 0, 1)


def wrinkled(surface: Surface, height: float) -> Surface:
    """Ripples along y, 6 pixels from crest to crest, on both sides."""
    vertices = surface.vertices.copy()
    ripples = height * np.sin(vertices[:, 1] * 2 * np.pi / (12 / SIZE)).astype(np.float32)
    vertices[:, 2] += np.sign(vertices[:, 2]) * ripples
    return surface._replace(vertices=vertices, normals=vertex_normals(vertices, surface.faces))


def mean_angle(surface: Surface, wanted: torch.Tensor, side: int) -> float:
    found = normal_map(surface, side)
    inside = (found.norm(dim=0) > 0) & (wanted.norm(dim=0) > 0) & (wanted[2].abs() > 0.5)
    return float(torch.rad2deg(torch.acos((found * wanted).sum(0)[inside].clamp(-1, 1))).mean())


def test_both_sides_take_on_the_folds_of_their_maps() -> None:
    smooth, target = ball(), wrinkled(ball(), 0.0015)
    front, back = normal_map(target, 1), normal_map(target, -1)
    found = with_relief(smooth, front, back)
    for wanted, side in ((front, 1), (back, -1)):
        assert mean_angle(found, wanted, side) < 0.55 * mean_angle(smooth, wanted, side)
    assert found.faces is smooth.faces
    np.testing.assert_array_equal(found.vertices[:, :2], smooth.vertices[:, :2])  # along the lines of sight alone
    np.testing.assert_allclose(np.linalg.norm(found.normals, axis=1), 1, atol=1e-5)


def test_a_surface_that_has_its_maps_normals_stays() -> None:
    smooth = ball()
    found = with_relief(smooth, normal_map(smooth, 1), normal_map(smooth, -1))
    assert np.abs(found.vertices - smooth.vertices).max() < 1e-3


def test_what_the_camera_does_not_see_stays() -> None:
    far = ball(0.2)
    near = far._replace(vertices=far.vertices * 0.9 + np.array([0, 0, 0.6], np.float32))
    both = Surface(
        np.concatenate((far.vertices, near.vertices)), np.concatenate((far.faces, near.faces + len(far.vertices))),
        np.concatenate((far.normals, near.normals)), 0, 0, 0,
    )  # fmt: skip
    seen = normal_map(wrinkled(near, 0.0015), 1)
    moves = relief(both.vertices, both.faces, both.normals, seen, torch.ones(SIZE, SIZE))
    hidden, shown = np.split(moves, [len(far.vertices)])
    middle = np.linalg.norm(far.vertices[:, :2], axis=1) < 0.15
    assert not hidden[middle].any()
    assert not hidden[far.normals[:, 2] <= 0].any()
    assert np.abs(shown).max() > 1e-4


@pytest.mark.parametrize("squash", [1.0, 0.01])
def test_no_vertex_goes_further_than_allowed(squash: float) -> None:
    thin = ball(squash=squash)
    steep = torch.zeros(3, SIZE, SIZE)
    rows = (torch.arange(SIZE) // 4 % 2 * 2 - 1).float()
    steep[1], steep[2] = 0.9 * rows[:, None], 0.4
    moves = relief(thin.vertices, thin.faces, thin.normals, steep, torch.ones(SIZE, SIZE))
    assert 0 < np.abs(moves).max() <= min(RELIEF.farthest, RELIEF.of_thickness * 2 * 0.4 * squash) + 1e-6


def test_outside_of_the_mask_nothing_is_believed() -> None:
    smooth = ball()
    target = normal_map(wrinkled(smooth, 0.0015), 1)
    mask = torch.ones(SIZE, SIZE)
    mask[:, SIZE // 2 :] = 0
    moves = relief(smooth.vertices, smooth.faces, smooth.normals, target, mask)
    assert not moves[smooth.vertices[:, 0] > 6 / SIZE].any()
    assert np.abs(moves[smooth.vertices[:, 0] < -4 / SIZE]).max() > 1e-4


def test_nobody_is_nobody() -> None:
    nothing = Surface(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32), 0, 0, 0)
    assert with_relief(nothing, torch.zeros(3, 64, 64), torch.zeros(3, 64, 64)) is nothing
