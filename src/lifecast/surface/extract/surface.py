"""The 0.5 level of an occupancy field as a clean triangle mesh.

field = ColumnField(model, model.encode(image))
surface = extract_surface(field, resolution=512)  # .vertices, .faces, .normals
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from lifecast.errors import LifecastError
from lifecast.space.field import Field
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.extract.crossing import crossings
from lifecast.surface.extract.decimate import decimate
from lifecast.surface.extract.islands import compact, largest_piece
from lifecast.surface.extract.lattice import SparseLattice
from lifecast.surface.extract.refine import CORNER_OFFSETS, SurfaceCells, cells_on_surface
from lifecast.surface.extract.triangles import EDGE_CODES, triangulate

REFINING_SHARE = 0.35
"""Questions spent on placing vertices, at most, per question that the lattice took."""


class Surface(NamedTuple):
    """A closed, manifold triangle mesh in view space."""

    vertices: np.ndarray
    """(V, 3) float32."""
    faces: np.ndarray
    """(F, 3) int32, counter-clockwise seen from outside."""
    normals: np.ndarray
    """(V, 3) float32, unit, out of the body: the field's gradient, the mesh's own where the field bends within a voxel
    (and after decimation)."""
    asked: int
    """Questions put to the field in all."""
    asked_for_vertices: int
    """Those among them that only placed vertices."""
    islands_dropped: int
    """Closed pieces left out: floating islands, and hollows inside the body."""


def extract_surface(
    field: Field,
    resolution: int = 512,
    level: float = 0.5,
    *,
    keep_islands: bool = False,
    faces: int | None = None,
    refine_vertices: bool = True,
) -> Surface:
    """Ask `field` for the surface where its occupancy is `level`.

    Parameters
    ----------
    resolution: lattice points along each axis of [-1, 1]^3, 4 to 2046.
    keep_islands: keep every closed piece; otherwise the one of the largest volume alone.
    faces: simplify to about that many triangles; None keeps all.
    refine_vertices: let questions be asked to put vertices onto the level where the field bends within a voxel.

    Raises
    ------
    LifecastError
        Where the field has no such surface, or gives values that are not numbers.
    """
    lattice = SparseLattice(field, resolution, level)
    with torch.inference_mode():
        cells = cells_on_surface(lattice)
        return surface_of_cells(lattice, cells, keep_islands=keep_islands, faces=faces, refine_vertices=refine_vertices)


def surface_of_cells(
    lattice: SparseLattice,
    cells: SurfaceCells,
    *,
    keep_islands: bool = False,
    faces: int | None = None,
    refine_vertices: bool = True,
) -> Surface:
    """Build the mesh of cells whose corners are known to `lattice`; see `extract_surface`."""
    if not len(cells.codes):
        raise LifecastError(
            f"the occupancy field has no surface on a lattice of {lattice.resolution}: nothing (or everything) lies "
            "inside; the picture may show no person, or the weights be untrained"
        )
    mesh = triangulate(cells.codes.cpu().numpy(), cells.values.cpu().numpy(), np.array(CORNER_OFFSETS))
    edges = torch.from_numpy(mesh.edges).to(lattice.device)
    before = lattice.asked
    allowance = int(REFINING_SHARE * before) if refine_vertices else 0
    crossing = crossings(lattice, edges // EDGE_CODES, edges % EDGE_CODES, allowance)
    vertices = mesh.with_middles(crossing.points.cpu().numpy())
    trust = mesh.with_middles(crossing.trust.cpu().numpy())[:, None]
    normals = trust * mesh.with_middles(crossing.normals.cpu().numpy())
    normals += (1 - trust) * vertex_normals(vertices, mesh.faces, "area")
    kept, dropped = mesh.faces, 0
    if not keep_islands:
        largest, dropped = largest_piece(vertices, kept)
        kept = kept[largest]
    kept, vertices, normals = compact(kept.astype(np.int32), vertices, normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return simplified(Surface(vertices, kept, normals, lattice.asked, lattice.asked - before, dropped), faces)


def simplified(surface: Surface, faces: int | None) -> Surface:
    """Simplify a surface to about `faces` triangles; as it is with None or no fewer."""
    if faces is None or faces >= len(surface.faces):
        return surface
    vertices, kept, normals = decimate(surface.vertices, surface.faces, faces)
    return surface._replace(vertices=vertices, faces=kept, normals=normals)
