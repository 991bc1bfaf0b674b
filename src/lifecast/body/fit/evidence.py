"""What a photograph gives of one person's body: landmarks, hands, face, mask and depth maps, in view space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import UsageError
from lifecast.space.skeleton import LANDMARKS

Floats = NDArray[np.floating[Any]]
HAND_POINTS, FACE_POINTS = 21, 468


@dataclass(frozen=True, eq=False)
class BodyEvidence:
    """What a body is fitted to. x and y of all points are view units, and so are depths.

    Raises `UsageError` for arrays of a wrong shape.
    """

    joints: Floats
    """(33, 4) BlazePose's landmarks, lifted to the joints; the last column is their visibility, 0 .. 1."""
    left_hand: Floats | None = None
    """(21, 3) the person's own left hand; z counts from its wrist."""
    right_hand: Floats | None = None
    face: Floats | None = None
    """(468, 3) z counts from the middle of the head."""
    mask: Floats | None = None
    """(S, S) the person, 0 .. 1."""
    depth: Floats | None = None
    """(2, s, s) z of the first and of the last surface that a line of sight meets; anything outside of the mask."""
    unseen: tuple[str, ...] = ()
    """Why there is no hand or no face, in words for the user."""
    unsure: frozenset[str] = frozenset()
    """Limbs whose landmarks are guesses, by the joints of `lifecast.body.limbs.LIMBS`."""

    def __post_init__(self) -> None:
        wanted: dict[str, tuple[int | None, ...]] = {
            "joints": (LANDMARKS, 4), "left_hand": (HAND_POINTS, 3), "right_hand": (HAND_POINTS, 3),
            "face": (FACE_POINTS, 3), "mask": (None, None), "depth": (2, None, None),
        }  # fmt: skip
        for name, shape in wanted.items():
            values = getattr(self, name)
            if values is None:
                continue
            if values.ndim != len(shape) or any(s not in (None, n) for s, n in zip(shape, values.shape, strict=True)):
                sides = ", ".join("S" if side is None else str(side) for side in shape)
                raise UsageError(f"a body's evidence has {name} of shape {values.shape}: give ({sides})")
