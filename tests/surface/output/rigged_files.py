"""A GLB read back and posed by the specification's rules, and the body as a rig."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.kinematics import joint_transforms
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.rigged_mesh import RiggedMesh


@dataclass
class ReadGlb:
    """A GLB read back, and posed by the rules of the specification, one joint after the other."""

    data: bytes

    def __post_init__(self) -> None:
        assert self.data[:4] == b"glTF"
        size = int.from_bytes(self.data[12:16], "little")
        self.tree = json.loads(self.data[20 : 20 + size])
        self.blob = self.data[20 + size + 8 :]

    def accessor(self, index: int) -> np.ndarray:
        entry = self.tree["accessors"][index]
        view = self.tree["bufferViews"][entry["bufferView"]]
        kind = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}[entry["componentType"]]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[entry["type"]]
        values = np.frombuffer(self.blob, kind, entry["count"] * width, view["byteOffset"]).reshape(-1, width)
        return values / np.iinfo(kind).max if entry.get("normalized") else values

    @cached_property
    def primitive(self) -> dict[str, Any]:
        return self.tree["meshes"][0]["primitives"][0]

    @cached_property
    def node_of(self) -> dict[str, int]:
        return {node["name"]: index for index, node in enumerate(self.tree["nodes"])}

    def at(self, clip: int, second: float) -> dict[int, dict[str, np.ndarray]]:
        """What a clip's tracks say at a time: node -> rotation, translation. Between two frames by slerp and lerp."""
        found: dict[int, dict[str, np.ndarray]] = {}
        entry = self.tree["animations"][clip]
        for channel in entry["channels"]:
            sampler = entry["samplers"][channel["sampler"]]
            times = self.accessor(sampler["input"])[:, 0]
            values = self.accessor(sampler["output"]).astype(np.float64)
            after = int(np.searchsorted(times, second).clip(0, len(times) - 1))
            before = max(after - 1, 0)
            share = 0.0 if after == before else (second - times[before]) / (times[after] - times[before])
            share = min(max(share, 0.0), 1.0)
            if after == before:
                value = values[after]
            elif channel["target"]["path"] == "rotation":
                first, last = Rotation.from_quat(values[before]), Rotation.from_quat(values[after])
                value = (first * Rotation.from_rotvec((first.inv() * last).as_rotvec() * share)).as_quat()
            else:
                value = (1 - share) * values[before] + share * values[after]
            found.setdefault(channel["target"]["node"], {})[channel["target"]["path"]] = value
        return found

    def places(self, moved: dict[int, dict[str, np.ndarray]] | None = None) -> dict[int, np.ndarray]:
        """Every node's matrix from its own space to the model's."""
        whole: dict[int, np.ndarray] = {}

        def visit(index: int, parent: np.ndarray) -> None:
            node = {**self.tree["nodes"][index], **(moved or {}).get(index, {})}
            local = np.eye(4)
            local[:3, :3] = Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])).as_matrix()
            local[:3, 3] = node.get("translation", [0, 0, 0])
            whole[index] = parent @ local
            for child in node.get("children", []):
                visit(child, whole[index])

        for index in self.tree["scenes"][0]["nodes"]:
            visit(index, np.eye(4))
        return whole

    def skinned(self, moved: dict[int, dict[str, np.ndarray]] | None = None) -> np.ndarray:
        """Vertices (V, 3) as the skin moves them: a sum over weights of place @ inverse bind matrix @ vertex."""
        places, skin = self.places(moved), self.tree["skins"][0]
        bound = self.accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        attributes = self.primitive["attributes"]
        points = self.accessor(attributes["POSITION"])
        joints, weights = self.accessor(attributes["JOINTS_0"]), self.accessor(attributes["WEIGHTS_0"])
        matrices = np.stack([places[node] @ bound[k] for k, node in enumerate(skin["joints"])])
        out = np.zeros((len(points), 3))
        for k in range(4):
            matrix = matrices[joints[:, k]]
            out += weights[:, k, None] * ((matrix[:, :3, :3] @ points[..., None])[..., 0] + matrix[:, :3, 3])
        return out


def bend(turns: dict[str, tuple[str, list[float]]]) -> np.ndarray:
    """Rotations (J, 3, 3) of the body's joints: name -> SciPy's Euler order and degrees; the others rest."""
    joints = shipped_body().joints
    rotations = np.tile(np.eye(3, dtype=np.float32), (len(joints), 1, 1))
    for name, (order, degrees) in turns.items():
        rotations[joints.index(name)] = Rotation.from_euler(order, degrees, degrees=True).as_matrix()
    return rotations


def rest_points() -> tuple[torch.Tensor, torch.Tensor]:
    """Vertices (1, V, 3) and joints (1, J, 3) of the mean body at rest."""
    body = shipped_body()
    rest = body.rest(torch.zeros(1, body.components), torch.zeros(1, len(body.actions)))
    return rest.vertices, rest.joints


def rig_of_body(rotations: np.ndarray, place: tuple[float, float, float]) -> RiggedMesh:
    """The mean body's skin in a pose, moved so that the root's shift ends at `place`, its four strongest influences."""
    body = shipped_body()
    vertices, joints = rest_points()
    with torch.no_grad():
        linear, shift = joint_transforms(body.parents, joints, torch.from_numpy(rotations)[None])
    pose = np.tile(np.eye(4, dtype=np.float32), (len(body.joints), 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = linear[0].numpy(), shift[0].numpy() + np.float32(place)
    influences, weights = (part.numpy() for part in body.influences(4))
    mixed = (weights[..., None, None] * pose[influences]).sum(1)
    posed = (mixed[:, :3, :3] @ vertices[0].numpy()[..., None])[..., 0] + mixed[:, :3, 3]
    skin = body.faces[body.parts["skin"]].numpy()
    count = skin.max() + 1
    corners = posed[skin]
    normals = np.zeros((count, 3), np.float32)
    np.add.at(normals, skin, np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, None])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    colours = np.where(posed[:count, :1] > 0, (200, 40, 40), (40, 40, 200)).astype(np.uint8)
    mesh = ColouredMesh(posed[:count].astype(np.float32), skin.astype(np.int32), normals, colours)
    return RiggedMesh(
        mesh, tuple(body.joints), tuple(body.parents), joints[0].numpy(), pose,
        influences[:count].astype(np.uint16), weights[:count].astype(np.float32),
    )  # fmt: skip
