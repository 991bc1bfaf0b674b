"""A smooth ball gets the wrinkles of a close-up inside of its square, and nowhere else."""

from __future__ import annotations

import numpy as np
import torch
import trimesh

from lifecast.space.close_up import CloseUpMaps, Square, cut_square
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.detail.close_relief import with_close_relief
from lifecast.surface.detail.relief import with_relief
from lifecast.surface.extract.surface import Surface
from lifecast.surface.raster import rasterize

SIZE = 256


def ball(radius: float = 0.4) -> Surface:
    mesh = trimesh.creation.icosphere(subdivisions=6, radius=radius)
    vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    return Surface(vertices, faces, vertex_normals(vertices, faces), 0, 0, 0)


def wrinkled(surface: Surface) -> Surface:
    """Ripples along y on both sides, 6 pixels of a map of SIZE from crest to crest."""
    vertices = surface.vertices.copy()
    vertices[:, 2] += np.sign(vertices[:, 2]) * 0.0015 * np.sin(vertices[:, 1] * 2 * np.pi / (12 / SIZE))
    return surface._replace(vertices=vertices, normals=vertex_normals(vertices, surface.faces))


def normal_map(surface: Surface, side: int) -> torch.Tensor:
    """(3, SIZE, SIZE) from the front (1), or from behind as the back map has them (-1)."""
    points, faces = torch.from_numpy(surface.vertices), torch.from_numpy(surface.faces).long()
    facing, keep = ("camera", "nearest") if side > 0 else ("away", "farthest")
    seen = rasterize(points, faces, SIZE, facing=facing, keep=keep)
    normals = torch.zeros(SIZE, SIZE, 3)
    normals[seen.covered] = seen.interpolate(faces, torch.from_numpy(surface.normals))
    return torch.nn.functional.normalize(normals, dim=-1).permute(2, 0, 1)


def close_up(square: Square, pixels: int) -> CloseUpMaps:
    front, back = (normal_map(wrinkled(ball()), side) for side in (1, -1))
    mask = (front.norm(dim=0, keepdim=True) > 0).float()
    maps = (cut_square(one[None], square, pixels) for one in (front, back, mask))
    return CloseUpMaps(square, *maps)


def test_a_close_up_of_the_whole_picture_gives_the_relief_of_the_whole_picture() -> None:
    whole = Square("head", 0.0, 0.0, 1.0)
    front, back = (normal_map(wrinkled(ball()), side) for side in (1, -1))
    wanted = with_relief(ball(), front, back)
    found = with_close_relief(ball(), [close_up(whole, SIZE)])
    np.testing.assert_allclose(found.vertices, wanted.vertices, atol=2e-6)


def test_a_square_has_the_relief_and_the_rest_stays() -> None:
    square = Square("head", 0.1, 0.05, 0.15)
    smooth, target = ball(), wrinkled(ball())
    found = with_close_relief(smooth, [close_up(square, 128)])
    placed = square.to_square(smooth.vertices)[:, :2]
    inner = (np.abs(placed).max(1) < 0.7) & (np.abs(smooth.normals[:, 2]) > 0.6)
    outside = np.abs(placed).max(1) >= 1
    np.testing.assert_array_equal(found.vertices[outside], smooth.vertices[outside])
    np.testing.assert_array_equal(found.vertices[:, :2], smooth.vertices[:, :2])
    # A relief leaves broad differences to the surface: ripples of the two agree, their offsets need not.
    for side in (1, -1):
        rows = inner & (smooth.normals[:, 2] * side > 0)
        moved, wanted = (one.vertices[rows, 2] - smooth.vertices[rows, 2] for one in (found, target))
        assert np.corrcoef(moved, wanted)[0, 1] > 0.9
        assert 0.5 < moved.std() / wanted.std() < 1.2


def test_without_close_ups_or_beside_the_surface_nothing_happens() -> None:
    smooth = ball()
    assert with_close_relief(smooth, []) is smooth
    beside = CloseUpMaps(Square("head", 5.0, 0, 0.1), *(torch.zeros(1, n, 32, 32) for n in (3, 3, 1)))
    assert with_close_relief(smooth, [beside]) is smooth
