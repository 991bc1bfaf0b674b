"""Rotations as 3x3 matrices: the few constructions that posing needs beyond SciPy's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Matrix = NDArray[np.float64]


def euler(order: str, degrees: ArrayLike) -> Matrix:
    """Make a rotation matrix of angles in degrees.

    Upper-case `order` turns about the moving axes ("XYZ" = Rx Ry Rz).
    """
    result: Matrix = Rotation.from_euler(order, np.asarray(degrees, np.float64), degrees=True).as_matrix()
    return result


def about(axis: ArrayLike, degrees: float) -> Matrix:
    """Rotation by an angle about an axis (need not have unit length)."""
    unit = np.asarray(axis, np.float64)
    result: Matrix = Rotation.from_rotvec(unit / np.linalg.norm(unit) * np.radians(degrees)).as_matrix()
    return result


def unit(vector: ArrayLike) -> Matrix:
    """`vector` at length 1."""
    v = np.asarray(vector, np.float64)
    return v / max(float(np.linalg.norm(v)), 1e-12)


def shortest(start: ArrayLike, end: ArrayLike) -> Matrix:
    """The smallest rotation that turns the direction `start` into the direction `end`."""
    a, b = unit(start), unit(end)
    axis, cosine = np.cross(a, b), float(a @ b)
    if cosine < -1 + 1e-9:  # opposite: any axis across does
        return about(np.cross(a, [1.0, 0, 0] if abs(a[0]) < 0.9 else [0, 1.0, 0]), 180.0)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    result: Matrix = np.eye(3) + skew + skew @ skew / (1 + cosine)
    return result


def frame(direction: ArrayLike, side: ArrayLike) -> Matrix:
    """Columns: `direction`, the part of `side` across it, and their cross product."""
    x = unit(direction)
    s = np.asarray(side, np.float64)
    y = unit(s - (s @ x) * x)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def part_way(rotation: Matrix, share: float) -> Matrix:
    """`share` of a rotation (0: none, 1: all of it), along the same axis."""
    way: Matrix = Rotation.from_rotvec(Rotation.from_matrix(rotation).as_rotvec() * share).as_matrix()
    return way
