"""What is rendered of one view: colours, coverage, normals and depths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class View:
    """One rendered view of size S."""

    colour: NDArray[np.uint8]
    """(S, S, 3) sRGB, straight (not multiplied by coverage), carried on beyond the silhouette."""
    mask: NDArray[np.uint8]
    """(S, S) coverage * 255."""
    front: NDArray[np.uint8]
    """(S, S, 3) (n + 1) / 2 of the nearest surface, 128 outside."""
    back: NDArray[np.uint8]
    """(S, S, 3) of the farthest surface on the same line of sight, z mostly negative."""
    front_depth: NDArray[np.float16]
    """(S/4, S/4) view z at the centres of the coarser pixels, nan outside."""
    back_depth: NDArray[np.float16]
    parsing: NDArray[np.uint8] | None = None
    """(2, S, S) `space.parsing.Part` of the nearest and of the farthest surface, `NOTHING` outside; None: not known."""
