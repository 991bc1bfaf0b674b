"""Arms that were one with the trunk are no deeper than they are wide."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.rig.arm_depth import ARM_DEPTH, shallower_arms
from lifecast.body.rig.body_in_metres import BodyInMetres, body_in_metres
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.webs import limbs


@pytest.fixture(scope="module")
def body() -> BodyInMetres:
    """A body with its arms halfway down."""
    parts = shipped_body()
    zeros = np.zeros(24, np.float32), np.zeros(len(parts.actions), np.float32)
    rest = FittedBody(*zeros, np.tile(np.eye(3, dtype=np.float32), (61, 1, 1)), np.zeros(3, np.float32), 1.0).rest()
    fitted = FittedBody(*zeros, named_pose(rest.joints[0].numpy(), "a"), np.zeros(3, np.float32), 1.0)
    return body_in_metres(fitted, 1.0, np.zeros(3))


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    found: np.ndarray = shipped_body().weights[:SKIN_VERTICES].numpy()
    return found


def arm(weights: np.ndarray, which: int) -> np.ndarray:
    found: np.ndarray = weights[:, limbs() == which].sum(1) > 0.99
    return found


def deepened(body: BodyInMetres, own: np.ndarray, times: float) -> np.ndarray:
    """Move what is of an arm back from its foremost place, as if its back were the trunk's."""
    points = body.skin.copy()
    front = points[own, 2].max()
    points[own, 2] = front + times * (points[own, 2] - front)
    return points


def extent(points: np.ndarray) -> float:
    return float(np.ptp(np.percentile(points[:, 2], (1, 99))))


def test_a_deep_arm_along_a_cut_becomes_shallow(body: BodyInMetres, weights: np.ndarray) -> None:
    left, right = arm(weights, 1), arm(weights, 2)
    points = deepened(body, left, 3.0)
    got = shallower_arms(points, weights, left, body)
    assert extent(points[left]) > 2.5 * extent(body.skin[left])
    assert extent(got[left]) < 1.8 * extent(body.skin[left])
    assert np.array_equal(got[right], points[right])
    assert np.abs(got[arm(weights, 0)] - points[arm(weights, 0)]).max() < 0.003
    assert np.abs(got[:, :2] - points[:, :2]).max() < 0.01  # the outline in the photograph stays
    foremost = left & (points[:, 2] > points[left, 2].max() - 0.01)
    assert np.abs(got[foremost] - points[foremost]).max() < 0.01


def test_an_arm_as_deep_as_wide_stays(body: BodyInMetres, weights: np.ndarray) -> None:
    left = arm(weights, 1)
    assert np.abs(shallower_arms(body.skin, weights, left, body) - body.skin).max() < 0.005


def test_an_arm_without_a_cut_stays(body: BodyInMetres, weights: np.ndarray) -> None:
    left = arm(weights, 1)
    points = deepened(body, left, 3.0)
    few = np.zeros(len(points), bool)
    few[np.flatnonzero(left)[: int(0.5 * ARM_DEPTH.rims * left.sum())]] = True
    assert np.array_equal(shallower_arms(points, weights, few, body), points)


def test_what_an_arm_moves_in_part_moves_in_part(body: BodyInMetres, weights: np.ndarray) -> None:
    left = arm(weights, 1)
    points = deepened(body, left, 3.0)
    half = np.flatnonzero(left)[::2]
    mixed = weights.copy()
    mixed[half] *= 0.6
    mixed[half, 0] += 0.4
    whole = shallower_arms(points, weights, left, body) - points
    got = shallower_arms(points, mixed, left, body) - points
    moved = half[np.linalg.norm(whole[half], axis=1) > 0.02]
    assert len(moved) > 50
    assert np.allclose(got[moved], 0.6 * whole[moved], atol=1e-3)
