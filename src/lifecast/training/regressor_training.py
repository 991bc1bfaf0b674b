"""The body regressor from nothing: bodies are drawn, errors measured, the network trained, measured and written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lifecast.body.model import Body
from lifecast.errors import DataError, UsageError
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.heads.body_regressor import BodyRegressorConfig
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.model.regressor_file import body_checksum, half_precision, read_regressor, write_regressor
from lifecast.people.body import body_model
from lifecast.people.pose_library import PoseLibrary
from lifecast.training.body_regression import train_regressor
from lifecast.training.data import fingerprint
from lifecast.training.landmark_errors import LEAST_VIEWS, landmark_errors
from lifecast.training.landmarked_views import LandmarkedViews, check_joints, read_views
from lifecast.training.made_bodies import BodySample, draw_made_bodies
from lifecast.training.regression_figures import regression_figures, unseen_batch, view_figures
from lifecast.training.regression_recipe import RegressionRecipe

CARD = {
    "title": "A network that predicts the parametric body's shape, pose and place from lifted landmarks",
    "source": "made bodies alone: drawn shapes and poses of the body's file, and errors of landmarks on made people",
    "licence": "Apache-2.0",
    "made_by": "lifecast body train",
}


def trained_lifter(weights: str) -> PoseLifter:
    """Load the pose lifter of weights. UsageError if they have none."""
    lifter = load_checkpoint(weights).model.pose_lifter
    if lifter is None:
        raise UsageError(f"{weights}: has no pose lifter; weights that have one are compact")
    return lifter.eval()


def checked_views(data: Sequence[Path]) -> LandmarkedViews:
    """Read made people's views.

    DataError if their joints are not known, or if there are too few.
    """
    views = read_views(data)
    check_joints(views)
    if int(views.train.sum()) < LEAST_VIEWS:
        raise DataError(
            f"{', '.join(map(str, data))}: {int(views.train.sum())} views to measure errors of landmarks in; at least "
            f"{LEAST_VIEWS} are needed (`lifecast mannequins` makes more)"
        )
    return views


def train_body_regressor(
    out: Path,
    data: Sequence[Path],
    weights: str,
    poses: Path | None,
    assets: Sequence[Path],
    recipe: RegressionRecipe,
    seed: int = 0,
    minutes: float | None = None,
    drawn: Callable[[int], None] | None = None,
    progress: Callable[[float, float], None] | None = None,
    init: Path | None = None,
    config: BodyRegressorConfig | None = None,
) -> dict[str, Any]:
    """Train a regressor, measure it on what it was not trained on, and write it to `out`.

    Parameters
    ----------
    data
        Prepared made people with landmarks.
    weights
        Weights whose pose lifter lifts these.
    minutes
        After which the training's steps end.
    init
        A regressor's file to go on from; its network's size is kept.
    config
        Size of a fresh network.
    drawn, progress
        Called with each drawn body's number, and after each step with the share of the training done and its loss.

    Returns
    -------
    The card that the file holds.

    Raises
    ------
    DataError, UsageError, CheckpointError
        Views, poses or weights cannot be used.
    """
    begun = time.monotonic()
    start, before = (None, None) if init is None else read_regressor(init)
    config = start.config if start is not None else config or BodyRegressorConfig()
    views, lifter = checked_views(data), trained_lifter(weights)
    library = PoseLibrary.read(poses, assets)
    body, model = Body(components=config.components), body_model()
    sample = BodySample(body, model)
    made = draw_made_bodies(recipe.bodies, body, model, library, seed, 0, drawn)
    unseen = draw_made_bodies(recipe.unseen, body, model, library, seed, recipe.bodies, drawn)
    errors = landmark_errors(views, lifter, views.train)
    regressor, steps = train_regressor(made, sample, errors, config, recipe, seed, minutes, progress, start)
    half_precision(regressor)
    others = ~views.train
    apart = landmark_errors(views, lifter, others) if others.any() else errors
    figures = regression_figures(regressor, unseen_batch(unseen, sample, apart, recipe, seed), body, sample)
    card: dict[str, Any] = CARD | {
        "body": body_checksum(), "lifter": weights, "seed": seed, "steps": steps, "recipe": asdict(recipe),
        "views": int(views.train.sum()), "data": fingerprint(*data),
        "minutes": round((time.monotonic() - begun) / 60, 2), "figures": figures.values(),
    }  # fmt: skip
    if before is not None:
        card["before"] = [*before.get("before", []), {name: before.get(name) for name in ("seed", "steps", "data")}]
    if others.any():
        given, found = view_figures(regressor, sample, lift(lifter, views.landmarks[others]), views.joints[others])
        card["views_unseen"] = {
            "views": int(others.sum()),
            "lifted_cm": round(given.flat, 3), "lifted_depth_cm": round(given.depth, 3),
            "regressed_cm": round(found.flat, 3), "regressed_depth_cm": round(found.depth, 3),
        }  # fmt: skip
    write_regressor(out, regressor, card)
    return card
