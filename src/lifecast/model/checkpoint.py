"""Weights on disk: `safetensors` files whose metadata holds architecture, inference options and card. Never a pickle.

    checkpoint = load_checkpoint("compact")          # a built-in name, a file, or a folder of parts
    checkpoint.model, checkpoint.inference, checkpoint.card

A file holds a whole model, or some of its parts (`model.PARTS`); a folder holds files that together make a whole one,
so that training one part changes one file (`weights_file` says what each holds).

A folder's `card.json`, if there is one, says what is true of the whole. Architecture and inference options stand there,
so that another option, or one part more, changes no other file. Loading checks all of it and executes nothing of the
files. Weights may be stored as float16; they are computed with in float32. Files of version 1 load too (`earlier`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifecast.atomic import write_text
from lifecast.errors import CheckpointError, UsageError
from lifecast.model import earlier
from lifecast.model.config import Architecture
from lifecast.model.config_json import architecture_from_dict, to_dict
from lifecast.model.inference_options import PLAIN, InferenceOptions, inference_from_dict
from lifecast.model.model import PARTS, Model
from lifecast.model.same_part import same_part
from lifecast.model.weights_file import (
    VERSION,
    Description,
    Precision,
    open_weights,
    read_metadata,
    read_weight,
    save_state,
)

FOLDER_CARD = "card.json"
ARCHITECTURE, INFERENCE = "architecture", "inference"
"""Keys of the architecture and of the inference options in it."""
BUILT_IN = Path(__file__).resolve().parent.parent / "weights"
"""The folder of weights that the package carries."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model and what its files say of it."""

    model: Model
    """In float32 on the CPU, in evaluation mode."""
    inference: InferenceOptions
    """What the weights are meant to be used with."""
    card: dict[str, Any]


# Writing


def save_checkpoint(
    path: str | Path,
    model: Model,
    card: dict[str, Any],
    precision: Precision = "float32",
    inference: InferenceOptions = PLAIN,
    parts: Sequence[str] = PARTS,
) -> None:
    """Write `model`, or some of its parts, and `card` to the file `path`, atomically.

    float16 halves the file.
    """
    state = {name: tensor for name, tensor in model.state_dict().items() if name.split(".")[0] in parts}
    save_state(path, state, model.architecture, card, precision, inference)


def save_folder(folder: Path, checkpoint: Checkpoint, precision: Precision = "float32") -> list[Path]:
    """Write a model as a folder of parts, each file with the card of its part.

    Returns the files. The rest of the card goes into `card.json`, with architecture and inference options. A file that
    holds the same part already, with the same weights and card, stays as it is; those of parts that the model does not
    have are removed.
    """
    model, card = checkpoint.model, checkpoint.card
    history = history_in(card)
    whole = dict(card)
    if isinstance(card.get("training"), dict):
        whole["training"] = {name: value for name, value in card["training"].items() if name != "levels"}
        if not whole["training"]:
            del whole["training"]
    present = {name.split(".")[0] for name in model.state_dict()}
    written = []
    for part in PARTS:
        path = folder / f"{part}.safetensors"
        if part not in present:
            path.unlink(missing_ok=True)
            continue
        own: dict[str, Any] = {
            name: whole[name] for name in ("licence", "source", "lifecast", "torch") if name in whole
        }
        own = {"name": f"{model.architecture.name}: {part}", **own}
        if part in history:
            own["training"] = {"levels": {part: history[part]}}
        if not _holds(path, part, model, own, precision):
            save_checkpoint(path, model, own, precision, checkpoint.inference, (part,))
        written.append(path)
    whole[ARCHITECTURE] = to_dict(model.architecture)
    whole[INFERENCE] = checkpoint.inference.to_dict()
    write_text(folder / FOLDER_CARD, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return written


def _holds(path: Path, part: str, model: Model, card: dict[str, Any], precision: Precision) -> bool:
    """Decide whether a file holds a model's part with this card, as it would be written."""
    if not path.is_file():
        return False
    own = {name: tensor for name, tensor in model.state_dict().items() if name.split(".")[0] == part}
    try:
        with open_weights(path) as opened:
            found = read_metadata(path, opened)
            if (found.version, found.parts, found.card) != (VERSION, (part,), card) or set(opened.keys()) != set(own):
                return False
            if not same_part(part, found.architecture, model.architecture):
                return False
            dtype = getattr(torch, precision)
            return all(
                (stored := opened.get_tensor(name)).dtype == dtype and torch.equal(stored, tensor.cpu().to(dtype))
                for name, tensor in own.items()
            )
    except CheckpointError:
        return False  # damaged, or of another program: written anew


# Reading


def checkpoint_path(weights: str | Path) -> Path:
    """Find the file or folder meant by `weights`: a path, or the name of built-in weights.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    path = Path(weights)
    if path.is_file() or (path.is_dir() and any(path.glob("*.safetensors"))):
        return path
    if path.parent == Path():
        for built_in in (BUILT_IN / str(weights), BUILT_IN / f"{weights}.safetensors"):
            if built_in.exists() and str(weights):
                return built_in
    known = (
        sorted({file.stem if file.is_file() else file.name for file in BUILT_IN.iterdir()}) if BUILT_IN.is_dir() else []
    )
    raise CheckpointError(
        f"{weights}: no such weights file or folder of parts, and no built-in weights of that name "
        f"(built in: {', '.join(known) or 'none'})"
    )


def checkpoint_files(weights: str | Path) -> list[Path]:
    """List the files that `weights` are read from, in a fixed order."""
    path = checkpoint_path(weights)
    card = path / FOLDER_CARD
    return weights_files(path) + ([card] if card.is_file() else [])


def weights_files(path: Path) -> list[Path]:
    """List the weights files that `path` is or holds, in a fixed order."""
    return [path] if path.is_file() else sorted(path.glob("*.safetensors"))


def read_description(weights: str | Path) -> Description:
    """Read what the metadata of a file or folder say, without reading the weights."""
    path = checkpoint_path(weights)
    descriptions = []
    for file in weights_files(path):
        with open_weights(file) as opened:
            descriptions.append((file, read_metadata(file, opened)))
    return _joined(path, descriptions)


def load_checkpoint(weights: str | Path, expect: Architecture | None = None) -> Checkpoint:
    """Load a model from a file, a folder of parts, or a built-in name.

    Raises
    ------
    CheckpointError
        Naming the file and the reason: it is missing, truncated, damaged, foreign, does not hold what its architecture
        says, parts of several architectures lie in one folder, or (with `expect`) it holds another architecture.
    """
    path = checkpoint_path(weights)
    descriptions = []
    for file in weights_files(path):
        with open_weights(file) as opened:
            descriptions.append((file, read_metadata(file, opened)))
    whole = _joined(path, descriptions)
    architecture = whole.architecture
    if expect is not None and expect != architecture:
        raise CheckpointError(f"{path}: holds architecture {architecture.name!r}, not the {expect.name!r} asked for")
    with torch.device("meta"):
        model = Model(architecture)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found: dict[str, tuple[int, ...]] = {}
    state: dict[str, Tensor] = {}
    for file, description in descriptions:
        with open_weights(file) as opened:
            for stored in opened.keys():  # noqa: SIM118
                name = earlier.translated_name(stored) if description.version == "1" else stored
                if name in found:
                    raise CheckpointError(f"{path}: two files hold the weight {name}, one of them {file.name}")
                found[name] = tuple(opened.get_slice(stored).get_shape())
                if found[name] == shapes.get(name):
                    state[name] = read_weight(file, opened, stored, description.checksums)
    _compare(path, architecture, shapes, found)
    trainable = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    model.load_state_dict(state, assign=True)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(trainable[name])
    return Checkpoint(model.eval(), whole.inference, whole.card)


def history_in(card: dict[str, Any]) -> dict[str, Any]:
    """Find the history of the parts of a card's weights, by part.

    Empty if the card does not say.
    """
    training = card.get("training")
    levels = training.get("levels") if isinstance(training, dict) else None
    return levels if isinstance(levels, dict) else {}


def _joined(path: Path, descriptions: list[tuple[Path, Description]]) -> Description:
    """Join what the files of a folder say; those of one file stay as they are."""
    first_file, first = descriptions[0]
    if path.is_file():
        return first
    history: dict[str, Any] = {}
    for _, description in descriptions:
        history |= history_in(description.card)
    card: dict[str, Any] = {name: first.card[name] for name in ("licence", "source") if name in first.card}
    card_file = path / FOLDER_CARD
    architecture, inference = first.architecture, first.inference
    if card_file.is_file():
        card = _read_card(card_file)
    try:
        stated = ARCHITECTURE in card
        if stated:
            architecture = architecture_from_dict(card.pop(ARCHITECTURE))
    except (UsageError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{card_file}: its architecture cannot be used: {error}") from error
    for file, description in descriptions:
        own = description.architecture
        # A part may have been written when the model had fewer others.
        if own != architecture and not (
            stated and all(same_part(part, own, architecture) for part in description.parts)
        ):
            raise CheckpointError(
                f"{file}: holds a part of architecture {own.name!r}, and {(card_file if stated else first_file).name} "
                f"in its folder is of {architecture.name!r}, or of another version of it: parts must be of one model"
            )
    if INFERENCE in card:
        try:
            inference = inference_from_dict(card.pop(INFERENCE))
        except (UsageError, AttributeError, TypeError) as error:
            raise CheckpointError(f"{card_file}: its inference options cannot be used: {error}") from error
    else:  # a folder of another program, or from before the card had them
        for file, description in descriptions:
            if description.inference != inference:
                raise CheckpointError(
                    f"{file}: its inference options are not those of {first_file.name}: parts must be of one model"
                )
    if history:
        training = card.get("training")
        card["training"] = (training if isinstance(training, dict) else {}) | {"levels": history}
    parts = tuple(part for part in PARTS if any(part in d.parts for _, d in descriptions))
    return Description(architecture, inference, parts, card, {}, VERSION)


def _read_card(file: Path) -> dict[str, Any]:
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: not a readable card ({error})") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"{file}: a card is a JSON object")
    return card


def _compare(
    path: Path, architecture: Architecture, wanted: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]
) -> None:
    """CheckpointError with the first few differences between an architecture's weights and those found."""
    differences = [f"{name} is missing" for name in wanted if name not in found]
    differences += [f"{name} is not part of it" for name in found if name not in wanted]
    differences += [
        f"{name} has shape {found[name]}, not {shape}"
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    if differences:
        more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise CheckpointError(
            f"{path}: does not hold the weights of its architecture {architecture.name!r}: "
            f"{'; '.join(differences[:3])}{more}"
        )
