"""The pose lifter: a small net that moves BlazePose's landmarks to where the joints are.

BlazePose's depths are its weakest part. Its errors are alike where poses are alike, and made people's joints are exact.
So a residual network on its 33 landmarks alone (as in Martinez et al. 2017, "A simple yet effective baseline for 3d
human pose estimation") moves them to where the joints are, depth included. The limb map is then drawn from these.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lifecast.model.config import PoseLifterConfig
from lifecast.space.skeleton import LANDMARKS, LIMBS, MIDDLES, mirrored_landmarks

LIFTED: tuple[int, ...] = tuple(
    sorted({end for limb in LIMBS for end in (limb.start, limb.end) if end < LANDMARKS}.union(*MIDDLES))
)
"""The landmarks that limb maps are drawn from; the others stay as BlazePose has them."""
_INPUT_SCALE = 2.0
"""View units times this are the net's input: about -1 to 1."""
_MOVED = 0.25
"""View units that an output of 1 moves a landmark by."""


class _Residual(nn.Sequential):
    """Two linear layers whose output is added to their input."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(
            *(
                layer
                for _ in range(2)
                for layer in (nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout))
            )
        )

    def forward(self, input: Tensor) -> Tensor:
        output = input
        for layer in self:
            output = layer(output)
        return input + output


class PoseLifter(nn.Module):
    """A net that moves 33 landmarks to where the joints are.

    Fresh from the constructor it moves nothing.
    """

    def __init__(self, config: PoseLifterConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Sequential(nn.Linear(LANDMARKS * 4, config.width), nn.LayerNorm(config.width), nn.ReLU())
        self.blocks = nn.Sequential(*(_Residual(config.width, config.dropout) for _ in range(config.blocks)))
        self.last = nn.Linear(config.width, len(LIFTED) * 3)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, landmarks: Tensor) -> Tensor:
        """Move landmarks (B, 33, 4) to the joints.

        x, y, z in view units (z 0 at the hips) and visibility in [0, 1], as `landmark_file` has them.

        Returns
        -------
        (B, 33, 4): those of `LIFTED` moved, z now counted from the view's own origin; visibility as it was.
        """
        moved = self.last(self.blocks(self.first(landmarks.flatten(1) * _INPUT_SCALE)))  # (B, 3 K)
        step = torch.zeros_like(landmarks)
        step[:, list(LIFTED), :3] = moved.unflatten(1, (-1, 3)) * _MOVED
        joints: Tensor = landmarks + step
        return joints


@torch.no_grad()
def lift(lifter: PoseLifter, landmarks: Tensor) -> Tensor:
    """Lift landmarks (B, 33, 4) -> (B, 33, 4) without gradients.

    Views without any landmarks stay 0. The mean of the net's output for them and for the same mirrored. In float32
    under autocast too: half precision would round places to half a centimetre.
    """
    found = landmarks[..., 3].any(dim=1)[:, None, None]
    with torch.autocast(landmarks.device.type, enabled=False):
        mean = (lifter(landmarks) + mirrored_landmarks(lifter(mirrored_landmarks(landmarks)))) / 2
        return torch.where(found, mean, landmarks)
