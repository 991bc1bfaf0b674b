"""Weights in and out of a run: starting from others' parts, and writing files that hold every part trained so far.

The card of a weights file says under `training.levels` which parts (`PARTS`) were ever trained, and how. A file written
after the coarse stage holds trained normal networks too if it started from some (`--init`); after fine, everything.
"""

from __future__ import annotations

import copy
import dataclasses
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import lifecast
from lifecast.errors import CheckpointError, UsageError
from lifecast.model.ablations import inference_for, preset_named
from lifecast.model.checkpoint import load_checkpoint, read_description, save_checkpoint
from lifecast.model.config import Architecture
from lifecast.model.config_json import to_dict
from lifecast.model.inference_options import InferenceOptions
from lifecast.model.model import PARTS, Model
from lifecast.model.same_part import same_part
from lifecast.model.weights_file import Precision
from lifecast.training.options import TrainOptions
from lifecast.training.recipe import recipe_to_dict
from lifecast.training.stage_names import StageName
from lifecast.training.stage_parts import pose_of_stage
from lifecast.training.trainee import Trainee

OUR_LICENCE = "Apache-2.0"


def chosen_preset(name: str | None, init: tuple[Path, ...]) -> Architecture:
    """Choose the preset by name.

    Without a name it is that of the first file to start from, else compact. Files of another preset may be started
    from where a name is given and parts of theirs are the preset's (`same_part`).

    Raises
    ------
    CheckpointError
        Where a file to start from is of another preset.
    """
    presets = [(path, read_description(path)) for path in init]
    first = presets[0][1].architecture if presets else preset_named("compact")
    preset = preset_named(name) if name is not None else first
    for path, found in presets:
        other = found.architecture
        fits = any(same_part(part, preset, other) for part in found.parts) if name is not None else other == preset
        if not fits:
            raise CheckpointError(
                f"{path}: holds weights of preset {other.name!r}, which are not those of {preset.name!r}; "
                f"train with --preset {other.name} or start from other weights"
            )
    return preset


def new_model(preset: Architecture, init: tuple[Path, ...], seed: int) -> tuple[Model, dict[str, Any]]:
    """Make a model with weights drawn from `seed`, then trained parts of each file of `init`.

    Those that are the preset's own (`same_part`). Returns also the parts' histories.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Model(preset)
    history: dict[str, Any] = {}
    for path in init:
        other = load_checkpoint(path)
        brought = {
            part: note
            for part, note in history_of(other.model, other.card).items()
            if same_part(part, preset, other.model.architecture)
        }
        for part in brought:
            getattr(model, part).load_state_dict(getattr(other.model, part).state_dict())
        history |= brought
    return model, history


def history_of(model: Model, card: dict[str, Any]) -> dict[str, Any]:
    """Read from its card what the trained parts of a loaded model went through.

    If the card does not say, all parts count as trained.
    """
    found = card.get("training", {}).get("levels")
    notes = dict.fromkeys(PARTS, None) if found is None else found
    return {
        part: (copy.deepcopy(note) or {}) | _terms(card)
        for part, note in notes.items()
        if getattr(model, part) is not None
    }


def _terms(card: dict[str, Any]) -> dict[str, str]:
    """Whose the weights of a file are and under which licence, where they are not simply ours."""
    if card.get("licence", OUR_LICENCE) == OUR_LICENCE:
        return {}
    return {name: str(card[name]) for name in ("licence", "source") if name in card}


def begin_history(history: dict[str, Any], parts: Sequence[str]) -> None:
    """Begin a run's notes on `parts`, which it trains: earlier ones go under `before`.

    The history is changed in place.
    """
    for part in parts:
        if note := history.get(part):
            latest = {key: value for key, value in note.items() if key != "before"}
            history[part] = {"before": [*note.get("before", []), latest]}


def terms_of(history: dict[str, Any]) -> dict[str, str]:
    """List licence and source of weights with this history.

    Whoever trains others' weights further still owes them.
    """
    notes = [one for note in history.values() if note for one in (note, *note.get("before", []))]
    found = {name: list(dict.fromkeys(n[name] for n in notes if name in n)) for name in ("licence", "source")}
    said = {name: "; and ".join(values) for name, values in found.items() if values}
    return {"licence": OUR_LICENCE} | said


def check_foundations(stage: StageName, preset: Architecture, history: dict[str, Any], predicted_normals: bool) -> None:
    """Check that somebody trained the parts that a stage stands on; UsageError if not."""
    embedded = preset.fine is not None and preset.fine.condition == "embedding"
    if stage == "fine" and embedded and "coarse" not in history:
        raise UsageError(
            "the fine net stands on a trained coarse net: give it with --init COARSE_RUN/weights.safetensors"
        )
    if pose_of_stage(preset, stage, predicted_normals) == "lifted" and "pose_lifter" not in history:
        raise UsageError(
            f"preset {preset.name} is conditioned on lifted landmarks: make them and their lifter with "
            "`lifecast lift DATA --out LIFTER.safetensors`, and give that with --init LIFTER.safetensors"
        )
    if stage == "detail" and "normals" not in history:
        raise UsageError("the detail head corrects a trained normal head: give it with --init RUN/weights.safetensors")
    if stage == "parsing" and "normals" not in history:
        raise UsageError(
            "the parsing head stands on a trained normal head: give it with --init RUN/weights.safetensors"
        )
    if stage == "close_up" and predicted_normals:
        raise UsageError("close-ups come with their predicted maps: leave --predicted-normals out")
    if stage in ("depth", "coarse", "fine", "joint") and predicted_normals and "normals" not in history:
        raise UsageError(
            "--predicted-normals needs a trained normal head: give it with --init NORMALS_RUN/weights.safetensors"
        )
    deep = preset.maps is not None and preset.maps.depth is not None
    if deep and stage in ("coarse", "fine", "joint") and predicted_normals and "depth" not in history:
        raise UsageError(
            f"preset {preset.name} feeds its nets predicted depths: train the stage depth first, and give it with "
            "--init DEPTH_RUN/weights.safetensors"
        )


def note_history(options: TrainOptions, trainee: Trainee, data: dict[str, Any], minutes: float) -> None:
    """Write down what the parts in training went through in this run.

    Earlier runs' notes stay under `before`; `data` is what the run's source says of its data.
    """
    for part in trainee.stage.parts:
        earlier = (trainee.history.get(part) or {}).get("before", [])
        trainee.history[part] = {
            "run": options.out.resolve().name,
            "stage": options.stage,
            "recipe": trainee.recipe.name,
            "steps": trainee.step,
            "samples": trainee.samples,
            "minutes": round(minutes, 2),
            "predicted_normals": options.predicted_normals,
            "seed": options.seed,
            **data,
            "metrics": {name: round(value, 5) for name, value in trainee.figures.items()},
            "before": earlier,
        }


def description(options: TrainOptions, trainee: Trainee, data: dict[str, Any]) -> dict[str, Any]:
    """Describe a run for its `run.json`; `data` is as in `note_history`."""
    plain = {name: str(v) if isinstance(v, Path) else v for name, v in dataclasses.asdict(options).items()}
    plain["also"] = [str(path) for path in options.also]
    model = trainee.stage.model
    return {
        "lifecast": lifecast.__version__,
        "options": plain,
        "architecture": to_dict(model.architecture),
        "recipe": recipe_to_dict(trainee.recipe),
        "parameters": {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()},
        "trains": list(trainee.stage.parts),
        **data,
        "device": str(trainee.fabric.device),
        "processes": trainee.fabric.world_size,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def export(
    path: Path,
    model: Model,
    history: dict[str, Any],
    precision: Precision = "float32",
    inference: InferenceOptions | None = None,
) -> None:
    """Write the model with a card of what each part went through.

    `inference`: what it is meant to be used with; by default the options of its preset.
    """
    inference = inference_for(model.architecture) if inference is None else inference
    card = {
        "name": f"{model.architecture.name}: {', '.join(part for part in PARTS if part in history)}",
        **terms_of(history),
        "lifecast": lifecast.__version__,
        "torch": torch.__version__.split("+")[0],
        "training": {"levels": history},
    }
    save_checkpoint(path, model, card, precision, inference)
