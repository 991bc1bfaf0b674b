"""`lifecast convert`: the PIFuHD authors' checkpoint to a lifecast weights file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro


def convert(
    checkpoint: Annotated[Path, tyro.conf.Positional],
    output: Annotated[Path, tyro.conf.Positional],
    precision: Literal["float32", "float16"] = "float32",
) -> None:
    """Turn the authors' pifuhd.pt (CC BY-NC 4.0, yours to download) into weights for `lifecast reconstruct --weights`.

    Nothing in the file is executed. The weights keep their licence: it is written into the converted file and into
    every model made with it.

    Args:
        checkpoint: the authors' file, pifuhd.pt.
        output: the file to write, NAME.safetensors.
        precision: how weights are stored; float16 halves the file (they are computed with in float32 either way).
    """
    from rich.console import Console

    from lifecast.errors import UsageError
    from lifecast.model.pifuhd.pickle_file import convert_official
    from lifecast.writable import check_file

    if output.suffix != ".safetensors":
        raise UsageError(f"{output}: the converted file must be named *.safetensors")
    if output.exists() and checkpoint.exists() and output.samefile(checkpoint):
        raise UsageError(f"{output}: is the checkpoint itself")
    check_file(output)
    card = convert_official(checkpoint, output, precision)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    size = output.stat().st_size / 1e6
    console.print(f"{output}: {card['parameters']:,} parameters, {size:,.0f} MB", markup=False)
    console.print(f"from {card['source']}; licence {card['licence']}", markup=False)
