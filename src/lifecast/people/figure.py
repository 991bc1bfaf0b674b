"""A figure that is posed: limbs are aimed by directions or reach for places.

They end up as rotations of the rig. The pose library and the motion clips both speak through this class. Directions are
given in the world (x to the person's left, y up, z forward) and left is `side=+1`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifecast.people.body import RestBody
from lifecast.people.rig import bone_transforms, global_to_local
from lifecast.people.rotation import Matrix, about, euler, frame, part_way, shortest, unit

SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK = ("neck01", "neck02", "neck03", "head")


def suffix(side: int) -> str:
    """The bone names' ending for a side: +1 left, -1 right."""
    return ".L" if side > 0 else ".R"


class Figure:
    """The world rotations of a rest body's bones while a pose takes shape."""

    def __init__(self, bones: Sequence[str], parents: Sequence[int], rest: RestBody) -> None:
        self.index = {name: k for k, name in enumerate(bones)}
        self.parents = list(parents)
        self.rest = rest
        self.world: dict[int, Matrix] = {}
        """Bone -> rotation in the world; bones left out follow their parent."""
        self.local: dict[int, Matrix] = {}
        """Bone -> rotation against its parent, applied after `world` (fingers, toes, face)."""

    def head(self, bone: str) -> NDArray[np.float64]:
        """Rest position of a bone's joint."""
        result: NDArray[np.float64] = self.rest.heads[self.index[bone]]
        return result

    def turn(self, bone: str) -> Matrix:
        """The world rotation of a bone as posed so far."""
        k = self.index[bone]
        while k >= 0:
            if k in self.world:
                return self.world[k]
            k = self.parents[k]
        return np.eye(3)

    def transforms(self) -> NDArray[np.float64]:
        """(B, 3, 4) bone transforms of the figure as it stands."""
        return bone_transforms(self.parents, self.rest.heads, self.rotations())

    def rotations(self) -> dict[int, Matrix]:
        """Bone -> rotation against its parent."""
        local = global_to_local(self.parents, self.world)
        for bone, turn in self.local.items():
            local[bone] = local.get(bone, np.eye(3)) @ turn
        return local

    def place(self, bone: str) -> NDArray[np.float64]:
        """Where a bone's joint is now."""
        k = self.index[bone]
        transform = self.transforms()[k]
        result: NDArray[np.float64] = transform[:, :3] @ self.rest.heads[k] + transform[:, 3]
        return result

    def bend_chain(self, names: Sequence[str], turn: Matrix) -> None:
        """Share a rotation (in the frame of the chain's parent) evenly among the bones of a chain."""
        base = self.turn(names[0])
        for k, name in enumerate(names, start=1):
            self.world[self.index[name]] = base @ part_way(turn, k / len(names))

    def pelvis(self, turn: Matrix) -> None:
        """Turn the whole figure."""
        self.world[self.index["root"]] = turn

    def turn_whole(self, turn: Matrix) -> None:
        """Turn the figure, as it is posed, about the world's axes."""
        self.world = {bone: turn @ world for bone, world in self.world.items()}

    def spine(self, bend: float, lean: float, twist: float) -> None:
        """Degrees: forward bend, lean to the left, twist to the left."""
        self.bend_chain(SPINE, euler("YXZ", [twist, bend, -lean]))

    def look(self, yaw: float, pitch: float, roll: float) -> None:
        """Turn neck and head against the chest; degrees: to the left, down, tilt to the left."""
        self.bend_chain(NECK, euler("YXZ", [yaw, pitch, -roll]))

    def shoulder(self, side: int, up: float, forward: float) -> None:
        """Raise and advance the collar bone; degrees."""
        chest = self.turn("spine01")
        self.world[self.index["clavicle" + suffix(side)]] = chest @ euler("ZY", [side * up, -side * forward])

    def _limb(
        self,
        upper: str,
        lower: str,
        end: str,
        along: ArrayLike,
        then: ArrayLike,
        rest_hinge: ArrayLike,
        hinge: ArrayLike,
    ) -> None:
        """Aim two bones; `hinge` is the joint's axis, used where the limb is almost straight."""
        first = unit(self.head(lower) - self.head(upper))
        second = unit(self.head(end) - self.head(lower))
        along, then = unit(along), unit(then)
        axis = np.cross(along, then)
        blend = np.clip((np.linalg.norm(axis) - 0.05) / 0.2, 0, 1)  # bent enough for its own axis to count
        axis = unit(axis) * blend + np.asarray(hinge) * (1 - blend)
        self.world[self.index[upper]] = frame(along, axis) @ frame(first, rest_hinge).T
        self.world[self.index[lower]] = frame(then, axis) @ frame(second, rest_hinge).T

    def arm(self, side: int, along: ArrayLike, then: ArrayLike, hinge: ArrayLike | None = None) -> None:
        """Aim the upper arm along one direction and the forearm along another (world)."""
        s = suffix(side)
        upper, lower, wrist = "upperarm01" + s, "lowerarm01" + s, "wrist" + s
        a, b = self.head(lower) - self.head(upper), self.head(wrist) - self.head(lower)
        rest_hinge = unit(np.cross(a, b))
        if hinge is None:  # the shoulder's natural turn: carry the rest axis along
            hinge = shortest(a, along) @ rest_hinge
        self._limb(upper, lower, wrist, along, then, rest_hinge, hinge)

    def reach(self, side: int, target: ArrayLike, elbow: ArrayLike) -> float:
        """Put the wrist at a place (world), the elbow toward the direction `elbow`.

        Returns by how many metres the target was out of reach (0 when it was met).
        """
        s = suffix(side)
        start = self.place("upperarm01" + s)
        one = float(np.linalg.norm(self.head("lowerarm01" + s) - self.head("upperarm01" + s)))
        two = float(np.linalg.norm(self.head("wrist" + s) - self.head("lowerarm01" + s)))
        along, then, missed = two_bones(np.asarray(target, np.float64) - start, one, two, elbow)
        self.arm(side, along, then)
        return missed

    def leg(self, side: int, along: ArrayLike, then: ArrayLike, knee: ArrayLike = (0.0, 0.0, 1.0)) -> None:
        """Aim thigh and shin (world); `knee` says where the kneecap points when the leg is straight."""
        s = suffix(side)
        hinge = np.cross(unit(knee), unit(along))
        self._limb("upperleg01" + s, "lowerleg01" + s, "foot" + s, along, then, (1.0, 0.0, 0.0), hinge)

    def step(self, side: int, target: ArrayLike, knee: ArrayLike = (0.0, 0.0, 1.0)) -> float:
        """Put the ankle at a place (world), the knee toward `knee`; returns the metres out of reach."""
        s = suffix(side)
        start = self.place("upperleg01" + s)
        one = float(np.linalg.norm(self.head("lowerleg01" + s) - self.head("upperleg01" + s)))
        two = float(np.linalg.norm(self.head("foot" + s) - self.head("lowerleg01" + s)))
        along, then, missed = two_bones(np.asarray(target, np.float64) - start, one, two, knee)
        self.leg(side, along, then, knee)
        return missed

    def foot(self, side: int, turn: Matrix) -> None:
        """Set the foot's world rotation (identity: flat on the ground, toes forward)."""
        self.world[self.index["foot" + suffix(side)]] = turn

    def wrist(self, side: int, flex: float, deviate: float, pronate: float) -> None:
        """Turn the hand against the forearm; degrees: palm-ward, thumb-ward, palm to the back.

        Half of the pronation already happens in the forearm, as in a real one.
        """
        s = suffix(side)
        lower, wrist = self.index["lowerarm02" + s], self.index["wrist" + s]
        axis = unit(self.head("wrist" + s) - self.head("lowerarm01" + s))
        knuckle_line = unit(self.head("finger5-1" + s) - self.head("finger2-1" + s))
        palm = unit(np.cross(knuckle_line, axis)) * side  # out of the palm
        self.local[lower] = about(axis, side * pronate * 0.5)
        self.local[wrist] = (
            about(axis, side * pronate * 0.5) @ about(np.cross(axis, palm), flex) @ about(palm, side * deviate)
        )

    def fingers(
        self, side: int, curl: Sequence[float] | NDArray[np.float64], thumb: float, spread: float = 0.0
    ) -> None:
        """Curl the four fingers (degrees a joint, index to little) and the thumb."""
        s = suffix(side)
        for finger, degrees in zip(range(2, 6), curl, strict=True):
            line = unit(self.head("finger5-1" + s) - self.head("finger2-1" + s))
            along = unit(self.head(f"finger{finger}-2{s}") - self.head(f"finger{finger}-1{s}"))
            palm = unit(np.cross(line, along)) * side
            axis = np.cross(along, palm)
            fan = about(palm, side * spread * (finger - 3.5))
            for joint, share in ((1, 1.0), (2, 1.15), (3, 0.8)):
                turn = about(axis, degrees * share)
                self.local[self.index[f"finger{finger}-{joint}{s}"]] = fan @ turn if joint == 1 else turn
        along = unit(self.head("finger1-3" + s) - self.head("finger1-2" + s))
        toward = unit(self.head("finger3-1" + s) - self.head("finger1-1" + s))
        axis = np.cross(along, toward - (toward @ along) * along)
        for joint, share in ((1, 0.5), (2, 1.0), (3, 1.0)):
            self.local[self.index[f"finger1-{joint}{s}"]] = about(axis, thumb * share)


def two_bones(
    offset: NDArray[np.float64], one: float, two: float, pole: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Compute directions of two bones of lengths `one` and `two` that end at `offset`.

    They are bent toward `pole`. Returns the two unit directions and by how much `offset` was out of reach (the law of
    cosines has no solution there; the limb is then stretched, or folded, toward it).
    """
    distance = float(np.linalg.norm(offset))
    reachable = float(np.clip(distance, abs(one - two) + 1e-4, (one + two) * 0.999))
    straight = unit(offset)
    aside = np.asarray(pole, np.float64)
    aside = unit(aside - (aside @ straight) * straight)
    cosine = (one * one + reachable * reachable - two * two) / (2 * one * reachable)
    angle = np.arccos(np.clip(cosine, -1, 1))
    along = straight * np.cos(angle) + aside * np.sin(angle)
    then = unit(straight * reachable - along * one)
    return along, then, max(distance - reachable, 0.0)
