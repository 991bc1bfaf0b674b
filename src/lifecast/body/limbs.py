"""The twelve limbs of the body, by the joint where each begins, and which part of the skin is whose.

skin = limb_vertices("lowerarm01.L")         # (V,) the left forearm's, without its hand
in_words(["upperarm01.L", "wrist.R"])        # "left upper arm and right hand"
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifecast.body.names import SIDES
from lifecast.body.part_mesh import part_vertices
from lifecast.space.skeleton import Joint


class Limb(NamedTuple):
    """A limb of one side."""

    joint: str
    """Where it begins; its name too."""
    after: str
    """The joint where the next limb begins; "" of hands and feet."""
    landmarks: tuple[Joint, Joint]
    """BlazePose's at its beginning and at its end, or in the middle of a hand."""
    words: str


_STEMS = (
    ("upperarm01", "lowerarm01", Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, "upper arm"),
    ("lowerarm01", "wrist", Joint.LEFT_ELBOW, Joint.LEFT_WRIST, "forearm"),
    ("wrist", "", Joint.LEFT_WRIST, Joint.LEFT_INDEX, "hand"),
    ("upperleg01", "lowerleg01", Joint.LEFT_HIP, Joint.LEFT_KNEE, "thigh"),
    ("lowerleg01", "foot", Joint.LEFT_KNEE, Joint.LEFT_ANKLE, "shin"),
    ("foot", "", Joint.LEFT_ANKLE, Joint.LEFT_TOE, "foot"),
)
LIMBS: dict[str, Limb] = {
    f"{stem}.{side}": Limb(
        f"{stem}.{side}", f"{after}.{side}" if after else "", (Joint(first + k), Joint(last + k)), f"{word} {what}"
    )
    for k, (side, word) in enumerate(zip(SIDES, ("left", "right"), strict=True))
    for stem, after, first, last, what in _STEMS
}
"""By the joint where it begins; what hangs on a limb comes after it."""
ARM = ("upperarm01", "lowerarm01", "wrist")
"""An arm's limbs from the shoulder on, without their side."""


@cache
def limb_vertices(joint: str) -> NDArray[np.bool_]:
    """Decide which of the body's vertices, (V,), belong to a limb and not to what hangs on it."""
    after = LIMBS[joint].after
    own = part_vertices(joint)
    return own & ~part_vertices(after) if after else own


def with_what_hangs_on(limbs: Iterable[str]) -> frozenset[str]:
    """Add to limbs, by their joints, those that hang on them: a forearm brings its hand."""
    found = set(limbs)
    for joint, limb in LIMBS.items():
        if joint in found and limb.after:
            found.add(limb.after)
    return frozenset(found)


def in_words(limbs: Collection[str]) -> str:
    """Name limbs in the order of `LIMBS`: "left forearm, left hand and right foot"."""
    names = [limb.words for joint, limb in LIMBS.items() if joint in limbs]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
