"""GLB of a mesh with a skeleton: joints as nodes, a skin, and clips as animations.

A joint's node has the axes of the rest body: its translation is the way from its parent's place at rest, its rotation
is against the parent. Nodes stand in the pose of the mesh, and the skin's inverse bind matrices are of that pose, so
the mesh is unchanged until a node is turned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.atomic import write_bytes
from lifecast.body.motion.joint_clip import JointClip
from lifecast.errors import UsageError
from lifecast.surface.output.clip_tracks import animation, quaternions
from lifecast.surface.output.glb_file import ARRAY_BUFFER, FLOAT, UNSIGNED_BYTE, UNSIGNED_SHORT, GlbFile
from lifecast.surface.output.gltf import mesh_tree
from lifecast.surface.output.rigged_mesh import RiggedMesh

FIRST_JOINT = 1
"""Node 0 is the mesh, the joints' nodes follow in the rig's order."""
WHOLE = 65535
"""Skinning weights are parts of it: two bytes each where a float takes four, and no vertex moves by more than some
hundredths of a millimetre for it."""
RIGID = 1e-3
"""So far may a pose's matrices be from rotations."""


def save_rigged(rigged: RiggedMesh, path: str | Path, clips: Sequence[JointClip] = ()) -> list[Path]:
    """Write a .glb with skeleton, skin and clips, atomically; returns the files written.

    `UsageError` for another suffix, `OutputError` if it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".glb":
        raise UsageError(f"{path}: a rig cannot be written in this format: name a .glb file")
    write_bytes(path, rigged_glb_bytes(rigged, clips))
    return [path]


def rigged_glb_bytes(rigged: RiggedMesh, clips: Sequence[JointClip] = ()) -> bytes:
    """Encode a rigged mesh and its clips as the content of a .glb file."""
    file = GlbFile()
    return file.content(rigged_tree(file, rigged, clips))


def rigged_tree(
    file: GlbFile,
    rigged: RiggedMesh,
    clips: Sequence[JointClip] = (),
    morphs: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> dict[str, Any]:
    """Put a rigged mesh into `file`, and return the JSON that says what is in it.

    `morphs` are morph targets by name: offsets (V, 3) in metres of the mesh as it stands.

    `ValueError` for a rig with several roots, for a pose that does more than turn and move, and for a clip of joints
    that the rig lacks.
    """
    if rigged.parents.count(-1) != 1:
        raise ValueError(f"a rig needs one root, and this one has {rigged.parents.count(-1)}")
    tree = mesh_tree(file, rigged.mesh)
    nodes, mesh = tree["nodes"], tree["meshes"][0]
    rotations, translations = node_transforms(rigged)
    nodes[0]["skin"] = 0
    for joint, name in enumerate(rigged.joints):
        nodes.append({
            "name": name, "rotation": rotations[joint].tolist(), "translation": translations[joint].tolist(),
        })  # fmt: skip
        if rigged.parents[joint] >= 0:
            nodes[FIRST_JOINT + rigged.parents[joint]].setdefault("children", []).append(FIRST_JOINT + joint)
    root = FIRST_JOINT + rigged.parents.index(-1)
    tree["scenes"][0]["nodes"].append(root)
    bound = np.linalg.inv(globals_of(rigged.parents, rotations, translations))
    bound[:, 3] = [0, 0, 0, 1]
    columns = bound.transpose(0, 2, 1).reshape(-1, 16).astype("<f4")  # glTF's matrices stand column after column
    tree["skins"] = [{
        "inverseBindMatrices": file.accessor(columns, "MAT4", FLOAT),
        "joints": [FIRST_JOINT + joint for joint in range(len(rigged.joints))],
        "skeleton": root,
    }]  # fmt: skip
    influences, weights = tidy_influences(rigged.influences, rigged.weights)
    narrow = len(rigged.joints) <= 256
    mesh["primitives"][0]["attributes"] |= {
        "JOINTS_0": file.accessor(
            influences.astype("u1" if narrow else "<u2"), "VEC4", UNSIGNED_BYTE if narrow else UNSIGNED_SHORT,
            ARRAY_BUFFER,
        ),
        "WEIGHTS_0": file.accessor(weights.astype("<u2"), "VEC4", UNSIGNED_SHORT, ARRAY_BUFFER, normalized=True),
    }  # fmt: skip
    if morphs:
        mesh["primitives"][0]["targets"] = [{"POSITION": file.sparse_offsets(offsets)} for offsets in morphs.values()]
        mesh["weights"] = [0.0] * len(morphs)
        mesh["extras"] = {"targetNames": list(morphs)}
    if clips:
        tree["animations"] = [animation(file, rigged, clip, FIRST_JOINT) for clip in clips]
    return tree


def node_transforms(rigged: RiggedMesh) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find each joint's rotation and translation against its parent, in the mesh's pose.

    Rotations are unit quaternions (J, 4), x y z w; translations (J, 3) are in metres.

    `ValueError` if the pose does more than turn and move.
    """
    pose = rigged.pose.astype(np.float64)
    linear = pose[:, :3, :3]
    stretched = np.abs(linear.transpose(0, 2, 1) @ linear - np.eye(3)).max((1, 2)) > RIGID
    if stretched.any() or (np.linalg.det(linear) < 0).any():
        raise ValueError(f"the pose of {rigged.joints[int(stretched.argmax())]} is not a rotation and a way")
    whole = pose.copy()  # at rest a joint's node has the rest axes, and its place
    whole[:, :3, 3] += (linear @ rigged.rest.astype(np.float64)[..., None])[..., 0]
    above = np.stack([whole[parent] if parent >= 0 else np.eye(4) for parent in rigged.parents])
    local = np.linalg.inv(above) @ whole
    rotations = np.concatenate([quaternions(one[None, :3, :3]) for one in local])
    return rotations, local[:, :3, 3].astype(np.float32)


def globals_of(
    parents: Sequence[int], rotations: NDArray[np.float32], translations: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Compute the transforms (J, 4, 4) that take each node's space to the model's.

    rotations: (J, 4) unit quaternions, x y z w, and translations: (J, 3), both against the node's parent. A parent
    comes before its children.
    """
    local = np.tile(np.eye(4), (len(parents), 1, 1))
    local[:, :3, :3] = Rotation.from_quat(rotations.astype(np.float64)).as_matrix()
    local[:, :3, 3] = translations
    whole: list[NDArray[np.float64]] = []
    for joint, parent in enumerate(parents):
        whole.append(local[joint] if parent < 0 else whole[parent] @ local[joint])
    return np.stack(whole)


def tidy_influences(
    influences: NDArray[np.unsignedinteger[Any]], weights: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bring influences (V, 4) and weights (V, 4) to the form that glTF asks for.

    A joint stands once for a vertex, weights are parts of `WHOLE` and sum to it; where one is 0, its joint is 0.
    """
    joints, shares = influences.astype(np.int64), weights.astype(np.float64)
    for later in range(1, 4):
        for earlier in range(later):
            twice = (joints[:, later] == joints[:, earlier]) & (shares[:, later] > 0)
            shares[twice, earlier] += shares[twice, later]
            shares[twice, later] = 0
    stored = np.floor(shares / shares.sum(1, keepdims=True) * WHOLE).astype(np.int64)
    rows = np.arange(len(stored))
    stored[rows, stored.argmax(1)] += WHOLE - stored.sum(1)
    joints[stored == 0] = 0
    return joints, stored
