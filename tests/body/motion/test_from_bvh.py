"""BVH files as clips: against rotations worked out by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.motion.catalogue import check_clip_name, clip_named
from lifecast.body.motion.from_bvh import read_clip
from lifecast.body.motion.joint_clip import JointClip
from lifecast.body.motion.standing_figure import leg_length
from lifecast.errors import OptionError, ScanError

LEG = "\n".join(
    f"""JOINT mixamorig:{side}UpLeg {{ OFFSET {x} 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT mixamorig:{side}Leg {{ OFFSET 0 -4 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT mixamorig:{side}Foot {{ OFFSET 0 -4 0 CHANNELS 3 Zrotation Yrotation Xrotation
    End Site {{ OFFSET 0 0 1 }} }} }} }}"""
    for side, x in (("Left", 1), ("Right", -1))
)
ARM = "\n".join(
    f"""JOINT mixamorig:{side}Arm {{ OFFSET {x} 5 0 CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT mixamorig:{side}ForeArm {{ OFFSET {x} 0 0 CHANNELS 3 Zrotation Yrotation Xrotation
    End Site {{ OFFSET {x} 0 0 }} }} }}"""
    for side, x in (("Left", 2), ("Right", -2))
)
JOINTS = ["Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot", "LeftArm", "LeftForeArm",
          "RightArm", "RightForeArm"]  # fmt: skip


def bvh(frames: list[dict[str, tuple[float, float, float]]], time: str = "0.0333333") -> str:
    """A person with legs of 8 units in a T pose; frames give "place" and joints' Z, Y, X angles."""
    rows = [
        " ".join(f"{v:g}" for joint in ("place", *JOINTS) for v in frame.get(joint, (0.0, 8.0, 0.0)
                 if joint == "place" else (0.0, 0.0, 0.0)))
        for frame in frames
    ]  # fmt: skip
    return (
        "HIERARCHY\nROOT mixamorig:Hips { OFFSET 0 0 0 "
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation\n"
        + LEG + "\n" + ARM + f" }}\nMOTION\nFrames: {len(rows)}\nFrame Time: {time}\n" + "\n".join(rows) + "\n"
    )  # fmt: skip


def read(folder: Path, text: str) -> JointClip:
    (folder / "Move.bvh").write_text(text)
    return read_clip(folder / "Move.bvh")


def directions(clip: JointClip, frame: int, bones: dict[str, str]) -> dict[str, np.ndarray]:
    """Where bones of the mean body point: joint -> unit vector to the joint given."""
    body = shipped_body()
    rotations = torch.eye(3).repeat(1, len(body.joints), 1, 1)
    rotations[0, [body.joints.index(joint) for joint in clip.joints]] = torch.from_numpy(clip.rotations[frame])
    with torch.no_grad():
        joints = body.pose(torch.zeros(1, 24), torch.zeros(1, len(body.actions)), rotations).joints[0].numpy()
    out = {}
    for start, end in bones.items():
        way = joints[body.joints.index(end)] - joints[body.joints.index(start)]
        out[start] = way / np.linalg.norm(way)
    return out


def test_limbs_point_where_the_files_do(tmp_path: Path) -> None:
    """The reference turns each bone of the file's rest by the angles of the chain above it, one by one."""
    rng = np.random.default_rng(3)
    frame = {joint: tuple(rng.uniform(-40, 40, 3)) for joint in JOINTS if joint != "Hips"}
    clip = read(tmp_path, bvh([{}, frame]))
    found = directions(clip, 1, {
        "upperleg01.L": "lowerleg01.L", "lowerleg01.L": "foot.L", "upperarm01.R": "lowerarm01.R",
        "upperleg01.R": "lowerleg01.R",
    })  # fmt: skip
    turn = {joint: Rotation.from_euler("ZYX", angles, degrees=True) for joint, angles in frame.items()}
    down, right = np.array([0.0, -1, 0]), np.array([-1.0, 0, 0])
    for bone, expected in {
        "upperleg01.L": turn["LeftUpLeg"].apply(down),
        "lowerleg01.L": (turn["LeftUpLeg"] * turn["LeftLeg"]).apply(down),
        "upperarm01.R": turn["RightArm"].apply(right),
        "upperleg01.R": turn["RightUpLeg"].apply(down),
    }.items():
        np.testing.assert_allclose(found[bone], expected, atol=1e-4, err_msg=bone)


def test_the_root_goes_as_far_in_lengths_of_legs(tmp_path: Path) -> None:
    clip = read(tmp_path, bvh([{"place": (3, 8, 1)}, {"place": (3, 8, 5)}, {"place": (1, 12, 1)}]))
    assert clip.name == "move"
    assert not clip.loops
    assert clip.rate == pytest.approx(30, abs=0.01)
    np.testing.assert_allclose(clip.root[:, [0, 2]], [[0, 0], [0, 0.5], [-0.25, 0]], atol=1e-6)


def test_a_figure_stands_where_the_file_stands_and_jumps_where_it_jumps(tmp_path: Path) -> None:
    jump = [{"place": (0, 8.0, 0)}] * 60 + [{"place": (0, 12.0, 0)}]
    clip = read(tmp_path, bvh([dict(frame) for frame in jump]))
    body = shipped_body()
    with torch.no_grad():
        rotations = torch.eye(3).repeat(2, len(body.joints), 1, 1)
        rotations[:, [body.joints.index(j) for j in clip.joints]] = torch.from_numpy(clip.rotations[[0, -1]])
        expression = torch.zeros(2, len(body.actions))
        low = body.pose(torch.zeros(2, 24), expression, rotations).vertices[..., 1].amin(1).numpy()
        floor = float(body.rest(torch.zeros(1, 24), expression[:1]).vertices[..., 1].min())
    stands, flies = low - floor + clip.root[[0, -1], 1] * leg_length()
    assert stands == pytest.approx(0, abs=1e-4)
    assert flies == pytest.approx((4 / 8 - 0.06) * leg_length(), abs=1e-4)


def test_the_first_frame_faces_the_front(tmp_path: Path) -> None:
    frames = [{"Hips": (0.0, 90.0, 0.0), "place": (0, 8, 0)}, {"Hips": (0.0, 90.0, 0.0), "place": (8, 8, 0)}]
    clip = read(tmp_path, bvh(frames))
    if "root" in clip.joints:
        np.testing.assert_allclose(
            clip.rotations[:, clip.joints.index("root")], np.tile(np.eye(3), (2, 1, 1)), atol=1e-6
        )
    # It went the way that it faced: its left is ours, ahead is ahead.
    np.testing.assert_allclose(clip.root[1, [0, 2]], [0, 1], atol=1e-6)


def test_fast_files_are_thinned(tmp_path: Path) -> None:
    clip = read(tmp_path, bvh([{}] * 9, time="0.0083333"))
    assert len(clip.rotations) == 3
    assert clip.rate == pytest.approx(30, abs=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing", "not a BVH file"),
        (bvh([{}], time="soon"), "Frame Time: SECONDS', above 0, not 'soon'"),
        (bvh([{}], time="0"), "not '0'"),
        (bvh([{}]).replace("Hips", "Root7"), "no joint called Hips, root, but Root7, LeftUpLeg"),
        (bvh([{}]).replace("LeftArm", "LArm").replace("RightArm", "RArm"), "no joint called LeftArm.*rename"),
        (bvh([{}, {"Hips": (0, float("nan"), 0)}]), "frame 2 holds a number that is not finite"),
        (
            bvh([{}]).replace("Zrotation Yrotation Xrotation", "Zrotation Zrotation Xrotation"),
            "Hips turns by Zrotation Z",
        ),
        (bvh([{}])[:-9], "numbers"),
    ],
)
def test_a_bad_file_is_named_with_what_to_do(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ScanError, match=rf"Move\.bvh: .*{words}"):
        read(tmp_path, text)


def test_a_clip_is_named_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"animate 'fly': choose from walk, run, .* or name a \.bvh file"):
        clip_named("fly")
    with pytest.raises(OptionError, match=r"gone\.bvh: no such file"):
        check_clip_name(tmp_path / "gone.bvh")
    (tmp_path / "there.bvh").write_text(bvh([{}]))
    assert clip_named(str(tmp_path / "there.bvh")).name == "there"
