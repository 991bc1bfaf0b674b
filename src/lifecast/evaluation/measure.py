"""One predicted mesh against one true surface: every figure of a protocol, at every alignment it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lifecast.evaluation.alignment import IDENTITY, Motion, closest_point_alignment
from lifecast.evaluation.metrics import compare_surfaces, volume_iou
from lifecast.evaluation.normal_error import reprojection_errors
from lifecast.evaluation.protocol import Alignment, Protocol
from lifecast.evaluation.raster import render_sides
from lifecast.evaluation.triangles import Triangles
from lifecast.evaluation.truth import bounding_mask
from lifecast.scans.regions import Regions
from lifecast.space.units import CM_PER_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sides = dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]


@dataclass(frozen=True)
class Truth:
    """The true person in the view space of one picture.

    What several predictions are measured against is kept.
    """

    soup: Triangles
    """Everything, hidden layers too."""
    bounding: NDArray[np.bool_] | None = None
    """(F,) which triangles bound the person, where that is given; otherwise it is found."""
    render_size: int = 512
    regions: Regions | None = None
    """(F,) which region each triangle belongs to (`scans.regions`), where that is known."""

    @cached_property
    def bounds(self) -> NDArray[np.bool_]:
        """(F,) which triangles bound the person."""
        return bounding_mask(self.soup) if self.bounding is None else self.bounding

    @cached_property
    def outer(self) -> Triangles:
        """The triangles that bound the person."""
        return Triangles(self.soup.vertices, self.soup.faces[self.bounds])

    @property
    def outer_regions(self) -> Regions | None:
        """Which regions the triangles of `outer` belong to, where that is known."""
        return None if self.regions is None else self.regions[self.bounds]

    @cached_property
    def sides(self) -> Sides:
        """Normal map and mask of the four sides."""
        return render_sides(self.outer, self.render_size)


@dataclass(frozen=True)
class Measurement:
    """The figures at one alignment, and the motion that was applied before.

    The motion is the identity for "none".
    """

    figures: dict[str, float]
    motion: Motion

    def to_json(self) -> dict[str, float]:
        """Describe the figures and how far the alignment moved the mesh, in JSON values."""
        return self.figures | {
            "moved_cm": float(np.linalg.norm(self.motion.shift)) * CM_PER_UNIT,
            "turned_degrees": self.motion.angle_degrees,
            "scaled": self.motion.scale,
        }


def measure(prediction: Triangles, truth: Truth, protocol: Protocol, seed: int = 0) -> dict[Alignment, Measurement]:
    """Measure all of `protocol`'s figures of `prediction`, by alignment.

    Samples, IoU points and alignment follow from `seed`: the same meshes give the same figures, on any
    machine up to rounding.
    """
    found: dict[Alignment, Measurement] = {}
    for alignment in protocol.alignments:
        motion, moved = IDENTITY, prediction
        if alignment != "none":
            motion = closest_point_alignment(prediction, truth.outer, with_scale=alignment == "similarity", seed=seed)
            moved = Triangles(motion(prediction.vertices), prediction.faces)
        figures = compare_surfaces(moved, truth.outer, protocol.samples, seed).summary()
        if "iou" in protocol.metrics:
            figures["iou"] = volume_iou(moved, truth.soup, protocol.iou_points, seed)
        if protocol.renders:
            figures |= reprojection_errors(render_sides(moved, protocol.render_size), truth.sides)
        found[alignment] = Measurement({name: figures[name] for name in protocol.metrics}, motion)
    return found
