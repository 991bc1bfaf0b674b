"""`lifecast combine`: weights out of several files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

Part = Literal["pose_lifter", "normals", "depth", "detail", "coarse", "fine"]


def combine(
    base: Annotated[str, tyro.conf.Positional],
    sources: Annotated[tuple[str, ...], tyro.conf.Positional],
    /,
    out: Path,
    parts: tuple[Part, ...],
    shares: tuple[float, ...] | None = None,
    precision: Literal["float32", "float16"] = "float32",
) -> None:
    """Put weights together out of several files: those of BASE, with PARTS out of SOURCES instead.

    Several sources are averaged: runs that went on from the same weights with other seeds, on other cores or machines,
    are mostly better as a mean than each alone.

        lifecast combine compact A.safetensors B.safetensors --parts normals depth --out mean.safetensors
        lifecast combine mean.safetensors C.safetensors --parts detail --out ours.safetensors --precision float16

    Args:
        base: Weights file, or the name of built-in weights, that everything else is taken from.
        sources: Weights files, or names, of the same preset.
        out: The file to write, NAME.safetensors.
        parts: What is taken from the sources.
        shares: Weight of each source in the mean; equal ones without.
        precision: How weights are stored; float16 halves the file (they are computed with in float32 either way).
    """
    from rich.console import Console

    from lifecast.errors import UsageError
    from lifecast.model.checkpoint import checkpoint_path
    from lifecast.training.combine import combine as run
    from lifecast.training.weights import export
    from lifecast.writable import check_file

    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: the combined file must be named *.safetensors")
    check_file(out, "--out")
    model, history = run(checkpoint_path(base), [checkpoint_path(source) for source in sources], parts, shares)
    export(out, model, history, precision)
    taken = f"{', '.join(parts)} of {'the mean of ' if len(sources) > 1 else ''}{', '.join(sources)}"
    Console(highlight=False, emoji=False, soft_wrap=True).print(f"{out}: {base} with {taken}", markup=False)
