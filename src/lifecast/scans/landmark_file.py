"""The landmarks beside a prepared person, as the dataset reads them: without BlazePose, which only made them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError

FILE = "landmarks.npz"
"""In each person's folder: `landmarks` (views, 33, 4)."""
LANDMARKS = 33


def read_landmarks(folder: Path, views: int) -> NDArray[np.float32]:
    """(views, 33, 4): x, y, z in view units (z 0 at the hips) and visibility; visibility 0 where nobody was seen.

    DataError where they are missing or damaged.
    """
    path = folder / FILE
    try:
        with np.load(path) as stored:
            found = np.asarray(stored["landmarks"], np.float32)
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing; add landmarks to the dataset with `lifecast landmarks DATA`") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged ({error}); remove it and run `lifecast landmarks` again") from error
    if found.shape != (views, LANDMARKS, 4) or not np.isfinite(found).all():
        raise DataError(f"{path}: holds {found.shape}, not ({views}, {LANDMARKS}, 4) finite numbers; remove it")
    return found
