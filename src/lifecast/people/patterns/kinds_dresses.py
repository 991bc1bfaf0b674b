"""Kinds of dresses and jumpsuits, and of what is worn over everything."""

from __future__ import annotations

from typing import Any

from lifecast.people.patterns.accessories import Apron, Belt, Cape, Scarf
from lifecast.people.patterns.bottoms import Legs, SkirtCut
from lifecast.people.patterns.kind import Cuts, Kind
from lifecast.people.patterns.tops import Top


def _dress(
    base: dict[str, Any], varied: dict[str, Any], fabrics: str, share: float, below: Cuts | None = None, layer: int = 1
) -> Kind:
    return Kind("dress", layer, Cuts(Top(**base), varied), tuple(fabrics.split()), share, below)


def _skirt(base: dict[str, Any], varied: dict[str, Any]) -> Cuts:
    return Cuts(SkirtCut(**base), varied)


def _worn(cut: Any, varied: dict[str, Any], fabrics: str, share: float) -> Kind:
    return Kind("accessory", 4, Cuts(cut, varied), tuple(fabrics.split()), share)


BODICE: dict[str, Any] = {"chest": 0.06, "waist": 0.85, "hem": 1.0, "neck_depth": 0.5}
NECKS: dict[str, Any] = {"neck": ["round", "round", "v"], "neck_depth": (0.35, 0.8), "sleeve": [0.0, 0.0, 0.35, 1.0]}

DRESSES: dict[str, Kind] = {
    "sheath dress": _dress({"chest": 0.05, "waist": 0.9, "hem": 3.9, "hip": 0.04, "flare": -0.1},
        {**NECKS, "hem": (3.5, 4.2), "waist": (0.6, 1.0)}, "wool cotton jersey", 1.2),
    "t-shirt dress": _dress({"chest": 0.15, "hem": 3.6, "collar": "band", "sleeve": 0.42, "hip": 0.06},
        {"chest": (0.08, 0.3), "hem": (3.3, 4.0), "flare": (0.0, 0.4)}, "jersey", 1.2),
    "sweater dress": _dress({"chest": 0.16, "hem": 3.7, "collar": "turtle", "sleeve": 1.03, "neck_depth": 0.22,
        "cuff": 0.05, "sleeve_end": 0.5}, {"hem": (3.4, 4.2), "collar": ["turtle", "band"]}, "knit wool", 1),
    "slip dress": _dress({"chest": 0.05, "waist": 0.4, "hem": 4.3, "neck": "v", "neck_depth": 0.85, "neck_wide": 0.03,
        "shoulder": -0.045, "scoop": 0.03, "flare": 0.4}, {"hem": (3.5, 4.9), "flare": (0.2, 0.8)}, "silk", 1),
    "a-line dress": _dress({"chest": 0.08, "waist": 0.6, "hem": 3.8, "flare": 0.7}, {**NECKS, "hem": (3.5, 4.4),
        "flare": (0.5, 1.2)}, "cotton wool linen", 1.2),
    "maxi dress": _dress({"chest": 0.08, "waist": 0.5, "hem": 5.2, "flare": 0.6, "neck_depth": 0.5},
        {**NECKS, "hem": (4.8, 5.5), "flare": (0.4, 1.0)}, "cotton silk jersey linen", 1.2),
    "skater dress": _dress(BODICE, NECKS, "jersey cotton silk", 1.2,
        _skirt({"shape": "conical", "flare": 4.0}, {"hem": (3.4, 4.0), "flare": (3.0, 5.8)})),
    "midi flared dress": _dress(BODICE, NECKS, "cotton silk wool linen", 1.2,
        _skirt({"shape": "conical", "flare": 2.4}, {"hem": (4.1, 4.8), "flare": (1.6, 3.2)})),
    "gathered dress": _dress({**BODICE, "chest": 0.09, "waist": 0.7}, NECKS, "cotton linen silk", 1.2,
        _skirt({"shape": "gathered", "flare": 0.2}, {"hem": (3.6, 4.8), "fullness": (1.4, 2.0)})),
    "shirt dress": _dress({**BODICE, "chest": 0.12, "waist": 0.5, "collar": "shirt", "front": "closed",
        "neck_depth": 0.28, "sleeve": 0.45, "stitched": ("placket", "yoke")}, {"sleeve": (0.35, 0.6)},
        "cotton denim linen", 1, _skirt({"shape": "gathered"}, {"hem": (3.7, 4.4), "fullness": (1.2, 1.6)})),
    "pleated dress": _dress({**BODICE, "sleeve": 0.5}, {"neck": ["round", "v"], "sleeve": [0.0, 0.5, 1.0]},
        "silk cotton", 1, _skirt({"shape": "gathered", "pleats": True, "folds": 32, "flare": 0.3},
        {"hem": (3.9, 4.6), "fullness": (1.7, 2.1)})),
    "empire dress": _dress({**BODICE, "hem": 0.55, "waist": 0.5}, NECKS, "silk cotton jersey", 1,
        _skirt({"shape": "gathered", "flare": 0.4}, {"hem": (3.5, 5.3), "fullness": (1.15, 1.5)})),
    "evening dress": _dress({**BODICE, "neck_depth": 0.7}, {"neck": ["round", "v"], "shoulder": (-0.03, 0.0)},
        "silk", 1, _skirt({"shape": "conical", "flare": 2.0}, {"hem": (5.0, 5.45), "flare": (1.4, 2.6)})),
    "pinafore dress": _dress({"chest": 0.1, "waist": 0.4, "hem": 3.6, "neck_depth": 0.75, "neck_wide": 0.02,
        "shoulder": -0.03, "scoop": 0.03, "armhole": 0.05, "flare": 0.5, "stitched": ("patch pockets",)},
        {"hem": (3.4, 4.0)}, "denim wool cotton", 1, layer=2),
    "jumpsuit": _dress({"chest": 0.1, "waist": 0.6, "hem": 1.05, "neck": "v", "neck_depth": 0.6},
        {"sleeve": [0.0, 0.4, 1.0]}, "cotton silk linen", 1,
        Cuts(Legs(hip=0.1, thigh=0.25, knee=0.4, hem=1.0, rise=0.035), {"end": (4.8, 5.6), "hem": (0.6, 1.6)})),
    "boiler suit": _dress({"chest": 0.2, "waist": 0.3, "hem": 1.05, "collar": "shirt", "front": "closed", "sleeve": 1.0,
        "sleeve_end": 0.7, "cuff": 0.05, "stitched": ("placket", "chest flaps")}, {"chest": (0.15, 0.28)},
        "cotton denim", 1, Cuts(Legs(hip=0.14, thigh=0.3, knee=0.4, hem=0.9, rise=0.045,
        stitched=("slant pockets",)), {"end": (5.1, 5.6)})),
}  # fmt: skip

ACCESSORIES: dict[str, Kind] = {
    "scarf": _worn(Scarf(), {"wide": (0.14, 0.3), "turns": [1, 1, 2]}, "knit wool silk", 2),
    "loose scarf": _worn(Scarf(turns=0), {"wide": (0.14, 0.26), "ends": [(0.5, 0.42), (0.6, 0.6), (0.4, 0.7)]},
        "knit wool silk", 1),
    "shawl": _worn(Cape(length=0.5, fullness=0.65, open=True), {"length": (0.38, 0.6)}, "wool knit silk", 1),
    "cape": _worn(Cape(length=0.8, fullness=0.6, open=True), {"length": (0.65, 0.95)}, "wool", 1),
    "poncho": _worn(Cape(length=0.6, fullness=0.8), {"length": (0.5, 0.75), "fullness": (0.65, 0.95)}, "wool knit", 1),
    "apron": _worn(Apron(), {"hem": (3.5, 4.2), "wide": (0.5, 0.7)}, "cotton linen", 1),
    "waist apron": _worn(Apron(bib=False), {"hem": (3.3, 3.9), "wide": (0.5, 0.7)}, "cotton linen", 1),
    "belt": _worn(Belt(), {"at": (1.0, 1.4), "high": (0.022, 0.05)}, "leather", 4),
}  # fmt: skip
"""Name to kind."""
