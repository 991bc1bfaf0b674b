"""One made body in a pose, and what a faultless photograph would say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.landmark_points import FINGERTIPS, LANDMARK_JOINTS, LANDMARK_VERTICES
from lifecast.body.fit.pose_groups import pose_groups
from lifecast.body.fit.pose_prior import PosePrior
from lifecast.body.fit.reduced_body import rotations_of
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.hand_joints import HAND_JOINTS
from lifecast.surface.raster import rasterize

SIDE = 128


@dataclass(frozen=True)
class Made:
    """A body and its evidence."""

    body: FittedBody
    evidence: BodyEvidence


def made(seed: int, spread: float = 0.6) -> Made:
    """Draw a body: shape, pose about the usual one, place; hands, face, mask and depths are those of its own mesh."""
    rng = np.random.default_rng(seed)
    names = shipped_body().joints
    vectors = np.zeros((len(names), 3))
    groups = pose_groups(names, ("L", "R"))
    prior = PosePrior.of(groups)
    for group, mean, to_units in zip(groups[1:], prior.mean[1:], prior.to_units[1:], strict=True):
        units = rng.normal(scale=spread, size=3)
        vectors[list(group.joints)] = mean + np.linalg.solve(to_units, units)
    vectors[0] = (0.05, rng.normal(scale=0.3), 0.02)
    body = FittedBody(
        rng.normal(scale=0.7, size=24).astype(np.float32),
        np.zeros(len(shipped_body().actions), np.float32),
        rotations_of(vectors).astype(np.float32),
        np.array([0.03, 0.02, -0.04], np.float32),
        0.8,
    )
    return Made(body, evidence_of(body))


def evidence_of(body: FittedBody) -> BodyEvidence:
    """What is seen of a body."""
    vertices, joints = (one.astype(np.float64) for one in body.posed)
    names = shipped_body().joints
    landmarks = np.ones((33, 4))
    for landmark, name in LANDMARK_JOINTS.items():
        landmarks[landmark, :3] = joints[names.index(name)]
    for landmark, rows in LANDMARK_VERTICES.items():
        landmarks[landmark, :3] = vertices[list(rows)].mean(0)
    hands = []
    for side in "LR":
        points = np.zeros((21, 3))
        for stem, point in HAND_JOINTS.items():
            points[point] = joints[names.index(f"{stem}.{side}")]
        points[4::4] = vertices[list(FINGERTIPS[side])]
        points[:, 2] -= points[0, 2]
        hands.append(points)
    mask, depth = maps_of(vertices)
    return BodyEvidence(landmarks, hands[0], hands[1], vertices[list(FACE_VERTICES)], mask, depth)


def maps_of(vertices: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mask (S, S) and depths (2, S, S) of the body's mesh."""
    points = torch.from_numpy(np.asarray(vertices, np.float32))
    first = rasterize(points, shipped_body().faces, SIDE)
    last = rasterize(points, shipped_body().faces, SIDE, facing="away", keep="farthest")
    depth = torch.stack([first.depth, last.depth]).numpy().astype(np.float64)
    return first.covered.numpy().astype(np.float64), np.where(np.isfinite(depth), depth, 0.0)


def vertex_error(found: FittedBody, true: FittedBody) -> float:
    """Mean distance of the skin's vertices in metres after the pelvis is taken off."""
    apart = [one.posed[0][:SKIN_VERTICES] - one.posed[1][0] for one in (found, true)]
    return float(np.linalg.norm(apart[0] - apart[1], axis=1).mean()) / true.scale


@dataclass(frozen=True)
class Bodies:
    """Makes bodies and compares them."""

    def make(self, seed: int, spread: float = 0.6) -> Made:
        """See `made`."""
        return made(seed, spread)

    def evidence(self, body: FittedBody) -> BodyEvidence:
        """See `evidence_of`."""
        return evidence_of(body)

    def error(self, found: FittedBody, true: FittedBody) -> float:
        """See `vertex_error`."""
        return vertex_error(found, true)


@pytest.fixture(scope="session")
def bodies() -> Bodies:
    """Makes bodies and compares them."""
    return Bodies()


@pytest.fixture(scope="session")
def person() -> Made:
    """A drawn body and its evidence."""
    return made(0)
