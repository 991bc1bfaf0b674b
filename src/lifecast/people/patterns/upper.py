"""The bodice block: front and back of everything that is worn on the trunk, from T-shirts to coats and dresses.

A piece's y is the height on the body, x the way from the centre line; of the back, x points to the wearer's right, so
that both pieces are drawn as they look from outside. Curves of the left end in `left` where a piece spans both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, Outline, bezier, curve_length, line, mirrored
from lifecast.people.patterns.placement import Profile, profile, slack
from lifecast.people.patterns.sewing import FLIP, Curve, Place, Sewing
from lifecast.people.patterns.tube import Points


@dataclass(frozen=True)
class Bodice:
    """How a bodice is cut; metres."""

    girths: tuple[tuple[float, float], ...]
    """(height, girth of the pattern) knots, from the hem to the armhole."""
    hem: float
    """The height of the hem."""
    neck_front: float = 0.075
    """How deep the neckline lies below the side of the neck, in front and"""
    neck_back: float = 0.02
    neck_wide: float = 0.012
    """How far the neckline begins outside of the neck."""
    v_neck: bool = False
    shoulder: float = 0.01
    """How far the shoulder seam runs beyond the tip of the shoulder; negative for tank tops."""
    armhole: float = 0.02
    """How deep the armhole lies below the armpit."""
    scoop: float = 0.015
    """How far the armhole is cut in before the arm."""
    open: float | None = None
    """None: the front is one piece. Otherwise two, with so wide a gap between them (0: they are sewn together)."""
    tail: float = 0.0
    """How much lower the hem hangs in the middle than at the sides."""
    balance: float = 0.018
    """How much longer cloth is than the body is high between armpit and neck."""


@dataclass(frozen=True, eq=False)
class Block:
    """A bodice whose pieces are in the making."""

    measures: Measures
    neck: list[tuple[Curve, Points]]
    """The neckline's curves and their starts (n, 3), walked from the front centre over the left and the back."""
    armholes: tuple[float, float]
    """Lengths of the armhole in front and behind, metres."""
    girth: Profile
    beyond: float
    """How far the shoulder seam runs beyond the tip of the shoulder, metres."""
    clearance: float


def draw_half(m: Measures, cut: Bodice, girth: Profile, back: bool) -> Outline:
    """Draw the left half of a front or back, x >= 0."""
    deep = m.armpit - cut.armhole
    wide = float(girth(np.array(deep))) / 4
    neck_x, neck_y = m.neck_half + cut.neck_wide, m.neck + cut.balance
    slope = (neck_y - m.shoulder[1] - cut.balance) / max(m.shoulder[0] - m.neck_half, 0.03)
    tip_x = max(m.shoulder[0] + cut.shoulder, neck_x + 0.02)
    neck_y -= cut.neck_wide * slope
    tip_y = neck_y - (tip_x - neck_x) * slope
    heights = np.linspace(cut.hem, deep, max(int((deep - cut.hem) / 0.02), 2) + 1)
    side = np.stack([girth(heights) / 4, heights], 1)
    side[0, 1] = cut.hem + cut.tail
    side = side[(heights == cut.hem) | (heights > cut.hem + cut.tail + 0.005)]
    scoop = min(wide, tip_x) - cut.scoop * (0.5 if back else 1.0)
    drop = tip_y - deep
    hole = bezier((wide, deep), (scoop, deep + 0.02 * drop), (scoop, deep + 0.35 * drop), (tip_x, tip_y))
    low = neck_y - (cut.neck_back if back else cut.neck_front)
    if cut.v_neck and not back:
        bottom = line((neck_x, neck_y), (0.85 * neck_x, neck_y - 0.35 * (neck_y - low)), (0, low))
    else:
        bottom = bezier((neck_x, neck_y), (0.92 * neck_x, 0.35 * neck_y + 0.65 * low), (0.62 * neck_x, low), (0, low))
    half_hem = bezier((0, cut.hem), (0.6 * side[0, 0], cut.hem), (0.7 * side[0, 0], side[0, 1]), tuple(side[0]))
    return {
        "hem": half_hem, "side": side, "armhole": hole, "shoulder": line((tip_x, tip_y), (neck_x, neck_y)),
        "neck": bottom, "centre": line((0, low), (0, cut.hem)),
    }  # fmt: skip


def unfold(half: Outline) -> Outline:
    """Unfold a left half along its centre line into one piece."""
    right = mirrored(half)
    names = ("hem", "side", "armhole", "shoulder", "neck")
    piece: Outline = {f"{name} left": half[name] for name in names}
    piece.update({f"{name} right": right[name] for name in reversed(names)})
    return piece


def trunk_place(
    m: Measures, half: Outline, girth: Profile, clearance: float, back: bool, balance: float, gap: float = 0.0
) -> Place:
    """Wrap a front or back around the trunk."""
    tip, neck = half["shoulder"]
    wide, deep = half["side"][-1]
    sign = -1.0 if back else 1.0
    widths = profile((deep, wide), (tip[1], tip[0]), (max(neck[1], tip[1] + 1e-4), neck[0]))
    heights = profile((deep - 3.0, deep - 3.0), (deep, deep), (m.neck + balance, m.neck), (m.neck + 1, m.neck + 1))

    def place(flat: Flat) -> Points:
        x, y = flat[:, 0], flat[:, 1]
        station = heights(y)
        quarter = np.where(y < deep, girth(y) / 4, widths(y))
        up = np.clip((y - deep) / max(tip[1] - deep, 1e-3), 0, 1)
        # What reaches beyond the tip of the shoulder lies on the arm.
        limit = np.where(y < deep, np.inf, wide * (1 - up) + min(tip[0], m.shoulder[0]) * up)
        across = np.minimum(np.abs(x), limit)
        share = np.sign(x) * (across + gap / 2) / (np.minimum(quarter, limit) + gap / 2) / 4
        beyond = (np.abs(x) - across)[:, None] * m.arm.axis * np.stack([np.sign(x) * sign, 0 * x + 1, 0 * x + 1], 1)
        loose = slack(m.trunk, np.minimum(station, deep), girth(np.minimum(y, deep)), clearance)
        offset = loose * (1 - up) + clearance * up
        return m.trunk.place(station, 0.5 + share if back else share, offset) + beyond

    return place


def add_bodice(
    sewing: Sewing, m: Measures, cut: Bodice, clearance: float, lines: tuple[Flat, ...] = (),
    back_lines: tuple[Flat, ...] = (), left_lines: tuple[Flat, ...] = (),
) -> Block:  # fmt: skip
    """Add front and back, and sew their sides and shoulders.

    `lines` are stitched onto the front, onto both of its halves where it is open; `left_lines` onto the left only.
    """
    girth = profile(*cut.girths)
    front, back = draw_half(m, cut, girth, False), draw_half(m, cut, girth, True)
    place_front = trunk_place(m, front, girth, clearance, False, cut.balance, cut.open or 0.0)
    place_back = trunk_place(m, back, girth, clearance, True, cut.balance)
    # The back is drawn from behind: its left half lies at x < 0.
    sewing.piece("back", mirrored(unfold(back)), place_back, list(back_lines))
    if cut.open is None:
        sewing.piece("front", unfold(front), place_front, [*lines, *left_lines])
    else:

        def place_half(flat: Flat) -> Points:
            return place_front(np.maximum(flat, [1e-6, -np.inf]))

        sewing.pair("front", front, place_half, list(lines), left_lines=list(left_lines))
        if cut.open == 0:
            sewing.sew(("front left", "centre"), ("front right", "centre"))
    for name in ("side", "shoulder"):
        sewing.sew_pair(("front", name), ("back", name))
    split = cut.open is not None
    neck: list[tuple[Curve, Points]] = []
    for side, turn in (("left", 1.0), ("right", -1.0)):
        front_curve = ("front " + side, "neck") if split else ("front", f"neck {side}")
        both = [
            (front_curve, place_front(np.maximum(front["neck"], [1e-6, -9]))[::-1]),
            (("back", f"neck {side}"), place_back(back["neck"] * FLIP)),
        ]
        if side == "right":
            both = [(curve, path[::-1]) for curve, path in reversed(both)]
        neck += [(curve, path * [turn, 1, 1]) for curve, path in both]
    lengths = (curve_length(front["armhole"]), curve_length(back["armhole"]))
    return Block(m, neck, lengths, girth, max(cut.shoulder, 0.0), clearance)
