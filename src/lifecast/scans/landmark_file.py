"""The landmarks beside a prepared person, as the dataset reads them: without BlazePose, which only made them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError

FILE = "landmarks.npz"
"""In each person's folder: `landmarks` (views, 33, 4)."""
LIFTED_FILE = "lifted.npz"
"""The same, each landmark moved to where a lifter thinks the joint is."""
LANDMARKS = 33
Limbs = bool | Literal["lifted"]
"""Whether samples have limb maps, and whether these are drawn from lifted landmarks."""


def joint_rows(points: NDArray[np.float64], digits: int = 6) -> list[list[float | None]]:
    """Joints (33, 3) as JSON has them: a coordinate that is nan, of a joint that is not known, is null."""
    return [[None if np.isnan(c) else round(float(c), digits) for c in row] for row in points]


def read_landmarks(folder: Path, views: int, lifted: bool = False) -> NDArray[np.float32]:
    """(views, 33, 4): x, y, z in view units (z 0 at the hips) and visibility; visibility 0 where nobody was seen.

    With `lifted`, as `lifecast lift` moved them (z 0 at the view's own origin). DataError where they are missing or
    damaged.
    """
    path = folder / (LIFTED_FILE if lifted else FILE)
    command = "lift" if lifted else "landmarks"
    try:
        with np.load(path) as stored:
            found = np.asarray(stored["landmarks"], np.float32)
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing; add it to the dataset with `lifecast {command} DATA`") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged ({error}); remove it and run `lifecast {command}` again") from error
    if found.shape != (views, LANDMARKS, 4) or not np.isfinite(found).all():
        raise DataError(f"{path}: holds {found.shape}, not ({views}, {LANDMARKS}, 4) finite numbers; remove it")
    return found
