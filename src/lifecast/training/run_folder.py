"""The folder of a training run: its description, log, checkpoints, pictures and weights.

    OUT/run.json                 what is trained, on what, with which recipe, preset and versions
    OUT/log.jsonl                a line of figures every few seconds and for each validation
    OUT/checkpoints/step_*.pt    the whole state of training; the last few
    OUT/weights.safetensors      the weights as of the last checkpoint, ready for use
    OUT/best.safetensors         the weights that validated best
    OUT/pictures/step_*.png      what the network makes of a few unseen pictures

Everything but the log is written atomically, so a process killed at any moment leaves nothing half-written; the log's
lines beyond the checkpoint that a run resumes from are dropped then.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from lifecast.atomic import atomic_file, write_text
from lifecast.errors import CheckpointError, UsageError
from lifecast.training.torch_file import load_plain

STATE_VERSION = 1


class RunFolder:
    """Reads and writes one run's folder.

    Parameters
    ----------
    keep
        How many checkpoints to leave in place.
    """

    def __init__(self, path: str | Path, keep: int = 2) -> None:
        self.path = Path(path)
        self.keep = keep

    @property
    def log(self) -> Path:
        """The log, a JSON line for each training and validation line."""
        return self.path / "log.jsonl"

    @property
    def weights(self) -> Path:
        """The latest weights."""
        return self.path / "weights.safetensors"

    @property
    def best(self) -> Path:
        """The best weights by validation."""
        return self.path / "best.safetensors"

    def picture(self, step: int) -> Path:
        """Name the file of the picture strip of `step`."""
        return self.path / "pictures" / f"step_{step:08d}.png"

    def checkpoints(self) -> list[Path]:
        """List the checkpoints, oldest first."""
        return sorted((self.path / "checkpoints").glob("step_*.pt"))

    def begin(self, resume: bool) -> dict[str, Any] | None:
        """Open the folder: the state to go on from, or None for a fresh start.

        Raises
        ------
        UsageError
            If the folder holds a run and `resume` is not set.
        CheckpointError
            If the newest checkpoint cannot be read.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path}: is a file; --out must name a folder")
        found = self.checkpoints()
        if not resume:
            if found or self.log.exists():
                raise UsageError(f"{self.path}: holds a run already; give --resume to go on with it, or another --out")
            return None
        if not found:
            self.log.unlink(missing_ok=True)  # of a run that ended before its first checkpoint
            return None
        state = read_state(found[-1])
        self.drop_log_after(int(state["step"]))
        return state

    def describe(self, description: dict[str, Any]) -> None:
        """Write `run.json`."""
        write_text(self.path / "run.json", json.dumps(description, indent=2, default=str) + "\n")

    def note(self, line: dict[str, Any]) -> None:
        """Append a line to the log."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def drop_log_after(self, step: int) -> None:
        """Forget the log lines of steps that will be done again.

        A last line that was cut off by a crash goes, too.
        """
        if not self.log.exists():
            return
        kept = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if entry.get("step", 0) <= step:
                kept.append(line)
        write_text(self.log, "".join(line + "\n" for line in kept))

    def save(self, state: dict[str, Any]) -> Path:
        """Write the checkpoint of `state["step"]`, then remove those beyond the last `keep`."""
        path = self.path / "checkpoints" / f"step_{int(state['step']):08d}.pt"
        with atomic_file(path) as part:
            torch.save({"version": STATE_VERSION, **state}, part)
        for old in self.checkpoints()[: -self.keep]:
            old.unlink()
        for litter in path.parent.glob(".step_*.part.pt"):  # of a process killed while writing
            litter.unlink()
        return path


def read_state(path: Path) -> dict[str, Any]:
    """Read a training state; nothing in the file is executed (`weights_only`)."""
    state = load_plain(path, "training state, remove it to resume from the one before it")
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        raise CheckpointError(f"{path}: not a training state of version {STATE_VERSION}")
    return state
