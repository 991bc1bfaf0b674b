"""What a body regressor learns from: made bodies before a camera, and their landmarks as the lifter would give them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lifecast.body.kinematics import rotations_from_vectors
from lifecast.body.names import JOINT_NAMES
from lifecast.body.rotation_6d import mirrored_rotations
from lifecast.model.heads.body_regressor import FINGERS, RegressedBodies
from lifecast.scans.normalise import SPAN
from lifecast.space.skeleton import Joint
from lifecast.training.landmark_errors import LandmarkErrors
from lifecast.training.made_bodies import BodySample, MadeBodies
from lifecast.training.regression_recipe import RegressionRecipe

_UPPER_STEMS = ("spine", "neck", "head", "clavicle", "upperarm", "lowerarm", "wrist")
_UPPER = [k for k, name in enumerate(JOINT_NAMES) if name.startswith(_UPPER_STEMS)]
_FRONT = math.radians(60)
_VISIBLE = 0.5
"""Visibility of a wrist from which its hand may be found."""
_HAND_TURN, _HAND_STRETCH, _HAND_DEPTH = 0.12, 0.08, 0.15
"""Standard deviations of what hands are turned by (radians) and stretched by (logarithm): all of it, and its depth."""
_HAND_NOISE = (0.004, 0.004, 0.007)
"""Of every point's noise, metres along x, y and z."""


@dataclass(frozen=True)
class Batch:
    """B bodies and what is found of them."""

    landmarks: Tensor
    """(B, 33, 4), see `BodyRegressor.forward`."""
    hands: Tensor
    """(B, 2, 21, 3)"""
    found: Tensor
    """(B, 2) bool"""
    bodies: RegressedBodies
    """The truth."""
    points: Tensor
    """(B, V + J, 3) of the sample, in view space."""


def view_rotations(count: int, recipe: RegressionRecipe, draw: torch.Generator) -> Tensor:
    """Draw cameras: (B, 3, 3), yaw, then elevation, then roll."""
    none = torch.zeros(count)
    ahead = torch.rand(count, generator=draw) < recipe.front
    yaw = (torch.rand(count, generator=draw) * 2 - 1) * torch.where(ahead, _FRONT, math.pi)
    low, high = (math.radians(degrees) for degrees in recipe.elevation)
    elevation = torch.rand(count, generator=draw) * (high - low) + low
    roll = torch.randn(count, generator=draw) * math.radians(recipe.roll)
    turns = (
        torch.stack((none, yaw, none), 1),
        torch.stack((elevation, none, none), 1),
        torch.stack((none, none, roll), 1),
    )
    about_y, about_x, about_z = (rotations_from_vectors(turn) for turn in turns)
    return about_z @ about_x @ about_y


def _posed_anew(made: MadeBodies, count: int, mixed: float, draw: torch.Generator) -> Tensor:
    """Rotations (B, J, 3, 3) of drawn poses: some with the upper body of another, all with the fingers of another."""

    def pick() -> Tensor:
        return torch.randint(len(made), (count,), generator=draw)

    own, other, fingers = pick(), pick(), pick()
    other = torch.where(torch.rand(count, generator=draw) < mixed, other, own)
    rotations = made.rotations[own].clone()
    rotations[:, _UPPER] = made.rotations[other][:, _UPPER]
    for joints in FINGERS.values():
        rotations[:, list(joints)] = made.rotations[fingers][:, list(joints)]
    flip = (torch.rand(count, generator=draw) < 0.5)[:, None, None, None]
    return torch.where(flip, mirrored_rotations(rotations), rotations)


def _disturbed_hands(hands: Tensor, draw: torch.Generator) -> Tensor:
    """Disturb hands (B, 2, 21, 3) in metres: turned, stretched, and each point moved; about their wrists."""
    offsets = hands - hands[:, :, :1]
    turn = rotations_from_vectors(torch.randn(*hands.shape[:2], 3, generator=draw) * _HAND_TURN)
    stretch = torch.randn(*hands.shape[:2], 1, 3, generator=draw) * torch.tensor([0.0, 0.0, _HAND_DEPTH])
    stretch = torch.exp(stretch + torch.randn(*hands.shape[:2], 1, 1, generator=draw) * _HAND_STRETCH)
    noise = torch.randn(hands.shape, generator=draw) * torch.tensor(_HAND_NOISE)
    return offsets @ turn.mT * stretch + noise


@torch.no_grad()
def draw_batch(
    made: MadeBodies, sample: BodySample, errors: LandmarkErrors, recipe: RegressionRecipe, count: int,
    draw: torch.Generator,
) -> Batch:  # fmt: skip
    """Draw bodies of `made` before cameras, and what is found of them.

    Each is shaped as one and posed as others.
    """
    rotations = _posed_anew(made, count, recipe.mixed, draw)
    shape = made.shape[torch.randint(len(made), (count,), generator=draw)]
    points = sample.posed(shape, rotations)  # metres in the world, about the root
    size = points.amax(1) - points.amin(1)
    scale = SPAN / torch.maximum(size[:, 1], size[:, [0, 2]].norm(dim=1) * math.sqrt(0.5))
    camera = view_rotations(count, recipe, draw)
    rotations[:, 0] = camera @ rotations[:, 0]
    points = points @ camera.mT
    joints = sample.landmarks(points) * scale[:, None, None]
    landmarks = errors.disturbed(joints, draw)
    hands = _disturbed_hands(sample.hands(points), draw) * scale[:, None, None, None]
    wrists = landmarks[:, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], 3]
    found = (wrists > _VISIBLE) & (torch.rand(count, 2, generator=draw) < recipe.hand)
    bodies = RegressedBodies(shape, rotations, scale, torch.zeros(count, 3))
    return Batch(landmarks, hands, found, bodies, points * scale[:, None, None])
