"""BlazePose's landmarks drawn as a map: what the normal networks are told of the pose.

A picture alone leaves it open whether a limb comes toward the camera or goes away from it, and few made people teach
networks little about that. BlazePose has seen many photographs of real people and answers with a depth for each
landmark; drawn as soft capsules along the limbs it says so where the networks look, in the form that convolutions take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CHANNELS = 6
"""Of a limb map: how surely a limb is there; z of the nearest and of the farthest limb; the nearest limb's slope in x
and in y; whose side it is (1 the person's left, -1 right, 0 the trunk and the head)."""
SIZE = 128
"""Side of the maps that are drawn in use."""
DEPTH_SCALE = 4.0
"""View units times this are the z channels."""
BLEND = 0.06
"""View units of depth by which one limb must lie before another to count e times as much."""

MIDDLES = ((11, 12), (23, 24), (7, 8))
NECK, PELVIS, _HEAD, _NOSE = 33, 34, 35, 0
"""Points beside BlazePose's 33: the middles of shoulders, hips and ears."""


@dataclass(frozen=True)
class Limb:
    """A capsule from one landmark to another."""

    start: int
    end: int
    radius: float
    """View units."""
    side: int
    """1 the person's left, -1 right, 0 neither."""


def _both(left_start: int, left_end: int, radius: float) -> list[Limb]:
    """A limb on either side: BlazePose's right landmark follows its left one."""
    return [Limb(left_start, left_end, radius, 1), Limb(left_start + 1, left_end + 1, radius, -1)]


LIMBS: tuple[Limb, ...] = (
    Limb(PELVIS, NECK, 0.09, 0), Limb(11, 12, 0.06, 0), Limb(23, 24, 0.07, 0),
    Limb(NECK, _HEAD, 0.06, 0), Limb(7, 8, 0.06, 0), Limb(_HEAD, _NOSE, 0.05, 0),
    *_both(11, 23, 0.06),
    *_both(11, 13, 0.05), *_both(13, 15, 0.04), *_both(15, 19, 0.035),
    *_both(23, 25, 0.07), *_both(25, 27, 0.05), *_both(27, 31, 0.04),
)  # fmt: skip

MIRRORED_PAIRS: tuple[int, ...] = (0, 4, 5, 6, 1, 2, 3, *(i + 1 if i % 2 else i - 1 for i in range(7, 33)))
"""Of each of the 33 landmarks, the one that plays its part in the mirrored picture."""


def mirrored_landmarks(landmarks: Tensor) -> Tensor:
    """Landmarks or joints (..., 33, 3 or more) in view space as they are in the mirrored picture."""
    turned = landmarks[..., list(MIRRORED_PAIRS), :]  # a copy
    turned[..., 0].neg_()
    return turned


def with_middles(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks (33, 4), and after them the points that limbs begin and end at beside BlazePose's: (36, 4)."""
    return np.concatenate((landmarks, np.stack([landmarks[list(pair)].mean(0) for pair in MIDDLES])))


def limb_map(landmarks: Tensor, size: int = SIZE) -> Tensor:
    """The map of one person.

    Parameters
    ----------
    landmarks
        (33, 4): x, y, z in view space (z 0 at the hips) and visibility in [0, 1], in BlazePose's order.
    size
        Side s of the map.

    Returns
    -------
    (CHANNELS, s, s) float32; all of it fades to 0 away from limbs.
    """
    points = torch.from_numpy(with_middles(landmarks.float().numpy()))  # (36, 4)
    start = points[[limb.start for limb in LIMBS]]  # (K, 4)
    end = points[[limb.end for limb in LIMBS]]
    radius = torch.tensor([limb.radius for limb in LIMBS])
    side = torch.tensor([float(limb.side) for limb in LIMBS])
    step = (torch.arange(size) * 2 + 1) / size - 1
    along = end[:, :3] - start[:, :3]  # (K, 3)
    direction = along / along.norm(dim=1, keepdim=True).clamp_min(1e-6)
    flat = (along[:, :2] ** 2).sum(1).clamp_min(1e-8)
    x = step[None, None, :] - start[:, 0, None, None]  # (K, 1, s)
    y = -step[None, :, None] - start[:, 1, None, None]  # (K, s, 1)
    share = (x * along[:, 0, None, None] + y * along[:, 1, None, None]) / flat[:, None, None]
    share = share.clamp(0, 1)  # (K, s, s) of the limb's length
    distance = (x - share * along[:, 0, None, None]) ** 2 + (y - share * along[:, 1, None, None]) ** 2
    weight = torch.exp(-distance / radius[:, None, None] ** 2)
    z = start[:, 2, None, None] + share * along[:, 2, None, None]
    cover = weight.amax(0)  # (s, s)
    sure = (weight * ((start[:, 3] + end[:, 3]) / 2)[:, None, None]).amax(0)

    def blended(sign: float) -> Tensor:
        """Weights (K, s, s), adding up to 1, of the nearest (1) or farthest (-1) limbs."""
        return torch.softmax(-distance / radius[:, None, None] ** 2 + sign * z / BLEND, dim=0)

    near = blended(1.0)
    # A limb and the same limb from its other end have one slope: c * (a, b) of its direction (a, b, c).
    slope = direction[:, 2:] * direction[:, :2]  # (K, 2)
    return torch.stack([
        sure,
        (near * z).sum(0) * DEPTH_SCALE * cover,
        (blended(-1.0) * z).sum(0) * DEPTH_SCALE * cover,
        (near * slope[:, 0, None, None]).sum(0) * cover,
        (near * slope[:, 1, None, None]).sum(0) * cover,
        (near * side[:, None, None]).sum(0) * cover,
    ])  # fmt: skip


def mirrored_limbs(limbs: Tensor) -> Tensor:
    """The limb maps (B, CHANNELS, h, w) of the mirrored pictures."""
    return limbs.flip(-1) * limbs.new_tensor([1.0, 1.0, 1.0, -1.0, 1.0, -1.0]).view(CHANNELS, 1, 1)
