"""VRM 1.0: a rigged mesh as an avatar, which is a GLB that says which joint is which bone of a human.

Programs for avatars take it as it is: they look for the bones by name, and turn them from the T pose of the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast import __version__
from lifecast.atomic import write_bytes
from lifecast.body.names import JOINT_NAMES, SIDES
from lifecast.errors import UsageError
from lifecast.surface.output.glb_file import GlbFile
from lifecast.surface.output.rigged_mesh import RiggedMesh
from lifecast.surface.output.skinned_glb import FIRST_JOINT, rigged_tree

LICENCE_URL = "https://vrm.dev/licenses/1.0/"
"""The one that VRM 1.0 allows. What it permits beyond the author's own use is said field by field, and here nothing is:
a person's likeness is theirs to give."""
REQUIRED = (
    "hips", "spine", "head",
    "leftUpperLeg", "leftLowerLeg", "leftFoot", "rightUpperLeg", "rightLowerLeg", "rightFoot",
    "leftUpperArm", "leftLowerArm", "leftHand", "rightUpperArm", "rightLowerArm", "rightHand",
)  # fmt: skip
"""Bones without which a file is no VRM."""
PRESETS = frozenset({
    "happy", "angry", "sad", "relaxed", "surprised", "aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight",
    "lookUp", "lookDown", "lookLeft", "lookRight", "neutral",
})  # fmt: skip
"""Expressions that VRM names; others are the model's own."""
SLANT = 10.0
"""Degrees by which an arm of a T pose may point up, down, forward or backward."""


def save_vrm(
    rigged: RiggedMesh,
    path: str | Path,
    name: str | None = None,
    authors: Sequence[str] = (),
    expressions: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> list[Path]:
    """Write a rigged mesh as .vrm, atomically; returns the files written.

    Parameters
    ----------
    rigged : in the T pose, facing +z, the soles on y = 0.
    name : the avatar's; by default the file's.
    authors : who made the model; by default the program.
    expressions : VRM's or an own name -> offsets (V, 3), metres, of the vertices at the expression's full strength.

    Raises
    ------
    UsageError
        Another suffix, a pose that is no T, or a rig without a bone that VRM requires.
    OutputError
        It cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".vrm":
        raise UsageError(f"{path}: is no name of a VRM file: end it in .vrm")
    write_bytes(path, vrm_bytes(rigged, name or path.stem, authors, expressions))
    return [path]


def vrm_bytes(
    rigged: RiggedMesh,
    name: str,
    authors: Sequence[str] = (),
    expressions: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> bytes:
    """Encode a rigged mesh as the content of a .vrm file; see `save_vrm`."""
    check_t_pose(rigged)
    bones = human_bones(rigged.joints)
    missing = [bone for bone in REQUIRED if bone not in bones]
    if missing:
        raise UsageError(f"a VRM needs the bones {', '.join(missing)}, which this rig lacks: write a .glb in its place")
    file = GlbFile()
    tree = rigged_tree(file, rigged, morphs=expressions)
    avatar: dict[str, Any] = {
        "specVersion": "1.0",
        "meta": meta(rigged.mesh.provenance, name, authors),
        "humanoid": {"humanBones": {bone: {"node": FIRST_JOINT + joint} for bone, joint in bones.items()}},
    }
    if expressions:
        avatar["expressions"] = described_expressions(list(expressions))
    tree["extensionsUsed"] = ["VRMC_vrm"]
    tree["extensions"] = {"VRMC_vrm": avatar}
    return file.content(tree)


def human_bones(joints: Sequence[str]) -> dict[str, int]:
    """Name the joints that are bones of VRM's humanoid: bone -> number of the joint."""
    named = ((JOINT_NAMES[joint].vrm, k) for k, joint in enumerate(joints) if joint in JOINT_NAMES)
    return {bone: k for bone, k in named if bone}


def check_t_pose(rigged: RiggedMesh) -> None:
    """Check that the arms stretch sideways and the person looks toward +z.

    VRM wants it so; `UsageError` if an arm is more than `SLANT` degrees off.
    """
    places = (rigged.pose[:, :3, :3] @ rigged.rest[..., None])[..., 0] + rigged.pose[:, :3, 3]
    for side, sign in zip(SIDES, (1, -1), strict=True):
        ends = [f"{bone}.{side}" for bone in ("upperarm01", "wrist")]
        if not set(ends) <= set(rigged.joints):
            continue  # a bone that is missing is said elsewhere
        shoulder, wrist = (places[rigged.joints.index(end)].astype(np.float64) for end in ends)
        away = math.degrees(math.acos(float((wrist - shoulder)[0] * sign / np.linalg.norm(wrist - shoulder))))
        if away > SLANT:
            which = "left" if side == "L" else "right"
            raise UsageError(f"a VRM stands in the T pose, and the {which} arm is {away:.0f} degrees off: repose it")


def meta(provenance: Mapping[str, Any], name: str, authors: Sequence[str]) -> dict[str, Any]:
    """Make VRM's `meta` of a mesh's provenance.

    It names the model, its authors, the licences and the use that is allowed.
    """
    said: dict[str, Any] = {
        "name": name or "person",
        "authors": [author for author in authors if author] or [f"made with lifecast {__version__}"],
        "licenseUrl": LICENCE_URL,
        "avatarPermission": "onlyAuthor",
        "commercialUsage": "personalNonProfit",
        "creditNotation": "required",
        "allowRedistribution": False,
        "modification": "prohibited",
    }
    if "photograph" in provenance:
        said["references"] = [str(provenance["photograph"])]
    if "copyright" in provenance:
        said["thirdPartyLicenses"] = str(provenance["copyright"])
    return said


def described_expressions(names: Sequence[str]) -> dict[str, Any]:
    """Make VRM's `expressions` of the mesh's morph targets, one each."""
    kinds: dict[str, dict[str, Any]] = {"preset": {}, "custom": {}}
    for index, name in enumerate(names):
        bind = {"node": 0, "index": index, "weight": 1.0}
        kinds["preset" if name in PRESETS else "custom"][name] = {"morphTargetBinds": [bind]}
    return {kind: entries for kind, entries in kinds.items() if entries}
