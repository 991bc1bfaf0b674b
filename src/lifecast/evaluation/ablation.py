"""Training and measuring the rows of the ablation table: same data, seed and budget, resumable run by run.

OUT/recipe.toml            how everything is trained
OUT/runs/<run>/            a training run's folder; done.json once it has reached its end
OUT/rows/<run>/            its evaluation
OUT/ablation.json, .md     the table
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lifecast.atomic import write_text
from lifecast.errors import UsageError
from lifecast.evaluation.ablation_rows import (
    Row,
    TrainingRun,
    needed_runs,
    row_preset,
    run_named,
)
from lifecast.evaluation.evaluate import evaluate, read_results
from lifecast.evaluation.overview import Overview
from lifecast.evaluation.request import Request
from lifecast.evaluation.study import Study
from lifecast.model.config import Architecture
from lifecast.model.config_json import to_dict

Say = Callable[[str], None]


@dataclass(frozen=True)
class MeasuredRow:
    """A row with its figures."""

    row: Row
    preset: str
    steps: dict[str, int]
    """Optimiser steps of each part that the row's weights were trained for."""
    minutes: float
    """Training time of the row's own nets."""
    found: Overview
    chamfer: dict[str, float]
    """Picture to Chamfer distance in cm."""


def run_fingerprint(study: Study, run: TrainingRun) -> str:
    """Hash everything that decides a run's weights (but the clock)."""
    from lifecast.training.data import fingerprint

    known = {
        "run": asdict(run),
        "below": [run_fingerprint(study, run_named(name)) for name in run.stands_on],
        "preset": to_dict(row_preset(study.base, run)),
        "recipe": recipe_text(study),
        "data": fingerprint(study.data),
        **{name: getattr(study, name) for name in ("minutes", "steps", "seed")},
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def recipe_text(study: Study) -> str:
    """Write the recipe of all runs, as TOML."""
    assert study.base.fine is not None
    template = Path(__file__).with_name("ablation_recipe.toml").read_text(encoding="utf-8")
    window = study.base.fine.image_size // 2
    return template.format(batch=study.batch, points=study.points, window=window, precision=study.precision)


def run_folder(study: Study, run: TrainingRun) -> Path:
    """Name the folder in which a run trains."""
    return study.out / "runs" / run.name


def run_study(study: Study, say: Say) -> list[MeasuredRow]:
    """Train and measure what is missing; returns the rows in the table's order.

    A run that was interrupted goes on from its last checkpoint, a finished one is kept. Settings that differ
    from those that the folder was begun with are a UsageError.
    """
    study.out.mkdir(parents=True, exist_ok=True)
    write_text(study.out / "recipe.toml", recipe_text(study))
    for run in needed_runs(study.wanted):
        train_run(study, run, say)
    measured: dict[str, Overview] = {}
    rows = []
    for row in study.wanted:
        if row.run not in measured:
            say(f"measuring {row.label}")
            measured[row.run] = evaluate(evaluation_request(study, row))
        rows.append(measured_row(study, row, measured[row.run]))
    return rows


def evaluation_request(study: Study, row: Row) -> Request:
    """Request a row's measurement: its finest surface, on the test people.

    It is what the paper's table measures. No row's field is bounded by the silhouette: the paper has no such bound, and
    rows without a mask can have none.
    """
    return Request(
        data=study.data,
        out=study.out / "rows" / row.run,
        weights=str(run_folder(study, run_named(row.run)) / "weights.safetensors"),
        protocol="ablation",
        views=study.views,
        limit=study.limit,
        level="fine",
        masks="predicted",
        without=("silhouette",),
        resolution=study.resolution,
        seed=study.seed,
        strips=False,
    )


def train_run(study: Study, run: TrainingRun, say: Say) -> None:
    """Train one run to its end, unless that was done."""
    from lifecast.training.loop import train
    from lifecast.training.options import TrainOptions

    folder = run_folder(study, run)
    fingerprint = run_fingerprint(study, run)
    begun = folder / "ablation.json"
    if begun.is_file():
        stored = json.loads(begun.read_text())
        if stored["fingerprint"] != fingerprint:
            raise UsageError(
                f"{folder}: was begun with other data, preset, budget or seed; give another --out or remove it"
            )
        if stored["done"]:
            return
    preset = row_preset(study.base, run)
    start = transplant(study, run, preset)
    say(f"training {run.name}: stage {run.stage} of {preset.name}")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(begun, json.dumps({"fingerprint": fingerprint, "done": False}))
    before = time.monotonic()
    train(
        TrainOptions(
            stage=run.stage,
            data=study.data,
            out=folder / "training",
            preset=preset.name,
            recipe=str(study.out / "recipe.toml"),
            resume=True,  # from the start where no checkpoint had been written yet
            init=() if start is None else (start,),
            minutes=None if study.minutes is None else study.minutes * run.share,
            steps=None if study.steps is None else max(1, round(study.steps * run.share)),
            predicted_normals=run.predicted_normals,
            workers=study.workers,
            threads=study.threads,
            seed=study.seed,
        )
    )
    (folder / "weights.safetensors").write_bytes((folder / "training" / "weights.safetensors").read_bytes())
    took = round((time.monotonic() - before) / 60, 2)
    write_text(begun, json.dumps({"fingerprint": fingerprint, "done": True, "last_sitting_minutes": took}))


def transplant(study: Study, run: TrainingRun, preset: Architecture) -> Path | None:
    """Write a file of the run's own preset with the trained parts of the runs below it.

    None if it stands on none. `lifecast train --init` takes weights of its own preset only, for good reason; here the
    presets differ exactly in what the parts carried over do not have.
    """
    from lifecast.training.weights import export, new_model

    if not run.stands_on:
        return None
    from lifecast.model.checkpoint import load_checkpoint

    model, _ = new_model(preset, (), study.seed)
    history: dict[str, Any] = {}
    for name in run.stands_on:
        below = run_named(name)
        other = load_checkpoint(run_folder(study, below) / "weights.safetensors")
        part = "normals" if below.stage == "normals" else "coarse"
        getattr(model, part).load_state_dict(getattr(other.model, part).state_dict())
        history[part] = other.card["training"]["levels"][part]
    path = run_folder(study, run) / "start.safetensors"
    export(path, model, history)
    return path


def measured_row(study: Study, row: Row, found: Overview) -> MeasuredRow:
    """Read the figures of a row, and what its weights' card says of the training."""
    from lifecast.model.checkpoint import read_description

    described = read_description(run_folder(study, run_named(row.run)) / "weights.safetensors")
    levels = described.card["training"]["levels"]
    chamfer: dict[str, float] = {}
    for result in read_results(evaluation_request(study, row)):
        if result["levels"]:
            level = list(result["levels"])[-1]
            name = f"{result['item']['person']}_view_{result['item']['view']:03d}"
            chamfer[name] = float(result["levels"][level]["none"]["chamfer_cm"])
    return MeasuredRow(
        row,
        described.architecture.name,
        {level: int(entry["steps"]) for level, entry in levels.items()},
        sum(float(entry["minutes"]) for level, entry in levels.items() if level != "normals"),
        found,
        chamfer,
    )
