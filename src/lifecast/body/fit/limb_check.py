"""Limb by limb: does a fitted body lie where the picture has the person?

A fit may be good on the whole and wrong in one arm. Such a limb is named, and what follows leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

from lifecast.body.fit.constants import BodyFit
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.landmark_points import LANDMARK_JOINTS, LANDMARK_VERTICES
from lifecast.body.fit.map_terms import MASK_SIDE, Grid, shrunk
from lifecast.body.fit.reduced_body import Floats
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.limbs import ARM, LIMBS, Limb, in_words, limb_vertices
from lifecast.space.skeleton import Joint

Wrong = Literal["unsure", "landmarks", "mask", "surface"]
_WORDS: dict[Wrong, tuple[str, str]] = {
    "unsure": (
        "is a guess: from closer by the pose has it elsewhere",
        "are guesses: from closer by the pose has them elsewhere",
    ),
    "landmarks": ("lies away from the pose's landmarks", "lie away from the pose's landmarks"),
    "mask": ("lies outside of the person's mask", "lie outside of the person's mask"),
    "surface": ("lies away from the surface", "lie away from the surface"),
}
"""Ends of sentences about one limb and about several."""
SEEN = 0.5
"""Visibility from which a landmark says where a limb is."""
_RIM = 0.01
"""View units (1.3 cm) that a mask's edge may be off."""
_WHOLE_HAND = 1.7
"""Its length in those from the wrist to the index finger's knuckle; a foot's in those from the ankle to the toe."""


def check_limbs(body: FittedBody, evidence: BodyEvidence, constants: BodyFit) -> dict[str, Wrong]:
    """Find the limbs that do not fit what is known of a person.

    Returns
    -------
    The limbs' joints, as in `LIMBS`, and what is wrong with each.
    """
    outside = depths = None
    if evidence.mask is not None and (evidence.mask > SEEN).any():
        inside = shrunk(evidence.mask, MASK_SIDE) > SEEN
        outside = Grid(distance_transform_edt(~inside) * 2 / len(inside))
        if evidence.depth is not None:
            depths = [Grid(side.astype(np.float64)) for side in evidence.depth]
    wrong: dict[str, Wrong] = {}
    for joint, limb in LIMBS.items():
        if joint in evidence.unsure:
            wrong[joint] = "unsure"
        elif _off_landmarks(body, limb, evidence.joints, outside) > _far(joint, evidence, constants):
            wrong[joint] = "landmarks"
        elif outside is not None:
            points = body.posed[0][limb_vertices(joint)].astype(np.float64)
            away, _ = outside.at(points)
            seen = bool((evidence.joints[list(limb.landmarks), 3] > SEEN).all())
            if float((away > constants.beside * body.scale).mean()) > constants.limb_outside:
                wrong[joint] = "mask"
            elif depths is not None and seen and _off_surface(points, *depths) > constants.far_surface * body.scale:
                wrong[joint] = "surface"
    return wrong


def limb_notes(wrong: dict[str, Wrong]) -> Iterator[str]:
    """Say which limbs were found wrong, one sentence for each reason."""
    for reason, (one, many) in _WORDS.items():
        limbs = [joint for joint, own in wrong.items() if own == reason]
        if limbs:
            yield f"the body's {in_words(limbs)} {one if len(limbs) == 1 else many}"


def _far(joint: str, evidence: BodyEvidence, constants: BodyFit) -> float:
    """How far from its landmarks a limb may end, in its lengths."""
    hand = {"L": evidence.left_hand, "R": evidence.right_hand}[joint[-1]]
    return constants.far_arm if hand is not None and joint[:-2] in ARM else constants.far_limb


def _off_landmarks(body: FittedBody, limb: Limb, landmarks: Floats, outside: Grid | None) -> float:
    """The farther end's distance from its landmark across the picture, in the limb's lengths.

    Hidden landmarks do not count, nor do those farther from the person's mask than the body is: no joint is there.
    """
    ends = np.stack([_landmark(body, landmark) for landmark in limb.landmarks])
    given = landmarks[list(limb.landmarks)]
    length = float(np.linalg.norm(ends[1] - ends[0])) * (1.0 if limb.after else _WHOLE_HAND)
    counts = given[:, 3] > SEEN
    if outside is not None:
        counts &= outside.at(given[:, :3].astype(np.float64))[0] <= outside.at(ends.astype(np.float64))[0] + _RIM
    apart = np.linalg.norm(ends[:, :2] - given[:, :2], axis=1)
    return float(np.where(counts, apart, 0).max()) / max(length, 1e-9)


def _landmark(body: FittedBody, landmark: Joint) -> Floats:
    """Where the body has a landmark, (3,)."""
    vertices, joints = body.posed
    if landmark in LANDMARK_JOINTS:
        place: Floats = joints[shipped_body().joints.index(LANDMARK_JOINTS[landmark])]
        return place
    middle: Floats = vertices[list(LANDMARK_VERTICES[landmark])].mean(0)
    return middle


def _off_surface(points: Floats, front: Grid, back: Grid) -> float:
    """How far points (N, 3) lie before the first surface or behind the last, in view units, the median."""
    before, behind = points[:, 2] - front.at(points)[0], back.at(points)[0] - points[:, 2]
    return float(max(np.median(before), np.median(behind)))
