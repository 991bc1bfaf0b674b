"""`lifecast view`: a model in the browser, from one file that works offline."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

UNITS = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "inch": "inches", None: "units of unknown length"}


def view(
    model: Annotated[Path, tyro.conf.Positional],
    /,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    units: Literal["m", "cm", "mm", "inch"] | None = None,
    up: Literal["x", "y", "z", "-y", "-z"] | None = None,
    open_browser: Annotated[bool, tyro.conf.arg(name="open")] = True,
) -> int:
    """Write a page that shows a 3D model, and open it in the browser.

    The page is one HTML file with the model inside. It loads nothing from the network, so it can be kept, mailed or
    put on any web space.

    Args:
        model: A .glb file, or .gltf, .obj, .ply, .stl, .off.
        out: The page to write; without it the model's name with .html.
        units: Of the file; found by a person's height when absent.
        up: Axis that points up in the file; found when absent.
        open_browser: Open the page when it is written (--no-open to leave that).
    """
    from lifecast.surface.output.viewer import save_viewer
    from lifecast.writable import check_file

    page = out or model.with_suffix(".html")
    check_file(page, "" if out is None else "--out")
    shown = save_viewer(model, page, units, up)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    console.print(f"wrote {page} ({page.stat().st_size / 1e6:.1f} MB)", markup=False)
    if (shown.up, shown.units) != ("y", "m"):
        console.print(f"shown as {UNITS[shown.units]}, {shown.up} up (--units and --up say otherwise)", markup=False)
    if open_browser and not webbrowser.open(page.resolve().as_uri()):
        console.print("no browser could be started: open the page by hand", markup=False)
    return 0
