"""Views of mannequins, pose by pose, as training data.

They are for a pose lifter and, with pictures kept, for the networks whose inputs are maps. Each pose becomes a folder
as `lifecast prepare` and `lifecast landmarks` write them, without points, and without the pictures and maps that a
lifter does not look at unless they are asked for. Mannequin i of seed S and all its poses follow from
`np.random.default_rng([S, i, 1])` alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import atomic_folder, write_text
from lifecast.errors import MissingExtra
from lifecast.people.close_up_views import CloseUpViews
from lifecast.people.crew import check_unchanged, share_out, studio
from lifecast.people.dressed import DressedPerson
from lifecast.people.motion import draw_wind
from lifecast.people.sitting import LIGHTINGS, Sitting
from lifecast.photo import blazepose
from lifecast.scans.background import Backgrounds
from lifecast.scans.cores import one_thread
from lifecast.scans.dataset_format import DESCRIPTION, header
from lifecast.scans.landmark_file import FILE, LANDMARKS, joint_rows
from lifecast.scans.landmarks import landmarks_before
from lifecast.scans.lighting import make_lightings
from lifecast.scans.normalise import normalise
from lifecast.scans.prepared_person import draw_yaws, stated, write_view
from lifecast.scans.render import Renderer, view_rotation
from lifecast.scans.shading import draw_look
from lifecast.scans.split import make_split
from lifecast.scans.texels import TexelPool

SITTING = "sitting.json"


def pose_folder(out: Path, number: int, pose: int) -> Path:
    """Where one pose of mannequin `number` lives."""
    return out / f"mannequin_{number:06d}_pose_{pose:03d}"


def missing(sitting: Sitting, count: int) -> list[int]:
    """The mannequins of 0 .. count-1 of which not all poses are there yet."""
    out, last = sitting.order.out, sitting.each
    return [n for n in range(count) if not all((pose_folder(out, n, p) / FILE).is_file() for p in range(last))]


def check_sitting(sitting: Sitting) -> None:
    """Record how the folder's mannequins are viewed.

    UsageError if it holds some that were viewed otherwise.
    """
    now = {
        "views": sitting.views, "size": sitting.size, "front": sitting.front, "elevation": list(sitting.elevation),
        "lighting": sitting.lighting is not None, "clip_share": sitting.clip_share, "pictures": sitting.pictures,
        "rays": sitting.rays if sitting.pictures else 0,
    }  # fmt: skip
    if sitting.close_ups:
        now["close_ups"] = sitting.close_ups
    check_unchanged(sitting.order.out / SITTING, now, "mannequins viewed")


@functools.lru_cache(maxsize=1)
def _lights(lighting: Path | None) -> tuple[list[str], NDArray[np.float32]]:
    return make_lightings(lighting, LIGHTINGS, 0)


def make_views(sitting: Sitting, number: int) -> int:
    """Make person `number`, pose them, find their landmarks, and write every pose.

    Returns the number.
    """
    order = sitting.order
    makers = studio(order.assets, order.poses, order.only_garments, order.without_garments)
    rng = np.random.default_rng([order.seed, number, 1])
    person = DressedPerson(makers, rng)
    gloss: NDArray[np.float32] | None = None
    texels: TexelPool | None = None
    close_texels: TexelPool | None = None
    close_rng = np.random.default_rng([order.seed, number, 2])  # apart, so that people do not depend on it
    for pose in range(sitting.each):
        makers.pose(person, rng, sitting.clip_share, draw_wind)
        transforms = person.transforms
        scan, normals = person.scan()
        pelvis = transforms[0, :, :3] @ person.rest.heads[0] + transforms[0, :, 3]
        joints = makers.joint_finder.joints(person.rest, transforms)
        if gloss is None and sitting.pictures:
            gloss = rng.beta(1, 3, len(scan.materials)).astype(np.float32)
        placed = normalise(scan, "m", "y", pelvis)
        renderer = Renderer(scan, normals, sitting.size, gloss=gloss, texels=texels, parsing=person.parsing)
        texels = renderer.texels
        if sitting.pictures:
            renderer.cast_shadows(sitting.rays, seed=int(rng.integers(2**31)))
        with atomic_folder(pose_folder(order.out, number, pose)) as part:
            placed_joints = (joints - placed.origin) * placed.scale
            close_ups = None
            if sitting.close_ups:
                close_ups = CloseUpViews(part, renderer, placed_joints, close_texels)
                close_texels = close_ups.texels
            views, found = _looks(sitting, renderer, rng, part, close_ups, close_rng)
            record = {
                "person": pose_folder(order.out, number, pose).name, "source": "mannequin", "scale": placed.scale,
                "origin": placed.origin.tolist(), "views": views,
                "joints": joint_rows(placed_joints),
                "body": person.body_record(np.zeros(3)),
                "files": stated(part, sorted(path.name for path in part.iterdir())),
            }  # fmt: skip
            (part / "person.json").write_text(json.dumps(record))
            np.savez_compressed(part / FILE, landmarks=found)
    return number


def _looks(
    sitting: Sitting,
    renderer: Renderer,
    rng: np.random.Generator,
    folder: Path,
    close_ups: CloseUpViews | None,
    close_rng: np.random.Generator,
) -> tuple[list[dict[str, Any]], NDArray[np.float32]]:
    """The views of one pose as `person.json` has them, and BlazePose's landmarks (views, 33, 4).

    Pictures and maps go into `folder` where the sitting keeps them, and close-ups with them.
    """
    lights, backgrounds = _lights(sitting.lighting)[1], Backgrounds(None, 0)
    views = []
    found = np.zeros((sitting.views, LANDMARKS, 4), np.float32)
    for index, yaw in enumerate(draw_yaws(sitting.settings(), rng)):
        elevation = float(rng.uniform(*sitting.elevation))
        rotation = view_rotation(float(yaw), elevation)
        shift = renderer.shift(rotation)
        look, drawn = draw_look(rng, lights)
        stem = f"view_{index:03d}"
        if sitting.pictures:
            view = renderer.render(rotation, shift, look)
            write_view(folder, stem, view)
            colour, mask = view.colour, view.mask
        else:
            colour, mask = renderer.picture(rotation, shift, look)
        if close_ups is not None:
            close_ups.add(index, rotation, shift, look, sitting.close_ups, close_rng)
        found[index] = landmarks_before(colour, mask, backgrounds.draw(rng, sitting.size))
        views.append({
            "yaw": float(yaw), "elevation": elevation, "rotation": rotation.ravel().tolist(), "shift": shift.tolist(),
            "files": stem, **drawn,
        })  # fmt: skip
    if close_ups is not None:
        close_ups.close()
    return views, found


def make_all_views(
    sitting: Sitting, count: int, test_fraction: float, workers: int, done: Callable[[int], None]
) -> dict[str, list[str]]:
    """Make what is missing of mannequins 0 .. count-1, then write `split.json`, by mannequin.

    Returns the split. `done` is called with each mannequin's number. MissingExtra without BlazePose.
    """
    if not blazepose.available():
        raise MissingExtra("mediapipe", "person", "finding landmarks")
    one_thread()
    share_out(sitting.order, functools.partial(make_views, sitting), missing(sitting, count), workers, done)
    return write_split(sitting, count, test_fraction)


def write_split(sitting: Sitting, count: int, test_fraction: float) -> dict[str, list[str]]:
    """Write which poses of mannequins 0 .. count-1 are to train on; returns the split.

    All of a mannequin's are, or none. Where pictures are kept, `dataset.json` says as well what `PeopleDataset` must
    know.
    """
    names = [f"{number:06d}" for number in range(count)]
    parts = make_split(names, test_fraction, sitting.order.seed)
    split = {
        part: [pose_folder(sitting.order.out, int(n), p).name for n in parts[part] for p in range(sitting.each)]
        for part in ("train", "test")
    }
    write_text(sitting.order.out / "split.json", json.dumps(split, indent=1))
    if sitting.pictures:
        poses = count * sitting.each
        extra = {"people": poses, "views": poses * sitting.views, "points": False}
        described = header(sitting.settings(), *_lights(sitting.lighting)) | extra
        write_text(sitting.order.out / "dataset.json", json.dumps(described))
        write_text(sitting.order.out / "README.md", DESCRIPTION)
    return split
