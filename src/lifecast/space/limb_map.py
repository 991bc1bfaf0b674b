"""Limb maps: landmarks drawn as soft capsules, the pose channels that the map heads are conditioned on.

A picture alone leaves it open whether a limb comes toward the camera or goes away from it, and few made people teach
networks little about that. BlazePose was trained on many photographs of real people and predicts a depth for each
landmark. Drawn as soft capsules along the limbs these depths are where convolutions need them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifecast.space.skeleton import LIMBS, with_middles

CHANNELS = 6
"""Of a limb map: how surely a limb is there; z of the nearest and of the farthest limb; the nearest limb's slope in x
and in y; whose side it is (1 the person's left, -1 right, 0 torso and head)."""
SIZE = 128
"""Side of the maps that are drawn in use."""
DEPTH_SCALE = 4.0
"""View units times this are the z channels."""
BLEND = 0.06
"""View units of depth by which one limb must lie before another to count e times as much."""


def limb_map(landmarks: Tensor, size: int = SIZE) -> Tensor:
    """Draw the limb map of one person.

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
    """Mirror limb maps (B, CHANNELS, h, w): those of the mirrored pictures."""
    return limbs.flip(-1) * limbs.new_tensor([1.0, 1.0, 1.0, -1.0, 1.0, -1.0]).view(CHANNELS, 1, 1)
