"""An arm that lay on the trunk has the trunk's depth: once it is cut off, it gets its own.

From the front an arm beside the trunk has its outline, but from the side both are one shape, and an arm that is lifted
would be a wing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import shipped_body
from lifecast.body.limbs import ARM, limb_vertices
from lifecast.body.names import SIDES
from lifecast.body.rig.body_in_metres import BodyInMetres
from lifecast.body.rig.webs import limbs

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ArmDepth:
    """Constants of how deep an arm may be."""

    most: float = 1.25
    """Depth over the arm's width, and over the fitted arm's depth, from both of which on it is made shallower."""
    rims: float = 0.01
    """Share of an arm's vertices along a cut from which on it lay on something."""
    sections: int = 5
    """Across each of upper arm, forearm and hand."""
    rim: float = 2.0
    """Percent of a section's vertices at either end that do not count in its width and depth."""
    hand: float = 1.8
    """A hand's length in those from the wrist to the middle finger's knuckle."""
    fewest: int = 20
    """Vertices of a section that has a width."""
    level: float = 0.3
    """Sine of the angle between bone and line of sight below which the bone points at the camera."""


ARM_DEPTH = ArmDepth()


def shallower_arms(
    points: Floats,
    weights: Floats,
    rims: NDArray[np.bool_],
    body: BodyInMetres,
    constants: ArmDepth = ARM_DEPTH,
) -> Floats:
    """Make arms that were cut off the trunk no deeper than wide, or than the fitted arms.

    Depth counts from an arm's foremost places, which the photograph shows, backwards and across its bone.

    Parameters
    ----------
    points : (V, 3) metres, in the photograph's pose, the camera at +z.
    weights : (V, J), rows sum to 1.
    rims : (V,) what lies along a cut.

    Returns
    -------
    (V, 3), where what an arm moves in part moves in part.
    """
    names = shipped_body().joints
    of_joint = limbs()
    posed = np.einsum("jxy,jy->jx", body.pose[:, :3, :3], body.rest_joints) + body.pose[:, :3, 3]
    moved = points.copy()
    for k, side in enumerate(SIDES):
        share = weights[:, of_joint == 1 + k].sum(1)
        own = np.flatnonzero(share > 0.5)
        if len(own) == 0 or rims[own].mean() < constants.rims:
            continue
        stations = [posed[names.index(f"{joint}.{side}")] for joint in (*ARM, "finger3-1")]
        stations[3] = stations[2] + constants.hand * (stations[3] - stations[2])
        some = np.flatnonzero(share > 0)
        skin = body.skin[np.logical_or.reduce([limb_vertices(f"{joint}.{side}") for joint in ARM])[:SKIN_VERTICES]]
        bones = [(stations[j], stations[j + 1]) for j in range(3)]
        pull = _too_deep(points[own], points[some], skin, bones, constants)
        moved[some] -= share[some, None] * pull
    return moved


class _OnBones(NamedTuple):
    """Where points (N, 3) are on a chain of bones."""

    along: NDArray[np.float64]
    """(N,) the bone's number plus the share of it."""
    bone: NDArray[np.int64]
    """(N,)"""
    off: NDArray[np.float64]
    """(N, 3) from the nearest place on the bone."""


def _too_deep(
    own: Floats, points: Floats, skin: Floats, bones: list[tuple[Floats, Floats]], constants: ArmDepth
) -> Floats:
    """Find by how much points (N, 3) lie too far behind the foremost ones of an arm, `own` (M, 3): vectors (N, 3).

    skin: (K, 3) the fitted arm's.
    """
    directions = np.stack([(end - start) / max(float(np.linalg.norm(end - start)), 1e-9) for start, end in bones])
    behind = np.array([0, 0, -1.0]) + directions[:, 2:] * directions  # (3, 3) away from the camera, across the bone
    level = np.linalg.norm(behind, axis=1)
    behind /= np.maximum(level, 1e-9)[:, None]
    aside = np.cross(directions, behind)
    count = constants.sections * len(bones)
    first, last = _section_ends(own, bones, behind, constants)
    left, right = _section_ends(own, bones, aside, constants)
    near, far = _section_ends(skin, bones, behind, constants)
    allowed = constants.most * np.fmax(right - left, far - near)
    scale = np.minimum(1, allowed / np.maximum(last - first, 1e-6))
    known = np.flatnonzero(np.isfinite(scale) & (np.repeat(level, constants.sections) > constants.level))
    if len(known) == 0:
        return np.zeros_like(points)
    asked = _on_bones(points, bones)
    middles = (np.arange(count) + 0.5) / constants.sections
    scale, first = (np.interp(asked.along, middles[known], values[known]) for values in (scale, first))
    back = np.einsum("nx,nx->n", asked.off, behind[asked.bone]) - first
    pull: Floats = (((1 - scale) * np.maximum(back, 0))[:, None] * behind[asked.bone]).astype(np.float32)
    return pull


def _section_ends(
    points: Floats, bones: list[tuple[Floats, Floats]], axes: NDArray[np.float64], constants: ArmDepth
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find where an arm's sections end along their bones' axes, (3, 3), of points (N, 3): two (S,), nan for none."""
    on = _on_bones(points, bones)
    places = np.einsum("nx,nx->n", on.off, axes[on.bone])
    section = (on.along * constants.sections).astype(int)
    ends = np.full((2, constants.sections * len(bones)), np.nan)
    for k in range(ends.shape[1]):
        inside = section == k
        if inside.sum() >= constants.fewest:
            ends[:, k] = np.percentile(places[inside], (constants.rim, 100 - constants.rim))
    return ends[0], ends[1]


def _on_bones(points: Floats, bones: list[tuple[Floats, Floats]]) -> _OnBones:
    best, along, off = np.full(len(points), np.inf), np.zeros(len(points)), np.zeros(points.shape)
    for k, (start, end) in enumerate(bones):
        way = end - start
        share = ((points - start) @ way / max(float(way @ way), 1e-12)).clip(0, 1 - 1e-6)
        apart = points - start - share[:, None] * way
        away = np.linalg.norm(apart, axis=1)
        nearer = away < best
        best[nearer], along[nearer], off[nearer] = away[nearer], k + share[nearer], apart[nearer]
    return _OnBones(along, along.astype(np.int64), off)
