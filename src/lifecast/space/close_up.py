"""Close-ups: squares around a person's head and hands, which the networks get at the photograph's own resolution.

A square is of view space: `to_square` brings points to the coordinates of its picture, which spans [-1, 1] as a whole
person's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image
from lifecast.space.skeleton import Joint
from lifecast.space.units import CM_PER_UNIT


@dataclass(frozen=True)
class CloseUps:
    """How large the squares are, in centimetres of a person of 180 cm."""

    head: float = 18.0
    """Half the side of the head's square: from a chin to loose hair."""
    hand: float = 12.0
    """Half the side of a hand's, whose middle is at the knuckles: from the wrist to the fingertips."""
    least: float = 120.0
    """Pixels of the photograph along a square's side below which there is nothing closer to see."""
    visible: float = 0.5
    """Least visibility of the landmarks that a square is found by."""
    border: float = 0.15
    """Of half a square's side: from its border inward, close-ups take over from the maps of the whole picture."""


CLOSE_UPS = CloseUps()


@dataclass(frozen=True)
class Square:
    """A square of view space, parallel to the picture."""

    name: str
    """`head`, `left_hand` or `right_hand`: the person's own left."""
    x: float
    """Its middle, view units."""
    y: float
    half: float
    """Half its side."""

    def to_square(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring points (N, 3) of view space to the square's picture.

        x and y are in [-1, 1] inside of it; z is scaled alike, so that slopes stay.
        """
        middle = np.array([self.x, self.y, 0], np.float32)
        return np.asarray((points - middle) / np.float32(self.half), np.float32)


class CloseUpMaps(NamedTuple):
    """The maps of a square, as `Maps` of the whole picture: normals under the mask."""

    square: Square
    front: Tensor
    """(1, 3, s, s) in view space's directions."""
    back: Tensor
    mask: Tensor
    """(1, 1, s, s)."""


def close_up_squares(joints: NDArray[np.floating], constants: CloseUps = CLOSE_UPS) -> list[Square]:
    """Find the squares around head, left hand and right hand, in this order.

    joints: (33, 3 or more) in view space; a square whose joints are not finite is left out.
    """
    ears = joints[[Joint.LEFT_EAR, Joint.RIGHT_EAR], :2].mean(0)
    middles = {
        # Between the ears is the middle of the skull; the nose says where the face goes on.
        "head": (0.75 * ears + 0.25 * joints[Joint.NOSE, :2], constants.head),
        "left_hand": (joints[[Joint.LEFT_PINKY, Joint.LEFT_INDEX], :2].mean(0), constants.hand),
        "right_hand": (joints[[Joint.RIGHT_PINKY, Joint.RIGHT_INDEX], :2].mean(0), constants.hand),
    }
    return [
        Square(name, float(middle[0]), float(middle[1]), half / CM_PER_UNIT)
        for name, (middle, half) in middles.items()
        if np.isfinite(middle).all()
    ]


FOUND_BY: dict[str, tuple[Joint, ...]] = {
    "head": (Joint.NOSE, Joint.LEFT_EAR, Joint.RIGHT_EAR),
    "left_hand": (Joint.LEFT_WRIST, Joint.LEFT_PINKY, Joint.LEFT_INDEX),
    "right_hand": (Joint.RIGHT_WRIST, Joint.RIGHT_PINKY, Joint.RIGHT_INDEX),
}
"""The landmarks that say whether a square shows what it is named for."""


def visible_squares(joints: NDArray[np.floating], constants: CloseUps = CLOSE_UPS) -> list[Square]:
    """Find the squares of head and hands that the picture shows.

    joints: (33, 4), visibility last. Of the head one of its landmarks must be visible (the face may be turned away), of
    a hand all.
    """
    found = []
    for square in close_up_squares(joints, constants):
        visibility = joints[list(FOUND_BY[square.name]), 3]
        if (visibility.max() if square.name == "head" else visibility.min()) >= constants.visible:
            found.append(square)
    return found


def inside_share(points: NDArray[np.floating], border: float) -> NDArray[np.float32]:
    """Weigh points (N, 2 or 3) of a square's picture.

    1 inside, 0 at its border and beyond, in between a ramp as wide as `border`.
    """
    away = 1 - np.abs(points[:, :2]).max(axis=1)
    return np.asarray(np.clip(away / border, 0, 1), np.float32)


def with_close_ups(maps: Maps, close_ups: Sequence[CloseUpMaps], constants: CloseUps = CLOSE_UPS) -> Maps:
    """Put close-ups into the maps of the whole picture, at these maps' size."""
    for one in close_ups:
        size = maps.front.shape[-1]
        side = max(8, round(one.square.half * size))  # pixels that the square has there
        front, back = (
            _put(whole, resize_image(part, side), one.square, constants)
            for whole, part in ((maps.front, one.front), (maps.back, one.back))
        )
        maps = maps._replace(front=front, back=back)
    return maps


def _put(whole: Tensor, part: Tensor, square: Square, constants: CloseUps) -> Tensor:
    """Mix `part` (1, C, s, s) of a square into `whole` (1, C, S, S) by `inside_share`."""
    along = (torch.arange(whole.shape[-1], device=whole.device, dtype=whole.dtype) + 0.5) / whole.shape[-1] * 2 - 1
    x, y = (along - square.x) / square.half, (along + square.y) / square.half  # rows go down, and so does y here
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]  # (1, S, S, 2)
    share = ((1 - grid.abs().amax(-1)) / constants.border).clamp(0, 1)[:, None]  # (1, 1, S, S)
    laid = functional.grid_sample(part.to(whole), grid, padding_mode="border", align_corners=False)
    return whole + share * (laid - whole)


def cut_square(maps: Tensor, square: Square, size: int) -> Tensor:
    """Cut a square out of maps (B, C, S, S) of the whole picture: (B, C, size, size).

    Bilinearly; 0 beyond the maps.
    """
    along = (torch.arange(size, device=maps.device) + 0.5) / size * 2 - 1  # of the square, -1 to 1
    columns, rows = square.x + square.half * along, square.half * along - square.y  # rows go down
    at = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)  # (size, size, 2)
    grid = at.to(maps.dtype)[None].expand(len(maps), -1, -1, -1)
    return functional.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
