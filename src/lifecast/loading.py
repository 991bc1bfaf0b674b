"""Loading: weights, a device, and the steps that run become a `Reconstructor`.

model = lifecast.load("compact", "cpu", without=("relief",))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lifecast.errors import UsageError
from lifecast.framed_person import Masker
from lifecast.model.allocation import keep_freed_pages
from lifecast.model.checkpoint import load_checkpoint
from lifecast.pipeline import PersonFinder, Reconstructor
from lifecast.step_constants import STEP_CONSTANTS, StepConstants


def load(
    weights: str | Path = "compact",
    device: str = "auto",
    normals_at: int | None = None,
    without: Sequence[str] = (),
    finder: PersonFinder | None = None,
    masker: Masker | None = None,
    constants: StepConstants = STEP_CONSTANTS,
) -> Reconstructor:
    """Load weights once, for any number of photographs.

    Parameters
    ----------
    weights
        The name of built-in weights, a file, or a folder of parts.
    device
        "auto" (a GPU where there is one), "cpu", "cuda", ...
    normals_at
        Side of the picture at which normals are predicted for the fine net, in place of enlarging those of the usual
        size: the authors' released model has maps of 512 pixels and a fine net at 1024.
    without
        Names of steps that are left out (`lifecast.model.inference_options.STEPS`), such as "relief".
    finder, masker
        Functions that find people, and a framed person's mask, in place of the built-in ones.
    constants
        Constants of the steps without weights, such as `StepConstants(relief=Relief(reach=0.02))`.

    Raises
    ------
    CheckpointError
        For weights that cannot be used.
    UsageError
        For a device that is not there, a `normals_at` that these weights cannot be used with, or an unknown step.
    """
    chosen = device_named(device)
    if chosen.type == "cpu":
        keep_freed_pages()
    checkpoint = load_checkpoint(weights)
    model = checkpoint.model
    inference = checkpoint.inference.fitting(model.architecture).without(*without)
    if normals_at is not None:
        if model.fine is None or model.architecture.maps is None:
            raise UsageError(f"{weights}: has no fine net that is fed normals; leave normals_at out")
        if not 64 <= normals_at <= 4096 or normals_at % 64:
            raise UsageError(f"normals at {normals_at} pixels: give a multiple of 64 from 64 to 4096")
        model = model.with_normals_at(normals_at)
    return Reconstructor(model, checkpoint.card, chosen, inference, finder, masker, constants)


def device_named(name: str) -> torch.device:
    """Choose the device of that name; "auto" is a GPU if there is one.

    UsageError if it is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device {name!r}: no such kind of device; use auto, cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r}: only cpu and cuda are supported")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: PyTorch finds no CUDA device here; use cpu")
    return device
