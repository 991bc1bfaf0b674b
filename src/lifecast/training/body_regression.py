"""Training of the body regressor on made bodies, whose numbers are known, and its measurement on unseen ones."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
from torch import Tensor

from lifecast.body.rotation_6d import rotations_from_six, six_from_rotations
from lifecast.model.heads.body_regressor import (
    FINGERS,
    BodyRegressor,
    BodyRegressorConfig,
    RegressedBodies,
    UsualBody,
    middle_and_extent,
)
from lifecast.training.landmark_errors import LandmarkErrors
from lifecast.training.made_bodies import BodySample, MadeBodies
from lifecast.training.regression_batches import Batch, draw_batch
from lifecast.training.regression_recipe import RegressionRecipe

POINTS_WEIGHT, OWN_POINTS_WEIGHT, ROTATIONS_WEIGHT, SHAPE_WEIGHT = 1.0, 1.0, 0.1, 0.01
"""Of the losses: of points in view space and about the pelvis (view units), of rotations, and of components."""
USUAL_BODIES = 1024
"""So many bodies' mean is what the regressor begins with."""


def usual_body(batch: Batch) -> UsualBody:
    """Compute the mean pose, and the mean place relative to the landmarks, of a batch."""
    middle, extent = middle_and_extent(batch.landmarks)
    bodies = batch.bodies
    six = six_from_rotations(bodies.rotations).mean(0)
    six = six_from_rotations(rotations_from_six(six))
    six[0] = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0])  # turned anyhow, on average not at all
    place = torch.cat((torch.log(bodies.scale / extent)[:, None], (bodies.pelvis - middle) / extent[:, None]), dim=1)
    mean = place.mean(0)
    mean[1] = 0.0  # left and right alike
    return UsualBody(six, mean)


def points_of(sample: BodySample, bodies: RegressedBodies) -> Tensor:
    """Place a sample's points (B, V + J, 3) in view space."""
    return sample.posed(bodies.shape, bodies.rotations) * bodies.scale[:, None, None] + bodies.pelvis[:, None]


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Mean distance of points, smooth where they meet."""
    return (one - other).square().sum(-1).add(1e-8).sqrt().mean()


def regression_loss(sample: BodySample, predicted: RegressedBodies, batch: Batch) -> Tensor:
    """Compute the loss: points, points about the pelvis, rotations, and shape."""
    true = batch.bodies
    points = points_of(sample, predicted)
    count = len(sample.vertices)
    loss = points.new_zeros(())
    for part in (slice(None, count), slice(count, None)):  # the skin and the joints count alike
        loss = loss + POINTS_WEIGHT * _distance(points[:, part], batch.points[:, part])
        own, true_own = points - predicted.pelvis[:, None], batch.points - true.pelvis[:, None]
        loss = loss + OWN_POINTS_WEIGHT * _distance(own[:, part], true_own[:, part])
    apart = (predicted.rotations - true.rotations).square().sum((-1, -2))  # (B, J)
    weights = torch.ones_like(apart)
    for side, joints in enumerate(FINGERS.values()):
        weights[:, list(joints)] = batch.found[:, side, None].to(apart.dtype)
    turned = (apart * weights).sum() / weights.sum()
    shaped = (predicted.shape - true.shape).square().mean()
    return loss + ROTATIONS_WEIGHT * turned + SHAPE_WEIGHT * shaped


def learning_rate(done: float) -> float:
    """Compute the share of the highest learning rate after `done`, 0 .. 1, of the training.

    It is one cycle.
    """
    warm = 0.05
    if done < warm:
        return 0.05 + 0.95 * done / warm
    return 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * (done - warm) / (1 - warm))))) + 1e-3


def train_regressor(
    made: MadeBodies,
    sample: BodySample,
    errors: LandmarkErrors,
    config: BodyRegressorConfig,
    recipe: RegressionRecipe,
    seed: int = 0,
    minutes: float | None = None,
    progress: Callable[[float, float], None] | None = None,
    start: BodyRegressor | None = None,
) -> tuple[BodyRegressor, int]:
    """Train a regressor for the recipe's steps, or `minutes` where these are over first.

    It goes on from `start`, which stays as it is, or begins fresh, with the size of `config`.
    `progress` is called after each step with the share of the training that is done, and its loss.

    Returns
    -------
    The regressor in evaluation mode, and the number of steps it went. Without `minutes` a seed gives the same weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        draw = torch.Generator().manual_seed(seed)
        if start is None:
            usual = usual_body(draw_batch(made, sample, errors, recipe, USUAL_BODIES, draw))
            regressor = BodyRegressor(config, usual).train()
        else:
            regressor = copy.deepcopy(start).requires_grad_().train()
        optimiser = torch.optim.AdamW(regressor.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        begun, done, step = time.monotonic(), 0.0, 0
        while done < 1:
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * learning_rate(done)
            batch = draw_batch(made, sample, errors, recipe, recipe.batch, draw)
            loss = regression_loss(sample, regressor(batch.landmarks, batch.hands, batch.found), batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(regressor.parameters(), 1.0)
            optimiser.step()
            step += 1
            done = step / recipe.steps
            if minutes is not None:
                done = max(done, (time.monotonic() - begun) / 60 / minutes)
            if progress is not None:
                progress(min(done, 1.0), loss.item())
    return regressor.eval(), step
