"""Opening the authors' checkpoint safely, and turning it into a lifecast weights file.

The file is a Python pickle, which can carry programs. PyTorch's restricted unpickler reads it, allowing tensors and
`argparse.Namespace` only; whatever else it names is refused before it is looked up, and the values are checked to be
plain afterwards.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import pickle
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lifecast import __version__
from lifecast.errors import CheckpointError
from lifecast.model.config import Architecture
from lifecast.model.pifuhd.names import LICENCE, PROVENANCE, architecture_of_state, model_state
from lifecast.model.presets import PIFUHD
from lifecast.model.weights_file import Precision, save_state

PARTS = ("opt", "opt_netG", "model_state_dict")
LEGACY_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
"""How a file of `torch.save` from before PyTorch 1.6 begins; a newer one is a zip archive."""
ZIP_MAGIC = b"PK\x03\x04"
BROKEN_PICKLE = (
    pickle.UnpicklingError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    MemoryError,
    OSError,
    struct.error,
)
"""What a damaged pickle makes PyTorch's unpickler raise: it trusts the opcodes' operands to be there."""


@dataclass(frozen=True)
class OfficialFile:
    """A released checkpoint's content."""

    options: argparse.Namespace
    """The fine net's training options."""
    coarse_options: argparse.Namespace
    """The coarse net's."""
    state: dict[str, Tensor]
    """Weights under the released names, as stored."""


def _refused_name(message: str) -> str | None:
    """The class or function that PyTorch's restricted unpickler refused, off its message."""
    found = re.search(r"GLOBAL (\S+)", message) or re.search(r"instantiate an object of type (\S+)", message)
    return found[1].rstrip(".,") if found else None


def _check_plain(path: Path, name: str, value: Any) -> None:
    """CheckpointError naming the first value under `name` that is not plain."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return
    if isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            _check_plain(path, f"{name}[{index}]", part)
    elif type(value) is dict:
        for key, part in value.items():
            _check_plain(path, f"{name}[{key!r}]", part)
    else:
        raise CheckpointError(f"{path}: refused, its option {name} is a {type(value).__name__}, not a plain value")


def read_official(path: str | Path) -> OfficialFile:
    """Read a released checkpoint without executing anything of it.

    Either format of `torch.save`. Raises CheckpointError, naming the file and the reason, where it is missing,
    truncated, of another kind, or holds anything but tensors and plain options.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_MAGIC))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error
    if start != LEGACY_MAGIC and not start.startswith(ZIP_MAGIC):
        size = path.stat().st_size
        raise CheckpointError(
            f"{path}: not a file of torch.save ({size:,} bytes that begin with {start[:8]!r}); "
            "the authors' pifuhd.pt has 1,548,375,177 bytes"
        )
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except BROKEN_PICKLE as error:
        if name := _refused_name(str(error)):
            raise CheckpointError(
                f"{path}: refused, it wants to load {name}; a released checkpoint needs tensors and plain options only"
            ) from error
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise CheckpointError(
            f"{path}: truncated or damaged ({path.stat().st_size:,} bytes; {reason}); "
            "the authors' pifuhd.pt has 1,548,375,177 bytes: download it again"
        ) from error
    return _checked(path, content)


def _checked(path: Path, content: Any) -> OfficialFile:
    """The three parts of an unpickled file, each of the type that it must have."""
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: not a released checkpoint: it holds a {type(content).__name__}, not a dict")
    if missing := [part for part in PARTS if part not in content]:
        names = ", ".join(sorted(map(str, content))[:5])
        raise CheckpointError(f"{path}: not a released checkpoint: it lacks {', '.join(missing)} (it has: {names})")
    if unknown := [part for part in content if part not in PARTS]:
        raise CheckpointError(f"{path}: not a released checkpoint: it has {', '.join(map(str, unknown[:5]))} besides")
    for part in ("opt", "opt_netG"):
        if type(content[part]) is not argparse.Namespace:
            raise CheckpointError(f"{path}: its {part} is a {type(content[part]).__name__}, not an argparse.Namespace")
        for name, value in vars(content[part]).items():
            _check_plain(path, f"{part}.{name}", value)
    state = content["model_state_dict"]
    if not isinstance(state, dict):
        raise CheckpointError(f"{path}: its model_state_dict is a {type(state).__name__}, not a dict")
    for name, tensor in state.items():
        if not isinstance(name, str) or type(tensor) is not Tensor:
            raise CheckpointError(f"{path}: its model_state_dict has {name!r}, a {type(tensor).__name__}, not a tensor")
    return OfficialFile(content["opt"], content["opt_netG"], dict(state))


def _number(path: Path, options: argparse.Namespace, part: str, name: str, default: float) -> float:
    """A positive number among the options; the released model's own value where the option is absent."""
    value = getattr(options, name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise CheckpointError(f"{path}: its option {part}.{name} is {value!r}, not a positive number")
    return float(value)


def official_architecture(path: Path, file: OfficialFile) -> Architecture:
    """Read the architecture of a released file.

    Shapes say its widths; options, depth scale and embedding layer.
    """
    load_size = _number(path, file.coarse_options, "opt_netG", "loadSize", 512.0)
    z_size = _number(path, file.coarse_options, "opt_netG", "z_size", 200.0)
    layer = _number(path, file.coarse_options, "opt_netG", "merge_layer", 2.0)
    return architecture_of_state(
        file.state,
        (PIFUHD.coarse.image_size, PIFUHD.image_size),
        # Depth is divided by z_size and multiplied by half of the image's side.
        depth_scale=load_size / 2 / z_size,
        embedding_layer=int(layer),
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def convert_official(source: str | Path, target: str | Path, precision: Precision = "float32") -> dict[str, Any]:
    """Convert a released checkpoint to a lifecast weights file.

    Returns the card that was written into it. The card says where the weights come from and under which licence;
    everything made with them repeats it. Raises CheckpointError where the file is not what it should be (see
    `read_official`, `official.model_state`).
    """
    source = Path(source)
    file = read_official(source)
    try:
        architecture = official_architecture(source, file)
        state = model_state(file.state, architecture)
    except CheckpointError as error:
        raise CheckpointError(f"{source}: {error}" if str(source) not in str(error) else str(error)) from error
    card = {
        "name": "pifuhd",
        "source": PROVENANCE,
        "licence": LICENCE,
        "file": source.name,
        "sha256": _sha256(source),
        "converted_by": f"lifecast {__version__}",
        "parameters": sum(tensor.numel() for tensor in state.values()),
    }
    save_state(target, state, architecture, card, precision)
    return card
