"""What kind of thing a .mhclo file of the assets is: by its tag `kind:`, else by where it lies on the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecast.people.body_marks import Landmarks, leg_share
from lifecast.people.manifold import coincident
from lifecast.people.mhclo import Fit
from lifecast.people.tailor import border_edges, components
from lifecast.people.wavefront import Polygons, triangles

Points = NDArray[np.float32]

FRAGMENT = 0.06
"""Metres: loose parts smaller than this (buttons) are left out; a few pixels that only disturb the draping."""
RIGID = ("shoes", "hat", "mask", "glasses", "gloves", "socks", "stockings")
"""Kinds that move by skinning alone: stiff, or so tight that nothing hangs."""
BY_TAG = {
    "top": "top", "trousers": "bottom", "shorts": "shorts", "skirt": "skirt", "dress": "dress", "coat": "coat",
    "overall": "overall", "bodysuit": "bodysuit", "swimsuit": "swimsuit", "bikini": "swimsuit",
    "bikinitop": "bikini-top", "bikinibottom": "bikini-bottom", "stockings": "stockings", "socks": "socks",
    "gloves": "gloves", "shoes": "shoes", "boots": "shoes", "hat": "hat", "mask": "mask", "glasses": "glasses",
    "belt": "belt",
}  # fmt: skip
"""The words after `kind:` and the kind that they stand for. Others (TopAndSkirt) are taken apart by shape."""
PART = {
    "top": "top", "bottom": "bottom", "shorts": "bottom", "skirt": "bottom", "dress": "dress", "overall": "dress",
    "bodysuit": "dress", "swimsuit": "dress", "bikini-top": "top", "bikini-bottom": "bottom", "coat": "outer",
    "belt": "accessory", "shoes": "shoes", "socks": "shoes", "stockings": "bottom", "gloves": "gloves", "hat": "hat",
    "mask": "hat", "glasses": "glasses",
}  # fmt: skip
"""The prefix of each kind's mesh."""


@dataclass(frozen=True)
class Share:
    """Vertices of a garment file that are one wearable thing."""

    kind: str
    members: NDArray[np.int64]
    """Sorted."""


def tagged_kind(fit: Fit) -> str | None:
    """The kind that the file's tag names, or None."""
    for tag in fit.tags:
        word = tag.lower().replace(" ", "")
        if word.startswith("kind:"):
            return BY_TAG.get(word.removeprefix("kind:"))
    return None


def sex_of(stem: str, fit: Fit) -> str:
    """Find for whom a garment is made: "female", "male" or "" for anyone, by its tags or its name."""
    tags = {tag.lower() for tag in fit.tags}
    return next((sex for sex in ("female", "male") if sex in tags or stem.startswith(sex)), "")


def shares(fit: Fit, mesh: Polygons, placed: Points, marks: Landmarks, crown: float) -> list[Share]:
    """Take a garment file apart into things that can be worn with others.

    `placed` (V, 3) is it on the reference body, `crown` the height of that body's head, metres. Loose scraps are left
    out; a file all of scraps gives none.
    """
    number = components(mesh.faces, len(placed))
    parts = [np.flatnonzero(number == n) for n in range(number.max() + 1)]
    parts = [p for p in parts if float(np.ptp(placed[p], axis=0).max()) >= FRAGMENT]
    kind = tagged_kind(fit) or _whole_kind(parts, placed, marks, crown)
    if kind in RIGID:
        return [Share(kind, np.arange(len(placed)))]
    may_have = len(parts) > 1 and kind not in ("belt", "swimsuit", "bikini-top", "bikini-bottom")
    belts = [p for p in parts if is_belt(placed[p], marks)] if may_have else []
    rest = [p for p in parts if not any(p is b for b in belts)]
    belts += [p for p in rest if any(_at(placed[p], placed[b]) for b in belts)]
    groups: dict[str, list[NDArray[np.int64]]] = {"belt": belts} if belts else {}
    for part in rest:
        if not any(part is b for b in belts):
            groups.setdefault(kind or part_kind(part, placed, mesh, marks), []).append(part)
    if "overall" in groups:
        groups.pop("top", None)  # the shirt beneath is drawn only where it shows
    return [Share(name, np.sort(np.concatenate(found))) for name, found in groups.items()]


def _whole_kind(parts: list[NDArray[np.int64]], placed: Points, marks: Landmarks, crown: float) -> str | None:
    """The kind of a file that is worn on foot, head or hand as a whole; else None."""
    if not parts:
        return None
    share = leg_share(placed, marks)
    if min(share[p].min() for p in parts) > (0.3 if max(share[p].max() for p in parts) > 1 else 0.8):
        return "shoes"
    low, high = min(placed[p, 1].min() for p in parts), max(placed[p, 1].max() for p in parts)
    if low > marks.neck:
        return "hat" if high > crown - 0.03 else "glasses"
    if min(np.abs(placed[p, 0]).min() for p in parts) > 0.7 * marks.wrist[0]:
        return "gloves"
    return None


def is_belt(points: Points, marks: Landmarks) -> bool:
    """A low ring about the trunk: a belt, a sash, a waistband that is a piece of its own."""
    size = np.ptp(points, axis=0)
    middle = float(points[:, 1].mean())
    low, high = marks.crotch, marks.waist + 0.5 * (marks.neck - marks.waist)
    return bool(size[0] > 0.25 and size[2] > 0.15 and size[1] < 0.13 and low < middle < high)


def _at(points: Points, belt: Points) -> bool:
    """A small thing at the height of a belt: its bow, its buckle."""
    low, high = belt[:, 1].min() - 0.03, belt[:, 1].max() + 0.03
    middle = float(points[:, 1].mean())
    return bool(low < middle < high and np.ptp(points, axis=0).max() < 0.16)


def part_kind(part: NDArray[np.int64], placed: Points, mesh: Polygons, marks: Landmarks) -> str:
    """Guess the kind of a connected part (its vertices) of a garment without a tag."""
    points = placed[part]
    share = leg_share(points, marks)
    high, low = float(share.min()), float(share.max())
    if high > -0.03 and not (points[:, 0].min() < -0.03 and points[:, 0].max() > 0.03):
        return "stockings"  # one leg alone
    if high < -0.33:
        if low <= 0.25:
            return "top"
        return "dress" if is_tube(part, placed, mesh) else "overall"
    if is_tube(part, placed, mesh):
        return "skirt"
    return "bottom" if low > 0.5 else "shorts"


def is_tube(part: NDArray[np.int64], placed: Points, mesh: Polygons) -> bool:
    """Whether the lowest hem goes round both legs (a skirt's does, trousers have one for each leg).

    A part whose hems are turned in and closed is judged by whether its lowest tenth runs through the middle.
    """
    inside = np.zeros(len(placed), bool)
    inside[part] = True
    tri = coincident(placed)[triangles(mesh.faces[inside[mesh.faces].all(1)])]
    tri = tri[(tri[:, 0] != tri[:, 1]) & (tri[:, 1] != tri[:, 2]) & (tri[:, 0] != tri[:, 2])]
    bottom, tall = float(placed[part, 1].min()), float(np.ptp(placed[part, 1]))
    low = [
        loop for loop in _border_loops(placed, tri)
        if np.ptp(loop[:, [0, 2]], axis=0).max() > 0.1 and loop[:, 1].min() < bottom + 0.3 * tall
    ]  # fmt: skip
    if any(loop[:, 0].max() < 0 for loop in low) and any(loop[:, 0].min() > 0 for loop in low):
        return False
    around = [loop for loop in low if loop[:, 0].min() < -0.05 and loop[:, 0].max() > 0.05]
    if around:  # trousers open along the inside of the legs pass the middle once, beneath the crotch
        middle = np.concatenate([loop[np.abs(loop[:, 0]) < 0.04] for loop in around])
        return bool(len(middle) > 1 and np.ptp(middle[:, 2]) > 0.12)
    points = placed[part]
    return bool(np.abs(points[points[:, 1] < bottom + 0.1 * tall, 0]).min() < 0.02)


def _border_loops(placed: Points, tri: NDArray[np.int32]) -> list[Points]:
    """The points of each border that hangs together."""
    border = border_edges(tri)
    names, local = np.unique(border, return_inverse=True)
    if not len(names):
        return []
    a, b = local.reshape(-1, 2).astype(np.int32).T
    number = components(np.stack([a, b, b], 1), len(names))
    return [placed[names[number == n]] for n in range(number.max() + 1)]
