"""Gaps of a forearm before a fitted hand, filled with the body's own forearm.

Where a forearm leaves the outline of a hip the networks' depths jump, and their arm may end there, though elbow and
wrist are in place. A fitted hand would then float. The field is asked along the axis of the fitted forearm, which is
moved in depth to where the field has the elbow and the wrist: where it is empty the forearm's mesh joins the field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from lifecast.body.part_mesh import PartMesh
from lifecast.space.field import OUTSIDE_LOGIT, Field
from lifecast.surface.detail.distance_grid import DistanceGrid
from lifecast.surface.detail.part_depth import depth_to_move

PLACES = 48
"""Places from the elbow to the wrist at which the field is asked; at each at points of a disc across the forearm."""
NEAR_ELBOW = (0.1, 0.3)
"""Shares of the forearm between which the field says where the elbow is."""


@dataclass(frozen=True)
class ForearmGap:
    """Constants of the search for gaps.

    Lengths are in metres of the body.
    """

    core: float = 0.015
    """Radius of what must be inside at each place, ..."""
    filled: float = 0.5
    """... and the share of it from which there is no gap."""
    beyond: float = 0.03
    """How far the forearm goes on beyond a gap: whole to half of that, then less and less."""
    most: float = 0.7
    """Share of the forearm's length that may be missing; with more of it the field has no such arm."""


FOREARM_GAP = ForearmGap()


@dataclass(frozen=True)
class ForearmFill:
    """A forearm that joins a field where that has a gap. Lengths are in view units."""

    distance: DistanceGrid
    elbow: Tensor
    """(3,)"""
    along: Tensor
    """(3,) from the elbow to the wrist."""
    filled: Tensor
    """(`PLACES`,) 0 to 1: how much of the forearm joins at each place."""

    def joined(self, logits: Tensor, points: Tensor, steepness: float) -> Tensor:
        """Join logits (M,) at points (M, 3) with the forearm, `steepness` logits a view unit."""
        along = self.along.to(points)
        place = ((points - self.elbow.to(points)) @ along / along.dot(along)).clamp(0, 1) * (PLACES - 1)
        low = place.floor().clamp_max(PLACES - 2).long()
        filled = self.filled.to(points)
        share = torch.lerp(filled[low], filled[low + 1], place - low)
        own = (-steepness * self.distance(points)).clamp_min(OUTSIDE_LOGIT)
        return torch.lerp(logits, torch.maximum(logits, own), share)


class NoForearm(Exception):
    """The field has no forearm that a hand could join."""


@torch.inference_mode()
def fill_forearm(
    forearm: PartMesh,
    elbow: NDArray[np.float32],
    wrist: NDArray[np.float32],
    at_wrist: float,
    field: Field,
    scale: float,
    farthest: float,
    spacing: float,
    constants: ForearmGap = FOREARM_GAP,
) -> ForearmFill | None:
    """Find what of a forearm a field lacks; None where it lacks nothing.

    Parameters
    ----------
    forearm : from the elbow on, with the hand.
    elbow, wrist : (3,) of the fitted body, view space.
    at_wrist : how far the hand is moved toward the camera to the field's wrist, view units.
    scale : view units a metre.
    farthest : view units before and behind the fitted elbow within which the field's is searched.
    spacing : view units between the points of the distances' grid.

    Raises
    ------
    NoForearm
        Where there is none near the elbow, or most of it is missing.
    """
    shares = np.linspace(0, 1, PLACES, dtype=np.float32)[:, None]
    axis = elbow + shares * (wrist - elbow)  # (P, 3)
    near = (shares[:, 0] >= NEAR_ELBOW[0]) & (shares[:, 0] <= NEAR_ELBOW[1])
    at_elbow = depth_to_move(forearm, torch.from_numpy(axis[near]), field, farthest)
    if at_elbow is None:
        raise NoForearm
    ends = np.zeros((2, 3), np.float32)
    ends[:, 2] = at_elbow, at_wrist
    way = wrist - elbow
    placed = axis + ends[0] + shares * (ends[1] - ends[0])
    gap = _share_inside(placed, way, constants.core * scale, field) < constants.filled
    if not gap.any():
        return None
    if gap.mean() > constants.most:
        raise NoForearm
    step = float(np.linalg.norm(way)) / (PLACES - 1)
    away = ndimage.distance_transform_edt(~gap) * step / (constants.beyond * scale)
    filled = (2 - 2 * away).clip(0, 1).astype(np.float32)
    own = np.clip((forearm.vertices - elbow) @ way / (way @ way), 0, 1)[:, None]
    moved = forearm.vertices + ends[0] + own * (ends[1] - ends[0])
    margin = constants.beyond * scale
    box = (placed.min(0).astype(np.float64) - 3 * margin, placed.max(0).astype(np.float64) + 3 * margin)
    distance = DistanceGrid.of_mesh(moved, forearm.faces, spacing, margin, box)
    start, end = (torch.from_numpy(placed[k]) for k in (0, -1))
    return ForearmFill(distance, start, end - start, torch.from_numpy(filled))


def _share_inside(
    axis: NDArray[np.float32], way: NDArray[np.float32], radius: float, field: Field
) -> NDArray[np.float64]:
    """Share (P,) of the points of a disc across `way` (3,) around each place of an axis (P, 3) that a field holds."""
    along = way / max(float(np.linalg.norm(way)), 1e-9)
    aside = np.cross(along, np.eye(3)[np.abs(along).argmin()])
    aside /= np.linalg.norm(aside)
    turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)[:, None]
    ring = np.cos(turns) * aside + np.sin(turns) * np.cross(along, aside)
    disc = np.concatenate([np.zeros((1, 3)), radius / 2 * ring, radius * ring]).astype(np.float32)  # (17, 3)
    points = torch.from_numpy(axis[:, None] + disc).reshape(-1, 3)
    inside = field.logits(points.to(field.device)).cpu().view(len(axis), -1) > 0
    found: NDArray[np.float64] = inside.double().mean(1).numpy()
    return found
