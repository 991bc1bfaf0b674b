"""Arms as people hold them before a camera, and which way how often."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifecast.people.figure import Figure, suffix
from lifecast.people.rotation import about, euler, unit

Rng = np.random.Generator


def _hand(figure: Figure, rng: Rng, side: int, curl: tuple[float, float] = (8, 30), pronate: float = 0.0) -> None:
    base = rng.uniform(*curl)
    figure.fingers(
        side,
        np.clip(base + np.arange(4) * rng.uniform(0, 6) + rng.normal(0, 4, 4), -5, 80),
        rng.uniform(0, 22),
        rng.uniform(-1, 4),
    )
    figure.wrist(side, rng.normal(4, 9), rng.normal(0, 6), pronate + rng.normal(0, 14))


def aim(figure: Figure, side: int, out: float, ahead: float, flex: float, inward: float) -> None:
    """Aim one arm by angles in degrees.

    `out` leads away from the body, `ahead` forward; `flex` bends the elbow; `inward` swings the bent forearm in front
    of the body.
    """
    chest = figure.turn("spine01")
    along = chest @ euler("YX", [0, -ahead]) @ euler("Z", [side * out]) @ np.array([0, -1.0, 0])
    hinge = chest @ euler("Y", [-side * inward]) @ np.array([-1.0, 0, 0])
    hinge = unit(hinge - (hinge @ along) * along)
    then = about(hinge, flex) @ along
    figure.arm(side, along, then, hinge)


def _hang(figure: Figure, rng: Rng, side: int) -> None:
    aim(
        figure,
        side,
        rng.uniform(5, 16),
        rng.normal(0, 7),
        float(np.clip(abs(rng.normal(10, 10)), 2, 55)),
        rng.uniform(-5, 35),
    )
    _hand(figure, rng, side, (8, 26))


def _a_pose(figure: Figure, rng: Rng, side: int) -> None:
    aim(figure, side, rng.uniform(22, 50), rng.normal(0, 6), rng.uniform(2, 25), rng.uniform(0, 30))
    _hand(figure, rng, side, (0, 25))


def _t_pose(figure: Figure, rng: Rng, side: int) -> None:
    aim(figure, side, rng.uniform(65, 95), rng.normal(0, 6), rng.uniform(2, 15), 60)
    _hand(figure, rng, side, (0, 12))


def _bent(figure: Figure, rng: Rng, side: int) -> None:
    """Forearm in front, as when gesturing or holding something."""
    aim(figure, side, rng.uniform(8, 30), rng.normal(0, 12), rng.uniform(50, 115), rng.uniform(-15, 55))
    _hand(figure, rng, side, (10, 55), rng.normal(0, 30))


def _swing(figure: Figure, rng: Rng, side: int) -> None:
    aim(
        figure,
        side,
        rng.uniform(6, 16),
        side * rng.choice([-1, 1]) * rng.uniform(8, 38),
        rng.uniform(8, 70),
        rng.uniform(0, 25),
    )
    _hand(figure, rng, side, (15, 50))


def _raised(figure: Figure, rng: Rng, side: int) -> None:
    figure.shoulder(side, 14, 0)
    aim(figure, side, rng.uniform(105, 165), rng.normal(8, 10), rng.uniform(2, 70), rng.uniform(30, 90))
    _hand(figure, rng, side, (0, 30))


def _point(figure: Figure, rng: Rng, side: int) -> None:
    aim(figure, side, rng.uniform(10, 60), rng.uniform(40, 90), rng.uniform(2, 30), 30)
    _hand(figure, rng, side, (5, 60))


def _torso_point(figure: Figure, right: float, up: float, front: float) -> NDArray[np.float64]:
    """A place about the trunk: share of the half width, of hip-to-shoulder height, metres before the skin line."""
    chest = figure.turn("spine03")
    hips = (figure.place("upperleg01.L") + figure.place("upperleg01.R")) / 2
    neck = figure.place("neck01")
    half = float(np.linalg.norm(figure.head("upperarm01.L") - figure.head("upperarm01.R"))) / 2
    point: NDArray[np.float64] = hips + (neck - hips) * up + chest @ np.array([right * half, 0, front])
    return point


def _depth(figure: Figure) -> float:
    """Metres from the spine to the belly's skin, about."""
    return 0.62 * float(np.linalg.norm(figure.head("upperarm01.L") - figure.head("upperarm01.R"))) / 2 + 0.05


def _on_hip(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(figure, side * rng.uniform(1.1, 1.35), rng.uniform(0.14, 0.3), rng.uniform(-0.02, 0.05))
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, 0.1, -rng.uniform(0.2, 0.7)]))
    _hand(figure, rng, side, (10, 40))
    figure.wrist(side, rng.uniform(20, 50), rng.normal(-15, 8), rng.uniform(10, 50))


def _pocket(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(figure, side * rng.uniform(1.22, 1.38), rng.uniform(0.04, 0.16), rng.uniform(0.03, 0.09))
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 0.6, 0, -1.0]))
    _hand(figure, rng, side, (10, 35))


def _phone(figure: Figure, rng: Rng, side: int) -> None:
    target = _torso_point(
        figure, side * rng.uniform(0.2, 0.7), rng.uniform(0.6, 0.95), _depth(figure) + rng.uniform(0.12, 0.28)
    )
    figure.reach(side, target, figure.turn("spine01") @ np.array([side * 0.6, -1.0, -0.3]))
    _hand(figure, rng, side, (35, 60), rng.uniform(-50, -10))


def _to_face(figure: Figure, rng: Rng, side: int) -> None:
    head = figure.place("head") + figure.turn("head") @ np.array(
        [side * rng.uniform(0.06, 0.14), rng.uniform(-0.06, 0.04), rng.uniform(0.13, 0.2)]
    )
    figure.reach(side, head, figure.turn("spine01") @ np.array([side * 0.8, -1.0, 0.2]))
    _hand(figure, rng, side, (20, 60), rng.uniform(-60, 0))


def on_thigh(figure: Figure, rng: Rng, side: int) -> None:
    s = suffix(side)
    knee, hip = figure.place("lowerleg01" + s), figure.place("upperleg01" + s)
    target = hip + (knee - hip) * rng.uniform(0.5, 0.9) + np.array([side * 0.02, 0.155, 0.0])
    figure.reach(side, target, np.array([side * 1.0, -0.3, -0.6]))
    _hand(figure, rng, side, (5, 25), rng.uniform(0, 40))


def _crossed(figure: Figure, rng: Rng) -> None:
    up = rng.uniform(0.55, 0.68)
    front = _depth(figure)
    for side, ahead in zip(rng.permutation([1, -1]), (0.09, 0.035), strict=True):
        side = int(side)
        target = _torso_point(figure, -side * rng.uniform(0.45, 0.7), up + rng.normal(0, 0.015), front + ahead)
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, -0.9, 0.15]))
        _hand(figure, rng, side, (10, 40), rng.uniform(20, 60))


def _clasped(figure: Figure, rng: Rng) -> None:
    up, front = rng.uniform(0.0, 0.4), _depth(figure) + rng.uniform(0.03, 0.1)
    for side in (1, -1):
        target = _torso_point(figure, side * rng.uniform(0.3, 0.46), up + rng.normal(0, 0.01), front)
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, -0.3, -0.5]))
        _hand(figure, rng, side, (25, 55))


def _behind(figure: Figure, rng: Rng) -> None:
    for side in (1, -1):
        target = _torso_point(
            figure, side * rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.22), -_depth(figure) - rng.uniform(0.04, 0.09)
        )
        figure.reach(side, target, figure.turn("spine01") @ np.array([side * 1.0, 0.1, -0.5]))
        _hand(figure, rng, side, (20, 50))


ONE_ARM: dict[str, tuple[float, Callable[[Figure, Rng, int], None]]] = {
    "hang": (0.44, _hang), "a-pose": (0.12, _a_pose), "bent": (0.11, _bent), "swing": (0.06, _swing),
    "on hip": (0.07, _on_hip), "pocket": (0.06, _pocket), "phone": (0.04, _phone), "to face": (0.03, _to_face),
    "raised": (0.04, _raised), "point": (0.03, _point),
}  # fmt: skip
BOTH_ARMS: dict[str, tuple[float, Callable[[Figure, Rng], None] | str]] = {
    "hang": (0.36, "hang"), "a-pose": (0.14, "a-pose"), "t-pose": (0.03, "t-pose"), "on hips": (0.08, "on hip"),
    "crossed": (0.08, _crossed), "clasped": (0.1, _clasped), "behind": (0.04, _behind),
    "bent": (0.07, "bent"), "raised": (0.03, "raised"), "pockets": (0.04, "pocket"), "phone": (0.03, "phone"),
}  # fmt: skip


def draw_arms(figure: Figure, rng: Rng) -> str:
    """Draw the arms; about half of the people do the same with both."""
    singles = {**{k: f for k, (_, f) in ONE_ARM.items()}, "t-pose": _t_pose}
    if rng.random() < 0.6:
        weights = np.array([w for w, _ in BOTH_ARMS.values()])
        name = list(BOTH_ARMS)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        act = BOTH_ARMS[name][1]
        if isinstance(act, str):
            for side in (1, -1):
                singles[act](figure, rng, side)
        else:
            act(figure, rng)
        return name
    names = []
    weights = np.array([w for w, _ in ONE_ARM.values()])
    for side in (1, -1):
        name = list(ONE_ARM)[int(rng.choice(len(weights), p=weights / weights.sum()))]
        ONE_ARM[name][1](figure, rng, side)
        names.append(name)
    return " and ".join(names)
