"""`lifecast combine`: weights out of several files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from lifecast.options import Inline, check_weights_name
from lifecast.writable import check_file

Part = Literal["pose_lifter", "normals", "depth", "detail", "close_up", "coarse", "fine"]


@dataclass(frozen=True)
class Combine:
    """What `lifecast combine` is asked for."""

    base: tyro.conf.Positional[str]
    """Weights file, or the name of built-in weights, that everything else is taken from."""
    sources: tyro.conf.Positional[tuple[str, ...]]
    """Weights files, or names, of the same preset."""
    out: Path
    """The file to write, NAME.safetensors."""
    parts: tuple[Part, ...]
    """What is taken from the sources."""
    shares: tuple[float, ...] | None = None
    """Weight of each source in the mean; equal ones without."""
    precision: Literal["float32", "float16"] = "float32"
    """How weights are stored; float16 halves the file (they are computed with in float32 either way)."""

    def __post_init__(self) -> None:
        check_weights_name("out", self.out)


def combine(asked: Inline[Combine]) -> int:
    """Put weights together out of several files.

    They are those of BASE, with PARTS out of SOURCES instead. Several sources are averaged: runs that went on from the
    same weights with other seeds, on other cores or machines, are mostly better as a mean than each alone.

        lifecast combine compact A.safetensors B.safetensors --parts normals depth --out mean.safetensors
        lifecast combine mean.safetensors C.safetensors --parts detail --out ours.safetensors --precision float16
    """
    check_file(asked.out, "--out")
    from lifecast.model.checkpoint import checkpoint_path
    from lifecast.training.combine import combine as run
    from lifecast.training.weights import export

    sources = [checkpoint_path(source) for source in asked.sources]
    model, history = run(checkpoint_path(asked.base), sources, asked.parts, asked.shares)
    export(asked.out, model, history, asked.precision)
    origin = f"{'the mean of ' if len(sources) > 1 else ''}{', '.join(asked.sources)}"
    Console(highlight=False, emoji=False, soft_wrap=True).print(
        f"{asked.out}: {asked.base} with {', '.join(asked.parts)} of {origin}", markup=False
    )
    return 0
