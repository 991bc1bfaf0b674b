"""The mesh of any lattice is closed and manifold, and lies where skimage's does."""

import numpy as np
import pytest
import torch
import trimesh
from skimage.measure import marching_cubes

from lifecast.space.field import CallableField
from lifecast.surface.extract.lattice import SparseLattice
from lifecast.surface.extract.refine import CORNER_OFFSETS, cells_on_surface
from lifecast.surface.extract.surface import surface_of_cells
from lifecast.surface.extract.triangles import triangulate


def lattice_of(values: np.ndarray) -> SparseLattice:
    """A lattice with these logits (R, R, R) at its points and nothing else to ask."""
    table = torch.from_numpy(values.astype(np.float32))
    resolution = len(values)

    def at(points: torch.Tensor) -> torch.Tensor:
        index = ((points + 1) * (resolution / 2)).round().long()
        return table[index[:, 0], index[:, 1], index[:, 2]]

    return SparseLattice(CallableField(at, logits=True), resolution)


def links_are_discs(faces: np.ndarray) -> bool:
    """Whether the triangles around each vertex form one disc (what trimesh does not check)."""
    around: dict[int, dict[int, int]] = {}
    for a, b, c in faces.tolist():
        for corner, start, end in ((a, b, c), (b, c, a), (c, a, b)):
            link = around.setdefault(corner, {})
            if start in link:
                return False
            link[start] = end
    for link in around.values():
        first = next(iter(link))
        step, length = link[first], 1
        while step != first:
            if step not in link:
                return False
            step, length = link[step], length + 1
        if length != len(link):
            return False
    return True


@pytest.mark.parametrize("share_inside", [0.02, 0.2, 0.5, 0.8])
def test_random_signs_give_a_closed_manifold(share_inside: float) -> None:
    """All 256 cases and every choice on their faces, with neighbours of all kinds."""
    rng = np.random.default_rng(int(100 * share_inside))
    values = rng.uniform(0.1, 1, (22, 22, 22)) * np.where(rng.random((22, 22, 22)) < share_inside, 1, -1)
    lattice = lattice_of(values)
    surface = surface_of_cells(lattice, cells_on_surface(lattice), keep_islands=True, refine_vertices=False)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert links_are_discs(surface.faces)
    assert mesh.volume > 0


def test_the_ambiguous_faces_of_random_signs_are_decided_both_ways() -> None:
    rng = np.random.default_rng(1)
    lattice = lattice_of(rng.standard_normal((16, 16, 16)))
    cells = cells_on_surface(lattice)
    offsets = np.array(CORNER_OFFSETS)
    decided = triangulate(cells.codes.numpy(), cells.values.numpy(), offsets)
    flattened = triangulate(cells.codes.numpy(), np.sign(cells.values.numpy()), offsets)  # every saddle at 0: parted
    np.testing.assert_array_equal(decided.edges, flattened.edges)
    assert len(decided.faces) != len(flattened.faces)


def test_a_smooth_field_gives_the_surface_that_skimage_gives() -> None:
    resolution = 40
    side = np.arange(resolution) * 2 / resolution - 1
    x, y, z = np.meshgrid(side, side, side, indexing="ij")
    values = 0.55 - np.sqrt(x**2 + (1.3 * y) ** 2 + z**2) + 0.05 * np.sin(8 * x + 5 * z)
    lattice = lattice_of(values)
    surface = surface_of_cells(lattice, cells_on_surface(lattice), keep_islands=True, refine_vertices=False)
    vertices, faces, _, _ = marching_cubes(values, 0.0)
    theirs = trimesh.Trimesh(vertices * 2 / resolution - 1, faces)
    ours = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert len(ours.vertices) == len(theirs.vertices)
    assert len(ours.faces) == len(theirs.faces)
    order, their_order = np.lexsort(ours.vertices.round(5).T), np.lexsort(theirs.vertices.round(5).T)
    np.testing.assert_allclose(ours.vertices[order], theirs.vertices[their_order], atol=1e-4)
    assert ours.volume == pytest.approx(abs(theirs.volume), rel=1e-3)
