"""Limbs that the picture hides, made of the lifted landmarks.

Forearms behind a back, the far arm of somebody in profile, a leg stretched out behind. Such a limb is in no pixel, so
that its place is a guess, and networks that are trained on the error of depths predict the median of all guesses: a
smooth back, arms that end at the elbow. BlazePose guesses hidden landmarks and marks them as such; lifted
(`model.heads.pose_lifter`), they are near the joints. So the limb is made of those: bones as round cones, joined to the
body's field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.space.field import Field
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image
from lifecast.space.skeleton import MIRRORED_PAIRS
from lifecast.surface.colour.visibility import pixel_of


class Chain(NamedTuple):
    """An arm's or a leg's landmarks, as BlazePose numbers them, and its radii there, view units."""

    landmarks: tuple[int, ...]
    """Shoulder, elbow, wrist, knuckle of the index; or hip, knee, ankle, toe."""
    radii: tuple[float, float, float, float]
    beyond: float
    """How far the limb goes on after its last landmark, as a share of its last bone."""


_LEFT = (
    Chain((11, 13, 15, 19), (0.041, 0.034, 0.024, 0.02), 0.5),
    Chain((23, 25, 27, 31), (0.055, 0.043, 0.031, 0.024), 0.0),
)
CHAINS: tuple[Chain, ...] = (
    *_LEFT,
    *(chain._replace(landmarks=tuple(MIRRORED_PAIRS[i] for i in chain.landmarks)) for chain in _LEFT),
)
"""Arm and leg, left and right."""


@dataclass(frozen=True)
class HiddenLimbs:
    """Constants of the step `hidden_limbs`."""

    guessed: float = 0.4
    """BlazePose's visibility below which a landmark is guessed."""
    under: float = 0.08
    """View units (10 cm) of depth under the first surface from which on a joint is hidden by it."""
    steepness: float = 100.0
    """Logits for a view unit of distance to a limb's surface: 0.8 for a centimetre."""
    reach: float = 8.0
    """Logits below the surface from which a bone does not count."""
    chains: tuple[Chain, ...] = CHAINS
    """The limbs, and how thick they are."""


HIDDEN_LIMBS = HiddenLimbs()


class Bones(NamedTuple):
    """Round cones in view space."""

    starts: Tensor
    """(K, 3)."""
    ends: Tensor
    """(K, 3)."""
    radii: Tensor
    """(K, 2) at the start and at the end."""

    def to(self, device: torch.device) -> Bones:
        """Copy the bones to a device."""
        return Bones(*(values.to(device) for values in self))

    def distance(self, points: Tensor) -> Tensor:
        """Compute the distance (N,) of points (N, 3) to the nearest bone.

        It is in view units, negative inside. Of cones it is the distance along the normal of their axis: too far by the
        cosine of their opening.
        """
        nearest = points.new_full((len(points),), torch.inf)
        for start, end, (first, last) in zip(self.starts, self.ends, self.radii, strict=True):
            along = end - start
            share = ((points - start) @ along / along.dot(along).clamp_min(1e-12)).clamp(0, 1)  # (N,)
            away = (points - start - share[:, None] * along).norm(dim=1)
            nearest = torch.minimum(nearest, away - (first + share * (last - first)))
        return nearest


class UnderSurface(NamedTuple):
    """Where landmarks lie under the first surface."""

    hidden: Tensor
    """(33,) bool: guessed, and well behind the surface that is visible there."""
    covered: Tensor
    """(33,) bool: in the mask."""
    front: Tensor
    """(33,) depth of the first surface at each landmark, ..."""
    back: Tensor
    """(33,) ... and of the last."""

    def into_body(self, landmark: int, z: float, radius: float) -> float:
        """Move a depth into the body at a landmark; unchanged beyond the mask.

        It ends at least `radius` view units from the body's front and back, or in the middle where the body is thinner.
        """
        if not self.covered[landmark]:
            return z
        nearest, farthest = float(self.front[landmark]) - radius, float(self.back[landmark]) + radius
        return min(max(z, farthest), nearest) if farthest < nearest else (farthest + nearest) / 2


def under_surface(joints: Tensor, maps: Maps, constants: HiddenLimbs = HIDDEN_LIMBS) -> UnderSurface | None:
    """Find the landmarks that the body hides; None for maps without depths or mask.

    Parameters as in `hidden_limbs`.
    """
    if maps.depth is None or maps.mask is None:
        return None
    depth = maps.depth[0].float().cpu()  # (2, s, s)
    mask = resize_image(maps.mask.float(), depth.shape[-1])[0, 0].cpu()  # (s, s)
    joints = joints.float().cpu()
    column, row = (torch.from_numpy(place) for place in pixel_of(joints.numpy(), depth.shape[-1]))  # (33,)
    covered = mask[row, column] > 0.5  # (33,)
    front, back = depth[:, row, column]  # (33,) of the surfaces where the joints are visible, or would be
    hidden = (joints[:, 3] < constants.guessed) & covered & (front - joints[:, 2] > constants.under)
    return UnderSurface(hidden, covered, front, back)


def hidden_limbs(joints: Tensor, maps: Maps, constants: HiddenLimbs = HIDDEN_LIMBS) -> Bones | None:
    """Find the limbs that are under the first surface; None if there are none.

    Parameters
    ----------
    joints
        (33, 4) landmarks in view space, lifted: z counted from the view's own origin; and visibility in [0, 1].
    maps
        Of that person (batch of 1), with depths and mask.
    """
    under = under_surface(joints, maps, constants)
    if under is None:
        return None
    joints = joints.float().cpu()
    starts, ends, radii = [], [], []
    for chain in constants.chains:
        _, middle, last, _ = chain.landmarks
        if not under.hidden[last]:
            continue
        first = 0 if under.hidden[middle] else 1
        points = joints[list(chain.landmarks)]  # (4, 4)
        # A limb begins in the body, wherever its joint was lifted to.
        root = points[first, :3].clone()
        root[2] = under.into_body(chain.landmarks[first], float(root[2]), chain.radii[first])
        tip = points[3, :3] + chain.beyond * (points[3, :3] - points[2, :3])
        places = [root, *points[first + 1 : 3, :3], tip]
        starts += places[:-1]
        ends += places[1:]
        radii += [chain.radii[i : i + 2] for i in range(first, 3)]
    if not starts:
        return None
    return Bones(torch.stack(starts), torch.stack(ends), torch.tensor(radii))


class WithLimbs:
    """A `Field` joined with bones: the odds of being inside either.

    The seam between them is rounded. `bound`: what is added to the field's logits at points (N, 3) so that it ends at
    the silhouette (`ColumnField.bound`); limbs then end there, too.
    """

    def __init__(
        self,
        field: Field,
        bones: Bones,
        bound: Callable[[Tensor], Tensor] | None = None,
        constants: HiddenLimbs = HIDDEN_LIMBS,
    ) -> None:
        self.field, self.bound, self.constants = field, bound, constants
        self.bones = bones.to(field.device)
        reach = constants.reach / constants.steepness + self.bones.radii.amax(1, keepdim=True)  # (K, 1)
        self.low = (torch.minimum(self.bones.starts, self.bones.ends) - reach).amin(0)  # (3,)
        self.high = (torch.maximum(self.bones.starts, self.bones.ends) + reach).amax(0)

    @property
    def device(self) -> torch.device:
        """Device of the field."""
        return self.field.device

    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) at view-space points (N, 3)."""
        logits = self.field.logits(points)
        near = ((points > self.low) & (points < self.high)).all(1).nonzero()[:, 0]  # (M,)
        if len(near):
            close = points[near]
            limb = -self.constants.steepness * self.bones.distance(close)
            if self.bound is not None:
                limb += self.bound(close)
            joined = torch.logaddexp(logits[near], limb)
            logits[near] = torch.where(limb > -self.constants.reach, joined, logits[near])
        return logits
