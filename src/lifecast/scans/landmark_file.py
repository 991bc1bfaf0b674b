"""The landmark files of prepared people, as the dataset reads them.

Without BlazePose, which only made them.
"""

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
"""The same, each landmark moved to where the pose lifter predicts the joint."""
LANDMARKS = 33
Limbs = bool | Literal["lifted"]
"""Whether samples have limb maps, and whether these are drawn from lifted landmarks."""


def joint_rows(points: NDArray[np.float64], digits: int = 6) -> list[list[float | None]]:
    """Convert joints (33, 3) to JSON rows.

    A coordinate that is nan, of a joint without a place, becomes null.
    """
    return [[None if np.isnan(c) else round(float(c), digits) for c in row] for row in points]


def read_landmarks(folder: Path, views: int, lifted: bool = False) -> NDArray[np.float32]:
    """Read landmarks (views, 33, 4): x, y, z in view units, and visibility.

    z is 0 at the hips. Visibility is 0 if nobody was found. With `lifted`, as `lifecast lift` moved them (z 0 at the
    view's own origin). DataError where they are missing or damaged.
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
