"""Carrying a motion clip's frame over to the body's rig.

Bones are matched by their joints' names. A bone takes the clip's world rotation after the smallest turn that lines its
own rest direction up with the clip's (an A-pose arm with a T-pose arm), so limbs point where the actor's pointed.
Chains of several bones (spine, neck) share one rotation.
"""

from __future__ import annotations

import numpy as np

from lifecast.people.clips import Clip
from lifecast.people.figure import NECK, SPINE, Figure
from lifecast.people.rotation import Matrix, part_way, shortest

LIMBS: dict[str, tuple[str, ...]] = {
    "clavicle.L": ("LeftShoulder@CMU", "LeftCollar"),
    "clavicle.R": ("RightShoulder@CMU", "RightCollar"),
    "upperarm01.L": ("LeftArm", "LeftShoulder", "left_shoulder"),
    "upperarm01.R": ("RightArm", "RightShoulder", "right_shoulder"),
    "lowerarm01.L": ("LeftForeArm", "LeftElbow", "left_elbow"),
    "lowerarm01.R": ("RightForeArm", "RightElbow", "right_elbow"),
    "wrist.L": ("LeftHand", "LeftWrist"),
    "wrist.R": ("RightHand", "RightWrist"),
    "upperleg01.L": ("LeftUpLeg", "LeftHip", "left_hip"),
    "upperleg01.R": ("RightUpLeg", "RightHip", "right_hip"),
    "lowerleg01.L": ("LeftLeg", "LeftKnee", "left_knee"),
    "lowerleg01.R": ("RightLeg", "RightKnee", "right_knee"),
    "foot.L": ("LeftFoot", "LeftAnkle", "left_ankle"),
    "foot.R": ("RightFoot", "RightAnkle", "right_ankle"),
}
"""Our bone -> what the clips call it; the first name that the clip has counts."""

ENDS = {"upperarm01": "lowerarm01", "lowerarm01": "wrist", "upperleg01": "lowerleg01", "lowerleg01": "foot"}
"""Where each of the limbs' bones points to: the joint at its other end."""

ROOTS = ("Hips", "root")
CHESTS = ("Spine1", "Chest", "chest")
HEADS = ("Head", "neck")


def is_own_rig(clip: Clip) -> bool:
    """Whether the clip moves MakeHuman's own rig (its poses name the bones as the rig does)."""
    return "upperarm01.L" in clip.joints


def find_joint(clip: Clip, names: tuple[str, ...]) -> int | None:
    """Find the number of the first of these joints that the clip has."""
    for name in names:
        plain, _, maker = name.partition("@")
        # "LeftShoulder" is CMU's collar bone but other skeletons' upper arm; "LeftArm" tells them apart.
        if plain in clip.joints and (not maker or "LeftArm" in clip.joints):
            return clip.joints.index(plain)
    return None


def retarget(clip: Clip, frame: int, figure: Figure) -> None:
    """Pose `figure` as frame number `frame` of `clip`."""
    world = clip.rotations[frame]
    if is_own_rig(clip):
        for k, name in enumerate(clip.joints):
            parent = clip.parents[k]
            if name in figure.index:
                turn = world[k] if parent < 0 else world[parent].T @ world[k]
                figure.local[figure.index[name]] = turn
        return

    root, chest, head = (find_joint(clip, names) for names in (ROOTS, CHESTS, HEADS))
    hips = world[root] if root is not None else np.eye(3)
    figure.pelvis(hips)
    trunk = world[chest] if chest is not None else hips
    figure.bend_chain(SPINE, hips.T @ trunk)
    top = world[head] if head is not None else trunk
    figure.bend_chain(NECK, trunk.T @ top)
    for bone, names in LIMBS.items():
        joint = find_joint(clip, names)
        if joint is None or clip.joints[joint] not in clip.directions:
            continue
        stem, side = bone.split(".")
        # The rest directions of the others differ by build, not by pose: their turns are taken as they are.
        lined_up: Matrix = np.eye(3)
        if stem in ENDS:
            ours = figure.head(f"{ENDS[stem]}.{side}") - figure.head(bone)
            lined_up = shortest(ours, clip.directions[clip.joints[joint]])
        if stem == "wrist":
            arm = find_joint(clip, LIMBS["lowerarm01." + side])
            if arm is not None:
                figure.world[figure.index[bone]] = figure.turn("lowerarm01." + side) @ part_way(
                    world[arm].T @ world[joint], 0.6
                )
                continue
        figure.world[figure.index[bone]] = world[joint] @ lined_up
