"""Neckbands, collars and lapels: strips sewn around the neckline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecast.people.patterns.panel import Flat, Outline, line
from lifecast.people.patterns.sewing import Curve, Place, Sewing
from lifecast.people.patterns.tube import Points
from lifecast.people.patterns.upper import Block

FOLD = 0.006
"""Metres that what is folded over stays off."""


def strip(lengths: Sequence[float], height: float) -> Outline:
    """Draw a strip: its lower edge has the segments `low 0`, `low 1`, ..., its upper edge `top 0`, ... above them."""
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    low = {f"low {k}": line((at[k], 0), (at[k + 1], 0)) for k in range(len(lengths))}
    top = {f"top {k}": line((at[k + 1], height), (at[k], height)) for k in reversed(range(len(lengths)))}
    end = {"end": line((at[-1], 0), (at[-1], height))}
    return {**low, **end, **top, "start": line((0, height), (0, 0))}


def strip_place(path: Points, length: float, rise: Sequence[tuple[float, float, float]]) -> Place:
    """Stand a strip on a path (n, 3).

    `rise` holds (y of the strip, metres up, metres outward) knots.
    """
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)]) / step.sum() * length
    outward = path - (path.min(0) + path.max(0)) / 2
    outward[:, 1] = 0
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    y, up, out = np.array(rise).T

    def place(flat: Flat) -> Points:
        base, way = (
            np.stack([np.interp(flat[:, 0], walked, table[:, k]) for k in range(3)], 1) for table in (path, outward)
        )
        base = base + way * np.interp(flat[:, 1], y, out)[:, None]
        base[:, 1] += np.interp(flat[:, 1], y, up)
        stood: Points = base
        return stood

    return place


def _around(block: Block, closed: bool) -> tuple[list[Curve], Points]:
    """The neckline's curves and its path: from the front centre on, or, of a closed band, from the middle behind."""
    half = len(block.neck) // 2
    neck = block.neck[half:] + block.neck[:half] if closed else block.neck
    path = np.concatenate([way if k == 0 else way[1:] for k, (_, way) in enumerate(neck)])
    return [curve for curve, _ in neck], path


def add_band(sewing: Sewing, block: Block, height: float, ratio: float, held: float, closed: bool = True) -> None:
    """Add a neckband, or a stand collar.

    Its length is `ratio` of the neckline's; a band shorter than the neckline keeps it from gaping. A closed band is
    sewn together behind; an open one ends at the front's edges.
    """
    curves, path = _around(block, closed)
    lengths = [sewing.length(curve) * ratio for curve in curves]
    place = strip_place(path, sum(lengths), [(0, 0, 0), (height, 0.9 * height, -0.35 * height)])
    sewing.piece("neckband", strip(lengths, height), place, attached=held)
    for k, curve in enumerate(curves):
        sewing.sew(("neckband", f"low {k}"), curve)
        sewing.hem(("neckband", f"top {k}"))
    if closed:
        sewing.sew(("neckband", "start"), ("neckband", "end"), hidden=True)


def add_turtle(sewing: Sewing, block: Block, height: float, ratio: float, folded: bool) -> None:
    """Add a turtle neck: a tube around the neck, folded down over itself, or short and plain."""
    curves, path = _around(block, True)
    lengths = [sewing.length(curve) * ratio for curve in curves]
    total = sum(lengths)
    inner = strip_place(path, total, [(0, 0, 0), (height, 0.95 * height, -0.2 * height)])
    sewing.piece("turtle inner", strip(lengths, height), inner, attached=0.3)
    for k, curve in enumerate(curves):
        sewing.sew(("turtle inner", f"low {k}"), curve)
    sewing.sew(("turtle inner", "start"), ("turtle inner", "end"), hidden=True)
    if not folded:
        for k in range(len(curves)):
            sewing.hem(("turtle inner", f"top {k}"))
        return
    depth = 0.95 * height
    outer = strip_place(path, total, [(0, 0.95 * height, -0.2 * height), (0.01, 0.95 * height, 0), (depth, 0.01, 0.02)])
    sewing.piece("turtle outer", strip(lengths, depth), outer, lift=FOLD)
    for k in range(len(curves)):
        sewing.sew(("turtle outer", f"low {k}"), ("turtle inner", f"top {k}"), hidden=True)
        sewing.hem(("turtle outer", f"top {k}"))
    sewing.sew(("turtle outer", "start"), ("turtle outer", "end"), hidden=True)


def add_shirt_collar(
    sewing: Sewing, block: Block, stand: float, fall: float, point: float, ratio: float = 0.97
) -> None:
    """Add a shirt collar: a stand around the neck, and a fall that is folded over it and ends in points in front.

    `point` is how far the fall's tips reach beyond its ends.
    """
    curves, path = _around(block, False)
    lengths = [sewing.length(curve) * ratio for curve in curves]
    total = sum(lengths)
    lean = -0.25 * stand
    sewing.piece(
        "collar stand", strip(lengths, stand), strip_place(path, total, [(0, 0, 0), (stand, stand, lean)]), attached=0.5
    )
    outline = strip(lengths, fall)
    last = len(lengths) - 1
    tip = fall + 0.6 * point
    outline["end"] = line((total, 0), (total + 0.6 * point, tip))
    outline["start"] = line((-0.6 * point, tip), (0, 0))
    for name, at in ((f"top {last}", 0), ("top 0", -1)):
        outline[name] = outline[name].copy()
        outline[name][at] = outline["end"][1] if at == 0 else outline["start"][0]
    over = strip_place(
        path, total, [(0, stand, lean), (0.008, stand, lean + 0.008), (fall + point, stand - 0.85 * fall, 0.028)]
    )
    sewing.piece("collar fall", outline, over, lift=FOLD)
    for k, curve in enumerate(curves):
        sewing.sew(("collar stand", f"low {k}"), curve)
        sewing.sew(("collar fall", f"low {k}"), ("collar stand", f"top {k}"), hidden=True)
        sewing.hem(("collar fall", f"top {k}"))
    sewing.hem(("collar fall", "start"), ("collar fall", "end"))


def add_lapels(sewing: Sewing, block: Block, wide: float, behind: float, notch: float) -> None:
    """Add a collar with lapels, folded outward along the whole edge of a V-shaped opening.

    `wide` is the lapels' greatest width, `behind` the collar's behind, `notch` the depth of the notch between them
    (0: a shawl collar).
    """
    curves, path = _around(block, False)
    lengths = [sewing.length(curve) for curve in curves]
    total, front = sum(lengths), lengths[0]
    at = np.linspace(0, total, 121)
    from_end = np.minimum(at, total - at)  # way from the nearer front end
    edge = np.interp(
        from_end, [0, 0.5 * front, 0.72 * front, front + 0.03, total / 2], [0.012, 0.8 * wide, wide, behind, behind]
    )
    if notch:
        gorge = 0.78 * front
        edge -= notch * np.clip(1 - np.abs(from_end - gorge) / 0.016, 0, 1)
    top = np.stack([at, edge], 1)[::-1]
    outline = {name: curve for name, curve in strip(lengths, 0.012).items() if not name.startswith("top")}
    start = outline.pop("start")
    outline["edge"], outline["start"] = top, start
    flat_out = strip_place(path, total, [(0, 0, 0), (0.01, 0.002, 0.008), (0.15, -0.09, 0.1)])
    lapel = _lapel_place(block, path, total)

    def place(flat: Flat) -> Points:
        behind_share = np.clip((np.minimum(flat[:, 0], total - flat[:, 0]) - 0.75 * front) / (0.35 * front), 0, 1)
        return lapel(flat) * (1 - behind_share[:, None]) + flat_out(flat) * behind_share[:, None]

    sewing.piece("lapels", outline, place, attached=0.6, lift=FOLD)
    for k, curve in enumerate(curves):
        sewing.sew(("lapels", f"low {k}"), curve, hidden=True)
    sewing.hem(("lapels", "edge"))


def _lapel_place(block: Block, path: Points, total: float) -> Place:
    """Lay a strip outward from the opening's edge onto the front."""
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)]) / step.sum() * total

    def place(flat: Flat) -> Points:
        base = np.stack([np.interp(flat[:, 0], walked, path[:, k]) for k in range(3)], 1)
        side = np.where(flat[:, 0] < total / 2, 1.0, -1.0)
        base[:, 0] += side * flat[:, 1]
        base[:, 2] += np.minimum(flat[:, 1], 0.015)
        return base

    return place


def add_hood(sewing: Sewing, block: Block, deep: float, high: float) -> None:
    """Add a hood that lies on the back; `deep` is its size from front to back, `high` from the neck to the crown.

    Its two halves are drawn from the front corner of the neckline: the neckline runs along x, the opening for the face
    along y. Around that corner the cloth turns from the neckline down the back and up again.
    """
    half = block.neck[: len(block.neck) // 2]
    lengths = [sewing.length(curve) for curve, _ in half]
    base = sum(lengths)
    path = np.concatenate([way if k == 0 else way[1:] for k, (_, way) in enumerate(half)])
    turn = np.linspace(0, np.pi / 2, 30)
    corner = min(0.14, 0.45 * high, 0.6 * deep)
    crown = np.stack([deep - corner + corner * np.cos(turn), high - corner + corner * np.sin(turn)], 1)
    back = np.concatenate([[[base, 0.0]], crown, [[0.02, high]]])
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    outline: Outline = {f"low {k}": line((at[k], 0), (at[k + 1], 0)) for k in range(len(half))}
    outline.update({"back": back, "face": line((0.02, high), (0, 0))})
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    walked = np.concatenate([[0.0], np.cumsum(step)]) / step.sum()
    angles = np.arctan2(back[:, 1], back[:, 0])
    radii = np.linalg.norm(back, axis=1)

    def place(flat: Flat) -> Points:
        angle = np.arctan2(flat[:, 1], np.maximum(flat[:, 0], 1e-9))
        share = np.clip(np.linalg.norm(flat, axis=1) / np.interp(angle, angles, radii), 0, 1)
        turned = angle / (np.pi / 2)
        points = np.stack([np.interp(share, walked, path[:, k]) for k in range(3)], 1)
        outward = points - np.array([0.0, 0.0, path[:, 2].mean()])
        outward[:, 1] = 0
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
        drop = 0.42 * (deep + high) * share**1.5 * np.sin(np.pi * turned)
        points[:, 1] += -drop + 0.05 * turned * share
        hung: Points = points + outward * (0.012 + 0.05 * turned * share + 0.25 * drop)[:, None]
        return hung

    sewing.pair("hood", outline, place, lift=FOLD)
    sewing.sew(("hood left", "back"), ("hood right", "back"))
    for k, (curve, _) in enumerate(half):
        other = (curve[0].replace("left", "right"), curve[1].replace("left", "right"))
        sewing.sew(("hood left", f"low {k}"), curve)
        sewing.sew(("hood right", f"low {k}"), other)
    sewing.hem_pair(("hood", "face"))
