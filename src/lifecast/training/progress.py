"""Telling how a run goes: a live line in the terminal, the log file, and TensorBoard where it is installed."""

from __future__ import annotations

import importlib.util
import math
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from lifecast.training.run_folder import RunFolder


class Rates:
    """Images a second and the share of time spent waiting for data, since the last reading."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin a new reading."""
        self.images, self.steps, self.waited, self.since = 0, 0, 0.0, time.monotonic()
        self.paused, self.last = 0.0, self.since

    def add(self, images: int, waited: float) -> None:
        """Count a step over `images` pictures that waited so many seconds for its data."""
        self.images += images
        self.steps += 1
        self.waited += waited
        self.last = time.monotonic()

    def pause_until_now(self) -> None:
        """Leave out the time since the last step: a validation or a checkpoint took it."""
        self.paused += time.monotonic() - self.last
        self.last = time.monotonic()

    def read(self) -> dict[str, float]:
        """Read the rates, rounded for the log."""
        seconds = max(1e-6, time.monotonic() - self.since - self.paused)
        return {
            "images_per_s": round(self.images / seconds, 3),
            "seconds_per_step": round(seconds / max(1, self.steps), 4),
            "wait_share": round(self.waited / seconds, 4),
        }


def clock_text(seconds: float) -> str:
    """Write seconds as h:mm:ss; an endless time as a dash."""
    if not math.isfinite(seconds):
        return "-"
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


class Reporter:
    """Where figures go; silent on every process but the first."""

    def __init__(self, folder: RunFolder, title: str, active: bool, console: Console | None = None) -> None:
        self.folder = folder
        self.active = active
        self.console = console or Console(stderr=True, emoji=False)
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[figures]}"))
        live = active and self.console.is_terminal
        self.bar = Progress(*columns, console=self.console, disable=not live, refresh_per_second=2)
        self.task = self.bar.add_task(title, total=1.0, figures="")
        self.pool: TaskID | None = None
        self.board: Any = None
        if active and importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard.writer import SummaryWriter

            self.board = SummaryWriter(str(folder.path / "tensorboard"))

    def __enter__(self) -> Reporter:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()
        if self.board is not None:
            self.board.close()

    def say(self, text: str) -> None:
        """Write a line for the reader."""
        if self.active:
            self.console.print(text, markup=False, highlight=False)

    def figures(self, line: dict[str, Any], seconds_left: float) -> None:
        """Report a training line: log, terminal, TensorBoard."""
        if not self.active:
            return
        self.folder.note(line)
        text = (
            f"step {line['step']}  loss {line['loss']:.4f}  {line['images_per_s']:.1f} images/s  "
            f"waiting {line['wait_share']:.0%}  left {clock_text(seconds_left)}"
        )
        self.bar.update(self.task, completed=line["progress"], figures=text)
        if "views_made_per_min" in line:
            self.people(line)
        self.tensorboard("train", line)

    def people(self, line: dict[str, Any]) -> None:
        """Show in a second bar how full a stream's pool is, and the rates of making and training."""
        if self.pool is None:
            self.pool = self.bar.add_task("people", total=line["people_at_most"], figures="")
        text = (
            f"views/min made {line['views_made_per_min']:.0f} used {line['views_used_per_min']:.0f}  "
            f"waiting {line['people_wait_share']:.0%}"
        )
        self.bar.update(self.pool, completed=line["people_in_pool"], figures=text)

    def validation(self, line: dict[str, Any]) -> None:
        """Report a validation line."""
        if not self.active:
            return
        self.folder.note(line)
        figures = {k: v for k, v in line["validation"].items() if isinstance(v, float)}
        text = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self.say(f"step {line['step']}: {text}")
        self.tensorboard("validation", {"step": line["step"], **figures})

    def tensorboard(self, group: str, line: dict[str, Any]) -> None:
        """Add every number of `line` to its curve."""
        if self.board is None:
            return
        for name, value in line.items():
            if name == "losses":
                for part, amount in value.items():
                    self.board.add_scalar(f"{group}/loss_{part}", amount, line["step"])
            elif isinstance(value, (int, float)) and name != "step":
                self.board.add_scalar(f"{group}/{name}", value, line["step"])
