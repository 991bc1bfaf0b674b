"""The body's joints and what they are called elsewhere: glTF and VRM humanoids, Mixamo, and SMPL-X-like models.

Our names are MakeHuman's: `.L` is the person's own left. A joint stands for a bone that turns about it. MakeHuman's
other bones (face, breasts, second halves of limbs, palms, toes one by one) follow the joint above them.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDES = ("L", "R")
FINGERS = {1: "Thumb", 2: "Index", 3: "Middle", 4: "Ring", 5: "Little"}
"""MakeHuman's number of a finger -> its name in VRM."""


@dataclass(frozen=True)
class JointNames:
    """One joint's names; "" where a convention has no such joint."""

    vrm: str = ""
    """VRM 1.0's humanoid bone, which glTF tools understand too."""
    mixamo: str = ""
    """Mixamo's, which its files write after `mixamorig:`."""
    smplx: str = ""
    """SMPL-X-like models'."""


_TRUNK = {
    "root": JointNames("hips", "Hips", "pelvis"),
    "spine05": JointNames(),
    "spine04": JointNames("spine", "Spine", "spine1"),
    "spine03": JointNames("chest", "Spine1", "spine2"),
    "spine02": JointNames(),
    "spine01": JointNames("upperChest", "Spine2", "spine3"),
    "neck01": JointNames("neck", "Neck", "neck"),
    "neck02": JointNames(),
    "neck03": JointNames(),
    "head": JointNames("head", "Head", "head"),
    "jaw": JointNames("jaw", "", "jaw"),
}
_LIMBS = {
    "eye": JointNames("{}Eye", "", "{}_eye_smplhf"),
    "clavicle": JointNames("{}Shoulder", "{}Shoulder", "{}_collar"),
    "upperarm01": JointNames("{}UpperArm", "{}Arm", "{}_shoulder"),
    "lowerarm01": JointNames("{}LowerArm", "{}ForeArm", "{}_elbow"),
    "lowerarm02": JointNames(),
    "wrist": JointNames("{}Hand", "{}Hand", "{}_wrist"),
    "upperleg01": JointNames("{}UpperLeg", "{}UpLeg", "{}_hip"),
    "lowerleg01": JointNames("{}LowerLeg", "{}Leg", "{}_knee"),
    "foot": JointNames("{}Foot", "{}Foot", "{}_ankle"),
    "toes": JointNames("{}Toes", "{}ToeBase", "{}_foot"),
}


def _finger(number: int, joint: int) -> JointNames:
    """The names of one finger's joint, 1 nearest the wrist."""
    name = FINGERS[number]
    parts = ("Metacarpal", "Proximal", "Distal") if number == 1 else ("Proximal", "Intermediate", "Distal")
    plain = "Pinky" if name == "Little" else name
    return JointNames(
        f"{{}}{name}{parts[joint - 1]}", f"{{}}Hand{plain}{joint}", f"{{}}_{plain.lower()}{joint}"
    )  # fmt: skip


def _table() -> dict[str, JointNames]:
    limbs = dict(_LIMBS)
    limbs |= {f"finger{n}-{joint}": _finger(n, joint) for n in FINGERS for joint in (1, 2, 3)}
    out = dict(_TRUNK)
    for side, word in zip(SIDES, ("left", "right"), strict=True):
        for stem, names in limbs.items():
            out[f"{stem}.{side}"] = JointNames(
                names.vrm.format(word), names.mixamo.format(word.capitalize()), names.smplx.format(word)
            )
    return out


JOINT_NAMES: dict[str, JointNames] = _table()
"""Our name of each of the 61 joints -> its names elsewhere."""
TOES = {f"toes.{side}": tuple(f"toe{n}-1.{side}" for n in range(1, 6)) for side in SIDES}
"""A foot's toes turn together: joint -> the bones whose middle it turns about."""
