"""Short edges are collapsed; the mesh stays closed, of the same kind, and where it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from lifecast.surface.extract.decimate import is_closed
from lifecast.surface.extract.slivers import without_slivers
from lifecast.surface.extract.surface import Surface, extract_surface

RESOLUTION = 64
CELL = 2 / RESOLUTION


class Torus:
    """A field whose level is a bumpy ring."""

    device = torch.device("cpu")

    def logits(self, points: torch.Tensor) -> torch.Tensor:
        ring = torch.hypot(points[:, :2].norm(dim=1) - 0.55, points[:, 2])
        return 20 * (0.23 + 0.02 * torch.sin(9 * points[:, 0]) * torch.sin(7 * points[:, 1]) - ring)


@pytest.fixture(scope="module")
def ring() -> Surface:
    return extract_surface(Torus(), RESOLUTION)


def mesh_of(surface: Surface) -> trimesh.Trimesh:
    return trimesh.Trimesh(surface.vertices, surface.faces, process=False)


def short_edges(surface: Surface, shortest: float) -> int:
    mesh = mesh_of(surface)
    return int((mesh.edges_unique_length < shortest).sum())


@pytest.mark.parametrize("share", [0.1, 0.25, 0.45])
def test_the_mesh_stays_closed_and_in_its_place(ring: Surface, share: float) -> None:
    found = without_slivers(ring, share * CELL)
    before, after = mesh_of(ring), mesh_of(found)
    assert is_closed(found.faces)
    assert after.euler_number == before.euler_number == 0  # still a ring
    assert len(found.faces) < len(ring.faces)
    assert short_edges(found, share * CELL) < 0.25 * short_edges(ring, share * CELL)
    np.testing.assert_allclose(after.volume, before.volume, rtol=2e-3)
    off = np.abs(Torus().logits(torch.from_numpy(found.vertices)).numpy()) / 20
    assert off.max() < 0.05 * CELL
    np.testing.assert_allclose(np.linalg.norm(found.normals, axis=1), 1, atol=1e-5)


def test_triangles_face_as_the_field_does(ring: Surface) -> None:
    def against(surface: Surface) -> int:
        mesh = mesh_of(surface)
        return int(((mesh.face_normals * surface.normals[surface.faces].sum(1)).sum(1) < 0.3).sum())

    rng = np.random.default_rng(1)
    shaken = ring._replace(
        vertices=(ring.vertices + 0.02 * CELL * rng.normal(size=ring.vertices.shape)).astype(np.float32)
    )
    assert against(shaken) > 10
    assert against(without_slivers(shaken, 0.3 * CELL)) < 0.3 * against(shaken)


def test_without_short_edges_nothing_changes() -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    surface = Surface(
        ball.vertices.astype(np.float32), ball.faces.astype(np.int32), ball.vertex_normals.astype(np.float32), 0, 0, 0
    )
    assert without_slivers(surface, 0.01) is surface


def test_an_edge_stays_where_its_collapse_would_pinch_the_mesh() -> None:
    # A thin triangular tube: its cross edges are short, and their ends have three neighbours in common.
    around = np.array([[0, 0], [1, 0], [0.5, 0.8]]) * 0.01
    rings = np.concatenate([np.column_stack([around, np.full(3, z)]) for z in (0.0, 1.0, 2.0)])
    sides = [
        face
        for level in (0, 3)
        for k in range(3)
        for a, b in [(level + k, level + (k + 1) % 3)]
        for face in ([a, b, b + 3], [a, b + 3, a + 3])
    ]
    faces = np.array([*sides, [2, 1, 0], [6, 7, 8]], np.int32)
    mesh = trimesh.Trimesh(rings, faces, process=False)
    assert is_closed(faces)
    surface = Surface(rings.astype(np.float32), faces, mesh.vertex_normals.astype(np.float32), 0, 0, 0)
    found = without_slivers(surface, 0.05)
    assert is_closed(found.faces)
    assert len(found.faces) >= 4
