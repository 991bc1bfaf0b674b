"""`lifecast view`: a model in the browser, from one file that works offline."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

from lifecast.options import Inline
from lifecast.scans.settings import Units, Up
from lifecast.writable import check_file

UNITS = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "inch": "inches", None: "units of unknown length"}


@dataclass(frozen=True)
class View:
    """What `lifecast view` is asked for."""

    model: tyro.conf.Positional[Path]
    """A .glb file, or .gltf, .vrm, .obj, .ply, .stl, .off."""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The page to write; without it the model's name with .html."""
    units: Units | None = None
    """Of the file; found by a person's height when absent."""
    up: Up | None = None
    """Axis that points up in the file; found when absent."""
    open_browser: Annotated[bool, tyro.conf.arg(name="open")] = True
    """Open the page when it is written (--no-open to leave that)."""


def view(asked: Inline[View]) -> int:
    """Write a page that shows a 3D model, and open it in the browser.

    The page is one HTML file with the model inside. It loads nothing from the network, so it can be kept, mailed or
    put on any web space.
    """
    from lifecast.surface.output.viewer import save_viewer

    page = asked.out or asked.model.with_suffix(".html")
    check_file(page, "" if asked.out is None else "--out")
    shown = save_viewer(asked.model, page, asked.units, asked.up)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    console.print(f"wrote {page} ({page.stat().st_size / 1e6:.1f} MB)", markup=False)
    if (shown.up, shown.units) != ("y", "m"):
        console.print(f"shown as {UNITS[shown.units]}, {shown.up} up (--units and --up say otherwise)", markup=False)
    if asked.open_browser and not webbrowser.open(page.resolve().as_uri()):
        console.print("no browser could be started: open the page by hand", markup=False)
    return 0
