"""One scan to one person's folder.

It holds views, points with occupancy, the mesh, and a card with checksums.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import atomic_folder
from lifecast.errors import ScanError
from lifecast.scans.bodies import check_one_body
from lifecast.scans.dataset_format import FRONT_YAW
from lifecast.scans.landmark_file import LANDMARKS, joint_rows
from lifecast.scans.normalise import normalise
from lifecast.scans.occupancy import sample_pools
from lifecast.scans.orientation import orient_outward
from lifecast.scans.read import read_scan
from lifecast.scans.regions import FILE as REGIONS
from lifecast.scans.regions import PARSING_FILE, read_parsing, read_regions
from lifecast.scans.render import Renderer, view_rotation
from lifecast.scans.rendered_view import View
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.settings import Settings
from lifecast.scans.shading import draw_look

JPEG_QUALITY = 95


def checksum(path: Path) -> str:
    """sha256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damage(folder: Path) -> str | None:
    """Say why the prepared person in `folder` cannot be used, naming the file.

    None if all is well.
    """
    card = folder / "person.json"
    try:
        files: dict[str, Any] = json.loads(card.read_text())["files"]
    except FileNotFoundError:
        return f"{card} is missing"
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        return f"{card} is damaged ({error})"
    for name, stated in files.items():
        path = folder / name
        if not path.is_file():
            return f"{path} is missing"
        if path.stat().st_size != stated["bytes"] or checksum(path) != stated["sha256"]:
            return f"{path} is damaged (its checksum differs)"
    return None


def write_view(folder: Path, stem: str, view: View) -> list[str]:
    """The files of one view into `folder`; returns their names."""
    pictures = {
        f"{stem}_colour.jpg": (view.colour[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]),
        f"{stem}_mask.png": (view.mask, [cv2.IMWRITE_PNG_COMPRESSION, 1]),
        f"{stem}_front.png": (view.front[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1]),
        f"{stem}_back.png": (view.back[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1]),
    }
    if view.parsing is not None:
        for side, parts in zip(("front", "back"), view.parsing, strict=True):
            pictures[f"{stem}_{side}_parsing.png"] = (parts, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    for name, (pixels, flags) in pictures.items():
        # Not cv2.imwrite, which does not say why it fails, and writes half a picture onto a full disk.
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, np.ascontiguousarray(pixels), flags)[1].tobytes())
    np.savez_compressed(folder / f"{stem}_depth.npz", front=view.front_depth, back=view.back_depth)
    return [*pictures, f"{stem}_depth.npz"]


def stated(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What `person.json` says of its files: bytes and sha256 by name."""
    return {n: {"bytes": (folder / n).stat().st_size, "sha256": checksum(folder / n)} for n in names}


def draw_yaws(settings: Settings, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the degrees that each view turns the person by.

    Evenly spaced ones, then one from each equal part of the front.
    """
    fronts = round(settings.views * settings.front)
    around = settings.views - fronts
    start = 0.0 if around >= 360 else rng.uniform(0, 360)
    even = (start + np.arange(around) * (360.0 / max(1, around))) % 360.0
    part = (np.arange(fronts) + rng.uniform(0, 1, fronts)) / max(1, fronts)  # stratified
    return np.concatenate([even, (FRONT_YAW * (2 * part - 1)) % 360.0])


def _card_of_made(
    card: Path,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, dict[str, Any] | None]:
    """Read a made person's pelvis (3,), joints (33, 3), metres, y up, and body from its card; None if absent.

    Old cards have a pelvis alone. ScanError where a card cannot be read.
    """
    if not card.is_file():
        return None, None, None
    try:
        content = json.loads(card.read_text())
        pelvis = np.array(content["pelvis"], np.float64).reshape(3)
    except (ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{card}: has no readable 'pelvis' ({error})") from error
    if content.get("joints") is None:
        return pelvis, None, content.get("body")
    try:
        joints = np.array(content["joints"], np.float64).reshape(LANDMARKS, 3)  # null becomes nan
        return pelvis, joints, content.get("body")
    except (ValueError, TypeError) as error:
        raise ScanError(f"{card}: has no readable 'joints' ({error})") from error


def prepare_person(person: str, source: Path, out: Path, settings: Settings, lights: NDArray[np.float32]) -> list[str]:
    """Make the folder `out / person` from the scan at `source`.

    Atomically; an older one is replaced. Returns notes on what may be wrong with the scan.
    """
    rng = np.random.default_rng([settings.seed, zlib.crc32(person.encode())])
    scan = read_scan(source)
    regions = read_regions(source.parent / REGIONS, scan)
    parsing = read_parsing(source.parent / PARSING_FILE, scan)
    pelvis, joints, body = _card_of_made(source.parent / "card.json")
    normalisation = normalise(scan, settings.units, settings.up, pelvis)
    note = check_one_body(scan.vertices / normalisation.scale, scan.faces, str(source))
    orient_outward(scan.vertices, scan.faces)
    normals = seamless_normals(scan.vertices, scan.faces)
    gloss = rng.beta(1, 3, len(scan.materials)).astype(np.float32)
    renderer = Renderer(scan, normals, settings.size, gloss=gloss, parsing=parsing)
    solid = renderer.texels.solid_faces
    if len(solid) == 0:
        raise ScanError(f"{source}: all of it is transparent; check the alpha of its textures")
    renderer.cast_shadows(settings.rays, seed=int(rng.integers(2**31)))
    pools = sample_pools(
        scan.vertices, solid,
        {"uniform": settings.uniform, "near5": settings.near5, "near3": settings.near3}, rng,
    )  # fmt: skip
    yaws = draw_yaws(settings, rng)
    with atomic_folder(out / person) as folder:
        names: list[str] = []
        views = []
        for i, yaw in enumerate(yaws):
            elevation = float(rng.uniform(*settings.elevation))
            look, drawn = draw_look(rng, lights)
            rotation = view_rotation(float(yaw), elevation)
            shift = renderer.shift(rotation)
            stem = f"view_{i:03d}"
            names += write_view(folder, stem, renderer.render(rotation, shift, look))
            views.append({
                "yaw": float(yaw), "elevation": elevation, "rotation": rotation.ravel().tolist(),
                "shift": shift.tolist(), "files": stem, **drawn,
            })  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {}
        for name, (points, inside) in pools.items():
            arrays[f"{name}_points"] = points
            arrays[f"{name}_inside"] = np.packbits(inside)
        np.savez(folder / "points.npz", **arrays)  # type: ignore[arg-type]
        mesh: dict[str, NDArray[Any]] = {"vertices": scan.vertices, "faces": solid}
        if regions is not None:
            mesh["regions"] = regions[renderer.texels.solid_rows]
        np.savez(folder / "mesh.npz", **mesh)  # type: ignore[arg-type]
        names += ["points.npz", "mesh.npz"]
        record = {
            "person": person, "source": source.name, "scale": normalisation.scale,
            "origin": normalisation.origin.tolist(), "units": normalisation.units, "up": normalisation.up,
            "vertices": len(scan.vertices), "faces": len(scan.faces), "views": views,
            "joints": None if joints is None else joint_rows((joints - normalisation.origin) * normalisation.scale),
            "body": body, "files": stated(folder, names),
        }  # fmt: skip
        (folder / "person.json").write_text(json.dumps(record))
    return [] if note is None else [note]
