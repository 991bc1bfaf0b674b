"""VRM files: bones by name in a tree that VRM allows, what its schema requires, and expressions that move the face."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rigged_files import ReadGlb, bend, rig_of_body

from lifecast.body.rig.named_poses import named_pose
from lifecast.errors import UsageError
from lifecast.rigging import reposed
from lifecast.surface.output.rigged_mesh import RiggedMesh
from lifecast.surface.output.viewer import read_shown
from lifecast.surface.output.vrm import save_vrm, vrm_bytes

PARENTS = {
    "spine": "hips", "chest": "spine", "upperChest": "chest", "neck": "upperChest", "head": "neck", "jaw": "head",
    **{f"{side}{bone}": f"{side}{parent}" for side in ("left", "right") for bone, parent in (
        ("LowerArm", "UpperArm"), ("Hand", "LowerArm"), ("UpperArm", "Shoulder"), ("LowerLeg", "UpperLeg"),
        ("Foot", "LowerLeg"), ("Toes", "Foot"), ("ThumbMetacarpal", "Hand"), ("ThumbProximal", "ThumbMetacarpal"),
        ("LittleProximal", "Hand"), ("LittleDistal", "LittleIntermediate"),
    )},
    **{f"{side}{bone}": parent for side in ("left", "right") for bone, parent in (
        ("Shoulder", "upperChest"), ("UpperLeg", "hips"), ("Eye", "head"),
    )},
}  # fmt: skip
"""VRM's bone -> the bone that must be above it, others that are no bones between them."""


@pytest.fixture(scope="module")
def t_pose() -> RiggedMesh:
    """Arms sideways: the mean body's hang 45 degrees down and forward."""
    turns = {}
    for side, sign in (("L", 1), ("R", -1)):
        turns |= {f"upperarm01.{side}": ("z", [sign * 46.0]), f"lowerarm01.{side}": ("y", [sign * 50.0])}
    rigged = rig_of_body(bend(turns), (0, 0.8205, 0))
    said = {"photograph": "me.jpg", "copyright": "made with weights compact: Apache-2.0"}
    return dataclasses.replace(rigged, mesh=dataclasses.replace(rigged.mesh, provenance=said))


def above(tree: dict[str, Any]) -> dict[int, int]:
    """Each node's parent."""
    return {child: k for k, node in enumerate(tree["nodes"]) for child in node.get("children", [])}


def test_bones_stand_in_the_tree_as_vrm_wants_them(t_pose: RiggedMesh, tmp_path: Path) -> None:
    assert save_vrm(t_pose, tmp_path / "me.vrm") == [tmp_path / "me.vrm"]
    tree = ReadGlb((tmp_path / "me.vrm").read_bytes()).tree
    assert tree["extensionsUsed"] == ["VRMC_vrm"]
    bones = {name: entry["node"] for name, entry in tree["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].items()}
    assert len(set(bones.values())) == len(bones)
    assert tree["nodes"][bones["leftLowerArm"]]["name"] == "lowerarm01.L"
    parents, bone_of = above(tree), {node: bone for bone, node in bones.items()}
    for bone, parent in PARENTS.items():
        node = parents[bones[bone]]
        while node not in bone_of:
            node = parents[node]
        assert bone_of[node] == parent, bone
    assert bones["hips"] not in parents
    assert "animations" not in tree
    assert not [node for node in tree["nodes"] if "scale" in node or "matrix" in node]


def test_meta_has_what_the_schema_requires_and_gives_nothing_away(t_pose: RiggedMesh) -> None:
    avatar = ReadGlb(vrm_bytes(t_pose, "me")).tree["extensions"]["VRMC_vrm"]
    assert avatar["specVersion"] == "1.0"
    said = avatar["meta"]
    assert said["name"] == "me"
    assert said["licenseUrl"] == "https://vrm.dev/licenses/1.0/"
    assert len(said["authors"]) == 1
    assert said["authors"][0].startswith("made with lifecast")
    assert said["thirdPartyLicenses"] == "made with weights compact: Apache-2.0"
    assert said["references"] == ["me.jpg"]
    assert (said["avatarPermission"], said["modification"]) == ("onlyAuthor", "prohibited")
    given = ReadGlb(vrm_bytes(t_pose, "me", ["A", "", "B"])).tree["extensions"]["VRMC_vrm"]["meta"]
    assert given["authors"] == ["A", "B"]


def test_expressions_are_morph_targets(t_pose: RiggedMesh) -> None:
    offsets = np.zeros_like(t_pose.mesh.vertices)
    offsets[[5, 70, 900]] = [[0, -0.01, 0], [0.002, 0, 0], [0, 0, 0.03]]
    read = ReadGlb(vrm_bytes(t_pose, "me", expressions={"blink": offsets, "grin": 2 * offsets}))
    said = read.tree["extensions"]["VRMC_vrm"]["expressions"]
    assert said == {
        "preset": {"blink": {"morphTargetBinds": [{"node": 0, "index": 0, "weight": 1.0}]}},
        "custom": {"grin": {"morphTargetBinds": [{"node": 0, "index": 1, "weight": 1.0}]}},
    }
    assert read.tree["nodes"][0]["mesh"] == 0
    assert read.tree["meshes"][0]["extras"] == {"targetNames": ["blink", "grin"]}
    for factor, target in enumerate(read.primitive["targets"], 1):
        entry = read.tree["accessors"][target["POSITION"]]
        sparse = entry["sparse"]
        assert entry["count"] == len(offsets)
        places, values = (read.tree["bufferViews"][sparse[kind]["bufferView"]] for kind in ("indices", "values"))
        rows = np.frombuffer(read.blob, "<u4", sparse["count"], places["byteOffset"])
        moved = np.frombuffer(read.blob, "<f4", sparse["count"] * 3, values["byteOffset"]).reshape(-1, 3)
        np.testing.assert_array_equal(rows, [5, 70, 900])
        np.testing.assert_array_equal(moved, factor * offsets[rows])


def test_khronos_validator_finds_nothing(t_pose: RiggedMesh, validate: Callable[[Path], Any], tmp_path: Path) -> None:
    offsets = np.zeros_like(t_pose.mesh.vertices)
    offsets[5] = 0.01
    save_vrm(t_pose, tmp_path / "me.vrm", expressions={"blink": offsets, "nothing": 0 * offsets})
    issues = validate(tmp_path / "me.vrm")["issues"]
    assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]


def test_a_rig_in_another_pose_becomes_an_avatar(standing: RiggedMesh) -> None:
    there = reposed(standing, "t")
    wanted = rig_of_body(named_pose(standing.rest, "t"), (0, 0, 0))
    way = there.mesh.vertices - wanted.mesh.vertices
    certain = standing.weights[:, 0] > 0.9999  # several joints blend otherwise when they come from another pose
    np.testing.assert_allclose(way[certain], np.tile(way[certain].mean(0), (certain.sum(), 1)), atol=2e-5)
    assert (there.mesh.normals * wanted.mesh.normals).sum(1)[certain].min() > 0.97
    np.testing.assert_allclose(np.linalg.norm(there.mesh.normals, axis=1), 1, atol=1e-5)
    assert there.mesh.vertices[:, 1].min() == 0
    np.testing.assert_allclose(ReadGlb(vrm_bytes(there, "me")).skinned(), there.mesh.vertices, atol=1e-6)


def test_the_viewer_takes_an_avatar_as_it_is(t_pose: RiggedMesh, tmp_path: Path) -> None:
    save_vrm(t_pose, tmp_path / "me.vrm")
    shown = read_shown(tmp_path / "me.vrm")
    assert (shown.glb, shown.units, shown.up) == ((tmp_path / "me.vrm").read_bytes(), "m", "y")


def test_what_is_no_avatar_is_refused(t_pose: RiggedMesh, tmp_path: Path) -> None:
    one_arm = rig_of_body(bend({"upperarm01.L": ("z", [46.0]), "lowerarm01.L": ("y", [50.0])}), (0, 0, 0))
    with pytest.raises(UsageError, match=r"T pose, and the right arm is \d\d degrees off"):
        save_vrm(one_arm, tmp_path / "me.vrm")
    names = tuple("skull" if name == "head" else name for name in t_pose.joints)
    with pytest.raises(UsageError, match="needs the bones head, which this rig lacks"):
        save_vrm(dataclasses.replace(t_pose, joints=names), tmp_path / "me.vrm")
    with pytest.raises(UsageError, match=r"me\.glb: is no name of a VRM file"):
        save_vrm(t_pose, tmp_path / "me.glb")
    assert list(tmp_path.iterdir()) == []
