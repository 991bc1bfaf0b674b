"""Made bodies to train a body regressor on: shapes and poses drawn as those of made people, without clothes.

Points of a few hundred vertices stand for the whole skin: they are posed in milliseconds, with gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.spatial import cKDTree
from torch import Tensor

from lifecast.body.kinematics import blend, joint_transforms
from lifecast.body.model import Body
from lifecast.body.names import SIDES, TOES
from lifecast.model.heads.body_regressor import INPUTS
from lifecast.people.appearance import draw_build
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.figure import Figure
from lifecast.people.joints import BONES, JointFinder
from lifecast.people.pose_library import PoseLibrary
from lifecast.people.stances import draw_pose
from lifecast.space.skeleton import LANDMARKS, Joint

EVERY = 90
"""One of so many vertices of the skin is a point."""
SHARED = 8
"""So many poses are drawn on one body before the next is shaped: shaping costs more than posing."""
CLIP_SHARE = 0.35
"""Share of the poses from motion clips and MakeHuman's own, where there are any."""
_AROUND, _EXACT = 24, 100.0
"""Vertices around a place that it is the mean of, and how much more their weights' sum of 1 counts than metres."""


@dataclass(frozen=True)
class MadeBodies:
    """P drawn bodies."""

    shape: Tensor
    """(P, N) components."""
    rotations: Tensor
    """(P, J, 3, 3) as `Body.pose` takes them."""

    def __len__(self) -> int:
        return len(self.shape)


def joint_rotations(body: Body, model: BodyModel, transforms: NDArray[np.float64]) -> NDArray[np.float32]:
    """Read the rotations (J, 3, 3) of the body's joints off (B, 3, 4) bone transforms.

    What bones between two joints turn by is the lower joint's.
    """
    bones = [model.bone(TOES.get(name, (name,))[0]) for name in body.joints]
    world = transforms[bones, :, :3]
    above = np.stack([np.eye(3) if parent < 0 else world[parent] for parent in body.parents])
    return (above.transpose(0, 2, 1) @ world).astype(np.float32)


def draw_made_bodies(
    count: int,
    body: Body,
    model: BodyModel,
    poses: PoseLibrary,
    seed: int,
    first: int = 0,
    progress: Callable[[int], None] | None = None,
) -> MadeBodies:
    """Draw bodies `first` .. `first + count - 1` of `seed`.

    `progress` is called with each one's number.
    Poses in which limbs run into the body are not drawn anew: landmarks do not show that.
    """
    shapes, rotations = [], []
    rest: RestBody | None = None
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number, 2])
        build = draw_build(rng)
        shapes.append(body.shape_of(build.phenotype, build.local)[0])
        if rest is None or number % SHARED == 0:
            rest = model.rest(build.phenotype, build.local, {})
        figure = Figure(model.bones, model.parents, rest)
        draw_pose(figure, poses, rng, CLIP_SHARE)
        rotations.append(joint_rotations(body, model, figure.transforms()))
        if progress is not None:
            progress(number)
    return MadeBodies(torch.stack(shapes), torch.from_numpy(np.stack(rotations)))


class BodySample(torch.nn.Module):
    """A body's joints, a sample of its skin, and what landmarks and hands' points are of these.

    Places are in metres about the posed root.
    """

    mean: Tensor
    directions: Tensor
    weights: Tensor
    landmark_weights: Tensor
    hand_weights: Tensor

    def __init__(self, body: Body, model: BodyModel) -> None:
        super().__init__()
        rest = model.rest({}, {}, {})
        skin = cKDTree(rest.vertices[:SKIN_VERTICES].astype(np.float64))
        averages = [_average_of(skin, rest.heads[model.bone(f"toe1-1.{side}")]) for side in SIDES]
        tips = {side: _tips(skin, model, rest, side) for side in SIDES}
        noses = JointFinder(model).skin_points
        extra = [
            *noses.values(),
            *(v for chosen, _ in averages for v in chosen),
            *(v for t in tips.values() for v in t),
        ]
        self.vertices = sorted({*range(0, SKIN_VERTICES, EVERY), *extra})
        """Numbers of the V sampled vertices."""
        row = {vertex: k for k, vertex in enumerate(self.vertices)}
        self.parents = body.parents
        count, joints = len(self.vertices), len(body.joints)
        points = [*self.vertices, *range(len(body.vertex_rows), len(body.vertex_rows) + joints)]
        self.register_buffer("mean", body.mean.reshape(-1, 3)[points].clone())
        self.register_buffer("directions", body.directions.reshape(-1, 3, body.components)[points].clone())
        self.register_buffer("weights", body.weights[self.vertices].clone())
        landmarks, hands = torch.zeros(LANDMARKS, count + joints), torch.zeros(2, 21, count + joints)
        for landmark, bone in BONES.items():
            if bone in body.joints:
                landmarks[landmark, count + body.joints.index(bone)] = 1
        for landmark, vertex in noses.items():
            landmarks[landmark, row[vertex]] = 1
        for landmark, (chosen, weights) in zip((Joint.LEFT_TOE, Joint.RIGHT_TOE), averages, strict=True):
            landmarks[landmark, [row[vertex] for vertex in chosen]] = torch.from_numpy(weights.astype(np.float32))
        for k, side in enumerate(SIDES):
            hands[k, 0, count + body.joints.index(f"wrist.{side}")] = 1
            for finger in range(1, 6):
                for joint in (1, 2, 3):
                    place = count + body.joints.index(f"finger{finger}-{joint}.{side}")
                    hands[k, 4 * (finger - 1) + joint, place] = 1
                hands[k, 4 * finger, row[tips[side][finger - 1]]] = 1
        self.register_buffer("landmark_weights", landmarks)
        self.register_buffer("hand_weights", hands)

    def posed(self, shape: Tensor, rotations: Tensor) -> Tensor:
        """Shape and pose bodies: (B, N), (B, J, 3, 3) -> (B, V + J, 3), joints last."""
        rest = self.mean + torch.einsum("pxn,bn->bpx", self.directions, shape)
        count = len(self.vertices)
        linear, shift = joint_transforms(self.parents, rest[:, count:], rotations)
        joints = (linear @ rest[:, count:, :, None])[..., 0] + shift
        return torch.cat((blend(self.weights, rest[:, :count], linear, shift), joints), dim=1) - joints[:, :1]

    def landmarks(self, points: Tensor) -> Tensor:
        """Find the landmarks (B, 33, 3) of points (B, V + J, 3).

        Those that are not of `INPUTS` are at the root.
        """
        return self.landmark_weights @ points

    def hands(self, points: Tensor) -> Tensor:
        """Find the points (B, 2, 21, 3) of the left and the right hand."""
        return torch.einsum("hkp,bpx->bhkx", self.hand_weights, points)


def _average_of(skin: cKDTree, place: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
    """The vertices around a place inside the body, and the weights that make it their mean."""
    _, near = skin.query(place, _AROUND)
    system = np.vstack([skin.data[near].T, np.full(_AROUND, _EXACT)])
    weights, _ = nnls(system, np.append(place, _EXACT))
    used = weights > 0
    return [int(vertex) for vertex in near[used]], weights[used]


def _tips(skin: cKDTree, model: BodyModel, rest: RestBody, side: str) -> list[int]:
    """The vertex at the tip of each finger, thumb to little finger."""
    return [int(skin.query(rest.tails[model.bone(f"finger{finger}-3.{side}")])[1]) for finger in range(1, 6)]


def known_landmarks(sample: BodySample) -> list[int]:
    """List the landmarks that a sample has places for: those of `INPUTS`."""
    known = [k for k in range(LANDMARKS) if float(sample.landmark_weights[k].sum()) > 0]
    assert set(known) == set(INPUTS)
    return known
