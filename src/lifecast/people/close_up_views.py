"""Close-ups of mannequins: heads and hands rendered once more, large, for the close-up head to learn from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.close_up_file import CLOSE_UP_SIZE, FILE
from lifecast.scans.prepared_person import write_view
from lifecast.scans.render import Renderer
from lifecast.scans.shading import Look
from lifecast.scans.texels import TexelPool
from lifecast.space.close_up import CLOSE_UPS, Square, close_up_squares
from lifecast.space.units import CM_PER_UNIT

MOVED = 0.15
"""Of half a square's side: as far as its middle is moved at most along either axis, for landmarks err."""
RESIZED = (0.8, 1.25)
"""Range of what its side is multiplied by."""
HEADS = 0.5
"""Share of the close-ups that are of the head."""
TEXELS = CLOSE_UP_SIZE * CM_PER_UNIT / (2 * CLOSE_UPS.hand)
"""Pixels a view unit that textures are kept for."""


class CloseUpViews:
    """The close-ups of one pose, written beside its views.

    Parameters
    ----------
    renderer
        Of the pose.
    joints
        (33, 3) in normalised space.
    texels
        Of the same scan at `TEXELS` pixels a unit, or None: made here.
    """

    def __init__(
        self, folder: Path, renderer: Renderer, joints: NDArray[np.float64], texels: TexelPool | None = None
    ) -> None:
        self.folder, self.renderer, self.joints = folder, renderer, joints
        self.texels = TexelPool(renderer.scan, TEXELS) if texels is None else texels
        self.written: list[dict[str, Any]] = []

    def add(
        self, view: int, rotation: NDArray[np.float64], shift: NDArray[np.float64], look: Look, count: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Write `count` close-ups of view number `view`, each of the head or of a hand, by chance."""
        turned = self.joints @ rotation.T + [*shift, 0.0]
        squares = close_up_squares(turned)
        for _ in range(count):
            head = rng.random() < HEADS
            pick = 0 if head else int(rng.integers(1, len(squares)))
            square = drawn_square(squares[pick], rng)
            close = self.renderer.close(square.half, CLOSE_UP_SIZE, self.texels)
            stem = f"close_up_{len(self.written):03d}"
            write_view(self.folder, stem, close.render(rotation, shift - [square.x, square.y], look))
            self.written.append({
                "view": view, "what": square.name, "middle": [square.x, square.y], "half": square.half, "files": stem,
                "rotation": rotation.ravel().tolist(), "shift": (shift - [square.x, square.y]).tolist(),
            })  # fmt: skip

    def close(self) -> None:
        """Write the list of what was written."""
        (self.folder / FILE).write_text(json.dumps({"size": CLOSE_UP_SIZE, "close_ups": self.written}))


def drawn_square(square: Square, rng: np.random.Generator) -> Square:
    """Move and resize a square by chance, as in use the landmarks do that it is found by."""
    half = square.half * float(rng.uniform(*RESIZED))
    x, y = (float(at + rng.uniform(-MOVED, MOVED) * half) for at in (square.x, square.y))
    return replace(square, x=x, y=y, half=half)
