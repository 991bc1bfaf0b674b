"""Calibration: where a net's occupancy is one half shall be where people end.

Training points are drawn around surfaces and outside is weighed against inside, so a network that is unsure (of depth,
or of what its features cannot resolve) need not predict one half where half of the volume is occupied. Shifting all of
a net's logits by one number moves its surface in or out. The number taken is the one at which the solids of people that
it was not trained on overlap their true ones most (volume IoU), or as near to none as is not surely worse, or a share
of it: distances between surfaces are least with less. It becomes part of the last layer's bias, so that use of the
weights needs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from lifecast.evaluation.benchmark import Item, read_items, read_true_mesh, read_view
from lifecast.evaluation.metrics import stratified_points
from lifecast.evaluation.predict import Predictor
from lifecast.options import check_calibration
from lifecast.training.data import fingerprint
from lifecast.training.weights import history_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lifecast.model.model import Model

POINTS = 40_000
"""Of each person, in a box around them."""
AROUND = 0.15
"""View units that the box is larger than the person, on every side."""
SHIFTS = np.arange(-1000, 1001) / 100
"""The logits' shifts that are tried."""


@dataclass(frozen=True)
class Calibration:
    """What was found for one net."""

    shift: float
    """To be added to logits; positive makes people thicker."""
    before: float
    """Mean volume IoU of the people without it, in [0, 1], ..."""
    after: float
    """... and with it."""
    people: int
    """How many they were."""


def overlaps(
    logits: NDArray[np.float32], inside: NDArray[np.bool_], shifts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure the IoU of a person's true solid and the predicted one.

    Each of K ascending shifts has its IoU. logits (N,) and truth (N,) at points that each stand for the same volume ->
    (K,) in [0, 1], 0 where both are empty.
    """
    order = np.argsort(-logits)
    # The first k points in this order are the predicted solid, where k of them have logit + shift > 0.
    hits = np.concatenate(([0], np.cumsum(inside[order])))
    count = np.searchsorted(-logits[order], shifts, side="left")
    union = count + inside.sum() - hits[count]
    found: NDArray[np.float64] = np.divide(hits[count], union, out=np.zeros(len(shifts)), where=union > 0)
    return found


def best_shift(people: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]], share: float = 1.0) -> Calibration:
    """Choose the shift at which people's `overlaps` are largest on average.

    It is taken no further than that is sure: the smallest shift on the way there that falls short of it by no more than
    the standard error of that difference between people. Every shift moves the surface of all people, and the mean over
    a few of them is flat around its top. Of that shift `share` is taken.
    """
    curves = np.stack([overlaps(logits, inside, SHIFTS) for logits, inside in people])  # (P, K)
    mean = curves.mean(axis=0)
    best, none = int(mean.argmax()), len(SHIFTS) // 2
    way = range(none, best + 1) if best >= none else range(none, best - 1, -1)
    for index in way:
        short = curves[:, best] - curves[:, index]  # (P,)
        error = short.std(ddof=1) / np.sqrt(len(short)) if len(short) > 1 else 0.0
        if short.mean() <= error:
            break
    index = none + round(share * (index - none))
    return Calibration(float(SHIFTS[index]), float(mean[none]), float(mean[index]), len(people))


def calibrate(
    weights: str | Path,
    data: Path,
    people: int | None = None,
    points: int = POINTS,
    share: float = 1.0,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Model, dict[str, Calibration], dict[str, Any]]:
    """Calibrate the nets of the model in `weights` on the test people of `data`.

    A prepared dataset. Returns the model, what was found for each net, and what each part of the model went through,
    this included. Each person is measured once, in the most frontal view, before a generated background, as `evaluate`
    has them.

    Parameters
    ----------
    people
        Only the first so many; all by default.
    points
        Of each person.
    share
        How much of each net's shift is made, in [0, 1]. Distances between surfaces like unsure places thinner than
        overlap does.
    progress
        Called with how many people are done, and of how many.

    Raises
    ------
    UsageError
        For `people`, `points` or `share` out of range.
    DataError, CheckpointError
        For data or weights that cannot be used.
    """
    check_calibration(people, points, share)
    predictor = Predictor(weights, device=device)
    items = read_items(data, views=1, limit=people)
    found: dict[str, list[tuple[NDArray[np.float32], NDArray[np.bool_]]]] = {level: [] for level in predictor.levels}
    for done, item in enumerate(items):
        logits, inside = _logits(predictor, data, item, points, seed)
        for level, values in logits.items():
            found[level].append((values, inside))
        if progress is not None:
            progress(done + 1, len(items))
    calibrations = {level: best_shift(logits, share) for level, logits in found.items()}
    model = predictor.model.cpu()
    for level, calibration in calibrations.items():
        shift_logits(model, level, calibration.shift)
    history = _with_calibrations(history_of(model, predictor.card), calibrations, data)
    return model, calibrations, history


def shift_logits(model: Model, level: str, shift: float) -> None:
    """Add `shift` to all logits of the net of a level, in place."""
    last = getattr(model, level).mlp.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.add_(shift)


@torch.inference_mode()
def _logits(
    predictor: Predictor, data: Path, item: Item, points: int, seed: int
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.bool_]]:
    """Query each net's logits (N,) at stratified points around a person, and whether these are inside the person."""
    truth = read_true_mesh(data, item)
    low, high = truth.bounds
    where = stratified_points(np.stack([low - AROUND, high + AROUND]), points, seed)
    predicted = predictor.encode(read_view(data, item, seed).picture)
    asked = torch.from_numpy(where.astype(np.float32)).to(predictor.reconstructor.device)
    logits = {}
    for level in predictor.levels:
        field = predictor.field(predicted, level)
        logits[level] = field.logits(asked).cpu().numpy()
    return logits, truth.inside(where)


def _with_calibrations(history: dict[str, Any], calibrations: dict[str, Calibration], data: Path) -> dict[str, Any]:
    """The history of a model's parts, with what was done to its nets; shifts of before are in the sum."""
    whole = dict(history)
    for level, calibration in calibrations.items():
        note = dict(whole.get(level) or {})
        before = float(note.get("calibrated", {}).get("shift", 0.0))
        note["calibrated"] = {
            "shift": round(before + calibration.shift, 2),
            "iou": round(calibration.after, 4),
            "iou_before": round(calibration.before, 4),
            "people": calibration.people,
            "data": fingerprint(data),
        }
        whole[level] = note
    return whole
