"""The normal texture, against frames and normals that are worked out one by one."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
import trimesh

from lifecast.space.close_up import Square
from lifecast.surface.colour.colour_surface import SurfaceColours
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.gltf import glb_bytes
from lifecast.surface.output.normal_texture import (
    CloseUpFolds,
    Folds,
    close_normals,
    encoded,
    map_trust,
    tangents,
    unit,
)
from lifecast.surface.output.texture import Textured, bake_texture

SIZE = 256


def wavy(sign: float) -> np.ndarray:
    """A normal map (SIZE, SIZE, 3) of vertical folds, unlike the ball's own normals."""
    x = (np.arange(SIZE) + 0.5) * 2 / SIZE - 1
    row = np.stack([0.5 * np.sin(x * 40), np.full(SIZE, 0.3), np.full(SIZE, sign)], 1)
    row /= np.linalg.norm(row, axis=1, keepdims=True)
    return np.tile(row, (SIZE, 1, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def baked() -> tuple[Any, Textured]:
    ball = trimesh.creation.icosphere(4, 0.7)
    count = len(ball.vertices)
    coloured = SurfaceColours(np.full((count, 3), 128, np.uint8), np.ones(count, bool), np.zeros(count, np.float32))
    folds = Folds(ball.vertex_normals.astype(np.float32), wavy(1.0), wavy(-1.0))
    vertices, faces = ball.vertices.astype(np.float32), ball.faces
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    return ball, bake_texture(vertices, faces, coloured, image, size=1024, folds=folds)


def shaded(ball: Any, textured: Textured, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of the surface, their own normals, and those that a viewer shades, at random places."""
    rng = np.random.default_rng(seed)
    vertices, normals = (np.asarray(one, np.float32)[textured.vertex] for one in (ball.vertices, ball.vertex_normals))
    tangent, sign = tangents(vertices, textured.faces, textured.uv, normals)
    face = textured.faces[rng.integers(0, len(textured.faces), 8000)]
    weights = rng.dirichlet([1, 1, 1], len(face))

    def at(values: np.ndarray) -> np.ndarray:
        return np.einsum("nk,nk...->n...", weights, values[face])

    n = at(normals) / np.linalg.norm(at(normals), axis=1, keepdims=True)
    t = at(tangent) - (at(tangent) * n).sum(1, keepdims=True) * n
    t /= np.linalg.norm(t, axis=1, keepdims=True)
    uv, texture = at(textured.uv), textured.normal_texture
    assert texture is not None
    side = len(texture)
    texel = texture[((1 - uv[:, 1]) * side).astype(int), (uv[:, 0] * side).astype(int)] / 127.5 - 1
    b = np.cross(n, t) * at(sign)[:, None]
    return at(vertices), n, t * texel[:, :1] + b * texel[:, 1:2] + n * texel[:, 2:]


def test_a_viewer_shades_the_maps_normals_where_they_are_seen_and_the_surfaces_elsewhere(
    baked: tuple[Any, Textured],
) -> None:
    points, own, found = shaded(*baked)
    for sign in (1.0, -1.0):
        seen = sign * own[:, 2] > 0.7
        x = points[seen, 0]
        wanted = np.stack([0.5 * np.sin(x * 40), np.full(len(x), 0.3), np.full(len(x), sign)], 1)
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        cosine = (found[seen] * wanted).sum(1) / np.linalg.norm(found[seen], axis=1)
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 2.5
        assert seen.sum() > 500
    side = np.abs(own[:, 2]) < 0.2
    assert np.degrees(np.arccos(np.clip((found[side] * own[side]).sum(1), -1, 1))).max() < 2


def test_with_close_ups_the_texture_is_fine_where_they_are_and_enlarged_elsewhere(baked: tuple[Any, Textured]) -> None:
    ball, without = baked
    square = Square("head", 0.1, 0.3, 0.2)
    tilted = np.tile(np.array([0.0, -0.6, 0.8], np.float32), (64, 64, 1))
    folds = Folds(
        ball.vertex_normals.astype(np.float32), wavy(1.0), wavy(-1.0), close_ups=(CloseUpFolds(square, tilted, tilted),)
    )
    count = len(ball.vertices)
    coloured = SurfaceColours(np.full((count, 3), 128, np.uint8), np.ones(count, bool), np.zeros(count, np.float32))
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    found = bake_texture(ball.vertices.astype(np.float32), ball.faces, coloured, image, size=1024, folds=folds)
    assert without.normal_texture is not None
    assert found.normal_texture is not None
    assert found.normal_texture.shape == (1024, 1024, 3)
    points, own, shades = shaded(ball, found)
    plain = shaded(ball, without)[2]
    placed = np.abs(square.to_square(points.astype(np.float32))[:, :2]).max(1)
    close = (placed < 0.7) & (own[:, 2] > 0.7)
    assert close.sum() > 50
    cosine = (shades[close] * [0.0, -0.6, 0.8]).sum(1) / np.linalg.norm(shades[close], axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 3
    apart = (placed > 1.3) & (np.abs(own[:, 2]) > 0.4)
    cosine = (shades[apart] * plain[apart]).sum(1)
    cosine /= np.linalg.norm(shades[apart], axis=1) * np.linalg.norm(plain[apart], axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 2


def test_tangents_are_those_of_a_loop_over_triangles() -> None:
    rng = np.random.default_rng(1)
    vertices, faces = rng.normal(size=(30, 3)), rng.permuted(np.tile(np.arange(30), (40, 1)), axis=1)[:, :3]
    uv = rng.uniform(size=(30, 2))
    normals = rng.normal(size=(30, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found, sign = tangents(
        *(one.astype(np.float32) for one in (vertices,)), faces, uv.astype(np.float32), normals.astype(np.float32)
    )
    for v in range(30):
        total, turns = np.zeros(3), 0.0
        for face in faces:
            if v not in face:
                continue
            a, b, c = np.roll(face, -list(face).index(v))
            edges = np.stack([vertices[b] - vertices[a], vertices[c] - vertices[a]])
            flat = np.stack([uv[b] - uv[a], uv[c] - uv[a]])
            along = np.linalg.solve(flat, edges)[0]  # the surface's way as u grows
            along -= (along @ normals[v]) * normals[v]
            ahead, behind = edges / np.linalg.norm(edges, axis=1, keepdims=True)
            angle = np.arccos(np.clip(ahead @ behind, -1, 1))
            total += angle * along / np.linalg.norm(along)
            turns += angle * np.sign(np.linalg.det(flat))
        if np.linalg.norm(total) > 1e-3:
            np.testing.assert_allclose(found[v], total / np.linalg.norm(total), atol=2e-4)
            assert sign[v] == (1 if turns >= 0 else -1)


def test_a_normal_that_leans_below_the_surface_is_turned_back_to_it() -> None:
    up, right = np.array([[0, 0, 1]], np.float32), np.array([[1, 0, 0]], np.float32)
    code = encoded(np.array([[0.8, 0, -0.6]], np.float32), up, right, np.ones(1, np.float32), 0.2)
    texel = code / 127.5 - 1
    np.testing.assert_allclose(texel, [[np.sqrt(1 - 0.04), 0, 0.2]], atol=0.01)
    plain = encoded(up, up, right, np.ones(1, np.float32))
    assert plain.tolist() == [[128, 128, 255]]


def test_hidden_vertices_do_not_believe_the_maps() -> None:
    """Of two balls one behind the other the hidden one's front is hidden from the front map's camera."""
    near, far = trimesh.creation.icosphere(3, 0.3), trimesh.creation.icosphere(3, 0.2)
    far.apply_translation([0, 0, -0.7])
    both = trimesh.util.concatenate([near, far])
    trust = map_trust(both.vertices.astype(np.float32), both.faces, both.vertex_normals.astype(np.float32), SIZE)
    first = len(near.vertices)
    facing = both.vertex_normals[:, 2]
    assert (trust[:first][facing[:first] > 0.7, 0] == 1).all()
    assert (trust[first:, 0] == 0).all()
    assert (trust[first:][facing[first:] < -0.7, 1] == 1).all()
    assert (trust[:first][facing[:first] < -0.9, 1] == 0).all()
    assert (trust[np.abs(facing) < 0.25] == 0).all()


def test_it_goes_into_a_glb_with_the_tangents(baked: tuple[Any, Textured]) -> None:
    ball, textured = baked
    normals = ball.vertex_normals[textured.vertex].astype(np.float32)
    model = ColouredMesh(
        ball.vertices[textured.vertex].astype(np.float32), textured.faces, normals, uv=textured.uv,
        texture=textured.texture, normal_texture=textured.normal_texture,
    )  # fmt: skip
    data = glb_bytes(model)
    length = struct.unpack("<I", data[12:16])[0]
    tree = json.loads(data[20 : 20 + length])
    image = tree["images"][tree["textures"][tree["materials"][0]["normalTexture"]["index"]]["source"]]
    view = tree["bufferViews"][image["bufferView"]]
    start = 28 + length + view["byteOffset"]
    assert data[start : start + 2] == b"\xff\xd8"
    accessor = tree["accessors"][tree["meshes"][0]["primitives"][0]["attributes"]["TANGENT"]]
    where = tree["bufferViews"][accessor["bufferView"]]
    stored = np.frombuffer(data, "<f4", 4 * accessor["count"], 28 + length + where["byteOffset"]).reshape(-1, 4)
    tangent, sign = tangents(model.vertices, model.faces, textured.uv, model.unit_normals())
    np.testing.assert_allclose(stored, np.column_stack([tangent, sign]), atol=1e-6)
    np.testing.assert_allclose((stored[:, :3] * normals).sum(1), 0, atol=1e-4)


def test_unit_takes_the_other_vector_where_one_vanishes() -> None:
    vectors, other = np.array([[0, 3, 0], [0, 0, 0]], np.float32), np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(unit(vectors, other), [[0, 1, 0], [0, 0, 1]])


def test_close_ups_normals_are_read_inside_of_their_squares_alone() -> None:
    square = Square("head", 0.2, -0.1, 0.25)
    points = np.random.default_rng(3).uniform(-0.6, 0.6, (500, 3)).astype(np.float32)
    up = np.tile(np.array([0, 0, 1], np.float32), (500, 1))
    tilted = np.tile(np.array([0.6, 0, 0.8], np.float32), (64, 64, 1))
    trust = np.tile(np.array([1, 0], np.float32), (500, 1))
    found = close_normals(points, up, trust, CloseUpFolds(square, tilted, tilted))
    placed = np.abs(square.to_square(points)[:, :2]).max(1)
    np.testing.assert_allclose(found[placed < 0.8], tilted[0, 0][None].repeat((placed < 0.8).sum(), 0), atol=1e-5)
    np.testing.assert_array_equal(found[placed >= 1], up[placed >= 1])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    hidden = close_normals(points, up, np.zeros_like(trust), CloseUpFolds(square, tilted, tilted))
    np.testing.assert_array_equal(hidden, up)
