"""Where the search for the surface starts, and the check that nothing was missed.

**Seed lattice.** Some 32,768 lattice points are asked first. They form a lattice of their own,
{x = b y + c z (mod M)}, chosen for a small covering radius; unlike a coarser cubic grid it has a point on every
axis-aligned layer, so that a thin flat sheet cannot slip between its planes.

**Paths and conflicts.** Every seed is joined with its neighbours by paths along lattice edges. What lies between two
points of a path that were asked, one after the other, is taken to be free of surface: an interpolation. It is
contradicted where the two have different signs. `conflicts` finds these places, `bisect` asks between them until a
lattice edge with a sign change is left, the walk of `surface.extract.refine` goes on from there, and the check is
repeated until it finds nothing.

What this proves. Let S be a closed sheet of the surface with seeds on either side that the walk has not found. The
paths connect all seeds, so one of them crosses S an odd number of times, and so does one of its stretches between
points asked. A stretch without conflict has the same sign at both ends, so a second sheet that was not found crosses
the same stretch. Hence an island or a hollow that holds a seed is found, unless on each path out of it another one that
is itself not found comes before the next point asked (two walls of a shell, say): what no method sees without asking
there. Every ball of `SeedLattice.covering_radius` voxels holds a seed (6 cm for a person of 1.80 m at 512), many
islands that are much smaller hold one too, and `climb` finds more.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from scipy.spatial import Voronoi
from torch import Tensor

from lifecast.surface.extract.lattice import SparseLattice, encode

SEEDS_AT_512 = 1 << 15
"""As many below 512; above, in proportion to the surface."""

CANDIDATES = 512
CLIMB_LIMIT = 7.0
"""An extremum whose occupancy is further than 1 / (1 + e^7) = 0.1% from the other side's is let be."""


class SeedLattice(NamedTuple):
    """A lattice of one point in M of the integers."""

    modulus: int
    b: int
    c: int
    basis: np.ndarray
    """(3, 3) int64, its shortest basis, a vector a row."""
    covering_radius: float
    """Voxels: every ball of this radius contains a point."""

    def points(self, resolution: int) -> np.ndarray:
        """List its points in [0, R)^3 -> (S, 3) int64."""
        y, z = np.divmod(np.arange(resolution**2, dtype=np.int64), resolution)
        first = (self.b * y + self.c * z) % self.modulus
        layers = []
        for start in range(0, resolution, self.modulus):
            here = np.flatnonzero(first + start < resolution)
            layers.append(np.stack((first[here] + start, y[here], z[here]), axis=1))
        return np.concatenate(layers)


@functools.lru_cache(maxsize=16)
def seed_lattice(modulus: int) -> SeedLattice:
    """Choose the lattice of one point in `modulus` with the smallest covering radius.

    512 are drawn at random. Only the 12 of the longest shortest vector are looked at closely.
    """
    if modulus == 1:
        return SeedLattice(1, 0, 0, np.eye(3, dtype=np.int64), float(np.sqrt(3) / 2))
    rng = np.random.default_rng(0)
    reach = int(np.ceil(1.5 * modulus ** (1 / 3))) + 1
    y, z = (a.ravel() for a in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    b, c = rng.integers(0, modulus, (2, CANDIDATES, 1))
    x = (b * y + c * z + modulus // 2) % modulus - modulus // 2  # (CANDIDATES, ...)
    squares = x**2 + y**2 + z**2
    squares[:, len(y) // 2] = squares.max()  # the origin
    best: SeedLattice | None = None
    for k in np.argsort(-squares.min(axis=1), kind="stable")[:12]:
        order = np.argsort(squares[k], kind="stable")[:200]
        basis = _shortest_basis(np.stack((x[k], y, z), axis=1)[order], modulus)
        if basis is None or any(_meets_another(vector, int(b[k, 0]), int(c[k, 0]), modulus) for vector in basis):
            continue
        radius = _covering_radius(basis)
        if best is None or radius < best.covering_radius:
            best = SeedLattice(modulus, int(b[k, 0]), int(c[k, 0]), basis, radius)
    assert best is not None
    return best


def _shortest_basis(vectors: np.ndarray, modulus: int) -> np.ndarray | None:
    """The first three independent ones of vectors (N, 3) sorted by length, if they span the whole lattice."""
    first = vectors[0]
    rest = vectors[1:][(np.cross(first, vectors[1:]) != 0).any(axis=1)]
    if not len(rest):
        return None
    second = rest[0]
    volumes = rest @ np.cross(first, second)
    third = np.flatnonzero(volumes)
    if not len(third) or abs(int(volumes[third[0]])) != modulus:
        return None
    return np.stack((first, second, rest[third[0]]))


def _covering_radius(basis: np.ndarray) -> float:
    """Of the lattice of a short basis (3, 3): its deepest holes are corners of the Voronoi cell of the origin."""
    around = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3) @ basis
    cells = Voronoi(around)
    origin = cells.regions[cells.point_region[len(around) // 2]]
    return float(np.linalg.norm(cells.vertices[origin], axis=1).max())


def _meets_another(vector: np.ndarray, b: int, c: int, modulus: int) -> bool:
    """Whether the path along x, then y, then z to a point of the lattice passes through others."""
    (dx, dy, dz), signs = np.abs(vector), np.sign(vector)
    k = np.arange(1, dx + dy + dz)
    x, y, z = signs[:, None] * np.stack((k.clip(0, dx), (k - dx).clip(0, dy), (k - dx - dy).clip(0, dz)))
    return bool(((x - b * y - c * z) % modulus == 0).any())


class Paths(NamedTuple):
    """Lattice paths from starts (P, 3) to ends (P, 3), indices -1 .. R: along x, then y, then z."""

    starts: Tensor
    ends: Tensor

    def at(self, steps: Tensor) -> Tensor:
        """Compute codes (P, K) after steps (P or 1, K); a path stays at its end."""
        way = self.ends - self.starts  # (P, 3)
        code = encode(self.starts)[:, None]
        done = torch.zeros_like(way[:, :1])
        for axis, unit in enumerate((1 << 22, 1 << 11, 1)):
            length = way[:, axis : axis + 1].abs()
            code = code + (steps - done).clamp_min(0).minimum(length) * way[:, axis : axis + 1].sign() * unit
            done = done + length
        return code

    def lengths(self) -> Tensor:
        """Count the steps (P,) from start to end."""
        return (self.ends - self.starts).abs().sum(dim=-1)

    def take(self, which: Tensor) -> Paths:
        """Choose some of the paths."""
        return Paths(self.starts[which], self.ends[which])


def seeds_and_paths(lattice: SparseLattice) -> tuple[Tensor, Paths, SeedLattice]:
    """Ask the field at the seeds of a lattice.

    Returns their indices (S, 3), the paths between neighbours, the seeds' lattice.
    """
    resolution = lattice.resolution
    count = SEEDS_AT_512 * max(1.0, (resolution / 512) ** 2)
    shape = seed_lattice(max(1, round(resolution**3 / count)))
    seeds = torch.from_numpy(shape.points(resolution)).to(lattice.device)
    lattice.values(encode(seeds))
    starts, ends = [], []
    for vector in torch.from_numpy(shape.basis).to(lattice.device):
        for sign in (1, -1):
            end = seeds + sign * vector
            inside = ((end >= 0) & (end < resolution)).all(dim=-1)
            # Backwards only where the path leaves the lattice: it ends in the virtual layer.
            kept = slice(None) if sign == 1 else ~inside
            starts.append(seeds[kept])
            ends.append(end[kept].clamp(-1, resolution))
    paths = Paths(torch.cat(starts), torch.cat(ends))
    lattice.values(encode(paths.ends))  # seeds, or the virtual layer: no question
    lattice.near.zero_()
    return seeds, paths, shape


def sign_changes(lattice: SparseLattice, paths: Paths) -> tuple[Paths, Tensor, Tensor]:
    """Find the paths (C) whose ends differ in sign, and the steps (C,), (C,) of these.

    They are the conflicts at the outset.
    """
    differ = (lattice.peek(encode(paths.starts)) > 0) != (lattice.peek(encode(paths.ends)) > 0)
    chosen = paths.take(differ)
    lengths = chosen.lengths()
    return chosen, torch.zeros_like(lengths), lengths


def conflicts(lattice: SparseLattice, paths: Paths, chunk: int = 1 << 14) -> tuple[Paths, Tensor, Tensor]:
    """Find the first contradiction on each path that has one.

    Returns the paths concerned (C), and the steps (C,), (C,) of two points on each that follow one another among those
    asked and have different signs, with no visited cell at an edge between them.
    """
    found: list[tuple[Paths, Tensor, Tensor]] = []
    # Where nothing but seeds was asked, `sign_changes` has said all: a path meets none but at its ends, unless it was
    # cut short at the virtual layer.
    reach = int((paths.ends - paths.starts).abs().max())
    cut = ((paths.ends < 0) | (paths.ends >= lattice.resolution)).any(dim=1)
    paths = paths.take(lattice.asked_near(paths.starts, reach) | cut)
    for first in range(0, len(paths.starts), chunk):
        part = Paths(paths.starts[first : first + chunk], paths.ends[first : first + chunk])
        steps = torch.arange(int(part.lengths().max()) + 1, device=lattice.device)[None]  # (1, K)
        codes = part.at(steps)  # (P, K)
        values = lattice.peek(codes)
        sampled = ~values.isnan()
        # For each step, the last step before it that was asked.
        latest = torch.where(sampled, steps, -1).cummax(dim=1).values
        before = torch.cat((torch.zeros_like(latest[:, :1]), latest[:, :-1]), dim=1)
        positive = values > 0
        differ = sampled & (positive.gather(1, before) != positive)
        # A change along a single edge is settled if the walk has been there (all cells at the edge are visited then).
        edge = steps - before == 1
        row, column = torch.nonzero(differ & edge, as_tuple=True)
        settled = lattice.visited(torch.minimum(codes[row, column - 1], codes[row, column]))
        differ[row[settled], column[settled]] = False
        has = differ.any(dim=1)
        which = torch.nonzero(has).squeeze(1)
        end = differ[which].int().argmax(dim=1)
        found.append((part.take(which), before[which, end], end))
    if not found:
        nothing = paths.lengths()[:0]
        return paths.take(nothing), nothing, nothing
    parts, low, high = zip(*found, strict=True)
    joined = Paths(torch.cat([p.starts for p in parts]), torch.cat([p.ends for p in parts]))
    return joined, torch.cat(low), torch.cat(high)


def bisect(lattice: SparseLattice, paths: Paths, low: Tensor, high: Tensor) -> Tensor:
    """Ask between the steps low and high (C,) of each path, until a lattice edge is left.

    The signs of the two steps differ. Returns cells (C,) at those edges.
    """
    inside = lattice.values(paths.at(low[:, None])).squeeze(1) > 0
    while True:
        open_ = torch.nonzero(high - low > 1).squeeze(1)
        if not len(open_):
            break
        middle = (low[open_] + high[open_]) // 2
        same = (lattice.values(paths.take(open_).at(middle[:, None])).squeeze(1) > 0) == inside[open_]
        low[open_] = torch.where(same, middle, low[open_])
        high[open_] = torch.where(same, high[open_], middle)
    ends = paths.at(torch.stack((low, high), dim=1))
    return ends.min(dim=1).values


def climb(lattice: SparseLattice, seeds: Tensor, shape: SeedLattice) -> Paths:
    """Follow the values from extreme seeds (S, 3) toward what may hide between them.

    Islands, sheets, hollows. A seed outside that is at least as close to the surface as its 6 neighbours, going by the
    values (or one inside), is followed by compass search, at half the seeds' spacing, then a quarter, down to one
    voxel, until the sign turns. Returns the paths from those seeds to points of the other sign.
    """
    resolution = lattice.resolution
    offsets = torch.from_numpy(np.concatenate((shape.basis, -shape.basis))).to(seeds)  # (6, 3)
    around = (seeds[:, None] + offsets).clamp(-1, resolution)
    here = lattice.peek(encode(seeds))  # (S,)
    there = lattice.peek(encode(around))  # (S, 6), NaN where clamping left the seeds
    there = torch.where(there.isnan(), here[:, None], there)
    side = torch.where(here > 0, -1.0, 1.0)  # times a value: how far toward the other side
    extreme = (here[:, None] * side[:, None] >= there * side[:, None]).all(dim=1) & (here.abs() < CLIMB_LIMIT)
    starts, side, best = seeds[extreme], side[extreme], (here * side)[extreme]
    place = starts.clone()
    compass = torch.cat((torch.eye(3, dtype=torch.int64), -torch.eye(3, dtype=torch.int64))).to(seeds.device)
    step = max(1, round(shape.modulus ** (1 / 3) / 2))
    while len(starts) and step >= 1:
        open_ = torch.nonzero(best <= 0).squeeze(1)
        if not len(open_):
            break
        around = (place[open_, None] + step * compass).clamp(0, resolution - 1)  # (O, 6, 3)
        values = lattice.values(encode(around)) * side[open_, None]
        top, which = values.max(dim=1)
        better = top > best[open_]
        place[open_[better]] = around[better, which[better]]
        best[open_[better]] = top[better]
        step //= 2
    turned = best > 0
    return Paths(starts[turned], place[turned])
