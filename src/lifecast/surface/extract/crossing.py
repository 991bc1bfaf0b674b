"""Where the surface crosses a lattice edge, and which way it faces there.

Between the ends of an edge the logit is taken as linear first: exact for a network of (leaky) rectifiers wherever no
unit switches on the way, and far better than to interpolate occupancies, which a trained field turns from 0 to 1 within
a voxel. Where the field bends, the first guess is asked and the crossing put on the parabola through the three values
(Brent's step). How much it bends follows without a question from how the slopes of the four parallel edges around
differ (all their ends are corners of cells on the surface, so all have values); the edges with the largest expected
error are asked, as many as the allowance covers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.surface.extract.lattice import STEPS, SparseLattice

TOLERANCE = 0.01
"""Voxels: an edge whose expected error is below is not asked."""

BEND = 0.05
"""Difference of neighbouring slopes, as a share of the gradient, at which it and the mesh count alike in a normal.

Gradients are best for a distance, meshes for logits that saturate within a voxel: there differences over a voxel waver
from one to the next by some tenths of a degree, which shows as fine lines."""

MARGIN = 1e-3
"""Voxels that a vertex keeps from the ends of its edge, so that no triangle degenerates to a point."""


class Crossings(NamedTuple):
    """One point of the surface on each edge."""

    points: Tensor
    """(E, 3) float32, view space."""
    normals: Tensor
    """(E, 3) float32, unit vectors out of the surface, from the field's gradient."""
    trust: Tensor
    """(E,) float32 in (0, 1]: how well differences over a voxel stand for the gradient there."""


def crossings(lattice: SparseLattice, corners: Tensor, axes: Tensor, allowance: int) -> Crossings:
    """Find where the surface crosses the edges from `corners` (E,) along `axes` (E,).

    Corners are codes, axes 0, 1 or 2. `allowance`: the most questions it may ask.
    """
    steps = torch.tensor(STEPS, device=lattice.device)
    along = steps[axes]  # (E,)
    across = torch.stack((steps[(axes + 1) % 3], steps[(axes + 2) % 3]), dim=1)  # (E, 2)
    start, end = lattice.peek(corners), lattice.peek(corners + along)  # (E,)
    around = torch.cat((across, -across), dim=1)  # (E, 4)
    start_around = lattice.peek(corners[:, None] + around)  # (E, 4)
    end_around = lattice.peek((corners + along)[:, None] + around)

    slope = end - start  # (E,)
    share = start / (start - end)  # (E,) in [0, 1]
    change = (end_around - start_around - slope[:, None]).abs().amax(dim=1)  # (E,)
    error = change / slope.abs() * share * (1 - share)
    share = _asked(lattice, corners, axes, share, (start, end), error, allowance)
    share = share.clamp(MARGIN, 1 - MARGIN)

    # The gradient, by central differences across the edge, blended between its ends.
    across_start = (start_around[:, :2] - start_around[:, 2:]) / 2  # (E, 2)
    across_end = (end_around[:, :2] - end_around[:, 2:]) / 2
    gradient = torch.empty(len(corners), 3, device=lattice.device)
    rows = torch.arange(len(corners), device=lattice.device)
    gradient[rows, axes] = slope
    for k in range(2):
        gradient[rows, (axes + 1 + k) % 3] = torch.lerp(across_start[:, k], across_end[:, k], share)
    length = gradient.norm(dim=1)
    normals = -gradient / length.clamp_min(1e-12)[:, None]
    # By the whole gradient, not the slope along the edge: an edge that the surface grazes has next to none.
    trust = 1 / (1 + (change / (BEND * length).clamp_min(1e-12)) ** 2)
    return Crossings(_at(lattice, corners, axes, share), normals, trust)


def _at(lattice: SparseLattice, corners: Tensor, axes: Tensor, share: Tensor) -> Tensor:
    """Points (E, 3) at a share (E,) of the edges."""
    points = lattice.coordinates(corners)
    points[torch.arange(len(corners), device=points.device), axes] += share * (2 / lattice.resolution)
    return points


def _asked(
    lattice: SparseLattice,
    corners: Tensor,
    axes: Tensor,
    share: Tensor,
    ends: tuple[Tensor, Tensor],
    error: Tensor,
    allowance: int,
) -> Tensor:
    """The shares (E,), corrected by one question each where the expected error (E,) asks for it."""
    start, end = ends
    doubtful = torch.nonzero(error > TOLERANCE).squeeze(1)
    if len(doubtful) > allowance:
        doubtful = error.topk(allowance).indices.sort().values
    if not len(doubtful):
        return share
    guess = share[doubtful]
    value = lattice.ask_points(_at(lattice, corners[doubtful], axes[doubtful], guess))
    first, last = start[doubtful], end[doubtful]
    # Inverse quadratic interpolation through (0, first), (guess, value), (1, last); where its solution leaves the side
    # on which the crossing lies, the chord of that side.
    inverse = guess * first * last / ((value - first) * (value - last))
    inverse = inverse + first * value / ((last - first) * (last - value))
    beyond = (value > 0) == (first > 0)  # the crossing lies beyond the guess
    far_share, far = beyond.to(guess), torch.where(beyond, last, first)
    chord = guess + (far_share - guess) * value / (value - far)
    inside = (inverse > torch.minimum(guess, far_share)) & (inverse < torch.maximum(guess, far_share))
    corrected = torch.where(inside, inverse, chord)
    share = share.clone()
    share[doubtful] = corrected
    return share
