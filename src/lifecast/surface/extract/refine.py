"""Finding the cells that the surface runs through, by asking little more than their corners.

A cell of eight lattice points needs triangles where its corners differ in sign; no method can know these without asking
them, and a good one asks nothing else. Coarse-to-fine octrees do ask else: each level's band is wider than the next
needs, and what a level overlooks stays overlooked. Here the coarse level only provides starting points, and the finest
level follows the surface:

1. the seeds are asked (`lifecast.surface.extract.seeds`; a tenth of the whole at 512), and where two neighbours differ,
   bisection finds a cell between them that the surface runs through;
2. from all these cells at once the walk steps across every face whose corners differ, asks the corners of the cells
   behind it, and so on until no face is left. All cells of each closed sheet that a start lies on are found this way,
   whatever its shape, and no cell is asked that the surface does not run through. With starts every few centimetres all
   over the person this takes some dozens of rounds of thousands of points;
3. the conflict check: along the paths between seeds, what was taken for free of surface is compared with all that is
   known by now. Where it is contradicted the walk starts anew, until nothing changes.

Hence the cells are exactly those of the dense lattice, for every sheet that separates two seeds, and the factor between
questions asked and the least possible is 1 plus the seeds' share (`benchmarks/surface.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.surface.extract.lattice import STEPS, SparseLattice
from lifecast.surface.extract.seeds import Paths, bisect, climb, conflicts, seeds_and_paths, sign_changes

CORNER_OFFSETS = tuple(x * STEPS[0] + y * STEPS[1] + z * STEPS[2] for x in (0, 1) for y in (0, 1) for z in (0, 1))
"""Codes of a cell's corners less its own: corner k has x = k >> 2, y = k >> 1 & 1, z = k & 1."""

FACE_CORNERS = tuple(tuple(k for k in range(8) if k >> (2 - axis) & 1 == side) for axis in range(3) for side in (0, 1))
FACE_OFFSETS = tuple(sign * STEPS[axis] for axis in range(3) for sign in (-1, 1))


class SurfaceCells(NamedTuple):
    """The cells whose corners differ in sign, sorted by code."""

    codes: Tensor
    """(C,) int64."""
    values: Tensor
    """(C, 8) float32: the corners' logits relative to the level, positive inside."""


def cells_on_surface(lattice: SparseLattice) -> SurfaceCells:
    """Find every cell that the surface runs through.

    A sheet that separates no two seeds is not found (see the module). Points are asked through `lattice`, which counts
    them and keeps their values.
    """
    seeds, paths, shape = seeds_and_paths(lattice)
    hidden = climb(lattice, seeds, shape)
    paths = Paths(torch.cat((paths.starts, hidden.starts)), torch.cat((paths.ends, hidden.ends)))
    found: list[SurfaceCells] = []
    contradicted, low, high = sign_changes(lattice, paths)
    while len(low):
        found += walk(lattice, bisect(lattice, contradicted, low, high))
        contradicted, low, high = conflicts(lattice, paths)
    if not found:
        nothing = torch.zeros(0, dtype=torch.int64, device=lattice.device)
        return SurfaceCells(nothing, torch.zeros(0, 8, device=lattice.device))
    codes, order = torch.cat([part.codes for part in found]).sort()
    return SurfaceCells(codes, torch.cat([part.values for part in found])[order])


def walk(lattice: SparseLattice, starts: Tensor) -> list[SurfaceCells]:
    """Follow the surface from cells starts (N,) across faces with a sign change.

    Returns all cells it reaches.
    """
    corners = torch.tensor(CORNER_OFFSETS, device=lattice.device)
    faces = torch.tensor(FACE_OFFSETS, device=lattice.device)
    found: list[SurfaceCells] = []
    front = lattice.visit(starts)
    while len(front):
        values = lattice.values(front[:, None] + corners)  # (N, 8)
        inside = values > 0
        mixed = torch.stack(
            [inside[:, face].any(dim=1) & ~inside[:, face].all(dim=1) for face in FACE_CORNERS], dim=1
        )  # (N, 6)
        crossed = mixed.any(dim=1)
        found.append(SurfaceCells(front[crossed], values[crossed]))
        front = lattice.visit((front[:, None] + faces)[mixed])
    return found
