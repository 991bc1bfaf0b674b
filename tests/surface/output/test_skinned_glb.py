"""Rigged files: what they say, posed by the specification's rules, is what the body itself does."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trimesh

sys.path.insert(0, str(Path(__file__).parent))
from rigged_files import ReadGlb, bend, rest_points, rig_of_body

from lifecast.body.fitted_body import shipped_body
from lifecast.body.kinematics import joint_transforms
from lifecast.body.motion.joint_clip import JointClip
from lifecast.errors import UsageError
from lifecast.surface.output.rigged_mesh import RiggedMesh
from lifecast.surface.output.skinned_glb import WHOLE, rigged_glb_bytes, save_rigged, tidy_influences


@pytest.fixture(scope="module")
def written(standing: RiggedMesh, wave: JointClip) -> ReadGlb:
    return ReadGlb(rigged_glb_bytes(standing, [wave]))


def test_the_mesh_is_unchanged_in_the_pose_of_the_photograph(written: ReadGlb, standing: RiggedMesh) -> None:
    np.testing.assert_array_equal(written.accessor(written.primitive["attributes"]["POSITION"]), standing.mesh.vertices)
    np.testing.assert_allclose(written.skinned(), standing.mesh.vertices, atol=1e-6)


def test_joints_stand_where_the_body_has_them(written: ReadGlb, standing: RiggedMesh) -> None:
    places = written.places()
    posed = (standing.pose[:, :3, :3] @ standing.rest[..., None])[..., 0] + standing.pose[:, :3, 3]
    for joint, name in enumerate(standing.joints):
        matrix = places[written.node_of[name]]
        np.testing.assert_allclose(matrix[:3, 3], posed[joint], atol=1e-6, err_msg=name)
        np.testing.assert_allclose(matrix[:3, :3], standing.pose[joint, :3, :3], atol=1e-6, err_msg=name)
        parent = standing.parents[joint]
        if parent >= 0:
            offset = standing.rest[joint] - standing.rest[parent]
            node = written.tree["nodes"][written.node_of[name]]
            np.testing.assert_allclose(node["translation"], offset, atol=1e-6, err_msg=name)


def posed_body(clip: JointClip, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean body's skin (V, 3) in one frame of a clip, its root at rest; joints (J, 3) at rest."""
    body = shipped_body()
    rotations = torch.eye(3).repeat(1, len(body.joints), 1, 1)
    for k, name in enumerate(clip.joints):
        rotations[0, body.joints.index(name)] = torch.from_numpy(clip.rotations[frame, k])
    vertices, joints = rest_points()
    linear, shift = joint_transforms(body.parents, joints, rotations)
    influences, weights = body.influences(4)
    mixed = (weights[..., None, None] * linear[0, influences]).sum(1)
    moved = (weights[..., None] * shift[0, influences]).sum(1)
    points = (mixed @ vertices[0, :, :, None])[..., 0] + moved
    return points[: body.faces[body.parts["skin"]].max() + 1].numpy(), joints[0].numpy()


@pytest.mark.parametrize("frame", [0, 2, 7])
@pytest.mark.parametrize("bent", [False, True])
def test_a_clip_moves_the_mesh_as_the_body_moves(standing: RiggedMesh, wave: JointClip, frame: int, bent: bool) -> None:
    rigged = standing if bent else rig_of_body(bend({}), (0.1, 0.8205, -0.05))
    read = ReadGlb(rigged_glb_bytes(rigged, [wave]))
    expected, rest = posed_body(wave, frame)
    # Where several joints move a vertex, a mesh that stands in another pose than rest is blended otherwise.
    certain = rigged.weights[:, 0] > 0.9999 if bent else slice(None)
    found = read.skinned(read.at(0, frame / wave.rate))
    way = (found - expected)[certain]
    np.testing.assert_allclose(way, np.broadcast_to(way.mean(0), way.shape), atol=3e-5)
    # As a whole it is moved so that it stands on the floor, where the person of the photograph stands.
    low = rest_points()[0][0, : len(found), 1].min().item()
    legs = rest[shipped_body().joints.index("upperleg01.L"), 1] - low
    stands = (rigged.pose[0, :3, :3] @ rigged.rest[0] + rigged.pose[0, :3, 3]) - rest[0]
    np.testing.assert_allclose(way.mean(0), [stands[0], -low, stands[2]] + legs * wave.root[frame], atol=4e-3)


def test_a_loop_ends_as_it_begins(written: ReadGlb, wave: JointClip) -> None:
    first, last = written.at(0, 0.0), written.at(0, len(wave.rotations) / wave.rate)
    assert first.keys() == last.keys()
    np.testing.assert_allclose(written.skinned(last), written.skinned(first), atol=1e-6)
    assert written.tree["animations"][0]["extras"] == {"loops": True}


def test_between_frames_a_joint_turns_the_short_way(written: ReadGlb, wave: JointClip) -> None:
    entry = written.tree["animations"][0]
    for channel in entry["channels"]:
        if channel["target"]["path"] == "rotation":
            turns = written.accessor(entry["samplers"][channel["sampler"]]["output"])
            np.testing.assert_allclose(np.linalg.norm(turns, axis=1), 1, atol=1e-6)
            assert ((turns[1:] * turns[:-1]).sum(1) > 0).all()


def test_influences_are_as_the_format_wants_them() -> None:
    joints, weights = tidy_influences(
        np.array([[3, 3, 2, 7], [5, 1, 0, 0], [4, 2, 4, 2]], np.uint16),
        np.array([[0.5, 0.3, 0.2, 0], [1, 0, 0, 0], [0.4, 0.3, 0.2, 0.1]], np.float32),
    )
    np.testing.assert_array_equal(joints, [[3, 0, 2, 0], [5, 0, 0, 0], [4, 2, 0, 0]])
    np.testing.assert_allclose(weights / WHOLE, [[0.8, 0, 0.2, 0], [1, 0, 0, 0], [0.6, 0.4, 0, 0]], atol=2 / WHOLE)
    assert (weights.sum(1) == WHOLE).all()


def test_many_joints_get_wide_numbers(standing: RiggedMesh) -> None:
    extra = 256 - len(standing.joints) + 1
    far = dataclasses.replace(
        standing,
        joints=(*standing.joints, *(f"more{k}" for k in range(extra))),
        parents=(*standing.parents, *[0] * extra),
        rest=np.concatenate([standing.rest, np.zeros((extra, 3), np.float32)]),
        pose=np.concatenate([standing.pose, np.tile(standing.pose[:1], (extra, 1, 1))]),
        influences=np.where(standing.influences == 0, 256, standing.influences).astype(np.uint16),
    )
    read = ReadGlb(rigged_glb_bytes(far))
    assert read.accessor(read.primitive["attributes"]["JOINTS_0"]).max() == 256
    np.testing.assert_allclose(read.skinned(), standing.mesh.vertices, atol=1e-6)


@pytest.mark.parametrize("textured", [False, True])
def test_khronos_validator_finds_nothing(
    standing: RiggedMesh, wave: JointClip, validate: Callable[[Path], Any], tmp_path: Path, textured: bool
) -> None:
    rigged = standing
    if textured:
        mesh = dataclasses.replace(
            standing.mesh, colours=None, uv=np.clip(standing.mesh.vertices[:, :2] + [0.5, 0], 0, 1),
            texture=np.full((16, 16, 3), 90, np.uint8),
        )  # fmt: skip
        rigged = dataclasses.replace(standing, mesh=mesh)
    still = dataclasses.replace(wave, name="still", rotations=wave.rotations[:1], root=wave.root[:1], loops=False)
    assert save_rigged(rigged, tmp_path / "person.glb", [wave, still]) == [tmp_path / "person.glb"]
    issues = validate(tmp_path / "person.glb")["issues"]
    assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


def test_programs_without_skinning_read_the_mesh_as_it_stands(
    standing: RiggedMesh, wave: JointClip, tmp_path: Path
) -> None:
    save_rigged(standing, tmp_path / "person.glb", [wave])
    mesh = trimesh.load(tmp_path / "person.glb", force="mesh", process=False)
    np.testing.assert_allclose(mesh.vertices, standing.mesh.vertices, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["person.glb"]


def test_what_cannot_be_written(standing: RiggedMesh, wave: JointClip, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"person\.obj: a rig cannot .* name a \.glb file"):
        save_rigged(standing, tmp_path / "person.obj", [wave])
    with pytest.raises(ValueError, match="clip wave moves tail, which the rig lacks"):
        rigged_glb_bytes(standing, [dataclasses.replace(wave, joints=("root", "upperarm01.L", "tail"))])
    stretched = standing.pose.copy()
    stretched[4, :3, :3] *= 1.1
    with pytest.raises(ValueError, match=f"pose of {standing.joints[4]} is not a rotation"):
        rigged_glb_bytes(dataclasses.replace(standing, pose=stretched))
    with pytest.raises(ValueError, match="needs one root, and this one has 2"):
        rigged_glb_bytes(dataclasses.replace(standing, parents=(-1, -1, *standing.parents[2:])))
    assert list(tmp_path.iterdir()) == []
