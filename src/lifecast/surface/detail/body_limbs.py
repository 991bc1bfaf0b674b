"""Hidden limbs of the fitted body: an arm behind the back with its hand, the far leg of somebody in profile.

Such a limb is in no pixel, so that its place is a guess, and networks that are trained on the error of depths predict
the median of all guesses: a smooth back, arms that end at the elbow. A fitted body has one, where the pose's landmarks
say that it is. It joins the field, thickened by the cloth that lies on the visible limb of the other side, and stays
behind what is visible. Limbs that are not to be trusted stay out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.names import SIDES
from lifecast.body.part_mesh import PartMesh, part_mesh
from lifecast.space.field import OUTSIDE_LOGIT, Field
from lifecast.space.maps import Maps
from lifecast.space.mesh_normals import vertex_normals
from lifecast.space.skeleton import Joint
from lifecast.surface.detail.distance_grid import DistanceGrid
from lifecast.surface.detail.under_surface import under_surface


class Chain(NamedTuple):
    """An arm or a leg."""

    joints: tuple[str, str, str]
    """The body's: where the limb begins, its middle, its hand or foot."""
    landmarks: tuple[Joint, Joint, Joint]
    """The same of BlazePose's."""
    radii: tuple[float, float]
    """Half its thickness at the first two, view units."""


CHAINS: tuple[Chain, ...] = tuple(
    Chain(
        (f"{upper}.{side}", f"{lower}.{side}", f"{end}.{side}"),
        (Joint(first + k), Joint(middle + k), Joint(last + k)), radii,
    )
    for k, side in enumerate(SIDES)
    for upper, lower, end, first, middle, last, radii in (
        ("upperarm01", "lowerarm01", "wrist", Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST, (0.041, 0.034)),
        ("upperleg01", "lowerleg01", "foot", Joint.LEFT_HIP, Joint.LEFT_KNEE, Joint.LEFT_ANKLE, (0.055, 0.043)),
    )
)  # fmt: skip
"""Arm and leg, left and right."""


@dataclass(frozen=True)
class BodyLimbs:
    """Constants of the step `body_limbs`.

    Lengths are in metres of the body where not said otherwise.
    """

    steepness: float = 600.0
    """Logits for a view unit of distance to a limb's surface: about the networks' own."""
    spacing: float = 0.005
    """Between the points of the distances' grid."""
    margin: float = 0.06
    """How far around a limb the field is joined with it, cloth included."""
    usual_cloth: float = 0.008
    """Thickness of cloth where it cannot be measured on the other side."""
    thickest_cloth: float = 0.04
    """What is thicker on the other side is no cloth."""
    behind: float = 0.01
    """How far behind the visible surface a limb stays at the least."""
    guessed: float = 0.4
    """BlazePose's visibility below which a landmark is guessed."""
    under: float = 0.08
    """View units (10 cm) of depth under the first surface from which on a joint is hidden by it."""


BODY_LIMBS = BodyLimbs()


@dataclass(frozen=True)
class BodyLimb:
    """A limb, ready to join a field. Lengths are in view units."""

    joint: str
    """Where it begins."""
    distance: DistanceGrid
    cloth: float
    """Thickness of what lies on it, ..."""
    end: Tensor
    """(3,) ... up to the wrist or the ankle."""
    along: Tensor
    """(3,) unit, toward that."""


@torch.inference_mode()
def body_limbs(
    body: FittedBody, joints: Tensor, maps: Maps, field: Field, constants: BodyLimbs = BODY_LIMBS
) -> list[BodyLimb]:
    """Prepare the limbs that are under the first surface, but doubtful ones; may be empty.

    Parameters
    ----------
    joints
        (33, 4) landmarks in view space, lifted: z counted from the view's own origin; and visibility in [0, 1].
    maps
        Of that person (batch of 1).
    field
        Where the cloth of the other side is measured.
    """
    under = under_surface(joints, maps, constants.guessed, constants.under)
    if under is None:
        return []
    vertices, own_joints = body.posed
    names, limbs = shipped_body().joints, []
    for number, chain in enumerate(CHAINS):
        _, middle, last = chain.landmarks
        first = 0 if under.hidden[middle] else 1
        if not under.hidden[last] or not body.doubtful.isdisjoint(chain.joints[first:]):
            continue
        root, end, before = (own_joints[names.index(chain.joints[k])] for k in (first, 2, 1))
        shift = np.zeros(3, np.float32)
        shift[2] = under.into_body(chain.landmarks[first], float(root[2]), chain.radii[first]) - root[2]
        part = part_mesh(vertices, chain.joints[first])
        other = CHAINS[(number + 2) % len(CHAINS)]
        cloth = constants.usual_cloth * body.scale
        if not under.hidden[list(other.landmarks[1:])].any():
            cloth = cloth_thickness(part_mesh(vertices, other.joints[1]), field, body.scale, constants)
        margin, spacing = constants.margin * body.scale, constants.spacing * body.scale
        distance = DistanceGrid.of_mesh(part.vertices + shift, part.faces, spacing, margin)
        along = (end - before) / max(float(np.linalg.norm(end - before)), 1e-9)
        places = (torch.tensor(one).float() for one in (end + shift, along))
        limbs.append(BodyLimb(chain.joints[first], distance, cloth, *places))
    return limbs


STEPS, FEWEST = 9, 30
"""Points along each normal; vertices that must lie inside for a measure."""


def cloth_thickness(part: PartMesh, field: Field, scale: float, constants: BodyLimbs = BODY_LIMBS) -> float:
    """Measure how far a field's surface lies beyond a part's, in view units.

    The median over the part's vertices.

    The usual thickness where too few of its vertices lie inside the field.
    """
    normals = vertex_normals(part.vertices, part.faces)
    chosen = slice(None, None, max(1, len(normals) // 400))
    steps = torch.linspace(0, constants.thickest_cloth * scale, STEPS)
    start, way = (torch.from_numpy(values[chosen]) for values in (part.vertices, normals))
    points = start[:, None] + steps[:, None] * way[:, None]  # (N, K, 3)
    inside = field.logits(points.reshape(-1, 3).to(field.device)).cpu().view(len(points), STEPS) > 0
    run = inside.int().cumprod(1).sum(1)  # (N,) points inside before the first outside
    # A vertex that is inside all along is next to the trunk.
    measured = run[(run > 0) & (run < STEPS)]
    if len(measured) < FEWEST:
        return constants.usual_cloth * scale
    return float((measured.float() - 0.5).median() * (steps[1] - steps[0]))


class WithBodyLimbs:
    """A `Field` joined with hidden limbs: the odds of being inside either.

    depth: (s, s) of the first surface, which limbs stay behind. bound: what is added to the field's logits at points
    (N, 3) so that it ends at the silhouette (`ColumnField.bound`); limbs then end there, too.
    """

    def __init__(
        self,
        field: Field,
        limbs: Sequence[BodyLimb],
        depth: Tensor,
        bound: Callable[[Tensor], Tensor] | None = None,
        scale: float = 1.0,
        constants: BodyLimbs = BODY_LIMBS,
    ) -> None:
        self.field, self.limbs, self.bound, self.scale, self.constants = field, limbs, bound, scale, constants
        self.depth = depth.float().to(field.device)[None, None]

    @property
    def device(self) -> torch.device:
        """Device of the field."""
        return self.field.device

    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) at view-space points (N, 3)."""
        logits = self.field.logits(points)
        for limb in self.limbs:
            low, high = (corner.to(points) for corner in limb.distance.box)
            near = ((points > low) & (points < high)).all(1).nonzero()[:, 0]  # (M,)
            if len(near):
                logits[near] = torch.logaddexp(logits[near], self._limb(limb, points[near]))
        return logits

    def _limb(self, limb: BodyLimb, points: Tensor) -> Tensor:
        """Logits (M,) of a limb alone, at points (M, 3) near it."""
        constants = self.constants
        place = (points - limb.end.to(points)) @ limb.along.to(points)
        bare = (place / max(limb.cloth, 1e-6) + 1).clamp(0, 1)  # cloth ends at the wrist
        logits = constants.steepness * (limb.cloth * (1 - bare) - limb.distance(points))
        at = (points[:, :2] * points.new_tensor([1.0, -1.0]))[None, None]
        first = functional.grid_sample(self.depth, at, align_corners=False, padding_mode="border")[0, 0, 0]
        behind = first - constants.behind * self.scale - points[:, 2]
        logits = torch.minimum(logits, constants.steepness * behind)
        if self.bound is not None:
            logits = logits + self.bound(points)
        return logits.clamp_min(OUTSIDE_LOGIT)
