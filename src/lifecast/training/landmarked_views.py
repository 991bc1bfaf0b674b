"""Prepared views with BlazePose's landmarks and, of made people, the joints that these point at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifecast.atomic import atomic_file
from lifecast.errors import DataError
from lifecast.scans.landmark_file import LANDMARKS, LIFTED_FILE, read_landmarks


@dataclass(frozen=True)
class LandmarkedViews:
    """N views of prepared people in which BlazePose found somebody."""

    people: list[tuple[Path, int]]
    """Of each view its person's folder and its number there."""
    landmarks: Tensor
    """(N, 33, 4), as `read_landmarks` gives them."""
    joints: Tensor
    """(N, 33, 3) in view space, nan where a joint is not given."""
    train: Tensor
    """(N,) bool: whether the person is in the training split."""
    counts: dict[Path, int]
    """Of everybody's folder, how many views it has, whether or not somebody was found in them."""

    def __len__(self) -> int:
        return len(self.people)


def joints_in_views(folder: Path) -> NDArray[np.float32]:
    """Place a prepared person's joints in the view space of each view: (views, 33, 3).

    nan where not given (all of a scan's). DataError where `person.json` cannot be read.
    """
    path = folder / "person.json"
    try:
        record = json.loads(path.read_text())
        views = record["views"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error
    given = record.get("joints")
    joints = np.full((LANDMARKS, 3), np.nan) if given is None else np.array(given, np.float64)  # None becomes nan
    if joints.shape != (LANDMARKS, 3):
        raise DataError(f"{path}: joints of shape {joints.shape}, not ({LANDMARKS}, 3); run `lifecast prepare` again")
    return np.stack([
        joints @ np.array(view["rotation"]).reshape(3, 3).T + [*view["shift"], 0.0] for view in views
    ]).astype(np.float32)  # fmt: skip


def read_views(roots: Iterable[Path]) -> LandmarkedViews:
    """Read all views of prepared datasets in which BlazePose found somebody.

    Their joints are read, too.
    """
    people: list[tuple[Path, int]] = []
    landmarks, joints, train = [], [], []
    counts: dict[Path, int] = {}
    for root in roots:
        try:
            split = json.loads((root / "split.json").read_text())
        except (OSError, ValueError) as error:
            raise DataError(f"{root / 'split.json'}: missing or damaged ({error}); run `lifecast prepare`") from error
        for part in ("train", "test"):
            for person in split[part]:
                folder = root / person
                true = joints_in_views(folder)
                counts[folder] = len(true)
                found = read_landmarks(folder, len(true))
                for view in np.flatnonzero(found[:, :, 3].any(axis=1)):
                    people.append((folder, int(view)))
                    landmarks.append(found[view])
                    joints.append(true[view])
                    train.append(part == "train")
    if not people:
        raise DataError(f"{', '.join(map(str, roots))}: BlazePose saw nobody in these views")
    return LandmarkedViews(
        people, torch.from_numpy(np.stack(landmarks)), torch.from_numpy(np.stack(joints)), torch.tensor(train), counts
    )


def check_joints(views: LandmarkedViews) -> None:
    """Check that training people's joints are given; DataError if not, as for scans."""
    for row, (folder, _) in enumerate(views.people):
        if views.train[row] and bool(views.joints[row].isnan().all()):
            raise DataError(
                f"{folder / 'person.json'}: has no joints. A lifter learns from people of `lifecast synthesize`, made "
                "by this version or later; lift others with one that is trained: add --weights, a file's or compact"
            )
    if not views.train.any():
        raise DataError("nobody in the training split was found by BlazePose: there is nothing to learn from")


def write_lifted(views: LandmarkedViews, lifted: Tensor) -> None:
    """Write everybody's `lifted.npz`; views in which nobody was found stay 0."""
    stored = {folder: np.zeros((count, LANDMARKS, 4), np.float32) for folder, count in views.counts.items()}
    for (folder, view), landmarks in zip(views.people, lifted.numpy(), strict=True):
        stored[folder][view] = landmarks
    for folder, landmarks in stored.items():
        with atomic_file(folder / LIFTED_FILE) as path, path.open("wb") as out:
            np.savez(out, landmarks=landmarks)
