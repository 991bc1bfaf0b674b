"""The measures of a rest body that patterns are drafted from: heights, lengths, and outlines of trunk, arm and leg.

Arm and leg are the left ones (x > 0); the right ones are their mirror images.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.patterns.tube import Points, Tube, measure_tube
from lifecast.people.wavefront import triangles

STEP = 0.0125
"""Metres between two outlines."""

REACH = 0.09
"""Metres within which the skin is looked for."""

UP = np.array([0.0, 1.0, 0.0])
FRONT = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Measures:
    """One body's measures, metres; heights are y in the body's own axes."""

    trunk: Tube
    """All but arms and head, from the ankles to the chin; the station is the height, angle 0 the front."""
    leg: Tube
    """The left leg below the crotch; the station is the height."""
    arm: Tube
    """The left arm; the station runs from the shoulder joint (0) to the wrist, angle 0 is the arm's outer side."""
    floor: float
    ankle: float
    knee: float
    crotch: float
    hip: float
    waist: float
    bust: float
    armpit: float
    neck: float
    """The height at which the shoulder line meets the side of the neck."""
    pit: float
    """The pit of the neck, in front, where the collar bones meet."""
    chin: float
    top: float
    shoulder: Points
    """(3,) the tip of the left shoulder, on the skin."""
    neck_half: float
    """Half the width of the neck at height `neck`."""
    armpit_station: float
    """Where the armpit lies along the arm."""
    elbow_station: float
    wrist_station: float
    arm_length: float
    """From the shoulder joint over the elbow to the wrist; the straight way is `wrist_station`."""
    skin: Points
    """(N, 3) points of the skin, and"""
    skin_normals: Points
    tree: cKDTree

    def outside(self, points: Points, gap: Points | float) -> Points:
        """Move (N, 3) points that lie less than `gap` (metres, or (N,)) outside of the skin to that distance."""
        distance, near = self.tree.query(points, distance_upper_bound=REACH)
        found = np.flatnonzero(np.isfinite(distance))
        gap, distance, near = np.broadcast_to(gap, len(points))[found], distance[found], near[found]
        normal = self.skin_normals[near]
        depth = ((points[found] - self.skin[near]) * normal).sum(1)
        # A point between the legs may lie behind the tangent plane of its nearest skin without lying in the body.
        close = (distance < np.maximum(2 * gap, 0.025)) | (depth < -0.7 * distance)
        moved = points.copy()
        moved[found] += normal * np.where(close, np.maximum(gap - depth, 0), 0)[:, None]
        return moved


@dataclass(frozen=True, eq=False)
class _Skin:
    """What the base mesh alone determines."""

    faces: NDArray[np.int64]
    edges: NDArray[np.int64]
    arm: NDArray[np.bool_]
    head: NDArray[np.bool_]


@functools.lru_cache(maxsize=2)
def _skin(model: BodyModel) -> _Skin:
    faces = np.asarray(triangles(model.mesh.faces[model.mesh.groups["body"]]), np.int64)
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    arms = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")
    arm_bones = np.array([bone.startswith(arms) for bone in model.bones])
    first = model.bone("head")
    head_bones = np.arange(len(model.bones)) >= first
    weights = model.weights[:SKIN_VERTICES]
    arm, head = (np.asarray(weights @ bones.astype(float)).ravel() > 0.5 for bones in (arm_bones, head_bones))
    return _Skin(faces, edges, arm, head)


def take_measures(body: RestBody, model: BodyModel) -> Measures:
    """Measure a rest body. A body measured before is looked up."""
    return _measured(_Known(body), model)


class _Known:
    """A body as a key: the same object is the same body."""

    def __init__(self, body: RestBody) -> None:
        self.body = body

    def __hash__(self) -> int:
        return id(self.body)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other.body is self.body


@functools.lru_cache(maxsize=8)
def _measured(known: _Known, model: BodyModel) -> Measures:
    body, skin = known.body, _skin(model)
    points = body.vertices[:SKIN_VERTICES].astype(np.float64)
    height = points[:, 1]

    def head(bone: str) -> Points:
        at: Points = body.heads[model.bone(bone)]
        return at

    floor, top = float(height.min()), float(height.max())
    hip_joint, knee, ankle = (float(head(b)[1]) for b in ("upperleg01.L", "lowerleg01.L", "foot.L"))
    middle = (np.abs(points[:, 0]) < 0.012) & (height < hip_joint + 0.1) & (height > knee)
    crotch = float(height[middle].min())
    ends = skin.edges
    face = skin.head & (points[:, 2] > float(head("head")[2]) + 0.02)
    chin = float(height[face].min())
    trunk_edges = ends[~(skin.arm | (height > chin + 0.05))[ends].any(1)]
    origin = np.zeros(3)
    trunk = measure_tube(
        points, trunk_edges, origin, UP, FRONT, np.arange(ankle - 0.03, chin + 0.02, STEP), symmetric=True
    )
    below = (points[:, 0] > 0) & (height < crotch)
    leg_edges = trunk_edges[below[trunk_edges].all(1)]
    leg = measure_tube(points, leg_edges, origin, UP, FRONT, np.arange(ankle - 0.03, crotch - 0.01, STEP))

    joint, elbow, wrist = head("upperarm01.L"), head("lowerarm01.L"), head("wrist.L")
    straight = float(np.linalg.norm(wrist - joint))
    axis = (wrist - joint) / straight
    outer = np.cross(axis, FRONT - axis * axis[2])  # across the arm, up and out
    outer /= -np.linalg.norm(outer)
    left_arm = skin.arm & (points[:, 0] > 0)
    rim = ends[(left_arm[ends].sum(1) == 1)]
    armpit_point = points[rim.ravel()][points[rim.ravel(), 1].argmin()]
    armpit_station = float((armpit_point - joint) @ axis)
    arm = measure_tube(
        points, ends[left_arm[ends].all(1)], joint, axis, outer,
        np.arange(max(armpit_station, 0.02) + 0.015, straight + 0.03, STEP),
    )  # fmt: skip

    half_width = trunk.outline[:, :, 1].max(1)
    slim = half_width[trunk.stations > joint[1]].min()
    neck = float(trunk.stations[np.flatnonzero((half_width < 1.4 * slim) & (trunk.stations > joint[1]))[0]])
    near = np.abs(points[:, 0] - joint[0]) < 0.012
    shoulder = points[near][points[near, 1].argmax()]
    hips = (trunk.stations > crotch + 0.01) & (trunk.stations < crotch + 0.18 * (top - floor) * 0.8)
    hip = float(trunk.stations[hips][trunk.girths[hips].argmax()])
    back, spread = float(head("spine03")[1]), 0.025 * (top - floor)
    between = np.abs(trunk.stations - max(back, hip + 0.08)) < spread
    waist = float(trunk.stations[between][trunk.girths[between].argmin()])
    bust = float(body.tails[model.bone("breast.L")][1])
    hip = min(hip, waist - 0.05)

    corners = points[skin.faces]
    centre = corners.mean(1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    keep = centre[:, 1] < chin + 0.12
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    centre, normal = centre[keep], normal[keep]
    return Measures(
        trunk=trunk, leg=leg, arm=arm, floor=floor, ankle=ankle, knee=knee, crotch=crotch, hip=hip, waist=waist,
        bust=bust, armpit=float(armpit_point[1]), neck=neck, pit=float(head("clavicle.L")[1]), chin=chin, top=top,
        shoulder=shoulder, neck_half=float(np.interp(neck, trunk.stations, half_width)),
        armpit_station=armpit_station, elbow_station=float((elbow - joint) @ axis), wrist_station=straight,
        arm_length=float(np.linalg.norm(elbow - joint) + np.linalg.norm(wrist - elbow)),
        skin=centre, skin_normals=normal, tree=cKDTree(centre),
    )  # fmt: skip
