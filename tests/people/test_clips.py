"""Motion clips: rotations by hand against what is read."""

import json
from pathlib import Path

import numpy as np
import pytest

from lifecast.errors import ScanError
from lifecast.people.clips import HUMANOID, read_bvh, read_humanoid
from lifecast.people.rotation import euler

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Chest
  {
    OFFSET 0 5 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    JOINT LeftArm
    {
      OFFSET 2 0 0
      CHANNELS 3 Xrotation Yrotation Zrotation
      End Site
      {
        OFFSET 3 0 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.01
0 0 0 0 0 0 0 0 0 0 0 0
1 2 3 10 20 30 40 50 60 70 80 90
"""


def write(folder: Path, text: str) -> Path:
    (folder / "clip.bvh").write_text(text)
    return folder / "clip.bvh"


def test_bvh_rotations_are_those_of_the_chain(tmp_path: Path) -> None:
    clip = read_bvh(write(tmp_path, BVH))
    assert clip.joints == ["Hips", "Chest", "LeftArm"]
    np.testing.assert_allclose(clip.rotations[0], np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-12)
    hips, chest = euler("ZYX", [10, 20, 30]), euler("ZYX", [40, 50, 60])
    arm = euler("XYZ", [70, 80, 90])
    np.testing.assert_allclose(clip.rotations[1], [hips, hips @ chest, hips @ chest @ arm], atol=1e-9)
    np.testing.assert_allclose(clip.directions["LeftArm"], [1, 0, 0])
    np.testing.assert_allclose(clip.directions["Chest"], [1, 0, 0])


def test_a_z_up_skeleton_is_turned_upright(tmp_path: Path) -> None:
    clip = read_bvh(write(tmp_path, BVH.replace("OFFSET 0 5 0", "OFFSET 0 0 9")))
    np.testing.assert_allclose(clip.directions["Hips"], [0, 1, 0], atol=1e-12)
    # Blender's y axis points backward; a turn about it is one about our -z.
    turned = read_bvh(
        write(tmp_path, BVH.replace("OFFSET 0 5 0", "OFFSET 0 0 9").replace("1 2 3 10 20 30", "1 2 3 0 20 0"))
    )
    np.testing.assert_allclose(turned.rotations[1, 0], euler("Z", [-20]), atol=1e-9)


def test_every_keeps_each_nth_frame(tmp_path: Path) -> None:
    assert len(read_bvh(write(tmp_path, BVH), every=2)) == 1


@pytest.mark.parametrize(
    "text", ["nothing", BVH.replace("70 80 90", "70 80"), BVH.replace("CHANNELS 3 X", "CHANNEL 3 X")]
)
def test_broken_bvh_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScanError, match=r"clip\.bvh"):
        read_bvh(write(tmp_path, text))


def humanoid_frame(**angles: float) -> list[float]:
    frame = [0.03, 0, 0.9, 0, 1, 0, 0, 0]
    for name, _, count in HUMANOID:
        frame += [1.0, 0, 0, 0] if count == 4 else [angles.get(name, 0.0)]
    return frame


def test_humanoid_knee_bends_backward_and_elbow_forward(tmp_path: Path) -> None:
    path = tmp_path / "humanoid3d_x.txt"
    path.write_text(json.dumps({"Loop": "wrap", "Frames": [humanoid_frame(left_knee=-1.0, right_elbow=1.0)]}))
    clip = read_humanoid(path)
    shin = clip.rotations[0, clip.joints.index("left_knee")] @ clip.directions["left_knee"]
    forearm = clip.rotations[0, clip.joints.index("right_elbow")] @ clip.directions["right_elbow"]
    assert shin[2] == pytest.approx(-np.sin(1.0))
    assert forearm[2] == pytest.approx(np.sin(1.0))


def test_humanoid_frames_last_as_long_as_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "humanoid3d_x.txt"
    path.write_text(json.dumps({"Frames": [humanoid_frame()] * 3}))
    assert read_humanoid(path).seconds == pytest.approx(0.03)
    path.write_text(json.dumps({"Frames": [[0.0, *humanoid_frame()[1:]]] * 3}))
    with pytest.raises(ScanError, match=r"humanoid3d_x\.txt: a frame must last more than 0 seconds"):
        read_humanoid(path)


def test_humanoid_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "humanoid3d_x.txt"
    for text in ("{", '{"Frames": [[1, 2]]}', "[]"):
        path.write_text(text)
        with pytest.raises(ScanError, match="humanoid3d_x"):
            read_humanoid(path)
