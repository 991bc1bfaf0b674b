"""The parametric body in PyTorch: batched, float32, differentiable.

    body = Body()
    shape, expression = torch.zeros(1, 24), torch.zeros(1, len(body.actions))
    rotations = rotations_from_vectors(torch.zeros(1, len(body.joints), 3))
    posed = body.pose(shape, expression, rotations, torch.zeros(1, 3))
    posed.vertices, posed.joints                 # (1, 14136, 3), (1, 61, 3), metres, y up, front toward +z

It is the same mesh, joints and skinning that made people have, without helper meshes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lifecast.body.body_file import SHIPPED, read_body_file
from lifecast.body.components import SKIN_VERTICES
from lifecast.body.kinematics import blend, joint_transforms
from lifecast.body.names import JOINT_NAMES, TOES
from lifecast.body.shapes import ACTION, BodyShapes
from lifecast.errors import UsageError
from lifecast.people.wavefront import triangles

PARTS: dict[str, tuple[str, ...]] = {
    "skin": ("body",),
    "tongue": ("helper-tongue",),
    "left_eye": ("helper-l-eye",),
    "right_eye": ("helper-r-eye",),
    "lashes": (
        "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2",
    ),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
}  # fmt: skip
"""Part of the body -> groups of the base mesh."""


@dataclass(frozen=True)
class BodyPoints:
    """Vertices and joints of a batch of bodies, in metres."""

    vertices: Tensor
    """(B, V, 3)"""
    joints: Tensor
    """(B, J, 3)"""


class Body(nn.Module):
    """Shapes and poses bodies by a few numbers.

    Parameters
    ----------
    path : a body's file; by default the one that comes with the package.
    components : how many shape components, 1 .. 64. One unit is a standard deviation over drawn people.

    Raises
    ------
    DataError
        The file is missing or damaged.
    UsageError
        The file has fewer components.
    """

    mean: Tensor
    directions: Tensor
    expressions: Tensor
    weights: Tensor
    faces: Tensor

    def __init__(self, path: str | Path = SHIPPED, components: int = 24) -> None:
        super().__init__()
        shapes = BodyShapes(read_body_file(path))
        self._shapes = shapes
        arrays, names = shapes.file.arrays, shapes.names
        most = len(arrays["shape_rows"])
        if not 1 <= components <= most:
            raise UsageError(f"components {components}: {path} has 1 to {most}")
        self.components = components
        self.joints: list[str] = list(JOINT_NAMES)
        """(J,) joints' names; `lifecast.body.names` says what they are called elsewhere."""
        self.actions: list[str] = shapes.actions
        """Facial actions, in the order of the expression's numbers (ARKit's names), each 0 .. 1."""
        owner, self.parents = joints_of_bones(names.bones, names.parents, self.joints)
        part_faces, self.vertex_rows = _visible(arrays["faces"], names.groups)
        """(V,) the numbers of our vertices in MakeHuman's base mesh; the first 13,380 are the skin's."""
        self.parts: dict[str, slice] = {}
        """Part -> its rows of `faces`."""
        for part, faces in part_faces.items():
            first = max((rows.stop for rows in self.parts.values()), default=0)
            self.parts[part] = slice(first, first + len(faces))
        renumber = np.full(shapes.vertex_count, -1)
        renumber[self.vertex_rows] = np.arange(len(self.vertex_rows))
        self.register_buffer("faces", torch.from_numpy(renumber[np.concatenate(list(part_faces.values()))]))
        self.register_buffer("weights", torch.from_numpy(_weights(shapes, self.vertex_rows, owner, len(self.joints))))
        self._to_joints = _joint_averages(shapes, self.joints)
        usual = arrays["shape_mean"]
        actions = [shapes.dense_count + names.sparse.index(ACTION + action) for action in self.actions]
        linear = shapes.combined(np.concatenate([usual[None], arrays["shape_rows"][:components]]))
        linear[..., 0] += shapes.mean
        points = self._points(linear)
        self.register_buffer("mean", points[:, 0].contiguous())
        self.register_buffer("directions", points[:, 1:].contiguous())
        self.register_buffer(
            "expressions", self._points(shapes.combined(np.eye(len(usual), dtype=np.float32)[actions]))
        )

    def _points(self, vertices: NDArray[np.floating]) -> Tensor:
        """Our vertices and joints, (3 (V + J), N), out of (19158, 3, N) vertices of the base mesh."""
        flat = vertices.reshape(len(vertices), -1)
        together = np.concatenate([flat[self.vertex_rows], self._to_joints.astype(flat.dtype) @ flat]).astype(
            np.float32
        )
        return torch.from_numpy(together.reshape(-1, vertices.shape[2]))

    def _split(self, points: Tensor) -> BodyPoints:
        points = points.reshape(len(points), -1, 3)
        count = len(self.vertex_rows)
        return BodyPoints(points[:, :count], points[:, count:])

    def rest(self, shape: Tensor, expression: Tensor) -> BodyPoints:
        """Shape bodies that are not posed.

        Parameters
        ----------
        shape : (B, N) components, at most as many as the body has; zeros are the mean body, and what is left out is 0.
        expression : (B, A) facial actions, 0 .. 1.

        Returns
        -------
        Vertices and joints, in metres, y up, front toward +z.
        """
        moved = shape @ self.directions[:, : shape.shape[1]].T + expression @ self.expressions.T
        return self._split(self.mean + moved)

    def pose(
        self, shape: Tensor, expression: Tensor, rotations: Tensor, translation: Tensor | None = None
    ) -> BodyPoints:
        """Shape and pose bodies.

        Parameters
        ----------
        shape, expression : see `rest`.
        rotations : (B, J, 3, 3) of each joint against its parent, about the rest body's axes; identities are the rest
            pose. The root's turns the whole body.
        translation : (B, 3) metres, added after all.

        Returns
        -------
        Posed vertices and joints.
        """
        return self.posed(self.rest(shape, expression), rotations, translation)

    def posed(self, rest: BodyPoints, rotations: Tensor, translation: Tensor | None = None) -> BodyPoints:
        """Pose bodies at rest; see `pose`."""
        linear, shift = joint_transforms(self.parents, rest.joints, rotations)
        vertices = blend(self.weights, rest.vertices, linear, shift)
        joints = (linear @ rest.joints[..., None])[..., 0] + shift
        if translation is not None:
            vertices, joints = vertices + translation[:, None], joints + translation[:, None]
        return BodyPoints(vertices, joints)

    def rest_of(
        self, phenotype: Mapping[str, float], local: Mapping[str, float], expression: Mapping[str, float]
    ) -> BodyPoints:
        """Shape one made person exactly, as `people.body.BodyModel.rest` does.

        A batch of one, not differentiable. `ValueError` for names that there are not, and for babies.
        """
        coefficients = self._shapes.coefficients([phenotype], [local], [expression])[0]
        return self._split(self._points(self._shapes.vertices(coefficients)[..., None]).T)

    def shape_of(self, phenotype: Mapping[str, float], local: Mapping[str, float]) -> Tensor:
        """Fit the components (1, N) to a made person, by least squares over the skin's vertices."""
        arrays = self._shapes.file.arrays
        coefficients = self._shapes.coefficients([phenotype], [local], [{}])[0] - arrays["shape_mean"]
        return torch.from_numpy((coefficients @ arrays["shape_of"][:, : self.components]).astype(np.float32))[None]

    def influences(self, count: int = 4) -> tuple[Tensor, Tensor]:
        """Find the strongest joints of each vertex, as glTF wants them.

        Returns their numbers (V, count) and weights (V, count) that sum to 1.
        """
        weights, joints = self.weights.topk(count, dim=1)
        return joints, weights / weights.sum(1, keepdim=True)


def joints_of_bones(
    bones: Sequence[str], parents: Sequence[int], joints: Sequence[str]
) -> tuple[NDArray[np.int64], list[int]]:
    """Find the joint that each bone follows, and each joint's parent (-1 for the root)."""
    named = {name: k for k, name in enumerate(joints)}
    toes = {bone: named[joint] for joint, ours in TOES.items() for bone in ours}
    owner: list[int] = []
    above = [-1] * len(joints)
    for bone, parent in zip(bones, parents, strict=True):
        follows = owner[parent] if parent >= 0 else -1
        own = named.get(bone, toes.get(bone, follows))
        if own != follows:
            above[own] = follows
        owner.append(own)
    return np.array(owner), above


def _visible(
    quads: NDArray[np.uint16], groups: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """The triangles of each part, and the vertices of all parts, by their numbers in the base mesh."""
    faces = {}
    for part, names in PARTS.items():
        rows = np.concatenate([np.arange(*run) for name in names for run in groups[name]])
        faces[part] = triangles(quads[rows].astype(np.int32)).astype(np.int64)
    used = np.unique(np.concatenate([np.arange(SKIN_VERTICES), *(f.ravel() for f in faces.values())]))
    return faces, used


def _weights(shapes: BodyShapes, rows: NDArray[np.int64], owner: NDArray[np.int64], joints: int) -> NDArray[np.float32]:
    """(V, J) skinning weights: those of all bones that follow a joint are the joint's."""
    bones = shapes.weights[rows].tocoo()
    out = np.zeros((len(rows), joints))
    np.add.at(out, (bones.row, owner[bones.col]), bones.data)
    return out.astype(np.float32)


def _joint_averages(shapes: BodyShapes, joints: Sequence[str]) -> sp.csr_matrix:
    """(J, 19158): vertices -> joints."""
    bones = shapes.names.bones
    chosen = sp.lil_matrix((len(joints), len(bones)))
    for row, joint in enumerate(joints):
        ours = TOES.get(joint, (joint,))
        for bone in ours:
            chosen[row, bones.index(bone)] = 1 / len(ours)
    return (chosen.tocsr() @ shapes.heads).tocsr()
