"""Textures: finer than the vertices where the photograph shows the surface, the vertices' colours elsewhere."""

import numpy as np
import pytest
import torch
import trimesh

from lifecast.surface.colour.colour_surface import colour_surface
from lifecast.surface.output.texture import bake_texture, fill_gaps
from lifecast.surface.raster import rasterize

SIZE = 512


def stripes(points):
    """Vertical stripes 0.06 wide: far finer than the mesh's edges."""
    dark = np.floor(points[:, 0] / 0.06) % 2 == 0
    return np.where(dark[:, None], (200, 30, 30), (240, 220, 60)).astype(np.uint8)


@pytest.fixture(scope="module")
def baked():
    ball = trimesh.creation.icosphere(3, 0.7)
    vertices, faces = ball.vertices.astype(np.float32), ball.faces
    fine = trimesh.creation.icosphere(5, 0.7)
    raster = rasterize(torch.tensor(fine.vertices, dtype=torch.float32), torch.tensor(fine.faces), SIZE)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    hit = raster.covered.numpy()
    image[hit] = stripes(raster.interpolate(torch.tensor(fine.faces), torch.tensor(fine.vertices).float()).numpy())
    mask = hit.astype(np.float32)
    coloured = colour_surface(vertices, faces, ball.vertex_normals.astype(np.float32), image, mask)
    return ball, coloured, bake_texture(vertices, faces, coloured, image, mask, size=1024)


def look_up(textured, face, weights):
    uv = np.einsum("nk,nkc->nc", weights, textured.uv[textured.faces[face]])
    size = textured.texture.shape[0]
    return textured.texture[((1 - uv[:, 1]) * size).astype(int), (uv[:, 0] * size).astype(int)].astype(int)


def random_points(ball, rng):
    face = rng.integers(0, len(ball.faces), 20000)
    weights = rng.dirichlet([1, 1, 1], len(face))
    return face, weights, np.einsum("nk,nkc->nc", weights, ball.vertices[ball.faces[face]])


def test_the_front_has_the_photographs_detail(baked):
    ball, coloured, textured = baked
    face, weights, points = random_points(ball, np.random.default_rng(0))
    front = points[:, 2] > 0.45
    wrong = np.abs(look_up(textured, face, weights) - stripes(points)).sum(1) > 60
    assert wrong[front].mean() < 0.12  # what lies within a pixel of a stripe's edge
    vertex = np.einsum("nk,nkc->nc", weights, coloured.colours[ball.faces[face]].astype(float))
    assert (np.abs(vertex - stripes(points)).sum(1) > 60)[front].mean() > 0.4


def test_the_back_has_the_vertices_colours(baked):
    ball, coloured, textured = baked
    face, weights, points = random_points(ball, np.random.default_rng(1))
    back = points[:, 2] < -0.1
    vertex = np.einsum("nk,nkc->nc", weights, coloured.colours[ball.faces[face]].astype(float))
    assert np.abs(look_up(textured, face, weights) - vertex)[back].max(1).mean() < 3
    assert np.percentile(np.abs(look_up(textured, face, weights) - vertex)[back].max(1), 99) < 25


def test_no_texel_is_black_and_no_background_gets_in(baked):
    texture = baked[2].texture
    assert texture.shape == (1024, 1024, 3)
    assert texture[..., 0].min() > 150  # both stripes are 200 or more in red; gaps would be 0


def test_the_textured_mesh_is_the_surface(baked):
    ball, _, textured = baked
    assert np.array_equal(textured.vertex[textured.faces], ball.faces)
    assert len(textured.uv) == len(textured.vertex)


def test_filling_gaps_keeps_what_is_there_and_continues_it():
    rng = np.random.default_rng(3)
    texture = np.zeros((64, 64, 4), np.float32)
    texture[10:30, 8:40, :3] = rng.integers(0, 256, (20, 32, 3))
    texture[10:30, 8:40, 3] = 1
    texture[40:60, 41:60] = (255, 0, 0, 1)
    before = texture.copy()
    filled = fill_gaps(texture)
    there = before[..., 3] > 0
    assert np.array_equal(filled[there], before[..., :3][there].astype(np.uint8))
    assert (filled[39:61, 40:61] == (255, 0, 0)).mean() > 0.9
    assert filled[there].min(0).tolist() <= filled.min((0, 1)).tolist()


def test_an_empty_texture_is_grey():
    assert (fill_gaps(np.zeros((8, 8, 4), np.float32)) == 128).all()
