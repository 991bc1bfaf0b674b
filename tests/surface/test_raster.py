"""The z-buffer against a slow loop over pixels and faces, on random triangles."""

import numpy as np
import pytest
import torch

from lifecast.surface.raster import rasterize


def slow_raster(vertices, faces, size, facing, keep):
    """For each pixel centre, every face's barycentric weights in float64."""
    face = -np.ones((size, size), dtype=int)
    depth = np.full((size, size), -np.inf)
    for j in range(size):
        for i in range(size):
            p = np.array([-1 + (2 * i + 1) / size, 1 - (2 * j + 1) / size])
            for f, corners in enumerate(faces):
                a, b, c = vertices[corners].astype(np.float64)
                area = np.linalg.det(np.stack([b[:2] - a[:2], c[:2] - a[:2]]))  # positive toward the camera
                if area == 0 or (facing == "camera" and area < 0) or (facing == "away" and area > 0):
                    continue
                wb = np.linalg.det(np.stack([p - a[:2], c[:2] - a[:2]])) / area
                wc = np.linalg.det(np.stack([b[:2] - a[:2], p - a[:2]])) / area
                if min(wb, wc, 1 - wb - wc) < 0:
                    continue
                z = a[2] + wb * (b[2] - a[2]) + wc * (c[2] - a[2])
                if face[j, i] < 0 or (z > depth[j, i] if keep == "nearest" else z < depth[j, i]):
                    face[j, i], depth[j, i] = f, z
    return face, depth


@pytest.mark.parametrize("facing", ["camera", "away", "both"])
@pytest.mark.parametrize("keep", ["nearest", "farthest"])
def test_equals_the_slow_loop(facing, keep):
    rng = np.random.default_rng(3)
    centre = rng.uniform(-1.1, 1.1, (40, 1, 3))
    vertices = (centre + rng.normal(0, 0.25, (40, 3, 3))).reshape(-1, 3).astype(np.float32)
    faces = np.arange(120).reshape(-1, 3)
    want_face, want_depth = slow_raster(vertices, faces, 24, facing, keep)
    for chunk in (4_000_000, 100):
        got = rasterize(torch.tensor(vertices), torch.tensor(faces), 24, facing, keep, chunk)
        same = got.face.numpy() == want_face
        assert same.mean() > 0.995  # a centre exactly on an edge may fall either way
        hit = same & (want_face >= 0)
        assert np.allclose(got.depth.numpy()[hit], want_depth[hit], atol=1e-4)
        assert (got.depth.numpy()[want_face < 0] == -np.inf)[same[want_face < 0]].all()


def test_weights_give_the_pixel_back():
    rng = np.random.default_rng(4)
    vertices = torch.tensor(rng.uniform(-1, 1, (60, 3)), dtype=torch.float32)
    faces = torch.arange(60).view(-1, 3)
    size = 64
    raster = rasterize(vertices, faces, size, "both")
    points = raster.interpolate(faces, vertices)
    rows, columns = torch.nonzero(raster.covered, as_tuple=True)
    assert len(rows) > 500
    assert torch.allclose(points[:, 0], -1 + (2 * columns + 1) / size, atol=1e-4)
    assert torch.allclose(points[:, 1], 1 - (2 * rows + 1) / size, atol=1e-4)
    assert torch.allclose(points[:, 2], raster.depth[raster.covered], atol=1e-4)


def test_a_mesh_without_cracks_covers_every_pixel_once():
    line = torch.linspace(-1.2, 1.2, 37)
    y, x = torch.meshgrid(line, line, indexing="ij")
    vertices = torch.stack([x, y, 0.1 * torch.sin(5 * x)], -1).view(-1, 3)
    i = torch.arange(36)
    corner = (i[:, None] * 37 + i[None]).reshape(-1)
    lower, upper = (corner, corner + 1, corner + 38), (corner, corner + 38, corner + 37)
    faces = torch.cat([torch.stack(lower, 1), torch.stack(upper, 1)])
    assert rasterize(vertices, faces, 128).covered.all()
    assert not rasterize(vertices, faces, 128, "away").covered.any()


def test_nothing_gives_an_empty_picture():
    raster = rasterize(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64), 8)
    assert not raster.covered.any()
    assert (raster.depth == -torch.inf).all()
