"""The body regressor: landmarks and hands' points in, the numbers of a parametric body out, at once.

A residual network like the pose lifter. Its input is lifted landmarks about the trunk's middle, divided by their own
extent; its output is relative to these two. So a person who is moved or enlarged gets the same body, moved or enlarged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.body.names import JOINT_NAMES
from lifecast.body.rotation_6d import mirrored_rotations, rotations_from_six, six_from_rotations
from lifecast.errors import UsageError
from lifecast.space.skeleton import LANDMARKS, Joint, mirrored_landmarks

INPUTS: tuple[Joint, ...] = (
    Joint.NOSE, Joint.LEFT_EYE, Joint.RIGHT_EYE, Joint.LEFT_EAR, Joint.RIGHT_EAR, Joint.LEFT_SHOULDER,
    Joint.RIGHT_SHOULDER, Joint.LEFT_ELBOW, Joint.RIGHT_ELBOW, Joint.LEFT_WRIST, Joint.RIGHT_WRIST, Joint.LEFT_PINKY,
    Joint.RIGHT_PINKY, Joint.LEFT_INDEX, Joint.RIGHT_INDEX, Joint.LEFT_THUMB, Joint.RIGHT_THUMB, Joint.LEFT_HIP,
    Joint.RIGHT_HIP, Joint.LEFT_KNEE, Joint.RIGHT_KNEE, Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE, Joint.LEFT_TOE,
    Joint.RIGHT_TOE,
)  # fmt: skip
"""The landmarks that are inputs: those whose places on made people are known."""
_TRUNK = (Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER, Joint.LEFT_HIP, Joint.RIGHT_HIP)
HAND_POINTS = 21
_HAND_SCALE = 4.0
"""A hand's offsets times this are inputs: about -1 to 1."""
_SMALLEST = 1e-6
FINGERS: dict[str, tuple[int, ...]] = {
    side: tuple(k for k, name in enumerate(JOINT_NAMES) if name.startswith("finger") and name.endswith(side))
    for side in ("L", "R")
}
"""Side of the person -> numbers of its fingers' joints."""


@dataclass(frozen=True)
class BodyRegressorConfig:
    """The network's size."""

    width: int = 384
    blocks: int = 2
    """Of two layers each."""
    dropout: float = 0.05
    """Share of the activations left out in training."""
    components: int = 24
    """Shape components that are predicted."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.blocks < 0 or self.components < 1 or not 0 <= self.dropout < 1:
            raise UsageError(f"{self}: width and components must be above 0, blocks not below, dropout 0 to below 1")


class RegressedBodies(NamedTuple):
    """The numbers of a batch of bodies in view space.

    A body's points are scale * (posed metres - posed pelvis) + pelvis.
    """

    shape: Tensor
    """(B, N) components."""
    rotations: Tensor
    """(B, J, 3, 3) of each joint against its parent; the root's turns the whole body."""
    scale: Tensor
    """(B,) view units a metre."""
    pelvis: Tensor
    """(B, 3) where the root is, view units."""


class UsualBody(NamedTuple):
    """What the network's output of zeros means: the mean of made bodies."""

    six: Tensor
    """(J, 6) rotations, which also pose fingers that are not visible."""
    place: Tensor
    """(4,) of scale and pelvis, relative to the landmarks' extent: the scale's logarithm, and the pelvis."""


class _Residual(nn.Module):
    """Two linear layers whose output is added to their input."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                layer
                for _ in range(2)
                for layer in (nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout))
            )
        )

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = input + self.layers(input)
        return output


class BodyRegressor(nn.Module):
    """A net that predicts a body's shape, pose and place from landmarks.

    Fresh from the constructor it predicts the usual body for everybody.
    """

    usual_six: Tensor
    usual_place: Tensor

    def __init__(self, config: BodyRegressorConfig, usual: UsualBody | None = None) -> None:
        super().__init__()
        self.config = config
        joints = len(JOINT_NAMES)
        if usual is None:
            usual = UsualBody(six_from_rotations(torch.eye(3)).repeat(joints, 1), torch.zeros(4))
        self.register_buffer("usual_six", usual.six.clone())
        self.register_buffer("usual_place", usual.place.clone())
        inputs = len(INPUTS) * 4 + 2 * (HAND_POINTS * 3 + 1)
        self.first = nn.Sequential(nn.Linear(inputs, config.width), nn.LayerNorm(config.width), nn.ReLU())
        self.blocks = nn.Sequential(*(_Residual(config.width, config.dropout) for _ in range(config.blocks)))
        self.last = nn.Linear(config.width, config.components + joints * 6 + 4)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, landmarks: Tensor, hands: Tensor, found: Tensor) -> RegressedBodies:
        """Predict bodies.

        Parameters
        ----------
        landmarks : (B, 33, 4) lifted landmarks in view space: x, y, z and visibility in [0, 1].
        hands : (B, 2, 21, 3) points of the left and the right hand, view units; only offsets from the wrist count.
        found : (B, 2) bool, whether each hand was found. The points of others are ignored, and their fingers are at
            ease.
        """
        middle, extent = middle_and_extent(landmarks)
        chosen = landmarks[:, list(INPUTS)]
        places = (chosen[..., :3] - middle[:, None]) / extent[:, None, None]
        offsets = (hands - hands[:, :, :1]) / extent[:, None, None, None] * _HAND_SCALE
        offsets = torch.where(found[..., None, None], offsets, torch.zeros_like(offsets))
        inputs = (places.flatten(1), chosen[..., 3], offsets.flatten(1), found.to(landmarks.dtype))
        output = self.last(self.blocks(self.first(torch.cat(inputs, dim=1))))
        shape, six, place = output.split([self.config.components, self.usual_six.numel(), 4], dim=1)
        six = six.unflatten(1, (-1, 6))
        still = torch.zeros(len(six), six.shape[1], 1, dtype=torch.bool, device=six.device)
        for side, joints in enumerate(FINGERS.values()):
            still[:, list(joints), 0] = ~found[:, side, None]
        rotations = rotations_from_six(self.usual_six + torch.where(still, torch.zeros_like(six), six))
        place = place + self.usual_place
        pelvis = middle + place[:, 1:] * extent[:, None]
        return RegressedBodies(shape, rotations, extent * torch.exp(place[:, 0]), pelvis)


def middle_and_extent(landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """Find the trunk's middle (B, 3), and how far landmarks lie from it (B,).

    The latter is the root of the mean square.
    """
    middle = landmarks[:, list(_TRUNK), :3].mean(dim=1)
    away = landmarks[:, list(INPUTS), :3] - middle[:, None]
    return middle, away.square().sum(-1).mean(-1).sqrt().clamp_min(_SMALLEST)


def mirrored_hands(hands: Tensor) -> Tensor:
    """Mirror hands (B, 2, 21, 3) in view space, left for right."""
    return hands.flip(1) * torch.tensor([-1.0, 1.0, 1.0], dtype=hands.dtype, device=hands.device)


def mirrored_bodies(bodies: RegressedBodies) -> RegressedBodies:
    """Mirror bodies in view space, left for right.

    A shape's own left and right stay as they are.
    """
    sign = torch.tensor([-1.0, 1.0, 1.0], dtype=bodies.pelvis.dtype, device=bodies.pelvis.device)
    return RegressedBodies(bodies.shape, mirrored_rotations(bodies.rotations), bodies.scale, bodies.pelvis * sign)


@torch.no_grad()
def regress(regressor: BodyRegressor, landmarks: Tensor, hands: Tensor, found: Tensor) -> RegressedBodies:
    """Predict bodies without gradients.

    They are the mean of the net's output and of its mirrored one for the mirrored input.
    The arguments are as `BodyRegressor.forward` has them. UsageError if somebody has no landmarks.
    """
    if landmarks.shape[1:] != (LANDMARKS, 4):
        raise UsageError(f"landmarks of shape {tuple(landmarks.shape)}: a body is regressed from (B, {LANDMARKS}, 4)")
    if not bool(landmarks[..., 3].any(dim=1).all()):
        raise UsageError("a body is regressed from landmarks, and somebody has none")
    with torch.autocast(landmarks.device.type, enabled=False):
        one = regressor(landmarks, hands, found)
        other = mirrored_bodies(regressor(mirrored_landmarks(landmarks), mirrored_hands(hands), found.flip(1)))
        six = six_from_rotations(one.rotations) + six_from_rotations(other.rotations)
        return RegressedBodies(
            (one.shape + other.shape) / 2, rotations_from_six(six), (one.scale * other.scale).sqrt(),
            (one.pelvis + other.pelvis) / 2,
        )  # fmt: skip
