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
from lifecast.space.parsing import Part

FILE = "regions.npz"
PARSING_FILE = "parsing.npz"
"""The same for human parsing: the `space.parsing.Part` of every face."""
REGIONS = ("rest", "face", "left_hand", "right_hand", "left_foot", "right_foot", "hair", "loose_cloth")
"""Names, in the order of the numbers that files hold. Left is the person's own."""
REST, FACE, LEFT_HAND, RIGHT_HAND, LEFT_FOOT, RIGHT_FOOT, HAIR, LOOSE_CLOTH = range(len(REGIONS))

Regions = NDArray[np.uint8]
"""(F,) numbers of `REGIONS`, one a face."""


def write_regions(path: Path, parts: Mapping[str, Regions]) -> None:
    """Write the regions (or parts) of each mesh's faces, by the mesh's name."""
    np.savez_compressed(path, **parts)  # type: ignore[arg-type]


def read_regions(path: Path, scan: Scan) -> Regions | None:
    """Read the regions (F,) of all faces of `scan`, which was read from the GLB beside `path`; None without a file.

    Raises
    ------
    ScanError
        The file is damaged, or not of this person.
    """
    return _read(path, scan, len(REGIONS))


def read_parsing(path: Path, scan: Scan) -> NDArray[np.uint8] | None:
    """Read the parts (F,) of all faces of `scan` (`space.parsing.Part`), as `read_regions` reads regions."""
    return _read(path, scan, len(Part))


def _read(path: Path, scan: Scan, kinds: int) -> NDArray[np.uint8] | None:
    """(F,) numbers below `kinds` that the file has for each mesh's faces."""
    if not path.is_file():
        return None
    found = np.zeros(len(scan.faces), np.uint8)
    try:
        with np.load(path) as stored:
            for name, first, end in scan.parts:
                numbers = stored[name]
                if len(numbers) != end - first or numbers.max(initial=0) >= kinds:
                    raise ValueError(f"{name} has {end - first} faces, and {len(numbers)} are stated")
                found[first:end] = numbers
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ScanError(f"{path}: does not fit the person beside it ({error}); remove it, or make them anew") from error
    return found
