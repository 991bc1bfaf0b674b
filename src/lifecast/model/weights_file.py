"""One weights file: a `safetensors` file whose metadata says what its tensors are. Never a pickle.

Metadata (safetensors allows strings only):

- `format` "lifecast", `version` "2";
- `architecture` (`config_json`), `inference` (`inference_options`), and `parts`, the names of what is in it, as JSON;
- `card`: what a user should know, JSON: where the weights came from, their licence, training history, metrics, the
  fingerprint of the data;
- `checksums`: JSON, CRC-32 of every tensor's bytes; `checksum`: CRC-32 of the strings above.

Reading checks all of it and executes nothing of the file. Files of version 1 are translated (`earlier`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lifecast.atomic import atomic_file
from lifecast.errors import CheckpointError, UsageError
from lifecast.model import earlier
from lifecast.model.config import Architecture
from lifecast.model.config_json import architecture_from_dict, to_dict
from lifecast.model.inference_options import PLAIN, InferenceOptions, inference_from_dict
from lifecast.model.model import PARTS

FORMAT = "lifecast"
VERSION = "2"
TEXTS = ("architecture", "inference", "parts", "card", "checksums")
"""Metadata that the checksum is over."""
EARLIER_TEXTS = ("preset", "card", "checksums")
"""The same of version 1."""

Precision = Literal["float32", "float16"]


@dataclass(frozen=True)
class Description:
    """What the metadata of weights say, without the weights."""

    architecture: Architecture
    inference: InferenceOptions
    parts: tuple[str, ...]
    card: dict[str, Any]
    checksums: dict[str, str]
    version: str


def _crc(tensor: Tensor) -> str:
    """CRC-32 of a contiguous CPU tensor's bytes, as 8 hexadecimal digits."""
    flat = tensor.detach().reshape(-1)
    return f"{zlib.crc32(flat.view(torch.uint8).numpy().data):08x}"


def _text_crc(parts: Iterable[str]) -> str:
    return f"{zlib.crc32(chr(0).join(parts).encode()):08x}"


def parts_of(names: Iterable[str]) -> tuple[str, ...]:
    """List the parts that weights of these names belong to."""
    found = {name.split(".")[0] for name in names}
    return tuple(part for part in PARTS if part in found)


def save_state(
    path: str | Path,
    state: dict[str, Tensor],
    architecture: Architecture,
    card: dict[str, Any],
    precision: Precision = "float32",
    inference: InferenceOptions = PLAIN,
) -> None:
    """Write weights by their names in the model, atomically.

    `save_checkpoint` is the usual way here.

    Raises
    ------
    UsageError
        If the card is not JSON, or a weight is not finite in `precision`; nothing is written then.
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
    texts = {
        "architecture": json.dumps(to_dict(architecture)),
        "inference": json.dumps(inference.to_dict()),
        "parts": json.dumps(parts_of(stored)),
        "card": card_text,
        "checksums": json.dumps({name: _crc(tensor) for name, tensor in stored.items()}),
    }
    metadata = {"format": FORMAT, "version": VERSION, **texts, "checksum": _text_crc(texts[name] for name in TEXTS)}
    with atomic_file(path) as part:
        save_file(stored, part, metadata)
        order_metadata(part)


def order_metadata(path: Path) -> None:
    """Sort the metadata in a safetensors file's header, in place.

    The same weights and card give the same bytes. The library writes them in an order drawn by chance. The header's
    length stays.
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(ordered) <= length, "the same content in another order is as long"
        file.seek(8)
        file.write(ordered.ljust(length))


def read_metadata(path: Path, opened: Any) -> Description:
    """Read what the metadata of an opened file say; CheckpointError if they are not whole."""
    metadata = opened.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: a safetensors file, but not one of lifecast's (its metadata names no architecture)"
        )
    version = metadata.get("version")
    if version not in ("1", VERSION):
        raise CheckpointError(f"{path}: format version {version}; this lifecast reads versions 1 and 2: update it")
    names = EARLIER_TEXTS if version == "1" else TEXTS
    if missing := [name for name in (*names, "checksum") if name not in metadata]:
        raise CheckpointError(f"{path}: damaged, its metadata lacks {', '.join(missing)}")
    if _text_crc(metadata[name] for name in names) != metadata["checksum"]:
        raise CheckpointError(f"{path}: damaged, its metadata does not match their checksum")
    try:
        texts = {name: json.loads(metadata[name]) for name in names}
        if version == "1":
            values, inference = earlier.translated_architecture(texts["preset"])
            card = earlier.translated_card(texts["card"])
            stored = (earlier.translated_name(name) for name in opened.keys())  # noqa: SIM118
            parts = parts_of(stored)
        else:
            values, inference = texts["architecture"], inference_from_dict(texts["inference"])
            card, parts = texts["card"], tuple(texts["parts"])
        architecture = architecture_from_dict(values)
    except (ValueError, UsageError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{path}: its architecture cannot be used: {error}") from error
    return Description(architecture, inference, parts, card, texts["checksums"], str(version))


def open_weights(path: Path) -> Any:
    """Open a weights file for reading; CheckpointError if it is no readable safetensors file."""
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file, truncated or of another kind ({error})"
        ) from error


def read_weight(file: Path, opened: Any, stored: str, checksums: dict[str, str]) -> Tensor:
    """Read the weight `stored` of an opened file, in float32; CheckpointError if it is damaged."""
    tensor = opened.get_tensor(stored)
    if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        raise CheckpointError(f"{file}: weight {stored} is {tensor.dtype}, not floating point")
    if checksums.get(stored) != _crc(tensor):
        raise CheckpointError(f"{file}: damaged, weight {stored} does not match its checksum")
    # A copy: one tensor left in the mapped file would keep all of its pages in memory.
    copied: Tensor = tensor.to(torch.float32, copy=True)
    return copied
