"""Poses that are known by name: T, with the arms stretched sideways, and A, with the arms halfway down."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.names import SIDES

Floats = NDArray[np.floating]
DOWN: dict[str, float] = {"t": 0.0, "a": 45.0}
"""Degrees that the arms point below the horizon."""


def named_pose(rest_joints: Floats, pose: Literal["t", "a"]) -> NDArray[np.float32]:
    """Find the rotations (J, 3, 3) that bring a body into a T pose or an A pose.

    rest_joints: (J, 3). The trunk and the fingers stay at rest, legs are straight and vertical, palms look down.
    Rotations are of each joint against its parent, about the rest body's axes.
    """
    body = shipped_body()
    place = {name: np.asarray(rest_joints[k], np.float64) for k, name in enumerate(body.joints)}
    turned: dict[str, NDArray[np.float64]] = {}
    for side, sign in zip(SIDES, (1, -1), strict=True):
        angle = np.radians(DOWN[pose])
        outward = np.array([sign * np.cos(angle), -np.sin(angle), 0])
        upper = _onto(place[f"lowerarm01.{side}"] - place[f"upperarm01.{side}"], outward)
        fore = _onto(upper @ (place[f"wrist.{side}"] - place[f"lowerarm01.{side}"]), outward) @ upper
        middle = place[f"finger3-1.{side}"] - place[f"wrist.{side}"]
        knuckles = place[f"finger2-1.{side}"] - place[f"finger5-1.{side}"]
        hand = _frame(outward, np.array([0, 0, 1.0])) @ _frame(middle, knuckles).T
        twist = float(Rotation.from_matrix(hand @ fore.T).as_rotvec() @ outward)
        turned |= {
            f"upperarm01.{side}": upper, f"lowerarm01.{side}": fore, f"wrist.{side}": hand,
            f"lowerarm02.{side}": Rotation.from_rotvec(twist / 2 * outward).as_matrix() @ fore,
        }  # fmt: skip
        down = np.array([0, -1.0, 0])
        thigh = _onto(place[f"lowerleg01.{side}"] - place[f"upperleg01.{side}"], down)
        shin = _onto(thigh @ (place[f"foot.{side}"] - place[f"lowerleg01.{side}"]), down) @ thigh
        turned |= {f"upperleg01.{side}": thigh, f"lowerleg01.{side}": shin, f"foot.{side}": np.eye(3)}
    whole: list[NDArray[np.float64]] = []
    rotations = np.empty((len(body.joints), 3, 3), np.float32)
    for k, (name, parent) in enumerate(zip(body.joints, body.parents, strict=True)):
        above = whole[parent] if parent >= 0 else np.eye(3)
        whole.append(turned.get(name, above))
        rotations[k] = above.T @ whole[k]
    return rotations


def _onto(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest rotation that turns the direction of `start` into that of `end`."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis = np.cross(a, b)
    sine, cosine = float(np.linalg.norm(axis)), float(a @ b)
    if sine < 1e-9:
        if cosine > 0:
            return np.eye(3)
        axis = np.cross(a, np.eye(3)[np.abs(a).argmin()])
    matrix: NDArray[np.float64] = Rotation.from_rotvec(
        axis / np.linalg.norm(axis) * np.arctan2(sine, cosine)
    ).as_matrix()
    return matrix


def _frame(along: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal columns: the direction `along`, what of `across` is square to it, and their cross product."""
    first = along / np.linalg.norm(along)
    second = across - (across @ first) * first
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], 1)
