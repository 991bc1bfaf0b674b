"""Reading files of `torch.save` without executing anything in them."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import torch

from lifecast.errors import CheckpointError

# What PyTorch's restricted unpickler raises on bytes that are no pickle, or end too early.
UNREADABLE = (
    OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, AssertionError,
    pickle.UnpicklingError, struct.error,
)  # fmt: skip


def load_plain(path: Path, kind: str) -> Any:
    """Load the tensors and plain values in `path`, on the CPU.

    Raises
    ------
    CheckpointError
        Where the file is missing, damaged, or holds anything but tensors and plain values; it names the file as no
        readable `kind`.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: not a readable {kind} ({reason})") from error
