"""Charts: every point of the surface has a texel of its own, at one scale."""

import numpy as np
import pytest
import torch
import trimesh

from lifecast.surface.output.charts import (
    AXES,
    DIRECTIONS,
    SIGN,
    cut_charts,
    neighbouring_faces,
    outline_cells,
    project,
)
from lifecast.surface.raster import rasterize


def spring():
    """A tube along a helix about y: its upper side is one connected piece that lies over itself three times."""
    t, around = np.meshgrid(np.linspace(0, 6 * np.pi, 500), np.linspace(0, 2 * np.pi, 25)[:-1], indexing="ij")
    centre = np.stack([0.5 * np.cos(t), t / 15 - 0.6, 0.5 * np.sin(t)], -1)
    outward = np.stack([np.cos(t), 0 * t, np.sin(t)], -1)
    points = centre + 0.08 * (np.cos(around)[..., None] * outward + np.sin(around)[..., None] * np.array([0, 1, 0]))
    i, j = np.meshgrid(np.arange(499), np.arange(24), indexing="ij")
    a, b = i * 24 + j, i * 24 + (j + 1) % 24
    faces = np.concatenate(
        [np.stack([a, a + 24, b], -1).reshape(-1, 3), np.stack([b, a + 24, b + 24], -1).reshape(-1, 3)]
    )
    mesh = trimesh.Trimesh(points.reshape(-1, 3), faces[:, ::-1], process=False)
    return mesh if mesh.volume > 0 else trimesh.Trimesh(points.reshape(-1, 3), faces, process=False)


BODIES = {
    "ball": lambda: trimesh.creation.icosphere(3, 0.8),
    "torus": lambda: trimesh.creation.torus(0.6, 0.2, major_sections=48, minor_sections=24),
    "spring": spring,
    "box": lambda: trimesh.creation.box((0.5, 1.5, 0.3)),
    "islands": lambda: trimesh.util.concatenate(
        [trimesh.creation.icosphere(3, 0.15).apply_translation([0.3 * k - 0.6, 0, 0.2 * k]) for k in range(5)]
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_point_has_its_own_texel(name):
    body = BODIES[name]()
    vertices = body.vertices.astype(np.float32)
    charts = cut_charts(vertices, body.faces)
    assert np.array_equal(charts.vertex[charts.faces], body.faces)
    assert charts.uv.min() >= 0
    assert charts.uv.max() <= 1

    size = 1024
    flat = torch.tensor(np.concatenate([charts.uv * 2 - 1, np.zeros((len(charts.uv), 1))], 1), dtype=torch.float32)
    raster = rasterize(flat, torch.tensor(charts.faces).long(), size, "both")
    place = torch.tensor(vertices[charts.vertex])
    texels = np.full((size, size, 3), np.nan)
    texels[raster.covered.numpy()] = raster.interpolate(torch.tensor(charts.faces).long(), place).numpy()

    rng = np.random.default_rng(0)
    face = rng.choice(len(body.faces), 20000, p=body.area_faces / body.area)
    weights = rng.dirichlet([1, 1, 1], len(face))
    points = np.einsum("nk,nkc->nc", weights, vertices[body.faces[face]])
    uv = np.einsum("nk,nkc->nc", weights, charts.uv[charts.faces[face]])
    found = texels[((1 - uv[:, 1]) * size).astype(int), (uv[:, 0] * size).astype(int)]
    gap = np.linalg.norm(found - points, axis=1)
    # a texel is about 0.0015 to 0.004 units wide, and up to 7 times that along a steep face; at a chart's border the
    # centre of a point's texel may lie outside the chart
    assert np.isnan(gap).mean() < 0.05
    assert (gap > 0.05).sum() <= 0.001 * len(gap)


def test_one_scale():
    body = BODIES["torus"]()
    charts = cut_charts(body.vertices.astype(np.float32), body.faces)
    a, b, c = (charts.uv[charts.faces[:, k]].astype(float) for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    best = body.face_normals @ DIRECTIONS.T
    ratio = area / (body.area_faces * best.max(1))
    assert ratio.max() / np.median(ratio) < 1.05  # a face takes at most what its best direction gives it
    assert (ratio > 0.1 * np.median(ratio)).all()


def test_few_charts_for_simple_bodies():
    ball = BODIES["ball"]()
    assert cut_charts(ball.vertices.astype(np.float32), ball.faces).count == 6
    noisy = ball.vertices + np.random.default_rng(1).normal(0, 0.004, ball.vertices.shape)
    assert cut_charts(noisy.astype(np.float32), ball.faces).count < 30


def test_projection_is_seen_against_the_direction():
    for index, direction in enumerate(DIRECTIONS):
        right, up = np.zeros(3), np.zeros(3)
        right[AXES[index, 0]] = SIGN[index]
        up[AXES[index, 1]] = 1
        assert np.array_equal(np.cross(right, up), direction)
        flat = project(np.stack([right, up]), np.array([index, index]))
        assert np.array_equal(flat, np.eye(2))


def test_neighbouring_faces():
    ball = BODIES["ball"]()
    got = {tuple(sorted(pair)) for pair in neighbouring_faces(ball.faces, len(ball.vertices))}
    assert got == {tuple(sorted(pair)) for pair in ball.face_adjacency}


def test_outline_cells_cover_the_faces():
    rng = np.random.default_rng(2)
    plane = rng.uniform(-1, 1, (300, 2)).astype(np.float32)
    faces = np.arange(300).reshape(-1, 3)
    chart = np.repeat(np.arange(4), 75)
    cells = {tuple(cell) for cell in outline_cells(plane, chart, faces)}
    low = (np.floor(plane.min(0) / 0.02) - 1) * 0.02
    for _ in range(500):
        face = rng.integers(len(faces))
        point = rng.dirichlet([1, 1, 1]) @ plane[faces[face]]
        column, row = np.floor((point - low) / 0.02 + 1e-9).astype(int)
        assert (chart[faces[face, 0]], column, row) in cells
