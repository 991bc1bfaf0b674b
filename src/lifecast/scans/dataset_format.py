"""What a dataset's folders hold, for whoever opens them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # training reads datasets without what the command line needs
    from lifecast.scans.settings import Settings

FORMAT = 1
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
    order of BlazePose's landmarks, null where not known, and the true `body` (`lifecast.people.body_record`), whose
    offset is in metres.
  - `view_000_colour.jpg`: sRGB, not multiplied by the mask, continued beyond the silhouette.
  - `view_000_mask.png`: 8 bit coverage.
  - `view_000_front.png`, `view_000_back.png`: unit normals as (n + 1) / 2 in 8 bit RGB, 128 outside. The back map is
    seen through the person: the same pixel of both lies on one line of sight.
  - `view_000_front_parsing.png`, `view_000_back_parsing.png`, of made people: the number of the part that each pixel
    shows (`lifecast.space.parsing.Part`: skin, face, hair, upper, lower, outer garment, shoes, belongings), 255
    outside.
  - `view_000_depth.npz`: `front`, `back` z in view units at a quarter of the size, nan outside.
  - `points.npz`: `uniform_points`, `near5_points`, `near3_points` (N, 3) normalised, and `..._inside` as packed bits:
    uniform in the cube [-1, 1]^3, and Gaussian about the surface with sigma 5 cm and 3 cm.
  - `mesh.npz`: `vertices` (normalised), `faces`, without mostly transparent ones; of made people `regions`, the number
    of each face's region in `lifecast.scans.regions.REGIONS`.
  - `landmarks.npz`, from `lifecast landmarks`: `landmarks` (views, 33, 4), what BlazePose sees: x, y, z in view
    units, z 0 at the hips, and visibility; 0 throughout where it saw nobody.
  - `lifted.npz`, from `lifecast lift`: the same, moved to where a lifter thinks the joints are, z 0 at the
    view's origin.

View space: x right, y up, z toward the camera, orthographic, the picture spans [-1, 1]; one unit is 128 cm of a person
normalised to 180 cm. Pixel centre i of S lies at -1 + (2 i + 1) / S.
"""


def header(settings: Settings, maps: list[str], lights: NDArray[np.float32]) -> dict[str, Any]:
    """Make the content of `dataset.json`, but for how many people there are.

    `maps` are the names of the lighting maps.
    """
    return {
        "format": FORMAT, "size": settings.size, "settings": asdict(settings),
        "lighting": {"maps": maps, "coefficients": np.round(lights, 6).reshape(len(lights), -1).tolist()},
        "normalisation": {"span_cm": 180, "unit_cm": 128},
    }  # fmt: skip
