"""How far regressed bodies are from the truth, in cm of a person of 180 cm: unseen made bodies, and views of people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.model import Body
from lifecast.model.heads.body_regressor import BodyRegressor, RegressedBodies, regress
from lifecast.space.skeleton import MAIN_JOINTS
from lifecast.space.units import CM_PER_UNIT
from lifecast.training.body_regression import points_of
from lifecast.training.landmark_errors import LandmarkErrors
from lifecast.training.lifting import LiftingError, lifting_error
from lifecast.training.made_bodies import BodySample, MadeBodies
from lifecast.training.regression_batches import Batch, draw_batch
from lifecast.training.regression_recipe import RegressionRecipe

_CHUNK = 32


@dataclass(frozen=True)
class RegressionFigures:
    """Mean errors over unseen made bodies."""

    bodies: int
    vertices_cm: float
    """Of the skin's vertices after the pelvis is removed."""
    joints_cm: float
    """Of all joints but the fingers', after the pelvis is removed."""
    main_joints_cm: float
    """Of the 12 main joints, after the pelvis is removed."""
    main_depth_cm: float
    """|z| of the 12 main joints, after each body's own median is taken off."""
    given_depth_cm: float
    """The same of the landmarks that were given."""
    height_cm: float
    """|stature at rest - truth|, in cm of the body itself."""
    usual_height_cm: float
    """The same of the mean body."""

    def values(self) -> dict[str, float]:
        """List the figures for a card, rounded."""
        return {name: round(float(value), 3) for name, value in vars(self).items()}


def skin_and_joints(body: Body, bodies: RegressedBodies) -> tuple[Tensor, Tensor]:
    """Place bodies' skin (B, 13380, 3) and joints (B, J, 3) in view units about the pelvis."""
    points = body.pose(bodies.shape, torch.zeros(len(bodies.shape), len(body.actions)), bodies.rotations)
    root, scale = points.joints[:, :1], bodies.scale[:, None, None]
    return (points.vertices[:, :SKIN_VERTICES] - root) * scale, (points.joints - root) * scale


def statures(body: Body, shape: Tensor) -> Tensor:
    """Measure heights (B,) in metres of bodies at rest."""
    rest = body.rest(shape, torch.zeros(len(shape), len(body.actions))).vertices[:, :SKIN_VERTICES, 1]
    return rest.amax(1) - rest.amin(1)


@torch.no_grad()
def regression_figures(regressor: BodyRegressor, batch: Batch, body: Body, sample: BodySample) -> RegressionFigures:
    """Measure a regressor on a batch, whose landmarks are disturbed."""
    predicted = regress(regressor, batch.landmarks, batch.hands, batch.found)
    vertices, joints, heights, usual = [], [], [], []
    large = [k for k, name in enumerate(body.joints) if not name.startswith("finger")]
    mean_height = statures(body, torch.zeros(1, body.components))
    for first in range(0, len(batch.landmarks), _CHUNK):
        rows = slice(first, first + _CHUNK)
        ours, truth = (RegressedBodies(*(value[rows] for value in bodies)) for bodies in (predicted, batch.bodies))
        skin, placed = skin_and_joints(body, ours)
        true_skin, true_placed = skin_and_joints(body, truth)
        vertices.append((skin - true_skin).norm(dim=-1).mean(1))
        joints.append((placed - true_placed)[:, large].norm(dim=-1).mean(1))
        true_height = statures(body, truth.shape)
        heights.append((statures(body, ours.shape) - true_height).abs())
        usual.append((mean_height - true_height).abs())
    found, true = sample.landmarks(points_of(sample, predicted)), sample.landmarks(batch.points)
    main = list(MAIN_JOINTS)
    apart = (found - predicted.pelvis[:, None] - true)[:, main].norm(dim=-1)
    return RegressionFigures(
        len(batch.landmarks),
        float(torch.cat(vertices).mean()) * CM_PER_UNIT,
        float(torch.cat(joints).mean()) * CM_PER_UNIT,
        float(apart.mean()) * CM_PER_UNIT,
        lifting_error(found, true).depth,
        lifting_error(batch.landmarks, true).depth,
        float(torch.cat(heights).mean()) * 100,
        float(torch.cat(usual).mean()) * 100,
    )


def unseen_batch(
    made: MadeBodies, sample: BodySample, errors: LandmarkErrors, recipe: RegressionRecipe, seed: int
) -> Batch:
    """Draw as many bodies before cameras as `made` has.

    They are as training draws them, but each in one drawn pose.
    """
    return draw_batch(made, sample, errors, replace(recipe, mixed=0.0), len(made), torch.Generator().manual_seed(seed))


@torch.no_grad()
def view_figures(
    regressor: BodyRegressor, sample: BodySample, lifted: Tensor, joints: Tensor
) -> tuple[LiftingError, LiftingError]:
    """Measure lifted landmarks (N, 33, 4) of views, then those of the regressed bodies.

    The truth is joints (N, 33, 3). No hands are given.
    """
    count = len(lifted)
    bodies = regress(regressor, lifted, torch.zeros(count, 2, 21, 3), torch.zeros(count, 2, dtype=torch.bool))
    return lifting_error(lifted, joints), lifting_error(sample.landmarks(points_of(sample, bodies)), joints)
