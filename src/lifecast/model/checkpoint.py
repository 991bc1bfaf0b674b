"""Weights on disk: a `safetensors` file whose metadata holds the preset and a card as JSON. Never a pickle.

Metadata (safetensors allows strings only):

- `format` "lifecast", `version` "1";
- `preset`: the architecture and its conventions, JSON (`preset.to_dict`);
- `card`: what a user should know, JSON: where the weights came from, their licence, training history, metrics,
  the fingerprint of the data;
- `checksums`: JSON, CRC-32 of every tensor's bytes; `checksum`: CRC-32 of the three strings above.

Loading checks all of it and executes nothing of the file. Weights may be stored as float16; they are computed with in
float32.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lifecast.atomic import atomic_file
from lifecast.errors import CheckpointError, UsageError
from lifecast.model.config import Architecture, preset_from_dict, to_dict
from lifecast.model.model import Model

FORMAT = "lifecast"
VERSION = "1"
METADATA_KEYS = ("format", "version", "preset", "card", "checksums", "checksum")
BUILT_IN = Path(__file__).resolve().parent.parent / "weights"
"""The folder of weights that the package carries."""

Precision = Literal["float32", "float16"]


def _crc(tensor: Tensor) -> str:
    """CRC-32 of a contiguous CPU tensor's bytes, as 8 hexadecimal digits."""
    flat = tensor.detach().reshape(-1)
    return f"{zlib.crc32(flat.view(torch.uint8).numpy().data):08x}"


def _text_crc(parts: Iterable[str]) -> str:
    return f"{zlib.crc32(chr(0).join(parts).encode()):08x}"


def save_state(
    path: str | Path,
    state: dict[str, Tensor],
    preset: Architecture,
    card: dict[str, Any],
    precision: Precision = "float32",
) -> None:
    """Write a model's state dict, atomically. `save_checkpoint` is the usual way here.

    Raises UsageError where the card is not JSON or a weight is not finite in `precision`.
    """
    dtype = getattr(torch, precision)
    stored = {}
    for name, tensor in state.items():
        stored[name] = tensor.detach().to("cpu", dtype).contiguous()  # out of channels_last too
        # min and max propagate NaN and infinity without a whole-tensor temporary.
        if tensor.numel() and not torch.isfinite(torch.stack(stored[name].aminmax())).all():
            raise UsageError(f"{path}: weight {name} is not finite as {precision}; nothing was written")
    try:
        card_text = json.dumps(card, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: the card must be plain JSON: {error}") from error
    preset_text = json.dumps(to_dict(preset))
    checksums = json.dumps({name: _crc(tensor) for name, tensor in stored.items()})
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "preset": preset_text,
        "card": card_text,
        "checksums": checksums,
        "checksum": _text_crc((preset_text, card_text, checksums)),
    }
    with atomic_file(path) as part:
        save_file(stored, part, metadata)


def save_checkpoint(path: str | Path, model: Model, card: dict[str, Any], precision: Precision = "float32") -> None:
    """Write `model` (weights, preset) and `card` to `path`, atomically. float16 halves the file."""
    save_state(path, model.state_dict(), model.preset, card, precision)


def checkpoint_path(weights: str | Path) -> Path:
    """The file meant by `weights`: a path, or the name of built-in weights. CheckpointError if there is none."""
    path = Path(weights)
    built_in = BUILT_IN / f"{weights}.safetensors"
    if path.is_file():
        return path
    if path.parent == Path() and built_in.is_file():
        return built_in
    names = ", ".join(sorted(file.stem for file in BUILT_IN.glob("*.safetensors"))) or "none"
    raise CheckpointError(f"{weights}: no such weights file, and no built-in weights of that name (built in: {names})")


def _read_metadata(path: Path, opened: Any) -> tuple[Architecture, dict[str, Any], dict[str, str]]:
    """Architecture, card and checksums of an opened file; CheckpointError where they are not whole."""
    metadata = opened.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path}: a safetensors file, but not one of lifecast's (its metadata names no preset)")
    if metadata.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: format version {metadata.get('version')}; this lifecast reads version {VERSION}: update it"
        )
    if missing := [key for key in METADATA_KEYS if key not in metadata]:
        raise CheckpointError(f"{path}: damaged, its metadata lacks {', '.join(missing)}")
    texts = (metadata["preset"], metadata["card"], metadata["checksums"])
    if _text_crc(texts) != metadata["checksum"]:
        raise CheckpointError(f"{path}: damaged, its metadata does not match their checksum")
    try:
        preset_values, card, checksums = (json.loads(text) for text in texts)
        preset = preset_from_dict(preset_values)
    except (ValueError, UsageError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{path}: its preset cannot be used: {error}") from error
    return preset, card, checksums


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file, truncated or of another kind ({error})"
        ) from error


def read_card(weights: str | Path) -> tuple[Architecture, dict[str, Any]]:
    """Architecture and card of a weights file, without reading its weights."""
    path = checkpoint_path(weights)
    with _open(path) as opened:
        preset, card, _ = _read_metadata(path, opened)
    return preset, card


def load_checkpoint(weights: str | Path, expect: Architecture | None = None) -> tuple[Model, dict[str, Any]]:
    """The model in a weights file (or of a built-in name), in float32 on the CPU, in evaluation mode; and its card.

    Raises CheckpointError, naming the file and the reason, where the file is missing, truncated, damaged, foreign,
    does not hold what its preset says, or (with `expect`) holds another architecture than expected.
    """
    path = checkpoint_path(weights)
    with _open(path) as opened:
        preset, card, checksums = _read_metadata(path, opened)
        if expect is not None and expect != preset:
            raise CheckpointError(f"{path}: holds preset {preset.name!r}, not the {expect.name!r} asked for")
        with torch.device("meta"):
            model = Model(preset)
        shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        _compare(path, preset, shapes, {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()})  # noqa: SIM118
        state = {}
        for name in shapes:
            tensor = opened.get_tensor(name)
            if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
                raise CheckpointError(f"{path}: weight {name} is {tensor.dtype}, not floating point")
            if checksums.get(name) != _crc(tensor):
                raise CheckpointError(f"{path}: damaged, weight {name} does not match its checksum")
            # A copy: one tensor left in the mapped file would keep all of its pages in memory.
            state[name] = tensor.to(torch.float32, copy=True)
    trainable = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    model.load_state_dict(state, assign=True)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(trainable[name])
    return model.eval(), card


def _compare(
    path: Path, preset: Architecture, wanted: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]
) -> None:
    """CheckpointError with the first few differences between a preset's weights and a file's."""
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
            f"{path}: does not hold the weights of its preset {preset.name!r}: {'; '.join(differences[:3])}{more}"
        )
