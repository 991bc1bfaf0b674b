"""What one ablation study is asked for. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lifecast.errors import OptionError, OptionsError
from lifecast.evaluation.ablation_rows import ROWS, Row
from lifecast.model.config import Architecture
from lifecast.model.presets import PRESETS
from lifecast.overlap import refuse_overlap

USUAL_MINUTES = 30.0


@dataclass(frozen=True)
class Study:
    """One ablation study. Raises `OptionError` for a value that cannot be used."""

    data: Path
    """Prepared dataset; its training people are trained on, its test people measured."""
    out: Path
    """Folder of the study."""
    minutes: float | None = None
    """Training time of a row, 30 by default; the normal networks take as long once more, for all rows."""
    steps: int | None = None
    """Optimiser steps of a row, in place of minutes; these repeat exactly, however busy the machine."""
    preset: str = "compact"
    """Base preset that each row changes: tiny, compact or paper."""
    seed: int = 0
    """Of weights, order, points, backgrounds and samples."""
    batch: int = 8
    """Pictures a step, in every row."""
    points: int = 4000
    """Points a picture, in every row."""
    views: int = 1
    """Pictures of each test person that are measured; one is the front view."""
    limit: int | None = None
    """Measure the first N test people only."""
    resolution: int = 256
    """Of the lattice that surfaces are extracted on."""
    rows: tuple[str, ...] = ()
    """Names of the rows wanted; all when absent."""
    workers: int | None = None
    """Processes that load data."""
    threads: int | None = None
    """Threads of the arithmetic on a CPU."""
    precision: Literal["32", "bf16", "fp16"] = "32"
    """Number format of the arithmetic."""

    def __post_init__(self) -> None:
        if self.minutes is not None and self.steps is not None:
            raise OptionsError("give either {minutes} or {steps}")
        if self.minutes is None and self.steps is None:
            object.__setattr__(self, "minutes", USUAL_MINUTES)
        refuse_overlap(self.out, "out", {"data": self.data})
        if self.preset not in PRESETS:
            raise OptionError("preset", self.preset, f"choose {', '.join(PRESETS)}")
        if PRESETS[self.preset].fine is None or PRESETS[self.preset].maps is None:
            raise OptionError("preset", self.preset, "an ablation needs a preset with map heads and two nets")
        names = [row.name for row in ROWS]
        for name in self.rows:
            if name not in names:
                raise OptionError("rows", name, f"choose from {', '.join(names)}")
        for name in ("minutes", "steps", "batch", "points", "views", "limit"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise OptionError(name, value, "must be positive")

    @property
    def base(self) -> Architecture:
        """The preset that every row changes."""
        return PRESETS[self.preset]

    @property
    def wanted(self) -> list[Row]:
        """The rows to make, in the table's order; the mask's only where the base predicts one."""
        assert self.base.maps is not None
        possible = [row for row in ROWS if row.name != "mask" or self.base.maps.mask]
        return [row for row in possible if not self.rows or row.name in self.rows]
