"""Training of the lifter: landmarks that BlazePose found in prepared views, against the joints of the people in them.

A lifter that was trained on a person predicts their joints better than a stranger's. The pictures of the same people
train the map heads, which would then trust lifted landmarks more than they may in use. So what is written into training
people's folders comes from lifters that were trained without them: one for each fold of people.
"""

from __future__ import annotations

import copy
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifecast.errors import CheckpointError, UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import checkpoint_path, read_description
from lifecast.model.config import PoseLifterConfig
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.model.model import Model
from lifecast.scans.cores import torch_on_one_thread
from lifecast.space.skeleton import LANDMARKS, MAIN_JOINTS, mirrored_landmarks
from lifecast.space.units import CM_PER_UNIT
from lifecast.training.data import fingerprint
from lifecast.training.landmarked_views import LandmarkedViews, check_joints, read_views, write_lifted
from lifecast.training.lifting_recipe import LiftingRecipe
from lifecast.training.weights import begin_history, export, new_model
from lifecast.writable import check_folder

_DEPTH_WEIGHT = 1.5
"""Of an error in z: what the limb map is wanted for."""


def fold_of(folder: Path, folds: int) -> int:
    """Choose which of `folds` parts a person belongs to.

    The name alone decides, so that it is the same wherever they were prepared. All poses of a mannequin
    (`mannequin_000003_pose_001`) are in one.
    """
    return zlib.crc32(folder.name.split("_pose_")[0].encode()) % folds


def folds_of(views: LandmarkedViews, folds: int) -> Tensor:
    """Find the part that each view's person belongs to, (N,) int64."""
    return torch.tensor([fold_of(folder, folds) for folder, _ in views.people])


def moved(landmarks: Tensor, joints: Tensor, recipe: LiftingRecipe, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Augment landmarks (B, 33, 4) and joints (B, 33, 3).

    They are mirrored, turned, scaled and shifted alike; landmarks get noise.
    """
    count = len(landmarks)
    flip = (torch.rand(count, generator=draw) < 0.5)[:, None, None]
    landmarks = torch.where(flip, mirrored_landmarks(landmarks), landmarks)
    joints = torch.where(flip, mirrored_landmarks(joints), joints)
    angle = torch.randn(count, generator=draw) * recipe.turn
    scale = torch.exp(torch.randn(count, generator=draw) * recipe.scale)
    shift = torch.randn(count, 1, 2, generator=draw) * recipe.shift
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    turn = torch.stack((torch.stack((cos, -sin), 1), torch.stack((sin, cos), 1)), 1)  # (B, 2, 2)

    def placed(points: Tensor) -> Tensor:
        flat = points[..., :2] @ turn.mT + shift
        return torch.cat((flat, points[..., 2:3] * scale[:, None, None], points[..., 3:]), dim=-1)

    landmarks, joints = placed(landmarks), placed(joints)
    noise = torch.randn(count, LANDMARKS, 3, generator=draw) * recipe.noise
    return torch.cat((landmarks[..., :3] + noise, landmarks[..., 3:]), dim=-1), joints


def train_lifter(
    landmarks: Tensor,
    joints: Tensor,
    preset: PoseLifterConfig,
    recipe: LiftingRecipe,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
    start: PoseLifter | None = None,
) -> PoseLifter:
    """Train a lifter on (N, 33, 4) landmarks and (N, 33, 3) joints, nan where not given.

    It goes on from `start`, which stays as it is, or begins fresh. `progress` is called with each step's number and
    loss. The lifter is in evaluation mode.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lifter = PoseLifter(preset) if start is None else copy.deepcopy(start).train()
        draw = torch.Generator().manual_seed(seed)
        optimiser = torch.optim.AdamW(lifter.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, recipe.learning_rate, total_steps=recipe.steps + 1, pct_start=0.1
        )
        weights = torch.tensor([1.0, 1.0, _DEPTH_WEIGHT])
        for step in range(recipe.steps):
            pick = torch.randint(len(landmarks), (recipe.batch,), generator=draw)
            landmark, true = moved(landmarks[pick], joints[pick], recipe, draw)
            loss = ((lifter(landmark)[..., :3] - true) * weights).abs().nanmean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
            if progress is not None:
                progress(step, loss.item())
    return lifter.eval()


@dataclass(frozen=True)
class LiftingError:
    """Mean errors at the skeleton's `MAIN_JOINTS`, in cm of a person of 180 cm."""

    flat: float
    """Distance in the picture's plane."""
    depth: float
    """|z| after each view's own median is taken off."""


def lifting_error(found: Tensor, joints: Tensor) -> LiftingError:
    """Measure landmarks (N, 33, 3 or 4) against joints (N, 33, 3)."""
    apart = (found[..., :3] - joints)[:, list(MAIN_JOINTS)] * CM_PER_UNIT
    depth = apart[..., 2] - apart[..., 2].nanmedian(dim=1, keepdim=True).values
    return LiftingError(float(apart[..., :2].norm(dim=-1).nanmean()), float(depth.abs().nanmean()))


def lifted_views(views: LandmarkedViews, lifter: PoseLifter, folds: Sequence[PoseLifter]) -> Tensor:
    """Lift views, each training person's by the lifter of their fold: (N, 33, 4).

    The others' by `lifter`.
    """
    which = folds_of(views, len(folds))
    lifted = lift(lifter, views.landmarks)
    for fold, other in enumerate(folds):
        mine = views.train & (which == fold)
        lifted[mine] = lift(other, views.landmarks[mine])
    return lifted


def train_and_lift(
    views: LandmarkedViews,
    preset: PoseLifterConfig,
    recipe: LiftingRecipe,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
    start: PoseLifter | None = None,
) -> tuple[PoseLifter, Tensor]:
    """Train a lifter on all training people, and lift all views (N, 33, 4).

    Nobody's landmarks are lifted by a lifter that was trained on them. `start`, which all of them go on from, must not
    be trained on them either.
    """
    which = folds_of(views, recipe.folds)

    def trained(mask: Tensor, seed: int) -> PoseLifter:
        return train_lifter(views.landmarks[mask], views.joints[mask], preset, recipe, seed, progress, start)

    lifter = trained(views.train, seed)
    folds = []
    for fold in range(recipe.folds):
        others = views.train & (which != fold)
        # Of very few people all may be in one fold; nothing is left to learn from without them then.
        folds.append(trained(others, seed + 1 + fold) if others.any() else lifter)
    return lifter, lifted_views(views, lifter, folds)


def model_with_lifter(weights: str | None, preset: str, seed: int) -> tuple[Model, dict[str, Any]]:
    """Make a model of a preset with a lifter, and the history of what is trained.

    It is fresh, with an empty history. With `weights` it has their preset and their lifter. UsageError where the preset
    has no lifter, CheckpointError where nobody trained the one of `weights`.
    """
    if weights is None:
        model, history = new_model(preset_named(preset), (), seed)
    else:
        path = checkpoint_path(weights)
        other, histories = new_model(read_description(path).architecture, (path,), seed)
        model, _ = new_model(other.architecture, (), seed)
        history = {name: note for name, note in histories.items() if name == "pose_lifter"}
        if model.pose_lifter is not None and other.pose_lifter is not None:
            model.pose_lifter.load_state_dict(other.pose_lifter.state_dict())
    if model.pose_lifter is None:
        raise UsageError(f"preset {model.architecture.name} has no pose lifter; one that has is compact")
    if weights is not None and not history:
        raise CheckpointError(f"{weights}: its lifter was never trained; train one on made people")
    return model, history


def lifting_history(
    recipe: LiftingRecipe,
    views: LandmarkedViews,
    lifted: Tensor,
    data: Sequence[Path],
    seed: int,
    minutes: float,
    before: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Describe a lifter's training for its card, as other parts' histories do.

    `minutes` with the folds' lifters. `before`: what the lifter that it went on from went through.
    """
    unseen = ~views.train
    error = lifting_error(lifted[unseen], views.joints[unseen]) if unseen.any() else None
    return {
        "run": "lift",
        "stage": "lift",
        "steps": recipe.steps,
        "samples": recipe.steps * recipe.batch,
        "minutes": round(minutes, 2),
        "seed": seed,
        "data": fingerprint(*data),
        "views": int(views.train.sum()),
        "metrics": {}
        if error is None
        else {"joints_cm": round(error.flat, 5), "joints_depth_cm": round(error.depth, 5)},
        "before": list(before),
    }


def lift_data(
    data: Sequence[Path],
    out: Path,
    recipe: LiftingRecipe,
    preset: str = "compact",
    seed: int = 0,
    weights: str | None = None,
    init: str | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[LandmarkedViews, Tensor]:
    """Train a lifter on prepared `data`, write it to `out`, and lift all landmarks.

    The lifted ones are written beside everybody.

    Parameters
    ----------
    preset
        Architecture, where no weights are given.
    weights
        Take the lifter of these weights as it is, in place of training.
    init
        Train on from the lifter of these weights, which must not know these people.
    progress
        Called with each step's number and loss, `recipe.steps` times for each of 1 + `recipe.folds` lifters.

    Returns
    -------
    The views, and their lifted landmarks (N, 33, 4).

    Raises
    ------
    DataError
        Where landmarks are missing, or with training where joints are not known.
    UsageError, CheckpointError
        Where the preset has no lifter, or nobody trained the one of the weights.
    """
    begun = time.monotonic()
    model, history = model_with_lifter(weights or init, preset, seed)
    assert model.pose_lifter is not None
    views = read_views(data)
    for person in {folder.parent: folder for folder in views.counts}.values():  # one of each dataset
        check_folder(person)
    with torch_on_one_thread():  # layers this small are slower on more
        if weights is not None:
            lifted = lift(model.pose_lifter.eval(), views.landmarks)
        else:
            check_joints(views)
            start = None if init is None else model.pose_lifter
            lifter, lifted = train_and_lift(views, model.pose_lifter.config, recipe, seed, progress, start)
            model.pose_lifter.load_state_dict(lifter.state_dict())
            minutes = (time.monotonic() - begun) / 60
            begin_history(history, ("pose_lifter",))
            before = history.get("pose_lifter", {}).get("before", [])
            history["pose_lifter"] = lifting_history(recipe, views, lifted, data, seed, minutes, before)
    write_lifted(views, lifted)
    export(out, model, history)
    return views, lifted
