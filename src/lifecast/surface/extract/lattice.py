"""The lattice of one extraction, stored only where it was asked.

A lattice of resolution R has the points x_i = -1 + 2 i / R, i = 0 .. R - 1, along each axis (the authors' grid). Around
it lies one virtual layer that is outside by definition and never asked, so that a body cut off by the picture's edge
still gives a closed surface.

Points are *codes*: (x << 22) | (y << 11) | z with x, y, z counted from the virtual layer (i + 1). A neighbour's code
is a sum away, and sorted codes run along lines of sight. A cell has the code of its corner with the smallest indices.

Values lie in blocks of 4 x 4 x 4 points that are made when their first point is asked: 0.3 million points of a
person at R = 512 take some 30 MB, where the cube of float32 takes 537.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lifecast.errors import LifecastError, UsageError
from lifecast.space.field import OUTSIDE_LOGIT, Field

X_STEP, Y_STEP, Z_STEP = 1 << 22, 1 << 11, 1
STEPS = (X_STEP, Y_STEP, Z_STEP)
MAXIMUM_RESOLUTION = (1 << 11) - 2

BLOCK_BITS = 2
BLOCK_POINTS = 1 << 3 * BLOCK_BITS
NEAR_BITS = 4


def encode(indices: Tensor) -> Tensor:
    """Encode lattice indices (..., 3) int64, -1 .. R, as codes (...)."""
    return ((indices[..., 0] + 1) << 22) | ((indices[..., 1] + 1) << 11) | (indices[..., 2] + 1)


def decode(codes: Tensor) -> Tensor:
    """Decode codes (...) to lattice indices (..., 3) int64, -1 .. R."""
    return torch.stack((codes >> 22, codes >> 11 & 0x7FF, codes & 0x7FF), dim=-1) - 1


class SparseLattice:
    """The field's logits, relative to the level, at the lattice points asked so far.

    Parameters
    ----------
    field: what is asked.
    resolution: R, 4 to 2046.
    level: occupancy of the surface. Stored values are logit(occupancy) - logit(level): positive inside.
    """

    def __init__(self, field: Field, resolution: int, level: float = 0.5) -> None:
        if not 4 <= resolution <= MAXIMUM_RESOLUTION:
            raise UsageError(f"a resolution of {resolution} is not within 4 .. {MAXIMUM_RESOLUTION}")
        if not 0 < level < 1:
            raise UsageError(f"a surface level of {level} is not an occupancy strictly between 0 and 1")
        self.field = field
        self.resolution = resolution
        self.level_logit = float(torch.logit(torch.tensor(level, dtype=torch.float64)))
        self.device = field.device
        self.asked = 0
        self.near = torch.zeros((self._along(NEAR_BITS),) * 3, dtype=torch.bool, device=self.device)
        """Which cubes of 16^3 points hold one that was asked; whoever wants only the later ones clears it."""
        self._blocks_along_axis = self._along(BLOCK_BITS)
        # Block 0 stays empty: what no block was made for reads as unknown there, without a branch.
        self._block_of = torch.zeros(self._blocks_along_axis**3, dtype=torch.int32, device=self.device)
        self._blocks = 1
        self._values = self._unknown(1 << 12)
        self._visited = torch.zeros(len(self._values), dtype=torch.bool, device=self.device)

    def _along(self, bits: int) -> int:
        return (self.resolution + 2 >> bits) + 1

    def _unknown(self, blocks: int) -> Tensor:
        return torch.full((blocks * BLOCK_POINTS,), torch.nan, device=self.device)

    def coordinates(self, codes: Tensor) -> Tensor:
        """Compute the view-space points (..., 3) float32 of codes (...)."""
        return decode(codes).to(torch.float32) * (2 / self.resolution) - 1

    def _block_and_offset(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        x, y, z = codes >> 22, codes >> 11 & 0x7FF, codes & 0x7FF
        n, mask = self._blocks_along_axis, (1 << BLOCK_BITS) - 1
        block = ((x >> BLOCK_BITS) * n + (y >> BLOCK_BITS)) * n + (z >> BLOCK_BITS)
        offset = (x & mask) << 2 * BLOCK_BITS | (y & mask) << BLOCK_BITS | (z & mask)
        return block, offset

    def _slots(self, codes: Tensor) -> Tensor:
        block, offset = self._block_and_offset(codes)
        return self._block_of[block].long() * BLOCK_POINTS + offset

    def _make_slots(self, codes: Tensor) -> Tensor:
        """The places of codes (N,), whose blocks are made where they are missing."""
        block, offset = self._block_and_offset(codes)
        missing: Tensor = torch.unique(block[self._block_of[block] == 0])
        if len(missing):
            first, self._blocks = self._blocks, self._blocks + len(missing)
            self._block_of[missing] = torch.arange(first, self._blocks, dtype=torch.int32, device=self.device)
            while self._blocks * BLOCK_POINTS > len(self._values):
                more = len(self._values) // BLOCK_POINTS
                self._values = torch.cat((self._values, self._unknown(more)))
                self._visited = torch.cat((self._visited, torch.zeros_like(self._visited)))
        return self._block_of[block].long() * BLOCK_POINTS + offset

    def peek(self, codes: Tensor) -> Tensor:
        """Look up the values (...) of codes (...), NaN where the field was not asked."""
        return self._values[self._slots(codes)]

    def values(self, codes: Tensor) -> Tensor:
        """Return the values (...) of codes (...).

        The field is asked, once a point, for those that it was not asked before.
        """
        values = self.peek(codes)
        unknown = values.isnan()
        if unknown.any():
            self._ask(torch.unique(codes[unknown]))
            values = self.peek(codes)
        return values

    def _ask(self, codes: Tensor) -> None:
        """Ask the field for codes (N,), sorted and all unknown."""
        slots = self._make_slots(codes)
        indices = decode(codes)  # (N, 3)
        virtual = ((indices < 0) | (indices >= self.resolution)).any(dim=-1)
        cubes = indices + 1 >> NEAR_BITS
        self.near[cubes[:, 0], cubes[:, 1], cubes[:, 2]] = True
        self._values[slots[virtual]] = OUTSIDE_LOGIT
        real = codes[~virtual]
        if len(real):
            self._values[slots[~virtual]] = self.ask_points(self.coordinates(real))

    def ask_points(self, points: Tensor) -> Tensor:
        """Query values (N,) at view-space points (N, 3) anywhere; counted, not stored."""
        logits = self.field.logits(points).to(torch.float32) - self.level_logit
        self.asked += len(points)
        broken = logits.isnan()
        if broken.any():
            where = points[broken][0].tolist()
            raise LifecastError(
                f"the occupancy field is not a number at {where} (and at {int(broken.sum()) - 1} further points): "
                "the weights or the image features are damaged"
            )
        return logits

    def asked_near(self, indices: Tensor, reach: int) -> Tensor:
        """Check whether something was asked around indices (N, 3) since `near` was cleared.

        (N,) bool. True for certain if it was within `reach`; up to two cubes of 16 further on it may be.
        """
        cubes = reach + (1 << NEAR_BITS) - 1 >> NEAR_BITS
        spread = functional.max_pool3d(self.near[None].float(), 2 * cubes + 1, stride=1, padding=cubes)[0] > 0
        where = indices + 1 >> NEAR_BITS
        return spread[where[:, 0], where[:, 1], where[:, 2]]

    def visit(self, cells: Tensor) -> Tensor:
        """Return those of the cells (N,) that were not visited before; they are from now on.

        Each is named once.
        """
        fresh: Tensor = torch.unique(cells[~self._visited[self._slots(cells)]])
        slots = self._make_slots(fresh)  # first: it may replace the array
        self._visited[slots] = True
        return fresh

    def visited(self, cells: Tensor) -> Tensor:
        """Check whether cells (...) have been visited -> (...) bool."""
        return self._visited[self._slots(cells)]
