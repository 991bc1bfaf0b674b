"""A fitted face on a smooth head: a nose, and nothing beyond the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.fitted_body import FittedBody
from lifecast.surface.detail.fitted_face import FITTED_FACE, face_moves, with_face, without_rim
from lifecast.surface.extract.surface import Surface

NOSE, CHIN, FOREHEAD = 4, 152, 10
"""Numbers of face points: the nose's tip, the chin, the forehead's top."""


@pytest.fixture(scope="module")
def body(large_body: FittedBody) -> FittedBody:
    """Of usual size."""
    return replace(large_body, scale=0.78)


@pytest.fixture(scope="module")
def points(body: FittedBody) -> np.ndarray:
    return body.posed[0][list(FACE_VERTICES)]


@pytest.fixture(scope="module")
def egg(body: FittedBody, points: np.ndarray) -> Surface:
    """A smooth head of the face's size, whose front is 3 cm behind the fitted one."""
    mesh = trimesh.creation.icosphere(subdivisions=6)
    size = np.array([0.085, 0.13, 0.1]) * body.scale
    middle = points.mean(0) - [0, 0, size[2] + 0.02 * body.scale]
    vertices = (mesh.vertices * size + middle).astype(np.float32)
    normals = trimesh.Trimesh(vertices, mesh.faces, process=False).vertex_normals
    return Surface(vertices, np.asarray(mesh.faces, np.int32), np.array(normals, np.float32), 0, 0, 0)


def move_at(egg: Surface, moves: np.ndarray, place: np.ndarray) -> float:
    """The mean move of the visible vertices nearest to a place across the picture."""
    front = egg.normals[:, 2] > 0.3
    away = np.linalg.norm(egg.vertices[:, :2] - place[:2], axis=1) + 10 * ~front
    return float(moves[np.argsort(away)[:4]].mean())


def test_a_smooth_head_gets_a_nose(body: FittedBody, egg: Surface, points: np.ndarray) -> None:
    moves = face_moves(egg, body) / body.scale
    nose = move_at(egg, moves, points[NOSE])
    cheeks = [move_at(egg, moves, points[number]) for number in (50, 280)]
    assert nose > 0.008
    assert all(cheek < nose - 0.008 for cheek in cheeks)
    assert np.abs(moves).max() <= FITTED_FACE.farthest


def test_beyond_the_face_nothing_moves(body: FittedBody, egg: Surface, points: np.ndarray) -> None:
    moves = face_moves(egg, body)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    beyond = ((egg.vertices[:, :2] < low) | (egg.vertices[:, :2] > high)).any(1)
    assert (moves[beyond] == 0).all()
    assert (moves[egg.normals[:, 2] < 0] == 0).all()  # behind
    over_eyes = egg.vertices[:, 1] > points[FOREHEAD, 1] - 0.01 * body.scale
    assert (moves[over_eyes] == 0).all()  # hair
    assert (moves != 0).sum() > 500


def test_normals_and_places_follow(body: FittedBody, egg: Surface) -> None:
    found = with_face(egg, body)
    moved = found.vertices[:, 2] != egg.vertices[:, 2]
    np.testing.assert_array_equal(found.vertices[:, :2], egg.vertices[:, :2])
    np.testing.assert_array_equal(found.faces, egg.faces)
    np.testing.assert_allclose(np.linalg.norm(found.normals, axis=1), 1, atol=1e-4)
    turned = np.degrees(np.arccos((found.normals * egg.normals).sum(1).clip(-1, 1)))
    assert turned[moved].max() > 30
    own = trimesh.Trimesh(found.vertices, found.faces, process=False).vertex_normals
    assert np.degrees(np.arccos((found.normals * own).sum(1).clip(-1, 1))).max() < 5


def test_without_a_fitted_face_nothing_changes(body: FittedBody, egg: Surface) -> None:
    assert with_face(egg, replace(body, fitted=frozenset({"hand.L"}))) is egg
    assert with_face(egg, body, torch.zeros(64, 64)) is egg  # nobody in the mask


def test_what_is_at_the_rim_is_carried_inward() -> None:
    side = torch.arange(40) / 40.0
    slope = (side[None] + 2 * side[:, None]).expand(40, 40).clone()
    bump = torch.zeros(40, 40)
    bump[18:22, 18:22] = 1.0
    region, rim = torch.zeros(2, 40, 40, dtype=torch.bool)
    region[5:35, 5:35] = True
    rim[5:35, 5:35] = True
    rim[7:33, 7:33] = False
    found = without_rim(slope + bump, region, rim)
    assert (found[~region] == 0).all()
    assert float(found[rim].abs().max()) < 0.1
    assert float(found[18:22, 18:22].mean()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(without_rim(slope, region, torch.zeros_like(rim)), torch.zeros(40, 40))
