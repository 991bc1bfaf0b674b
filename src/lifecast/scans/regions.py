"""What the faces of a made person belong to: face, hands, feet, hair, loose cloth, or the rest.

`lifecast synthesize` writes `regions.npz` beside a person's GLB: for each of its parts the region of every face.
`lifecast prepare` passes them on into `mesh.npz`. Scans, and people made before, have none.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.scan import Scan

FILE = "regions.npz"
REGIONS = ("rest", "face", "left_hand", "right_hand", "left_foot", "right_foot", "hair", "loose_cloth")
"""Names, in the order of the numbers that files hold. Left is the person's own."""
REST, FACE, LEFT_HAND, RIGHT_HAND, LEFT_FOOT, RIGHT_FOOT, HAIR, LOOSE_CLOTH = range(len(REGIONS))

Regions = NDArray[np.uint8]
"""(F,) numbers of `REGIONS`, one a face."""


def write_regions(path: Path, parts: Mapping[str, Regions]) -> None:
    """Write the regions of each part's faces, by the part's name."""
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def read_regions(path: Path, scan: Scan) -> Regions | None:
    """Read the regions (F,) of all faces of `scan`, which was read from the GLB beside `path`; None without a file.

    Raises
    ------
    ScanError
        The file is damaged, or not of this person.
    """
    if not path.is_file():
        return None
    found = np.full(len(scan.faces), REST, np.uint8)
    try:
        with np.load(path) as stored:
            for name, first, end in scan.parts:
                regions = stored[name]
                if len(regions) != end - first or regions.max(initial=0) >= len(REGIONS):
                    raise ValueError(f"{name} has {end - first} faces, and {len(regions)} are stated")
                found[first:end] = regions
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ScanError(f"{path}: does not fit the person beside it ({error}); remove it, or make them anew") from error
    return found
