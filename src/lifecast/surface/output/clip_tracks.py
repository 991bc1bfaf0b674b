"""Clips as animations of glTF: a rotation of every joint, and the way of the root joint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.body.motion.joint_clip import JointClip
from lifecast.surface.output.glb_file import FLOAT, GlbFile
from lifecast.surface.output.rigged_mesh import RiggedMesh

HIPS = ("upperleg01.L", "upperleg01.R")
FEET = ("foot.L", "foot.R", "toes.L", "toes.R")
ANKLES = ("foot.L", "foot.R")
ANKLE_HEIGHT = 0.095
"""Of a body whose feet are not in the picture, in lengths from hip to ankle: the mean body's."""
SOLE_SHARE = 0.02
"""So many of the feet's vertices may lie under the sole, as noise of the surface does."""


def quaternions(rotations: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Convert matrices (T, 3, 3) to unit quaternions (T, 4), x y z w.

    Each is in the half space of the one before it.

    Between q and -q, which are one rotation, a player would otherwise turn the long way round.
    """
    turns = Rotation.from_matrix(np.asarray(rotations, np.float64)).as_quat()
    if turns[0, 3] < 0:
        turns[0] *= -1
    flips = np.sign((turns[1:] * turns[:-1]).sum(1))
    turns[1:] *= np.cumprod(np.where(flips < 0, -1.0, 1.0))[:, None]
    unit: NDArray[np.float32] = turns.astype(np.float32)
    return unit


def sole_height(rigged: RiggedMesh) -> float:
    """Find where the soles are when the rig is at rest: y in metres.

    It is measured on the feet of the mesh, shoes included; where the picture cut them off, guessed from the joints.
    """
    named = {name: k for k, name in enumerate(rigged.joints)}
    strongest = rigged.influences[:, 0]
    heights = []
    for joint in (named[name] for name in FEET):
        back = np.linalg.inv(rigged.pose[joint].astype(np.float64))
        heights.append(rigged.mesh.vertices[strongest == joint] @ back[1, :3] + back[1, 3])
    found = np.concatenate(heights)
    if len(found):
        return float(np.quantile(found, SOLE_SHARE))
    hip, ankle = (np.mean([rigged.rest[named[name], 1] for name in names]) for names in (HIPS, ANKLES))
    return float(ankle - ANKLE_HEIGHT * (hip - ankle))


def leg_length(rigged: RiggedMesh) -> float:
    """Measure from the hip joints to the soles, at rest, in metres."""
    hips = [rigged.rest[rigged.joints.index(name), 1] for name in HIPS]
    return float(np.mean(hips)) - sole_height(rigged)


def root_places(rigged: RiggedMesh, clip: JointClip) -> NDArray[np.float32]:
    """Place the root joint in each frame of a clip, (T, 3) in metres.

    The clip stands on y = 0, where the person of the photograph stands.
    """
    root = rigged.parents.index(-1)
    start = rigged.pose[root, :3, :3] @ rigged.rest[root] + rigged.pose[root, :3, 3]
    start[1] = rigged.rest[root, 1] - sole_height(rigged)
    places: NDArray[np.float32] = (start + clip.root * leg_length(rigged)).astype(np.float32)
    return places


def animation(file: GlbFile, rigged: RiggedMesh, clip: JointClip, first_node: int) -> dict[str, Any]:
    """Put a clip's tracks into `file`; returns the entry of glTF's `animations`.

    Joint `j` of the rig is node `first_node + j`. Joints that the clip leaves out get a track too, that of rest,
    because their nodes stand in the pose of the photograph. A clip that loops ends with its first frame.

    `ValueError` for a clip of joints that the rig lacks.
    """
    unknown = sorted(set(clip.joints) - set(rigged.joints))
    if unknown:
        raise ValueError(f"clip {clip.name} moves {', '.join(unknown)}, which the rig lacks")
    frames = np.arange(len(clip.rotations) + clip.loops) % len(clip.rotations)
    seconds = (np.arange(len(frames)) / clip.rate).astype("<f4")
    times = _times(file, seconds)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def track(node: int, path: str, inputs: int, outputs: int) -> None:
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": inputs, "output": outputs, "interpolation": "LINEAR"})

    places = root_places(rigged, clip)[frames].astype("<f4")
    track(first_node + rigged.parents.index(-1), "translation", times, file.accessor(places, "VEC3", FLOAT))
    still = _times(file, seconds[:1])
    at_rest = file.accessor(np.array([[0, 0, 0, 1]], "<f4"), "VEC4", FLOAT)
    for joint, name in enumerate(rigged.joints):
        if name not in clip.joints:
            track(first_node + joint, "rotation", still, at_rest)
            continue
        turns = quaternions(clip.rotations[frames, clip.joints.index(name)]).astype("<f4")
        if (turns == turns[0]).all():
            track(first_node + joint, "rotation", still, file.accessor(turns[:1], "VEC4", FLOAT))
        else:
            track(first_node + joint, "rotation", times, file.accessor(turns, "VEC4", FLOAT))
    return {"name": clip.name, "channels": channels, "samplers": samplers, "extras": {"loops": clip.loops}}


def _times(file: GlbFile, seconds: NDArray[np.float32]) -> int:
    """Append the times of keyframes; returns their accessor's index."""
    return file.accessor(seconds, "SCALAR", FLOAT, min=[float(seconds[0])], max=[float(seconds[-1])])
