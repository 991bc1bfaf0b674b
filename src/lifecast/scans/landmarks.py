"""BlazePose's landmarks of a prepared dataset's views, for networks conditioned on the pose.

Networks shall learn from the landmarks that they will get in use, with BlazePose's own mistakes, not from a rig's exact
joints: so each view is set before a generated background, and its landmarks are found as `photo.person` does.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecast.atomic import atomic_file
from lifecast.errors import DataError, LifecastError, MissingExtra
from lifecast.photo import blazepose
from lifecast.photo.blazepose import Circle
from lifecast.scans.background import Backgrounds
from lifecast.scans.cores import DIED, one_thread
from lifecast.scans.landmark_file import FILE, read_landmarks
from lifecast.space.skeleton import LANDMARKS
from lifecast.space.view import Camera

_SURE = 0.5


def landmarks_in_view(picture: Image.Image, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find landmarks (33, 4), in view units, of the person of `mask` (S, S) in a square picture.

    Zeros if BlazePose finds nobody.
    """
    x, y, width, height = cv2.boundingRect((mask > 127).astype(np.uint8))
    if width == 0:
        return np.zeros((LANDMARKS, 4), np.float32)
    around = Circle(x + width / 2, y + height / 2, max(width, height) * 0.55, 0.0, 0.0)
    pose = blazepose.settled(picture, around, _SURE)
    if pose is None:
        return np.zeros((LANDMARKS, 4), np.float32)
    return Camera.whole(mask.shape[0]).landmarks_to_view(pose.landmarks)


def landmarks_before(
    colour: NDArray[np.uint8], mask: NDArray[np.uint8], behind: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Find landmarks of a rendered view in front of `behind` (S, S, 3).

    The view is colour (S, S, 3) and mask (S, S); see `landmarks_in_view`.
    """
    cover = mask[..., None].astype(np.float32) / 255
    picture = colour * cover + behind * (1 - cover)
    return landmarks_in_view(Image.fromarray(picture.astype(np.uint8)), mask)


def add_to_person(folder: Path) -> bool:
    """Write the landmarks of one prepared person; False where they are there already."""
    try:
        views: list[dict[str, Any]] = json.loads((folder / "person.json").read_text())["views"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder / 'person.json'}: missing or damaged ({error}); run `lifecast prepare`") from error
    if (folder / FILE).is_file():
        read_landmarks(folder, len(views))
        return False
    rng = np.random.default_rng(zlib.crc32(folder.name.encode()))
    backgrounds = Backgrounds(None, 0)
    found = []
    for view in views:
        stem = folder / view["files"]
        colour, mask = cv2.imread(f"{stem}_colour.jpg", cv2.IMREAD_COLOR_RGB), cv2.imread(f"{stem}_mask.png", 0)
        if colour is None or mask is None:
            raise DataError(f"{stem}: its pictures are missing or damaged; run `lifecast prepare` again")
        found.append(landmarks_before(
            np.asarray(colour, np.uint8), np.asarray(mask, np.uint8), backgrounds.draw(rng, mask.shape[0])
        ))  # fmt: skip
    with atomic_file(folder / FILE) as part, part.open("wb") as file:
        np.savez_compressed(file, landmarks=np.stack(found))
    return True


def add_to_dataset(
    root: Path, workers: int = 1, progress: Callable[[str, bool, str], None] | None = None
) -> tuple[int, int]:
    """Find landmarks for everybody of a prepared dataset who has none yet.

    Returns how many people were added and failed. `progress` is called with each person, whether they were added, and,
    where they could not be, the reason.
    """
    if not blazepose.available():
        raise MissingExtra("mediapipe", "person", "finding landmarks")
    people = people_of(root)
    added = failed = 0
    for person, new, problem in _each(root, people, workers):
        added += new
        failed += bool(problem)
        if progress is not None:
            progress(person, new, problem)
    return added, failed


def people_of(root: Path) -> list[str]:
    """Everybody of a prepared dataset."""
    path = root / "split.json"
    try:
        split = json.loads(path.read_text())
        return sorted([*split["train"], *split["test"]])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: missing or damaged ({error}); make the dataset with `lifecast prepare`") from error


def _each(root: Path, people: list[str], workers: int) -> Iterator[tuple[str, bool, str]]:
    if workers <= 1:
        for person in people:
            yield person, *_add_or_say_why(root / person)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=one_thread)
    try:
        futures = {pool.submit(_add_or_say_why, root / person): person for person in people}
        for future in as_completed(futures):
            yield futures[future], *future.result()
    except BrokenProcessPool as error:
        raise DataError(f"{root}: {DIED}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _add_or_say_why(folder: Path) -> tuple[bool, str]:
    """`add_to_person`, or why not: one damaged person is no reason to stop the others."""
    try:
        return add_to_person(folder), ""
    except LifecastError as error:
        return False, str(error)
    except OSError as error:
        return False, f"{folder / FILE}: cannot be written ({error})"
