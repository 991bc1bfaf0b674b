"""A scan to the normalised space that all people share: units, up axis, scale and origin.

Normalised space is the view space of yaw 0: x right, y up, z toward the camera, the larger of height and horizontal
diameter at 180 cm = 1.40625 units (1 unit = 128 cm), x and z zero at the pelvis, y zero at half height.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.scan import Scan
from lifecast.space.units import CM_PER_UNIT, STANDING_CM

if TYPE_CHECKING:
    from lifecast.scans.settings import Units, Up

CM = 1.0 / CM_PER_UNIT
"""One centimetre of a normalised person, in view units."""
SPAN = STANDING_CM * CM

METRES: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
# Rows of the rotation that brings the named axis to +y and keeps handedness.
TO_Y_UP: dict[str, list[list[float]]] = {
    "y": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "z": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "-y": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    "-z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "x": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
}
TALLEST, SHORTEST = 2.5, 0.5


@dataclass
class Normalisation:
    """p = scale * (metres - origin), metres = unit * (turn @ file)."""

    scale: float
    origin: NDArray[np.float64]
    """(3,) metres, y up."""
    units: str
    up: str


def find_up(vertices: NDArray[np.floating], source: str = "") -> str:
    """The axis along which a person stands: y unless the extent along another is clearly larger.

    glTF is y up by its specification, whoever crawls or sits on the floor in it. Scanners write the other formats y up
    or z up; someone with stretched arms may be as wide as tall, so y (most of the datasets) wins within 30 %.
    """
    if Path(source).suffix.lower() in (".glb", ".vrm", ".gltf"):
        return "y"
    extent = np.ptp(vertices, axis=0)
    if extent[2] > 1.3 * extent[1] and extent[2] >= 0.8 * extent[0]:  # stretched arms span up to 1.1 heights
        return "z"
    if extent[0] > 1.3 * extent[1] and extent[0] > 1.3 * extent[2] and extent[1] < 0.4 * extent[0]:
        # Wider than anyone's arms are against the height (span / height is at most about 1.1): lies along x.
        return "x"
    return "y"


def find_units(extent: NDArray[np.floating], source: str = "") -> str:
    """Find the unit in which somebody of `extent` (3,), y up, is 0.5 to 2.5 m tall.

    That covers a sitting child. Somebody who lies is taken as 0.6 of his length. ScanError where no unit fits.
    """
    height = float(max(extent[1], 0.6 * extent.max()))
    for unit in ("m", "cm", "mm", "inch"):
        if SHORTEST <= height * METRES[unit] <= TALLEST:
            return unit
    raise ScanError(
        f"{source}: {height:.4g} units tall, which is no person in m, cm, mm or inches; give --units and --up"
    )


def horizontal_diameter(vertices: NDArray[np.floating]) -> float:
    """The largest width seen from any yaw, of (V, 3) vertices, y up."""
    angles = np.linspace(0, np.pi, 90, endpoint=False)
    axes = np.stack([np.cos(angles), np.sin(angles)])  # (2, 90)
    # Only extreme points matter: those of the convex hull, approximated by the extremes along the 90 axes.
    flat = vertices[:: max(1, len(vertices) // 20000)][:, [0, 2]] @ axes.astype(vertices.dtype)  # (V', 90)
    return float(np.ptp(flat, axis=0).max())


def surface_centroid(vertices: NDArray[np.floating], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """(3,) area-weighted mean of the surface."""
    corners = vertices[faces].astype(np.float64)  # (F, 3, 3)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    if area.sum() <= 0:
        raise ScanError("a scan whose triangles have no area cannot be normalised")
    centroid: NDArray[np.float64] = (corners.mean(axis=1) * area[:, None]).sum(axis=0) / area.sum()
    return centroid


def normalise(
    scan: Scan, units: Units | None = None, up: Up | None = None, pelvis: NDArray[np.float64] | None = None
) -> Normalisation:
    """Bring `scan.vertices` into normalised space, in place; return how.

    Parameters
    ----------
    units, up
        Of the file; None: found from the extents (glTF is y up).
    pelvis
        (3,) metres in the y-up frame (from a made person's card); None: the surface's centroid stands in for it.
    """
    up_axis = up or find_up(scan.vertices, scan.source)
    # In double precision: a scan may lie in a country's coordinates, where single precision has steps of half a metre.
    vertices = scan.vertices.astype(np.float64) @ np.array(TO_Y_UP[up_axis], np.float64).T
    extent = np.ptp(vertices, axis=0)
    if not extent.min() > 0:
        raise ScanError(f"{scan.source}: the scan is flat (extents {extent.tolist()})")
    unit = units or find_units(extent, scan.source)
    vertices = vertices * METRES[unit]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    height = float(high[1] - low[1])
    if not 0.1 < height < 4.0:
        raise ScanError(f"{scan.source}: {height:.3g} m tall with units {unit} and up {up_axis}; give --units and --up")
    centre = surface_centroid(vertices, scan.faces) if pelvis is None else np.asarray(pelvis, np.float64)
    origin = np.array([centre[0], (float(low[1]) + float(high[1])) / 2, centre[2]])
    scale = SPAN / max(height, horizontal_diameter(vertices))
    scan.vertices = ((vertices - origin) * scale).astype(np.float32)
    return Normalisation(scale, origin, unit, up_axis)
