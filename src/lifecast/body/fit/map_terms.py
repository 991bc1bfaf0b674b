"""Residuals of mask and depth maps."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, map_coordinates
from scipy.spatial import cKDTree

from lifecast.body.fit.constants import BodyFit
from lifecast.body.fit.fit_points import FitPoints, ViewPoints
from lifecast.body.fit.point_terms import Term
from lifecast.body.fit.reduced_body import Floats
from lifecast.body.fit.residuals import Residuals

MASK_SIDE = 192
"""Pixels at which the silhouette is compared."""
EDGE_POINTS = 160
_FACING = 0.25
"""Least share of a normal toward the camera, or away from it, of points that depth maps are compared with."""
_STEEPEST = 2.0
"""Slopes of depth maps are cut off here."""
_OUTSIDE_SHARE, _EDGE_SHARE, _DEPTH_SHARE = 0.15, 0.15, 0.5
"""What each point counts for: neighbours say the same."""


class Grid:
    """A map (s, s) over the picture, read at places in view space, with its slopes."""

    def __init__(self, values: Floats) -> None:
        self.side = values.shape[0]
        rows, columns = np.gradient(values)
        step = 2 / self.side  # view units a pixel
        self.layers = (values, columns / step, -rows / step)

    def at(self, points: Floats) -> tuple[Floats, Floats]:
        """Interpolate at points (N, 2 or 3): values (N,) and slopes (N, 2) by x and y."""
        column, row = (points[:, 0] + 1) / 2 * self.side - 0.5, (1 - points[:, 1]) / 2 * self.side - 0.5
        found = [map_coordinates(layer, [row, column], order=1, mode="nearest") for layer in self.layers]
        return found[0], np.stack(found[1:], 1)


def shrunk(mask: Floats, side: int) -> Floats:
    """Average a mask (S, S) down to at most `side` pixels."""
    times = max(mask.shape[0] // side, 1)
    size = mask.shape[0] // times
    cut = mask[: size * times, : size * times]
    averaged: Floats = cut.reshape(size, times, size, times).mean((1, 3))
    return averaged


def outside_term(fit: FitPoints, mask: Floats, constants: BodyFit) -> Term:
    """Keep the body inside the mask."""
    inside = shrunk(mask, MASK_SIDE) > 0.5
    distance = distance_transform_edt(~inside) * 2 / len(inside)
    grid = Grid(distance)

    def term(view: ViewPoints) -> Residuals:
        values, slopes = grid.at(view.points[fit.skin])
        out = np.flatnonzero(values > 0)
        turned = np.einsum("ni,nip->np", slopes[out], view.derivatives[fit.skin[out], :2])
        return Residuals(
            values[out] / constants.outside, turned / constants.outside, 4.0, share=_OUTSIDE_SHARE
        )  # fmt: skip

    return term


def share_outside(points: Floats, mask: Floats, farther: float) -> float:
    """Compute the share of points (N, 3) that are far outside a mask (S, S), 0 to 1.

    farther: the distance from the mask, in view units, beyond which a point counts.
    """
    inside = shrunk(mask, MASK_SIDE) > 0.5
    distance, _ = Grid(distance_transform_edt(~inside) * 2 / len(inside)).at(points)
    return float((distance > farther).mean())


def edge_term(fit: FitPoints, mask: Floats, constants: BodyFit) -> Term:
    """Bring the body's rim near the mask's edge.

    Each point of the edge is compared with the nearest point of the rim. It is left out where the two face different
    ways, and counts for little where the rim is far away.
    """
    inside = shrunk(mask, MASK_SIDE) > 0.5
    side = len(inside)
    rim = inside & ~binary_erosion(inside, border_value=1)
    row, column = np.nonzero(rim)
    signed = distance_transform_edt(~inside) - distance_transform_edt(inside)
    down, right = np.gradient(signed)
    chosen = np.linspace(0, len(row) - 1, min(EDGE_POINTS, len(row))).astype(int)
    row, column = row[chosen], column[chosen]
    edge = np.stack([(column + 0.5) / side * 2 - 1, 1 - (row + 0.5) / side * 2], 1)
    outward = np.stack([right[row, column], -down[row, column]], 1)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)

    def term(view: ViewPoints) -> Residuals:
        at_rim = np.flatnonzero(np.abs(view.normals[:, 2]) < 0.5)
        if not len(at_rim):
            return Residuals(np.zeros(0), np.zeros((0, len(view.numbers))))
        points = fit.skin[at_rim]
        _, near = cKDTree(view.points[points, :2]).query(edge)
        alike = (view.normals[at_rim[near], :2] * outward).sum(1) > 0.4
        nearest = points[near[alike]]
        apart = ((view.points[nearest, :2] - edge[alike]) * outward[alike]).sum(1) + constants.cloth
        derivatives = np.einsum("ni,nip->np", outward[alike], view.derivatives[nearest, :2])
        return Residuals(
            apart / constants.edge, derivatives / constants.edge, 2.0, vanishing=True, share=_EDGE_SHARE
        )  # fmt: skip

    return term


def depth_term(fit: FitPoints, mask: Floats, depth: Floats, constants: BodyFit) -> Term:
    """Keep the body between the first and the last surface, and not far under either.

    A part that another one hides is far under the first surface, and then counts for nothing.
    """
    inside = Grid(distance_transform_edt(shrunk(mask, MASK_SIDE) > 0.5) / MASK_SIDE * 2)
    front, back = (Grid(side.astype(np.float64)) for side in depth)

    def term(view: ViewPoints) -> Residuals:
        facing = view.normals[:, 2] / np.maximum(np.linalg.norm(view.normals, axis=1), 1e-9)
        deep, _ = inside.at(view.points[fit.skin])
        values, derivatives = [], []
        for sign, grid in ((1.0, front), (-1.0, back)):
            used = np.flatnonzero((sign * facing > _FACING) & (deep > 0.02))
            rows = fit.skin[used]
            surface, slopes = grid.at(view.points[rows])
            slopes = np.clip(slopes, -_STEEPEST, _STEEPEST)
            across = np.sqrt(1 + (slopes**2).sum(1))
            apart = sign * (view.points[rows, 2] - surface) / across + constants.cloth
            spread = np.where(apart > 0, constants.before, constants.behind) * (1 if sign > 0 else 1.5)
            by = view.derivatives[rows]
            turned = by[:, 2] - np.einsum("ni,nip->np", slopes, by[:, :2])
            values.append(apart / spread)
            derivatives.append(turned * (sign / across / spread)[:, None])
        return Residuals(
            np.concatenate(values), np.concatenate(derivatives), 2.5, vanishing=True, share=_DEPTH_SHARE
        )  # fmt: skip

    return term
