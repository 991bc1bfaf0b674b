"""Constraints in the order in which they are solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batches:
    """Constraints in batches of which each may be launched at once."""

    rows: list[tuple[int, int]]
    """First constraint and number of each batch."""
    arrays: tuple[Any, ...]


def batches(
    index: NDArray[np.int32], kind: Any, values: tuple[NDArray[Any], ...], serial: bool, device: str
) -> Batches:
    """Put constraints on a device: by colour, or in one batch where a launch runs one after another (`serial`).

    Parameters
    ----------
    index
        (C, K) particles.
    kind
        Warp's type of a row of it.
    values
        (C,) or (C, 4) each.
    """
    rows = [(0, len(index))]
    if not serial:
        colour = colours(index)
        order = np.argsort(colour, kind="stable")
        index, values = index[order], tuple(v[order] for v in values)
        sizes = np.bincount(colour)
        rows = list(zip(np.cumsum([0, *sizes])[:-1].tolist(), sizes.tolist(), strict=True))
    arrays: list[Any] = [wp.array(np.ascontiguousarray(index, np.int32), dtype=kind, device=device)]
    for value in values:
        width = wp.vec4 if value.ndim == 2 else float
        arrays.append(wp.array(np.ascontiguousarray(value, np.float32), dtype=width, device=device))
    return Batches(rows if len(index) else [], tuple(arrays))


def colours(index: NDArray[np.integer]) -> NDArray[np.int64]:
    """Colour constraints so that no two of a colour share a particle; `index` (C, K) are their particles."""
    taken = [0] * (int(index.max()) + 1 if index.size else 0)
    found = np.zeros(len(index), np.int64)
    for k, particles in enumerate(index.tolist()):
        mask = 0
        for particle in particles:
            mask |= taken[particle]
        colour = (~mask & (mask + 1)).bit_length() - 1
        found[k] = colour
        for particle in particles:
            taken[particle] |= 1 << colour
    return found
