"""Hands with fingers: the fitted body's hands in place of the networks' mittens.

Fingers are thinner than what an occupancy field learned from photographs tells apart. Where a hand was visible and its
points were fitted, its posed mesh is known, so near it the field's logits give way to the mesh's signed distances. The
change runs along the forearm over a few centimetres, so that the two meet without a seam. In depth the hand is moved so
that its wrist lies where the field has one, and gaps of the field's forearm are filled (`forearm_gap`).

What else is near, a thigh, a pocket, the other hand, keeps the networks' field: a point belongs to the hand if it is
nearer to the hand than to the rest of the body in its clothes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.names import SIDES
from lifecast.body.part_mesh import PartMesh, part_mesh, part_vertices
from lifecast.space.field import OUTSIDE_LOGIT, Field
from lifecast.surface.detail.distance_grid import DistanceGrid
from lifecast.surface.detail.forearm_gap import FOREARM_GAP, ForearmFill, ForearmGap, NoForearm, fill_forearm
from lifecast.surface.detail.part_depth import depth_to_move
from lifecast.surface.raster import rasterize


@dataclass(frozen=True)
class FittedHands:
    """Constants of the step `fitted_hands`.

    Lengths are in metres of the body where not said otherwise.
    """

    wrist: tuple[float, float] = (-0.03, 0.0)
    """Along the forearm, counted from the wrist toward the fingers: where the hand begins, and where it is all there
    is."""
    reach: tuple[float, float] = (0.03, 0.045)
    """Distances to the hand up to which the networks' field is left out, and from which it is kept."""
    clothed: float = 0.02
    """How far the rest of the body's surface lies beyond its skin, ..."""
    shared: float = 0.01
    """... and the width over which points go from the one nearer part to the other."""
    steepness: float = 600.0
    """Logits for a view unit of distance to the hand's surface: about the networks' own."""
    spacing: float = 0.0032
    """Between the points of the distances' grid."""
    inside: float = 0.7
    """Share of the hand's picture that must lie in the person's mask; a hand that misses it was fitted wrongly."""
    farthest: float = 0.15
    """The field is searched for the wrist so far before and behind the fitted one; without one there the hand stays
    out."""
    gap: ForearmGap = FOREARM_GAP
    """Of gaps of the forearm before it."""


FITTED_HANDS = FittedHands()


@dataclass(frozen=True)
class Hand:
    """One hand with its forearm, ready to join a field. Lengths are in view units."""

    mesh: PartMesh
    """From the wrist on."""
    distance: DistanceGrid
    """Of the forearm and hand, closed at the elbow."""
    rest: DistanceGrid
    """To the rest of the body's skin, around the hand; never negative."""
    wrist: Tensor
    """(3,) where the hand begins."""
    along: Tensor
    """(3,) unit, from the elbow to the wrist."""
    scale: float
    """View units a metre."""
    forearm: ForearmFill | None = None
    """What the field lacks before it."""


@torch.inference_mode()
def fitted_hands(
    body: FittedBody, field: Field, mask: Tensor | None = None, constants: FittedHands = FITTED_HANDS
) -> list[Hand]:
    """Prepare the hands that were fitted and lie where mask and field have them.

    They are not doubtful, lie in the mask (s, s) and have forearm and wrist in the field. None is an empty list.
    """
    sides = [side for side in SIDES if f"hand.{side}" in body.fitted and f"wrist.{side}" not in body.doubtful]
    return [hand for side in sides if (hand := _hand(body, side, field, mask, constants))]


def _hand(body: FittedBody, side: str, field: Field, mask: Tensor | None, constants: FittedHands) -> Hand | None:
    vertices, joints = body.posed
    names = shipped_body().joints
    wrist, elbow = (joints[names.index(f"{joint}.{side}")] for joint in ("wrist", "lowerarm01"))
    along = (wrist - elbow) / max(float(np.linalg.norm(wrist - elbow)), 1e-9)
    begin = wrist + constants.wrist[0] * body.scale * along
    hand, forearm = part_mesh(vertices, f"wrist.{side}"), part_mesh(vertices, f"lowerarm01.{side}")
    if mask is not None and _share_inside(hand, mask) < constants.inside:
        return None
    middles = torch.from_numpy(np.linspace(begin, wrist, 9)).float()
    moved = depth_to_move(forearm, middles, field, constants.farthest * body.scale)
    if moved is None:
        return None
    shift = np.array([0, 0, moved], np.float32)
    margin, spacing = constants.reach[1] * body.scale, constants.spacing * body.scale
    try:
        fill = fill_forearm(
            forearm, elbow, begin, moved, field, body.scale, constants.farthest * body.scale, spacing, constants.gap
        )
    except NoForearm:
        return None
    places = np.vstack([hand.vertices, begin]).astype(np.float64) + shift
    box = (places.min(0) - margin, places.max(0) + margin)
    distance = DistanceGrid.of_mesh(forearm.vertices + shift, forearm.faces, spacing, margin, box)
    rest = _distance_to_points(vertices[~part_vertices(f"upperarm01.{side}")], box, 4 * spacing)
    moved_hand = hand._replace(vertices=hand.vertices + shift)
    begins, points = torch.tensor(wrist + shift).float(), torch.tensor(along).float()
    return Hand(moved_hand, distance, rest, begins, points, body.scale, fill)


def _share_inside(part: PartMesh, mask: Tensor) -> float:
    """Share of a part's picture that lies in a mask (s, s); 0 if it lies beyond the picture."""
    covered = rasterize(torch.from_numpy(part.vertices), torch.from_numpy(part.faces), mask.shape[-1]).covered
    return float((mask.cpu()[covered] > 0.5).sum()) / max(int(covered.sum()), 1)


def _distance_to_points(points: np.ndarray, box: tuple[np.ndarray, np.ndarray], spacing: float) -> DistanceGrid:
    """Measure how far the points of a grid over a box lie from the nearest of some points (N, 3)."""
    shape = np.ceil((box[1] - box[0]) / spacing).astype(int) + 1
    places = np.stack(np.meshgrid(*(np.arange(count) for count in shape), indexing="ij"), -1) * spacing + box[0]
    values = cKDTree(points).query(places.reshape(-1, 3))[0].reshape(tuple(shape))
    return DistanceGrid(torch.tensor(box[0]).float(), spacing, torch.tensor(values).float())


def without_hands(mask: Tensor, hands: Sequence[Hand]) -> Tensor:
    """Take the fitted hands' pixels out of a mask (S, S).

    The normal maps show a mitten's folds there.
    """
    mask = mask.clone()
    for hand in hands:
        vertices, faces = (torch.from_numpy(one) for one in hand.mesh)
        mask[rasterize(vertices, faces, mask.shape[-1]).covered.to(mask.device)] = 0
    return mask


class WithHands:
    """A `Field` whose hands are meshes."""

    def __init__(self, field: Field, hands: Sequence[Hand], constants: FittedHands = FITTED_HANDS) -> None:
        self.field, self.hands, self.constants = field, hands, constants

    @property
    def device(self) -> torch.device:
        """Device of the field."""
        return self.field.device

    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) at view-space points (N, 3)."""
        logits = self.field.logits(points)
        for fill in [hand.forearm for hand in self.hands if hand.forearm is not None]:
            low, high = (corner.to(points) for corner in fill.distance.box)
            near = ((points > low) & (points < high)).all(1).nonzero()[:, 0]
            if len(near):
                logits[near] = fill.joined(logits[near], points[near], self.constants.steepness)
        for hand in self.hands:
            low, high = (corner.to(points) for corner in hand.distance.box)
            near = ((points > low) & (points < high)).all(1).nonzero()[:, 0]  # (M,)
            if len(near):
                logits[near] = self._joined(logits[near], points[near], hand)
        return logits

    def _joined(self, logits: Tensor, points: Tensor, hand: Hand) -> Tensor:
        """Replace logits (M,) at points (M, 3) near a hand."""
        constants, scale = self.constants, hand.scale
        distance = hand.distance(points)  # (M,)
        own = (-constants.steepness * distance).clamp_min(OUTSIDE_LOGIT)
        place = (points - hand.wrist.to(points)) @ hand.along.to(points)
        begun = _ramp(place, constants.wrist[0] * scale, constants.wrist[1] * scale)
        close = 1 - _ramp(distance, constants.reach[0] * scale, constants.reach[1] * scale)
        nearer = hand.rest(points) - constants.clothed * scale - distance.clamp_min(0)
        apart = _ramp(nearer, 0.0, constants.shared * scale)
        replaced = begun * close * apart
        mixed = torch.lerp(logits, own, replaced)
        return torch.lerp(mixed, torch.maximum(mixed, own), begun)


def _ramp(values: Tensor, first: float, last: float) -> Tensor:
    """Go from 0 at `first` to 1 at `last`, smoothly at both ends."""
    share = ((values - first) / (last - first)).clamp(0, 1)
    return share * share * (3 - 2 * share)
