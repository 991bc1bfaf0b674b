"""Ways into poses that are kept in the middle of a move."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lifecast.people.approach import STEP, Approach, Moves, by_clip, by_turn
from lifecast.people.clips import Clip, read_bvh
from lifecast.people.crew import studio
from lifecast.people.figure import Figure
from lifecast.people.motion import FRAME
from lifecast.people.pose_library import facing_front
from lifecast.people.retarget import retarget
from lifecast.people.rig import bone_transforms

WALK = """HIERARCHY
ROOT Hips
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT LeftUpLeg
 {
  OFFSET 10 0 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT LeftLeg
  {
   OFFSET 0 -50 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   End Site
   {
    OFFSET 0 -50 0
   }
  }
 }
}
MOTION
Frames: 21
Frame Time: 0.05
"""
"""A figure with legs of 100 that goes 2 lengths of its legs a second along +x, which it faces, and bends a hip."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path: Path = tmp_path_factory.mktemp("clip") / "walk.bvh"
    rows = [f"{10 * k} 100 0 0 0 90 0 {-3 * k} 0 0 0 0" for k in range(21)]
    path.write_text(WALK + "\n".join(rows))
    return read_bvh(path)


@pytest.fixture(scope="module")
def standing() -> Figure:
    made = studio((), None, (), ())
    return Figure(made.model.bones, made.model.parents, made.model.rest({"gender": 0.5, "age": 0.7}, {}, {}))


def posed_by(clip: Clip, frame: int, rest: Figure) -> Figure:
    figure = Figure(list(rest.index), rest.parents, rest.rest)
    retarget(clip, frame, figure)
    figure.turn_whole(facing_front(figure))
    figure.fingers(1, [20, 20, 20, 20], 10)
    return figure


def frames_of(approach: Approach, figure: Figure) -> np.ndarray:
    times = approach.times(figure.parents, figure.rest.heads)
    return np.array(list(approach.frames(figure.parents, figure.rest.heads, times)))


def test_a_clip_is_played_up_to_the_kept_pose(walk: Clip, standing: Figure) -> None:
    kept = posed_by(walk, 18, standing)
    approach = by_clip(walk, 18, kept, Moves(lead=0.5))
    assert approach is not None
    assert len(approach.poses) == 11  # half a second of frames of 0.05 s, and the kept one
    frames = frames_of(approach, kept)
    assert len(frames) == round(0.5 / FRAME)
    np.testing.assert_allclose(frames[-1], kept.transforms(), atol=1e-9)
    # The walker comes from behind: turned to face +z, it went along +z, two lengths of its legs a second.
    pelvis = frames[:, 0, :, :3] @ kept.rest.heads[0] + frames[:, 0, :, 3]
    leg = kept.head("upperleg01.L")[1] - kept.rest.vertices[:, 1].min()
    speed = np.diff(pelvis, axis=0) / FRAME
    np.testing.assert_allclose(speed[:, 2], 2 * leg, rtol=0.02)
    np.testing.assert_allclose(speed[:, :2], 0, atol=1e-6)
    started = approach.speed(approach.times(kept.parents, kept.rest.heads))
    np.testing.assert_allclose(started, [0, 0, 2 * leg], atol=1e-3)
    # The hip bends on evenly, 3 degrees a frame of the clip.
    thigh = kept.index["upperleg01.L"]
    hips = frames[:, 0, :, :3].transpose(0, 2, 1) @ frames[:, thigh, :, :3]
    bent = np.degrees(np.arctan2(hips[:, 1, 2], hips[:, 1, 1]))
    np.testing.assert_allclose(np.diff(bent), 3 * FRAME / 0.05 * np.sign(bent[-1] - bent[0]), rtol=0.05)


def test_nothing_leads_to_a_first_frame_or_over_a_jump(walk: Clip, standing: Figure) -> None:
    assert by_clip(walk, 0, posed_by(walk, 0, standing)) is None
    kept = posed_by(walk, 6, standing)
    short = by_clip(walk, 6, kept)
    assert short is not None
    assert len(short.poses) == 7  # what there is
    assert by_clip(walk, 6, kept, Moves(fastest=0.5)) is None  # at more than that the figure was put elsewhere
    broken = replace(walk, rotations=walk.rotations.copy())
    broken.rotations[:3] = np.eye(3)  # many recordings begin with some frames of a T pose
    after = by_clip(broken, 6, kept)
    assert after is not None
    assert len(after.poses) == 4
    assert by_clip(broken, 3, posed_by(walk, 3, standing)) is None


def test_a_quick_move_is_played_slower(walk: Clip, standing: Figure) -> None:
    kicked = replace(walk, rotations=walk.rotations.copy(), way=None)
    kicked.rotations[5:, 1] = walk.rotations[5:, 1] @ np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    kept = posed_by(kicked, 8, standing)
    frames = frames_of(by_clip(kicked, 8, kept, Moves(lead=0.4, quickest=100)), kept)  # type: ignore[arg-type]
    joints = np.einsum("fbij,bj->fbi", frames[..., :3], kept.rest.heads) + frames[..., 3]
    steps = np.linalg.norm(np.diff(joints - joints[:, :1], axis=0), axis=2).max(1)
    assert steps.max() < 1.2 * STEP  # it swings on an arc
    assert len(frames) >= 0.4 / FRAME + 9  # the foot moves far in one of the clip's frames


def test_a_turn_about_ends_in_the_kept_pose_and_is_fastest_there(walk: Clip, standing: Figure) -> None:
    kept = posed_by(walk, 10, standing)
    root = kept.index["root"]
    for seed in range(4):
        approach = by_turn(kept.rotations(), root, np.random.default_rng(seed), Moves(turn=(1.5, 2.0), pace=(3, 4)))
        frames = frames_of(approach, kept)
        still = bone_transforms(kept.parents, kept.rest.heads, kept.rotations())
        np.testing.assert_allclose(frames[-1], still, atol=1e-9)
        turned = frames[:, 0, :, :3] @ still[0, :, :3].T
        np.testing.assert_allclose(turned[:, 1, 1], 1, atol=1e-9)  # about the vertical alone
        angle = np.abs(np.unwrap(np.arctan2(turned[:, 0, 2], turned[:, 0, 0])))
        assert 1.3 < angle[0] < 2.0
        assert 1.5 / 4 - FRAME < len(frames) * FRAME < 1.15 * 2.0 / 3 + FRAME  # hands outside may want more
        pace = -np.diff(angle) / FRAME
        assert pace[-1] == pytest.approx(pace.max(), rel=0.1)
        assert pace[-1] > 2.5
        assert pace[0] < 0.6 * pace[-1]
