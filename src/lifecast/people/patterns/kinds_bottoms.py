"""Kinds of trousers, shorts and skirts."""

from __future__ import annotations

from typing import Any

from lifecast.people.patterns.bottoms import Legs, SkirtCut
from lifecast.people.patterns.kind import Cuts, Kind

JEANS = ("fly", "slant pockets", "patch pockets")


def _legs(base: dict[str, Any], varied: dict[str, Any], fabrics: str, share: float) -> Kind:
    return Kind("bottom", 1, Cuts(Legs(**base), {"waist": (1.1, 1.5), **varied}), tuple(fabrics.split()), share)


def _skirt(base: dict[str, Any], varied: dict[str, Any], fabrics: str, share: float) -> Kind:
    return Kind("bottom", 1, Cuts(SkirtCut(**base), {"waist": (1.0, 1.3), **varied}), tuple(fabrics.split()), share)


BOTTOMS: dict[str, Kind] = {
    "leggings": _legs({"hip": -0.02, "thigh": -0.02, "knee": -0.01, "hem": 0.02, "rise": 0.0},
        {"end": (4.6, 5.2), "waist": (1.0, 1.2)}, "jersey", 3),
    "skinny jeans": _legs({"hip": 0.015, "thigh": 0.03, "knee": 0.06, "hem": 0.15, "rise": 0.005, "stitched": JEANS},
        {"end": (4.9, 5.4), "knee": (0.03, 0.09)}, "denim", 5),
    "slim trousers": _legs({"hip": 0.04, "thigh": 0.08, "knee": 0.13, "hem": 0.4, "stitched": JEANS},
        {"end": (5.0, 5.5), "hem": (0.3, 0.5)}, "denim cotton wool", 8),
    "straight jeans": _legs({"hip": 0.05, "thigh": 0.12, "knee": 0.2, "hem": 0.7, "stitched": JEANS},
        {"end": (5.1, 5.65), "hem": (0.55, 0.85), "thigh": (0.08, 0.18)}, "denim", 9),
    "chinos": _legs({"hip": 0.06, "thigh": 0.14, "knee": 0.18, "hem": 0.6, "stitched": ("fly", "slant pockets")},
        {"end": (5.0, 5.6), "hem": (0.45, 0.75)}, "cotton", 6),
    "suit trousers": _legs({"hip": 0.07, "thigh": 0.16, "knee": 0.22, "hem": 0.75,
        "stitched": ("fly", "slant pockets", "creases")}, {"end": (5.2, 5.55), "hem": (0.6, 0.9)}, "wool cotton", 6),
    "wide trousers": _legs({"hip": 0.08, "thigh": 0.3, "knee": 0.7, "hem": 1.8, "stitched": ("slant pockets",)},
        {"end": (4.9, 5.55), "knee": (0.5, 0.9), "hem": (1.2, 2.4), "waist": (1.0, 1.2)}, "wool linen silk cotton", 4),
    "flared trousers": _legs({"hip": 0.03, "thigh": 0.08, "knee": 0.14, "hem": 1.3, "stitched": JEANS},
        {"end": (5.3, 5.6), "hem": (0.9, 1.8)}, "denim cotton jersey", 2),
    "baggy jeans": _legs({"hip": 0.12, "thigh": 0.35, "knee": 0.5, "hem": 1.1, "rise": 0.04, "stitched": JEANS},
        {"end": (5.2, 5.6), "hem": (0.8, 1.4), "waist": (1.3, 1.7)}, "denim", 3),
    "joggers": _legs({"hip": 0.12, "thigh": 0.25, "knee": 0.35, "hem": 0.6, "gathered": 0.16, "cuff": 0.05,
        "end": 4.95, "rise": 0.03}, {"thigh": (0.15, 0.4), "knee": (0.2, 0.5)}, "jersey", 5),
    "track trousers": _legs({"hip": 0.12, "thigh": 0.25, "knee": 0.4, "hem": 0.9, "gathered": 0.16, "rise": 0.03},
        {"end": (5.2, 5.6), "hem": (0.6, 1.2)}, "jersey silk", 2),
    "cargo trousers": _legs({"hip": 0.1, "thigh": 0.26, "knee": 0.4, "hem": 0.9, "rise": 0.03,
        "stitched": ("fly", "slant pockets", "cargo pockets")}, {"end": (5.2, 5.6), "hem": (0.6, 1.2)}, "cotton", 2.5),
    "cropped trousers": _legs({"hip": 0.06, "thigh": 0.14, "knee": 0.22, "hem": 0.5, "stitched": ("slant pockets",)},
        {"end": (4.5, 4.9), "hem": (0.3, 0.9)}, "cotton linen wool denim", 2.5),
    "culottes": _legs({"hip": 0.1, "thigh": 0.4, "knee": 0.9, "hem": 1.1, "rise": 0.03},
        {"end": (4.2, 4.6), "hem": (0.8, 1.5), "waist": (1.0, 1.1)}, "linen cotton silk", 1),
    "linen trousers": _legs({"hip": 0.12, "thigh": 0.3, "knee": 0.45, "hem": 1.1, "gathered": 0.14, "rise": 0.03},
        {"end": (5.1, 5.6), "hem": (0.7, 1.5)}, "linen cotton", 2),
    "short shorts": _legs({"hip": 0.05, "thigh": 0.12, "hem": 0.12, "stitched": ("fly", "slant pockets")},
        {"end": (3.15, 3.35), "hem": (0.06, 0.22)}, "denim cotton jersey", 2),
    "shorts": _legs({"hip": 0.08, "thigh": 0.2, "hem": 0.25, "stitched": ("fly", "slant pockets")},
        {"end": (3.45, 3.8), "hem": (0.15, 0.4)}, "cotton denim linen", 3),
    "sports shorts": _legs({"hip": 0.14, "thigh": 0.35, "hem": 0.45, "gathered": 0.16, "rise": 0.03},
        {"end": (3.35, 3.85), "hem": (0.3, 0.6)}, "jersey silk", 2),
    "bermuda shorts": _legs({"hip": 0.08, "thigh": 0.22, "knee": 0.3, "hem": 0.35,
        "stitched": ("fly", "slant pockets", "cargo pockets")}, {"end": (3.85, 4.15), "hem": (0.25, 0.5)},
        "cotton denim linen", 2),
    "mini skirt": _skirt({"flare": 0.3, "hem": 3.35}, {"hem": (3.2, 3.6), "flare": (-0.1, 0.8)},
        "denim cotton leather wool", 1),
    "pencil skirt": _skirt({"flare": -0.15, "hem": 4.0, "hip": 0.04, "slit": 0.18, "slits": (1,)},
        {"hem": (3.8, 4.3), "flare": (-0.3, -0.02), "slit": (0.12, 0.25)}, "wool cotton leather", 1.2),
    "straight skirt": _skirt({"flare": 0.0, "hem": 4.0, "slit": 0.25, "slits": (0, 2)},
        {"hem": (3.8, 4.8), "flare": (-0.05, 0.1), "slits": [(0,), (2,), (0, 2), ()]}, "wool denim cotton linen", 1),
    "a-line skirt": _skirt({"flare": 0.9, "hem": 4.0}, {"hem": (3.6, 4.6), "flare": (0.5, 1.5), "gores": [4, 6]},
        "cotton wool linen denim", 1.3),
    "half-circle skirt": _skirt({"shape": "conical", "flare": 3.1, "hem": 4.1}, {"hem": (3.6, 4.8),
        "flare": (2.4, 3.6)}, "cotton silk wool", 1.2),
    "circle skirt": _skirt({"shape": "conical", "flare": 5.8, "hem": 3.9, "gores": 6}, {"hem": (3.4, 4.2),
        "flare": (5.0, 6.2)}, "cotton silk jersey", 1),
    "gathered skirt": _skirt({"shape": "gathered", "flare": 0.2, "hem": 4.2}, {"hem": (3.6, 4.8),
        "fullness": (1.5, 2.2)}, "cotton silk linen", 1.2),
    "pleated skirt": _skirt({"shape": "gathered", "flare": 0.3, "hem": 4.2, "pleats": True, "folds": 32},
        {"hem": (3.8, 4.7), "fullness": (1.8, 2.3), "folds": [24, 32, 40]}, "silk cotton wool", 1),
    "pleated mini skirt": _skirt({"shape": "gathered", "flare": 0.4, "hem": 3.5, "pleats": True, "folds": 24},
        {"hem": (3.3, 3.7), "fullness": (1.7, 2.2)}, "wool cotton", 1),
    "maxi skirt": _skirt({"shape": "conical", "flare": 1.2, "hem": 5.2}, {"hem": (4.8, 5.4), "flare": (0.8, 1.8)},
        "silk cotton jersey linen", 1.2),
}  # fmt: skip
"""Name to kind."""
