"""Which of the 21 points of a hand in a photograph is which joint of the body.

The points are those of `lifecast.photo.hands`: the wrist, then four of each finger from thumb to little finger. A
finger's fourth point is its tip, where the body has no joint.
"""

from __future__ import annotations

from lifecast.body.names import FINGERS

HAND_JOINTS: dict[str, int] = {
    "wrist": 0,
    **{f"finger{finger}-{joint}": 4 * (finger - 1) + joint for finger in FINGERS for joint in (1, 2, 3)},
}
"""Joint, without its side's ".L" or ".R" -> number of the point."""
