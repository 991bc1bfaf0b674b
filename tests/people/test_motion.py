"""Ways from pose to pose."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lifecast.people.motion import FRAME, draw_wind, longest_turn, way
from lifecast.people.rig import bone_transforms

PARENTS = [-1, 0, 1]
HEADS = np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0]], float)


def turn(degrees: float, axis: str = "x") -> np.ndarray:
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()


def test_a_way_ends_in_its_pose_and_starts_slowly() -> None:
    start, end = {1: turn(-20)}, {1: turn(100), 2: turn(40, "z")}
    frames = list(way(PARENTS, HEADS, start, end, 0.5))
    assert len(frames) == round(0.5 / FRAME)
    np.testing.assert_allclose(frames[-1], bone_transforms(PARENTS, HEADS, end), atol=1e-12)
    tip = np.array([frame[2, :, :3] @ [0, 3, 0] + frame[2, :, 3] for frame in frames])
    steps = np.linalg.norm(np.diff(tip, axis=0), axis=1)
    middle = steps[len(steps) // 2]
    assert steps[0] < 0.5 * middle
    assert steps[-1] < 0.5 * middle
    assert longest_turn(start, end) == pytest.approx(np.radians(120))
    assert longest_turn({}, {}) == 0


def test_wind_blows_along_the_ground_now_and_then() -> None:
    rng = np.random.default_rng(2)
    winds = np.array([draw_wind(rng) for _ in range(500)])
    speed = np.linalg.norm(winds, axis=1)
    assert (winds[:, 1] == 0).all()
    assert 0.12 < (speed > 0).mean() < 0.28
    assert speed.max() <= 5
    assert speed[speed > 0].min() >= 1
