"""One person or many: scan in, folder of training data out, resumable and verified by checksum.

What the folders hold is told in `DESCRIPTION`, which every dataset carries; `PeopleDataset` reads them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import atomic_folder, write_text
from lifecast.errors import DataError, LifecastError, ScanError, UsageError
from lifecast.scans.cores import one_thread
from lifecast.scans.landmark_file import LANDMARKS, joint_rows
from lifecast.scans.lighting import PAPER_COUNT, make_lightings
from lifecast.scans.normalise import Units, Up, normalise, vertex_normals
from lifecast.scans.occupancy import sample_pools
from lifecast.scans.orientation import orient_outward
from lifecast.scans.read import read_scan
from lifecast.scans.render import Renderer, View, view_rotation
from lifecast.scans.shading import draw_look
from lifecast.scans.split import Split, apply_split, make_split

FORMAT = 1
JPEG_QUALITY = 95
FRONT_YAW = 45.0
"""Degrees to either side that still count as a front view."""
DESCRIPTION = """# A lifecast dataset, format 1

Written by `lifecast prepare` and, without `points.npz` and `mesh.npz`, by `lifecast mannequins --pictures`; read by
`lifecast.scans.dataset.PeopleDataset` and by any tool that opens PNG, JPEG, JSON and NumPy files.

- `dataset.json`: format, size, all settings, the lightings (9 RGB coefficients of real spherical harmonics each).
- `split.json`: the people in `train` and in `test`; nobody is in both.
- One folder a person:
  - `person.json`: `scale` and `origin` (normalised = scale * (metres - origin), y up), source, and of each view its yaw
    and elevation in degrees, `rotation` (row-major) and `shift` (view = rotation @ normalised + (shift, 0)), lighting
    and exposure; `files` with size and sha256 of every file; of made people `joints` (33, 3), normalised, in the
    order of BlazePose's landmarks, null where not known.
  - `view_000_colour.jpg`: sRGB, not multiplied by the mask, continued beyond the silhouette.
  - `view_000_mask.png`: 8 bit coverage.
  - `view_000_front.png`, `view_000_back.png`: unit normals as (n + 1) / 2 in 8 bit RGB, 128 outside. The back map is
    seen through the person: the same pixel of both lies on one line of sight.
  - `view_000_depth.npz`: `front`, `back` z in view units at a quarter of the size, nan outside.
  - `points.npz`: `uniform_points`, `near5_points`, `near3_points` (N, 3) normalised, and `..._inside` as packed bits:
    uniform in the cube [-1, 1]^3, and Gaussian about the surface with sigma 5 cm and 3 cm.
  - `mesh.npz`: `vertices` (normalised), `faces`, without mostly transparent ones.
  - `landmarks.npz`, from `lifecast landmarks`: `landmarks` (views, 33, 4), what BlazePose sees: x, y, z in view
    units, z 0 at the hips, and visibility; 0 throughout where it saw nobody.
  - `lifted.npz`, from `lifecast lift`: the same, moved to where a lifter thinks the joints are, z 0 at the
    view's origin.

View space: x right, y up, z toward the camera, orthographic, the picture spans [-1, 1]; one unit is 128 cm of a person
normalised to 180 cm. Pixel centre i of S lies at -1 + (2 i + 1) / S.
"""


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a prepared person looks like; stored in dataset.json and compared on resume."""

    size: int = 1024
    """Pixels of the square views."""
    views: int = 360
    """Views a person, evenly spaced in yaw; below 360 from a random first one."""
    elevation: tuple[float, float] = (0.0, 0.0)
    """Range of the camera's elevation in degrees (positive looks down)."""
    front: float = 0.0
    """Share of the views drawn within `FRONT_YAW` of the person's front, from where most photographs are taken; the
    others are evenly spaced."""
    uniform: int = 16_000
    near5: int = 64_000
    near3: int = 64_000
    """Points of the pools."""
    rays: int = 64
    """Visibility rays a vertex."""
    lightings: int = PAPER_COUNT
    seed: int = 0
    units: Units | None = None
    up: Up | None = None

    def __post_init__(self) -> None:
        if self.size < 64 or self.size % 4:
            raise UsageError(f"--size {self.size}: give a multiple of 4 of at least 64")
        if self.views < 1:
            raise UsageError(f"--views {self.views}: give at least 1")
        low, high = self.elevation
        if not -89 <= low <= high <= 89:
            raise UsageError(f"--elevation {low} {high}: give MIN <= MAX between -89 and 89 degrees")
        if not 0 <= self.front <= 1:
            raise UsageError(f"--front {self.front}: give a share between 0 and 1")
        if min(self.uniform, self.near5, self.near3) < 1:
            raise UsageError("--points: every pool needs at least one point")


@dataclass
class Outcome:
    """What became of one person."""

    person: str
    state: str
    """made, kept, remade or failed."""
    reason: str = ""


@dataclass
class Summary:
    """What a run of `prepare` did."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)


def checksum(path: Path) -> str:
    """sha256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damage(folder: Path) -> str | None:
    """Why the prepared person in `folder` cannot be used, naming the file; None when all is well."""
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
    for name, (pixels, flags) in pictures.items():
        if not cv2.imwrite(str(folder / name), np.ascontiguousarray(pixels), flags):
            raise OSError(f"{folder / name}: could not be written")
    np.savez_compressed(folder / f"{stem}_depth.npz", front=view.front_depth, back=view.back_depth)
    return [*pictures, f"{stem}_depth.npz"]


def stated(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What `person.json` says of its files: bytes and sha256 by name."""
    return {n: {"bytes": (folder / n).stat().st_size, "sha256": checksum(folder / n)} for n in names}


def header(settings: Settings, maps: list[str], lights: NDArray[np.float32]) -> dict[str, Any]:
    """What `dataset.json` says, but for how many people there are; `maps` are the names of the lighting maps."""
    return {
        "format": FORMAT, "size": settings.size, "settings": asdict(settings),
        "lighting": {"maps": maps, "coefficients": np.round(lights, 6).reshape(len(lights), -1).tolist()},
        "normalisation": {"span_cm": 180, "unit_cm": 128},
    }  # fmt: skip


def draw_yaws(settings: Settings, rng: np.random.Generator) -> NDArray[np.float64]:
    """Degrees that each view turns the person by: evenly spaced ones, then one from each equal part of the front."""
    fronts = round(settings.views * settings.front)
    around = settings.views - fronts
    start = 0.0 if around >= 360 else rng.uniform(0, 360)
    even = (start + np.arange(around) * (360.0 / max(1, around))) % 360.0
    part = (np.arange(fronts) + rng.uniform(0, 1, fronts)) / max(1, fronts)  # stratified
    return np.concatenate([even, (FRONT_YAW * (2 * part - 1)) % 360.0])


def _card_of_made(card: Path) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """The pelvis (3,) and the joints (33, 3) that a made person's card tells, in metres, y up; None what it does not.

    Cards of before joints were told have a pelvis alone. ScanError where a card cannot be read.
    """
    if not card.is_file():
        return None, None
    try:
        told = json.loads(card.read_text())
        pelvis = np.array(told["pelvis"], np.float64).reshape(3)
    except (ValueError, KeyError, TypeError) as error:
        raise ScanError(f"{card}: has no readable 'pelvis' ({error})") from error
    if told.get("joints") is None:
        return pelvis, None
    try:
        return pelvis, np.array(told["joints"], np.float64).reshape(LANDMARKS, 3)  # null becomes nan
    except (ValueError, TypeError) as error:
        raise ScanError(f"{card}: has no readable 'joints' ({error})") from error


def prepare_person(person: str, source: Path, out: Path, settings: Settings, lights: NDArray[np.float32]) -> None:
    """Make the folder `out / person` from the scan at `source` (atomically, replacing an older one)."""
    rng = np.random.default_rng([settings.seed, zlib.crc32(person.encode())])
    scan = read_scan(source)
    pelvis, joints = _card_of_made(source.parent / "card.json")
    normalisation = normalise(scan, settings.units, settings.up, pelvis)
    orient_outward(scan.vertices, scan.faces)
    normals = vertex_normals(scan.vertices, scan.faces)
    gloss = rng.beta(1, 3, len(scan.materials)).astype(np.float32)
    renderer = Renderer(scan, normals, settings.size, gloss=gloss)
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
        np.savez(folder / "mesh.npz", vertices=scan.vertices, faces=solid)
        names += ["points.npz", "mesh.npz"]
        record = {
            "person": person, "source": source.name, "scale": normalisation.scale,
            "origin": normalisation.origin.tolist(), "units": normalisation.units, "up": normalisation.up,
            "vertices": len(scan.vertices), "faces": len(scan.faces), "views": views,
            "joints": None if joints is None else joint_rows((joints - normalisation.origin) * normalisation.scale),
            "files": stated(folder, names),
        }  # fmt: skip
        (folder / "person.json").write_text(json.dumps(record))


def keep_or_make(person: str, source: Path, out: Path, settings: Settings, lights: NDArray[np.float32]) -> Outcome:
    """One task of the pool: keep, make or remake one person; expected failures are told, not raised."""
    state, reason = "made", ""
    if (out / person).exists():
        found = damage(out / person)
        if found is None:
            return Outcome(person, "kept")
        state, reason = "remade", found
    try:
        prepare_person(person, source, out, settings, lights)
    except LifecastError as error:
        return Outcome(person, "failed", str(error))
    return Outcome(person, state, reason)


def _check_settings(out: Path, settings: Settings, lighting: list[str]) -> None:
    """Refuse to mix people of different settings in one dataset."""
    path = out / "dataset.json"
    if not path.is_file():
        return
    try:
        stored = json.loads(path.read_text())
        before = dict(stored["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged ({error}); remove it to begin again") from error
    if stored.get("format") != FORMAT:
        raise DataError(f"{path}: format {stored.get('format')!r}, this version writes {FORMAT}; use another folder")
    now = json.loads(json.dumps(asdict(settings)))
    differing = [name for name in before if now.get(name) != before[name]]
    if differing:
        told = ", ".join(f"{name} {before[name]} -> {now.get(name)}" for name in differing)
        raise UsageError(f"{out}: was begun with other settings ({told}); use another folder or the same settings")
    if stored["lighting"]["maps"] != lighting:
        raise UsageError(f"{out}: was begun with other lighting maps; use another folder or the same --lighting")


def _sweep(out: Path) -> None:
    """Remove what killed runs left half-made (`.name.PID.XXXX.part`, of processes that no longer run)."""
    for leftover in out.glob(".*.part*"):
        fields = leftover.name.split(".")
        pid = next((int(part) for part in reversed(fields) if part.isdigit()), None)
        if pid is not None and pid != os.getpid() and Path(f"/proc/{pid}").exists():
            continue
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


Tasks = Iterable[tuple[str, Path]]
"""Persons and the files of their scans."""
Execute = Callable[[Tasks, Path, Settings, NDArray[np.float32]], Iterator[Outcome]]


def locally(
    tasks: Tasks, out: Path, settings: Settings, lights: NDArray[np.float32], workers: int
) -> Iterator[Outcome]:
    """Do the tasks in `workers` processes of this machine; outcomes come in the order of completion."""
    one_thread()
    if workers <= 1:
        for person, source in tasks:
            yield keep_or_make(person, source, out, settings, lights)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=one_thread) as pool:
        futures = [pool.submit(keep_or_make, person, source, out, settings, lights) for person, source in tasks]
        for future in as_completed(futures):
            yield future.result()


def prepare(
    scans: dict[str, Path],
    out: Path,
    settings: Settings,
    lighting: Path | None = None,
    workers: int = 1,
    test_fraction: float = 0.1,
    split: Split | None = None,
    progress: Callable[[Outcome], None] | None = None,
    execute: Execute | None = None,
) -> Summary:
    """Prepare everybody in `scans` ({person: file}) into the dataset folder `out`.

    People who are there and undamaged are kept; damaged ones are made again. A scan that fails is left out of the
    dataset and told in the summary.

    `execute` runs the tasks (by default `locally`, in `workers` processes of this machine; a cluster in its place).

    Raises
    ------
    UsageError, DataError
        `out` holds a dataset of other settings; the lighting folder has no map.
    """
    names, lights = make_lightings(lighting, settings.lightings, settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    _check_settings(out, settings, names)
    _sweep(out)
    described = header(settings, names, lights)
    write_text(out / "dataset.json", json.dumps(described))
    write_text(out / "README.md", DESCRIPTION)
    summary = Summary()

    def note(outcome: Outcome) -> None:
        summary.outcomes.append(outcome)
        if progress is not None:
            progress(outcome)

    for outcome in (execute or partial(locally, workers=workers))(sorted(scans.items()), out, settings, lights):
        note(outcome)
    usable = [outcome.person for outcome in summary.outcomes if outcome.state != "failed"]
    parts = apply_split(split, usable) if split is not None else make_split(usable, test_fraction, settings.seed)
    write_text(out / "split.json", json.dumps(parts, indent=1))
    counts = {"people": len(usable), "views": len(usable) * settings.views}
    write_text(out / "dataset.json", json.dumps(described | counts))
    return summary
