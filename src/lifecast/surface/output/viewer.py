"""A single HTML file that displays a model in any browser, offline.

It holds the page, its script and the GLB.
"""

from __future__ import annotations

import base64
import html
import json
import struct
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecast.atomic import write_bytes
from lifecast.errors import ScanError
from lifecast.photo.address import address_problem

if TYPE_CHECKING:
    from lifecast.scans.settings import Units, Up

BINARY = (".glb", ".vrm")
"""Formats that the page holds as they are."""
CONVERTED = (".gltf", ".obj", ".ply", ".stl", ".off")
"""Formats that are turned into GLB for the page."""
READABLE_EXTENSIONS = (
    "KHR_materials_", "KHR_mesh_quantization", "KHR_texture_transform", "EXT_texture_webp", "EXT_texture_avif",
    "KHR_lights_punctual",
)  # fmt: skip
"""Beginnings of the glTF extensions that a file may require: those that the page reads or that change no shape."""
SCRIPTS = ("glb.js", "rig.js", "scene.js", "viewer.js")
"""The page's script, in the order in which its pieces build on each other."""


@dataclass(frozen=True)
class Shown:
    """A model ready for the page."""

    glb: bytes
    units: str | None
    """Of the model's coordinates, a key of `METRES`; None: no unit makes it a person."""
    up: str
    """The axis of the file that points up."""


def viewer_page(glb: bytes, title: str, metre: float = 1.0) -> str:
    """Write the whole page as text.

    Parameters
    ----------
    glb
        The content of a self-contained .glb file, y up.
    metre
        How many metres one unit of the model is; 0 where that is not known.
    """
    folder = resources.files("lifecast.surface.output") / "viewer_page"
    page = Template((folder / "viewer.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=html.escape(title),
        style=(folder / "viewer.css").read_text(encoding="utf-8"),
        script="\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS),
        metre=f"{metre:g}",
        model=base64.b64encode(glb).decode("ascii"),
    )


def save_viewer(model: str | Path, page: str | Path, units: Units | None = None, up: Up | None = None) -> Shown:
    """Write the page of a model file, atomically; what was assumed of its units and axes.

    `ScanError` where the model cannot be shown, or refers to colours that cannot be had.
    """
    from lifecast.scans.normalise import METRES

    model = Path(model)
    shown = read_shown(model, units, up)
    metre = METRES[shown.units] if shown.units is not None else 0.0
    write_bytes(page, viewer_page(shown.glb, model.stem, metre).encode())
    return shown


def read_shown(path: Path, units: Units | None = None, up: Up | None = None) -> Shown:
    """Read a model file as GLB, y up.

    Units and axis that are not given are found as for training data.
    """
    kind = path.suffix.lower()
    if kind not in (*BINARY, *CONVERTED):
        raise ScanError(f"{path}: cannot be shown; give a .glb, {', '.join(CONVERTED)} file")
    if not path.is_file():
        raise ScanError(f"{path}: {address_problem(path) or 'there is no such file'}")
    data = path.read_bytes() if kind in BINARY else b""
    if kind in BINARY:
        check_glb(data, path)

    # What training data refuses, the page would show in other colours or not at all.
    from lifecast.scans.as_glb import scan_glb
    from lifecast.scans.normalise import TO_Y_UP, find_units, find_up
    from lifecast.scans.read import read_scan

    scan = read_scan(path)
    axis = up or find_up(scan.vertices, scan.source)
    unit: str | None = units
    if unit is None:
        try:
            unit = find_units(np.ptp(scan.vertices @ np.array(TO_Y_UP[axis], np.float64).T, axis=0), scan.source)
        except ScanError:  # no person, which may be looked at all the same; glTF is in metres by its specification
            unit = "m" if kind in (*BINARY, ".gltf") else None
    return Shown(data if kind in BINARY and axis == "y" else scan_glb(scan, axis), unit, axis)


def read_as_glb(path: Path) -> bytes:
    """Read a model file as the content of a .glb; other formats are converted."""
    return read_shown(path).glb


def check_glb(data: bytes, path: Path) -> dict[str, Any]:
    """Check a GLB for the page, and return its JSON; `ScanError` says what is wrong."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise ScanError(f"{path}: is not a GLB file (it does not begin with 'glTF')")
    version, length, size, kind = struct.unpack_from("<III4s", data, 4)
    if version != 2:
        raise ScanError(f"{path}: is glTF {version}; convert it to glTF 2")
    if length != len(data) or kind != b"JSON" or 20 + size > len(data):
        raise ScanError(f"{path}: is damaged ({len(data)} bytes, its header says {length}); export it again")
    try:
        tree: dict[str, Any] = json.loads(data[20 : 20 + size])
    except ValueError as error:
        raise ScanError(f"{path}: is damaged (its JSON cannot be read: {error}); export it again") from error
    required = [name for name in tree.get("extensionsRequired", []) if not name.startswith(READABLE_EXTENSIONS)]
    if required:
        raise ScanError(f"{path}: needs {', '.join(required)}; export it without compression")
    outside = [item["uri"] for item in tree.get("buffers", []) + tree.get("images", []) if "uri" in item]
    if outside:
        raise ScanError(f"{path}: refers to {outside[0][:60]}; export it with everything inside")
    if not tree.get("meshes"):
        raise ScanError(f"{path}: holds no mesh")
    return tree
