"""Which points of the body are BlazePose's landmarks, and what else a fit needs of its vertices by number.

They are those of `people.joints`, whose joints the pose lifter's landmarks are moved to. The ball of the big toe, where
the body has no joint of its own, is the middle of four vertices. The others are where BlazePose marks them.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.names import FINGERS
from lifecast.model.heads.pose_lifter import LIFTED as LIFTED
from lifecast.photo.face_points import SAME_PLACES
from lifecast.space.skeleton import Joint

LANDMARK_JOINTS: dict[Joint, str] = {
    Joint.LEFT_EYE: "eye.L", Joint.RIGHT_EYE: "eye.R", Joint.LEFT_SHOULDER: "upperarm01.L",
    Joint.RIGHT_SHOULDER: "upperarm01.R", Joint.LEFT_ELBOW: "lowerarm01.L", Joint.RIGHT_ELBOW: "lowerarm01.R",
    Joint.LEFT_WRIST: "wrist.L", Joint.RIGHT_WRIST: "wrist.R", Joint.LEFT_PINKY: "finger5-1.L",
    Joint.RIGHT_PINKY: "finger5-1.R", Joint.LEFT_INDEX: "finger2-1.L", Joint.RIGHT_INDEX: "finger2-1.R",
    Joint.LEFT_THUMB: "finger1-2.L", Joint.RIGHT_THUMB: "finger1-2.R", Joint.LEFT_HIP: "upperleg01.L",
    Joint.RIGHT_HIP: "upperleg01.R", Joint.LEFT_KNEE: "lowerleg01.L", Joint.RIGHT_KNEE: "lowerleg01.R",
    Joint.LEFT_ANKLE: "foot.L", Joint.RIGHT_ANKLE: "foot.R",
}  # fmt: skip
"""Landmark -> the body's joint."""
LANDMARK_VERTICES: dict[Joint, tuple[int, ...]] = {
    Joint.LEFT_EAR: (12038,), Joint.RIGHT_EAR: (5439,),
    Joint.LEFT_TOE: (12389, 12388, 12390, 12378), Joint.RIGHT_TOE: (5792, 5791, 5793, 5781),
    Joint.LEFT_HEEL: (12453,), Joint.RIGHT_HEEL: (5856,),
} | {landmark: (FACE_VERTICES[point],) for landmark, point in SAME_PLACES.items()} | {Joint.NOSE: (297,)}  # fmt: skip
"""Landmark -> the vertices whose middle it is."""
SOLES: dict[str, tuple[int, int, int]] = {"L": (13057, 12878, 12862), "R": (6461, 6281, 6265)}
"""Of either foot: vertices under the heel, the big and the little toe's ball."""
FINGERTIPS: dict[str, tuple[int, ...]] = {"L": (9348, 8595, 8787, 8979, 9171), "R": (2680, 1927, 2119, 2311, 2503)}
"""Of either hand: the ends of thumb to little finger."""


def hand_joints(side: str) -> Sequence[str]:
    """Name the joints of a hand that are fitted to its points."""
    return [f"finger{finger}-{joint}.{side}" for finger in FINGERS for joint in (1, 2, 3)]
