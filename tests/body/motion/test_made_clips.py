"""The clips made by code: feet on the floor, no sliding, joints within limits, ends that meet."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.kinematics import blend, joint_transforms
from lifecast.body.motion.catalogue import CLIPS, clip_named
from lifecast.body.motion.gaits import RUN, WALK
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing_figure import Foot, leg_length, record
from lifecast.body.motion.whole_body import JUMPING
from lifecast.body.names import JOINT_NAMES

FEET = {"L": ("foot.L", "toes.L"), "R": ("foot.R", "toes.R")}


def feet(clip: JointClip) -> dict[str, NDArray[np.float32]]:
    """Every vertex of each foot of the mean body over time (T, P, 3), metres, the floor at y = 0."""
    body = shipped_body()
    with torch.no_grad():
        rest = body.rest(torch.zeros(1, body.components), torch.zeros(1, len(body.actions)))
        rotations = torch.eye(3).repeat(len(clip.rotations), len(body.joints), 1, 1)
        rotations[:, [body.joints.index(joint) for joint in clip.joints]] = torch.from_numpy(clip.rotations)
        frames = len(rotations)
        linear, shift = joint_transforms(body.parents, rest.joints.expand(frames, -1, -1), rotations)
        found = {}
        for side, names in FEET.items():
            rows = body.weights[:, [body.joints.index(name) for name in names]].sum(1) > 0.9
            points = blend(body.weights[rows], rest.vertices[:, rows].expand(frames, -1, -1), linear, shift)
            found[side] = points.numpy() + (clip.root * leg_length())[:, None]
            found[side][..., 1] -= float(rest.vertices[0, :, 1].min())
    return found


@pytest.mark.parametrize("name", CLIPS)
def test_feet_neither_sink_nor_float(name: str) -> None:
    clip = clip_named(name)
    lowest = np.stack([points[..., 1].min(1) for points in feet(clip).values()])
    assert lowest.min() > -0.005
    on_floor = lowest.min(0) < 0.01
    if name not in ("run", "jump"):
        assert on_floor.all()
    else:  # both feet leave the floor, and come back
        assert 0.1 < on_floor.mean() < 0.95


@pytest.mark.parametrize("name", CLIPS)
def test_what_touches_the_floor_does_not_slide(name: str) -> None:
    """A vertex that is on the floor in two frames running stays, or goes back with the treadmill."""
    clip = clip_named(name)
    gait = {"walk": WALK, "run": RUN}.get(name)
    belt = np.array([0.0, 0.0, -gait.stride / gait.seconds / clip.rate if gait else 0.0])
    for points in feet(clip).values():
        after = np.roll(points, -1, 0)
        touching = (points[..., 1] < 0.004) & (after[..., 1] < 0.004)
        slid = np.linalg.norm((after - points - belt)[..., ::2], axis=-1)
        assert touching.any()
        assert slid[touching].max() < 0.008


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_goes_on_as_it_begins(name: str) -> None:
    clip = clip_named(name)
    assert clip.loops
    around = np.concatenate([clip.rotations, clip.rotations[:1]])
    turns = np.einsum("tkji,tkjl->tkil", around[:-1], around[1:])
    steps = np.degrees(Rotation.from_matrix(turns.reshape(-1, 3, 3)).magnitude()).reshape(turns.shape[:2])
    roots = np.linalg.norm(np.diff(np.concatenate([clip.root, clip.root[:1]]), axis=0), axis=1)
    assert steps[-1].max() <= steps[:-1].max() + 0.5
    assert roots[-1] <= roots[:-1].max() + 1e-3
    assert steps.max() < 30


@pytest.mark.parametrize("name", CLIPS)
def test_joints_stay_within_what_people_can_do(name: str) -> None:
    """Knees bend backward, elbows forward, and no joint turns farther than a body's."""
    clip = clip_named(name)
    assert set(clip.joints) <= set(JOINT_NAMES)
    named = {joint: k for k, joint in enumerate(clip.joints)}
    angles = np.degrees(np.linalg.norm(
        Rotation.from_matrix(clip.rotations.reshape(-1, 3, 3)).as_rotvec(), axis=1
    )).reshape(clip.rotations.shape[:2])  # fmt: skip
    limits = {"lowerleg01": 140, "foot": 50, "toes": 60, "upperarm01": 150, "lowerarm01": 140, "wrist": 85,
              "upperleg01": 120, "clavicle": 25, "spine": 20, "neck": 15, "head": 15}  # fmt: skip
    for stem, most in limits.items():
        rows = [k for joint, k in named.items() if joint.startswith(stem)]
        assert angles[:, rows].max(initial=0.0) < most, stem
    for side in "LR":
        # A knee turns about x: positive brings the shin backward. It may be over-straight by a few degrees only.
        knee = Rotation.from_matrix(clip.rotations[:, named[f"lowerleg01.{side}"]]).as_rotvec(degrees=True)
        assert knee[:, 0].min() > -15
        assert np.abs(knee[:, 1:]).max() < 25


def test_legs_take_turns_and_arms_swing_against_them() -> None:
    clip = clip_named("walk")
    points = feet(clip)
    ahead = points["L"][..., 2].mean(1) - points["R"][..., 2].mean(1)
    half = round(len(ahead) / 2)
    assert np.corrcoef(ahead, -np.roll(ahead, half))[0, 1] > 0.98
    # An arm that goes back turns about +x as a leg that goes back does.
    arms = [
        Rotation.from_matrix(clip.rotations[:, clip.joints.index(f"upperarm01.{side}")]).as_rotvec()[:, 0]
        for side in "LR"
    ]
    assert np.corrcoef(ahead, arms[0] - arms[1])[0, 1] > 0.8


def test_a_jump_falls_as_things_fall() -> None:
    clip = clip_named("jump")
    heights = np.stack([points[..., 1].min(1) for points in feet(clip).values()]).min(0)
    assert heights.max() == pytest.approx(JUMPING.height, abs=0.01)
    flying = np.flatnonzero(heights > 0.02)
    fall = np.diff(heights[flying], 2) * clip.rate**2
    np.testing.assert_allclose(fall, -9.81, atol=0.3)


def test_a_turn_goes_once_round_to_the_left() -> None:
    clip = clip_named("turn")
    front = clip.rotations[:, clip.joints.index("root"), :, 2]
    yaw = np.degrees(np.unwrap(np.arctan2(front[:, 0], front[:, 2])))
    assert yaw[0] == pytest.approx(0, abs=1)
    assert yaw[-1] == pytest.approx(360, abs=2)
    assert np.diff(yaw).min() > -1


def test_a_foot_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match=r"clip far, frame 0: a foot is .* beyond the leg's reach"):
        record("far", 0.1, lambda figure, time: figure.plant(1, Foot(0.9)))
