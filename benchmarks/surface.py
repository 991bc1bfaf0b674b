"""Questions, seconds and memory of the surface search, on analytic people whose every value is known.

    python benchmarks/surface.py                      # 256 and 512
    python benchmarks/surface.py --resolutions 512 1024

For each field and resolution it prints what each method asks, divided by the least any method can ask: the corners of
the cells whose corners differ in sign. In brackets: divided by the ends of the lattice edges that change sign, a smaller
set, from which alone the triangles do not follow.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

import torch
from torch import Tensor

from lifecast.surface.extract import extract_surface
from lifecast.surface.field import CallableField
from lifecast.surface.lattice import STEPS, SparseLattice
from lifecast.surface.refine import CORNER_OFFSETS, cells_on_surface

LIMBS = (
    # start, end (view units, a person of 1.4), radii there
    ((0.00, 0.02, 0.00), (0.00, 0.34, 0.00), 0.115, 0.135),  # trunk
    ((-0.05, 0.33, 0.00), (0.05, 0.33, 0.00), 0.12, 0.12),  # shoulders
    ((0.00, 0.44, 0.00), (0.00, 0.52, 0.01), 0.045, 0.045),  # neck
    ((0.00, 0.58, 0.015), (0.00, 0.63, 0.005), 0.075, 0.08),  # head
    ((-0.16, 0.37, 0.00), (-0.30, 0.17, -0.02), 0.05, 0.042),  # arms
    ((-0.30, 0.17, -0.02), (-0.37, -0.06, 0.06), 0.038, 0.028),
    ((0.16, 0.37, 0.00), (0.27, 0.15, 0.00), 0.05, 0.042),
    ((0.27, 0.15, 0.00), (0.33, -0.08, 0.08), 0.038, 0.028),
    ((-0.37, -0.07, 0.06), (-0.385, -0.14, 0.075), 0.026, 0.014),  # hands
    ((0.33, -0.09, 0.08), (0.345, -0.16, 0.095), 0.026, 0.014),
    ((-0.07, -0.02, 0.00), (-0.09, -0.36, 0.02), 0.09, 0.062),  # legs
    ((-0.09, -0.36, 0.02), (-0.10, -0.70, -0.02), 0.058, 0.04),
    ((0.07, -0.02, 0.00), (0.10, -0.36, 0.03), 0.09, 0.062),
    ((0.10, -0.36, 0.03), (0.13, -0.70, -0.01), 0.058, 0.04),
    ((-0.10, -0.72, -0.01), (-0.12, -0.73, 0.12), 0.035, 0.028),  # feet
    ((0.13, -0.72, 0.00), (0.16, -0.73, 0.13), 0.035, 0.028),
)


def person_distance(points: Tensor) -> Tensor:
    """About the distance (N,) of points (N, 3) from a clothed person's surface, view units, negative inside."""
    nearest = torch.full_like(points[:, 0], 1e3)
    for start, end, radius_start, radius_end in LIMBS:
        a = points.new_tensor(start)
        along = points.new_tensor(end) - a
        share = ((points - a) @ along / (along @ along)).clamp(0, 1)  # (N,)
        gap = (points - a - share[:, None] * along).norm(dim=1) - (radius_start + (radius_end - radius_start) * share)
        blend = (0.5 + (nearest - gap) / 0.06).clamp(0, 1)  # smooth union over 3 cm
        nearest = nearest + (gap - nearest) * blend - 0.03 * blend * (1 - blend)
    x, y, z = points.unbind(dim=1)
    folds = torch.sin(55 * y + 18 * x + 6 * torch.sin(9 * z)) * torch.sin(23 * x + 31 * z)
    return nearest - 0.006 * folds
