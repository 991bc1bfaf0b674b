"""Expressions of a rigged surface: what the fitted body's face does, carried over to the surface around it.

The body's facial actions move the vertices of its face at rest. A vertex of the surface that lies on the face moves as
the nearest of these do, turned as the head is in the pose in which the mesh stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.part_mesh import joints_after

Floats = NDArray[np.float32]


def _both(action: str, strength: float) -> dict[str, float]:
    return {f"{action}Left": strength, f"{action}Right": strength}


EXPRESSIONS: dict[str, dict[str, float]] = {
    "aa": {"jawOpen": 0.7},
    "ih": {"jawOpen": 0.2} | _both("mouthStretch", 0.6),
    "ou": {"mouthPucker": 0.9, "jawOpen": 0.15},
    "ee": {"jawOpen": 0.12} | _both("mouthSmile", 0.4) | _both("mouthStretch", 0.4),
    "oh": {"mouthFunnel": 0.8, "jawOpen": 0.35},
    "blink": _both("eyeBlink", 1.0),
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "happy": _both("mouthSmile", 0.9) | _both("cheekSquint", 0.6) | _both("eyeSquint", 0.3),
    "angry": _both("browDown", 1.0) | _both("noseSneer", 0.5) | _both("mouthFrown", 0.4),
    "sad": {"browInnerUp": 0.9} | _both("mouthFrown", 0.8),
    "relaxed": _both("mouthSmile", 0.35) | _both("eyeSquint", 0.4),
    "surprised": {"browInnerUp": 0.8, "jawOpen": 0.4} | _both("browOuterUp", 0.8) | _both("eyeWide", 0.8),
}
"""VRM's expressions -> facial actions of the body (ARKit's names), each 0 .. 1."""


@dataclass(frozen=True)
class FaceExpressions:
    """Constants of carrying expressions over. Lengths are in metres."""

    near: float = 0.008
    """Distance to the body's face up to which a vertex moves wholly with it, ..."""
    far: float = 0.02
    """... and from which it does not move: hair before the face, hats."""
    least: float = 0.0002
    """What moves less than this in every expression is not the face."""
    neighbours: int = 4
    """Vertices of the body that a vertex of the surface moves with, the nearer the more."""
    of_head: float = 0.5
    """Least weight of the head's joints: hands before a face stay."""


FACE_EXPRESSIONS = FaceExpressions()


def expression_offsets(
    vertices: NDArray[np.floating],
    influences: NDArray[np.integer],
    weights: NDArray[np.floating],
    pose: NDArray[np.floating],
    skin_rest: NDArray[np.floating],
    moves: Mapping[str, NDArray[np.floating]],
    constants: FaceExpressions = FACE_EXPRESSIONS,
) -> dict[str, Floats]:
    """Find how expressions move a rigged surface: name -> offsets (V, 3).

    Metres, as the mesh stands.

    Parameters
    ----------
    vertices : (V, 3) metres, in the pose that `pose` (J, 4, 4) takes joints to from rest.
    influences, weights : (V, K) joints and their weights.
    skin_rest : (N, 3) the body's skin at rest, metres.
    moves : name -> (N, 3) what moves that skin at rest.
    """
    blended = np.einsum("vk,vkxy->vxy", np.asarray(weights, np.float64), np.asarray(pose, np.float64)[influences])
    linear = blended[:, :3, :3]
    rest = np.linalg.solve(linear, (vertices - blended[:, :3, 3])[..., None])[..., 0]
    head = [shipped_body().joints.index(name) for name in joints_after("head")]
    of_head = (np.isin(influences, head) * weights).sum(1) >= constants.of_head
    largest = np.max([np.linalg.norm(one, axis=1) for one in moves.values()], axis=0)
    face = np.flatnonzero(largest > constants.least)
    offsets = {name: np.zeros((len(vertices), 3), np.float32) for name in moves}
    if not len(face) or not of_head.any():
        return offsets
    rows = np.flatnonzero(of_head)
    count = min(constants.neighbours, len(face))
    distance, index = cKDTree(skin_rest[face]).query(rest[rows], k=count, distance_upper_bound=constants.far)
    distance, index = distance.reshape(len(rows), count), index.reshape(len(rows), count)
    found = np.isfinite(distance[:, 0])
    rows, distance, index = rows[found], distance[found], index[found]
    share = 1 / np.maximum(distance, 1e-4) * np.isfinite(distance)
    share /= share.sum(1, keepdims=True)
    fade = np.clip((constants.far - distance[:, 0]) / (constants.far - constants.near), 0, 1)
    nearest = face[np.minimum(index, len(face) - 1)]
    for name, move in moves.items():
        mean = np.einsum("nk,nkx->nx", share, move[nearest]) * fade[:, None]
        offsets[name][rows] = np.einsum("nxy,ny->nx", linear[rows], mean)
    return offsets


def expression_moves(
    fitted: FittedBody, metres_per_unit: float, expressions: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, Floats]:
    """Compute what expressions do to the fitted body's skin at rest: name -> (N, 3).

    In the model's metres. An action goes from where the fitted expression has it to the strength that `expressions` (by
    default VRM's) says, and never back.
    """
    body = shipped_body()
    scale = fitted.scale * metres_per_unit
    found = {}
    for name, actions in (EXPRESSIONS if expressions is None else expressions).items():
        move = np.zeros((SKIN_VERTICES, 3))
        for action, strength in actions.items():
            row = body.actions.index(action)
            more = max(0.0, strength - float(fitted.expression[row]))
            move += more * body.expressions[: SKIN_VERTICES * 3, row].numpy().reshape(-1, 3)
        found[name] = (scale * move).astype(np.float32)
    return found
