"""Kinds of jackets, coats and waistcoats, worn over a top."""

from __future__ import annotations

from typing import Any

from lifecast.people.patterns.kind import Cuts, Kind
from lifecast.people.patterns.tops import Top


def _outer(base: dict[str, Any], varied: dict[str, Any], fabrics: str, share: float) -> Kind:
    return Kind("outer", 3, Cuts(Top(**base), varied), tuple(fabrics.split()), share)


SUIT: dict[str, Any] = {
    "chest": 0.16, "waist": 0.45, "hem": 2.7, "neck": "v", "neck_depth": 1.15, "neck_back": -0.008, "collar": "lapel",
    "sleeve": 1.0, "sleeve_ease": 0.35, "sleeve_end": 0.55, "shoulder": 0.015, "armhole": 0.025,
    "stitched": ("flap pockets", "darts", "centre seam"),
}  # fmt: skip
COAT: dict[str, Any] = {
    "chest": 0.24, "waist": 0.2, "hem": 3.9, "flare": 0.25, "neck": "v", "neck_depth": 1.0, "neck_back": -0.01,
    "collar": "lapel", "collar_size": 1.2, "sleeve": 1.03, "sleeve_ease": 0.45, "sleeve_end": 0.8, "shoulder": 0.02,
    "armhole": 0.035, "stitched": ("welt pockets", "centre seam"),
}  # fmt: skip
SHORT: dict[str, Any] = {
    "chest": 0.22, "hem": 1.9, "sleeve": 1.03, "sleeve_ease": 0.4, "sleeve_end": 0.6, "cuff": 0.055, "hem_band": 0.055,
    "armhole": 0.03, "neck_depth": 0.28, "cuff_ease": 0.08,
}  # fmt: skip
PUFFER: dict[str, Any] = {
    "chest": 0.36, "hem": 2.2, "collar": "stand", "collar_size": 1.3, "sleeve": 1.02, "sleeve_ease": 0.6,
    "sleeve_end": 0.8, "armhole": 0.04, "quilt": 0.09, "hem_band": 0.03, "cuff": 0.03, "neck_depth": 0.25,
}  # fmt: skip

OUTER: dict[str, Kind] = {
    "blazer": _outer({**SUIT, "front": "closed"}, {"chest": (0.12, 0.22), "waist": (0.2, 0.7), "hem": (2.4, 3.0),
        "neck_depth": (1.0, 1.35)}, "wool cotton linen", 2),
    "open blazer": _outer({**SUIT, "front": "open"}, {"chest": (0.12, 0.26), "waist": (0.1, 0.6), "hem": (2.4, 3.1),
        "gap": (0.04, 0.16)}, "wool cotton linen", 3),
    "tuxedo jacket": _outer({**SUIT, "front": "closed", "collar": "shawl"}, {"waist": (0.3, 0.7),
        "neck_depth": (1.1, 1.4)}, "wool silk", 1),
    "waistcoat": _outer({"chest": 0.09, "waist": 0.6, "hem": 1.6, "neck": "v", "neck_depth": 0.9, "front": "closed",
        "shoulder": -0.015, "scoop": 0.025, "stitched": ("welt pockets", "darts")}, {"chest": (0.07, 0.14),
        "hem": (1.4, 1.8), "neck_depth": (0.7, 1.1)}, "wool cotton denim", 1.5),
    "open waistcoat": _outer({"chest": 0.12, "waist": 0.3, "hem": 1.7, "neck": "v", "neck_depth": 0.9, "front": "open",
        "shoulder": -0.015, "scoop": 0.025, "stitched": ("welt pockets",)}, {"hem": (1.5, 3.2), "gap": (0.04, 0.14)},
        "wool cotton leather", 1),
    "bomber jacket": _outer({**SHORT, "front": "closed", "collar": "stand", "stitched": ("welt pockets",)},
        {"chest": (0.18, 0.32), "hem": (1.7, 2.1)}, "cotton silk leather", 1),
    "open bomber jacket": _outer({**SHORT, "front": "open", "collar": "stand", "stitched": ("welt pockets",)},
        {"chest": (0.18, 0.32), "hem": (1.7, 2.1), "gap": (0.04, 0.14)}, "cotton silk leather", 1.5),
    "denim jacket": _outer({**SHORT, "front": "closed", "collar": "shirt", "cuff": 0.05, "chest": 0.16,
        "stitched": ("placket", "yoke", "chest flaps")}, {"chest": (0.12, 0.24), "hem": (1.7, 2.1)}, "denim", 1),
    "open denim jacket": _outer({**SHORT, "front": "open", "collar": "shirt", "cuff": 0.05, "chest": 0.16,
        "stitched": ("placket", "yoke", "chest flaps")}, {"chest": (0.12, 0.24), "hem": (1.7, 2.1),
        "gap": (0.04, 0.16)}, "denim", 1.5),
    "leather jacket": _outer({**SHORT, "front": "closed", "collar": "shirt", "chest": 0.14, "hem_band": 0.04,
        "cuff": 0.0, "stitched": ("welt pockets", "yoke")}, {"hem": (1.6, 2.0), "waist": (0.0, 0.4)}, "leather", 1),
    "open leather jacket": _outer({**SHORT, "front": "open", "collar": "lapel", "neck": "v", "neck_depth": 0.6,
        "collar_size": 0.9, "chest": 0.15, "hem_band": 0.04, "cuff": 0.0, "stitched": ("welt pockets",)},
        {"hem": (1.6, 2.0), "gap": (0.05, 0.16)}, "leather", 1.5),
    "overshirt": _outer({"chest": 0.24, "hem": 2.8, "collar": "shirt", "front": "open", "sleeve": 1.02,
        "sleeve_end": 0.7, "cuff": 0.06, "neck_depth": 0.25, "stitched": ("placket", "yoke", "chest flaps")},
        {"chest": (0.18, 0.34), "hem": (2.5, 3.1), "gap": (0.03, 0.16)}, "cotton denim wool", 1.5),
    "coat": _outer({**COAT, "front": "closed"}, {"chest": (0.18, 0.32), "hem": (3.3, 4.2), "waist": (0.0, 0.6),
        "flare": (0.1, 0.5)}, "wool cotton", 1.5),
    "open coat": _outer({**COAT, "front": "open"}, {"chest": (0.18, 0.36), "hem": (3.4, 4.4), "gap": (0.05, 0.2),
        "waist": (0.0, 0.4)}, "wool cotton", 2),
    "long open coat": _outer({**COAT, "front": "open", "hem": 4.7}, {"hem": (4.5, 5.0), "gap": (0.06, 0.2),
        "flare": (0.1, 0.5)}, "wool cotton leather", 1),
    "trench coat": _outer({**COAT, "front": "closed", "waist": 0.8, "collar": "shirt", "collar_size": 1.4,
        "neck": "round", "neck_depth": 0.3, "stitched": ("placket", "yoke", "welt pockets"), "cuff": 0.06},
        {"hem": (3.6, 4.4), "flare": (0.2, 0.6)}, "cotton", 1),
    "parka": _outer({**COAT, "front": "closed", "collar": "hood", "collar_size": 1.1, "neck": "round",
        "neck_depth": 0.33, "neck_back": 0.01, "hem": 3.3, "stitched": ("placket", "patch pockets")},
        {"hem": (3.0, 3.6), "chest": (0.24, 0.4), "front": ["closed", "open"]}, "cotton puffer", 1.5),
    "dressing gown": _outer({**COAT, "front": "open", "collar": "shawl", "hem": 4.1, "stitched": ("patch pockets",)},
        {"hem": (3.7, 4.6), "gap": (0.02, 0.08)}, "cotton silk knit", 1),
    "puffer jacket": _outer({**PUFFER, "front": "closed"}, {"chest": (0.3, 0.46), "hem": (1.9, 2.6),
        "quilt": (0.06, 0.12), "collar": ["stand", "stand", "hood"]}, "puffer", 2),
    "open puffer jacket": _outer({**PUFFER, "front": "open"}, {"chest": (0.3, 0.46), "hem": (1.9, 2.6),
        "quilt": (0.06, 0.12), "gap": (0.05, 0.15)}, "puffer", 1.5),
    "puffer waistcoat": _outer({**PUFFER, "sleeve": 0.0, "cuff": 0.0, "chest": 0.28, "front": "closed"},
        {"chest": (0.22, 0.36), "front": ["closed", "open"], "gap": (0.04, 0.12)}, "puffer", 1),
    "long puffer coat": _outer({**PUFFER, "hem": 3.9, "hem_band": 0.0, "front": "closed"},
        {"hem": (3.4, 4.4), "collar": ["stand", "hood"]}, "puffer", 1),
    "raincoat": _outer({**COAT, "front": "closed", "collar": "hood", "neck": "round", "neck_depth": 0.33,
        "neck_back": 0.01, "hem": 3.5, "flare": 0.5}, {"hem": (3.2, 4.0), "flare": (0.2, 0.8)}, "silk puffer", 1),
}  # fmt: skip
"""Name to kind."""
