"""`lifecast convert`: the PIFuHD authors' checkpoint to a lifecast weights file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from lifecast.errors import OptionError
from lifecast.options import Inline, check_weights_name
from lifecast.writable import check_file


@dataclass(frozen=True)
class Convert:
    """What `lifecast convert` is asked for."""

    checkpoint: tyro.conf.Positional[Path]
    """The authors' file, pifuhd.pt."""
    output: tyro.conf.Positional[Path]
    """The file to write, NAME.safetensors."""
    precision: Literal["float32", "float16"] = "float32"
    """How weights are stored; float16 halves the file (they are computed with in float32 either way)."""

    def __post_init__(self) -> None:
        check_weights_name("output", self.output)
        if self.output.exists() and self.checkpoint.exists() and self.output.samefile(self.checkpoint):
            raise OptionError("output", self.output, "is the checkpoint itself")


def convert(asked: Inline[Convert]) -> int:
    """Convert the authors' pifuhd.pt into weights for `lifecast reconstruct --weights`.

    It is CC BY-NC 4.0 and yours to download. Nothing in the file is executed. The weights keep their licence: it is
    written into the converted file and into every model made with it.
    """
    check_file(asked.output)
    from lifecast.model.pifuhd.pickle_file import convert_official

    card = convert_official(asked.checkpoint, asked.output, asked.precision)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    size = asked.output.stat().st_size / 1e6
    console.print(f"{asked.output}: {card['parameters']:,} parameters, {size:,.0f} MB", markup=False)
    console.print(f"from {card['source']}; licence {card['licence']}", markup=False)
    return 0
