"""Kinds of tops, worn over or in trousers and skirts."""

from __future__ import annotations

from typing import Any

from lifecast.people.patterns.kind import Cuts, Kind
from lifecast.people.patterns.tops import Top

TEE = {"sleeve_ease": 0.25, "sleeve_end": 0.3, "collar": "band"}


def _top(base: dict[str, Any], varied: dict[str, Any], fabrics: str, share: float, layer: int = 2) -> Kind:
    return Kind("top", layer, Cuts(Top(**base), varied), tuple(fabrics.split()), share)


TOPS: dict[str, Kind] = {
    "tight t-shirt": _top(
        {**TEE, "chest": 0.02, "waist": 0.5, "sleeve": 0.3, "sleeve_ease": 0.12, "sleeve_end": 0.08},
        {"chest": (-0.02, 0.04), "hem": (2.0, 2.6), "sleeve": (0.22, 0.4), "neck_depth": (0.3, 0.5)},
        "jersey", 3,
    ),
    "t-shirt": _top(
        {**TEE, "chest": 0.1, "sleeve": 0.4},
        {"chest": (0.05, 0.18), "hem": (2.2, 2.9), "sleeve": (0.32, 0.48), "neck_depth": (0.28, 0.42),
         "stitched": [(), (), ("chest pocket",)]},
        "jersey cotton", 9,
    ),
    "oversized t-shirt": _top(
        {**TEE, "chest": 0.3, "sleeve": 0.52, "sleeve_ease": 0.5, "sleeve_end": 0.55, "armhole": 0.05},
        {"chest": (0.22, 0.42), "hem": (2.5, 3.2), "sleeve": (0.45, 0.58), "shoulder": (0.02, 0.06)},
        "jersey cotton", 4,
    ),
    "v-neck t-shirt": _top(
        {**TEE, "chest": 0.08, "sleeve": 0.38, "neck": "v", "collar": "none", "waist": 0.2},
        {"chest": (0.02, 0.15), "hem": (2.2, 2.8), "neck_depth": (0.6, 0.95), "waist": (0.0, 0.6)},
        "jersey", 2,
    ),
    "long-sleeved t-shirt": _top(
        {**TEE, "chest": 0.1, "sleeve": 1.0, "sleeve_end": 0.3},
        {"chest": (0.03, 0.2), "hem": (2.2, 2.8), "sleeve": (0.92, 1.03), "sleeve_end": (0.12, 0.4)},
        "jersey cotton", 3,
    ),
    "crop top": _top(
        {**TEE, "chest": 0.05, "sleeve": 0.3, "hem": 0.9},
        {"chest": (0.0, 0.25), "hem": (0.7, 1.05), "sleeve": [0.0, 0.25, 0.4], "neck_depth": (0.3, 0.7)},
        "jersey knit", 1.5,
    ),
    "tank top": _top(
        {"chest": 0.05, "neck_depth": 0.65, "neck_wide": 0.028, "shoulder": -0.035, "scoop": 0.03},
        {"chest": (0.0, 0.15), "hem": (2.1, 2.7), "neck_depth": (0.45, 0.8), "armhole": (0.01, 0.05)},
        "jersey", 2.5,
    ),
    "sleeveless top": _top(
        {"chest": 0.08, "waist": 0.4, "neck_depth": 0.4},
        {"chest": (0.04, 0.16), "hem": (1.8, 2.5), "waist": (0.0, 0.8), "neck": ["round", "v"],
         "neck_depth": (0.35, 0.7)},
        "cotton silk linen", 1.5,
    ),
    "polo shirt": _top(
        {"chest": 0.1, "sleeve": 0.38, "collar": "polo", "stitched": ("half placket",)},
        {"chest": (0.05, 0.18), "hem": (2.3, 2.8), "sleeve_end": (0.12, 0.3)},
        "jersey cotton", 3,
    ),
    "rugby shirt": _top(
        {"chest": 0.18, "sleeve": 1.0, "collar": "polo", "cuff": 0.05, "sleeve_end": 0.5,
         "stitched": ("half placket",)},
        {"chest": (0.12, 0.24), "hem": (2.3, 2.8)},
        "jersey cotton", 1,
    ),
    "shirt": _top(
        {"chest": 0.14, "collar": "shirt", "front": "closed", "sleeve": 1.0, "sleeve_ease": 0.32, "sleeve_end": 0.7,
         "cuff": 0.06, "neck_depth": 0.25, "stitched": ("placket", "yoke")},
        {"chest": (0.09, 0.22), "hem": (2.6, 3.1), "tail": (0.0, 0.07),
         "stitched": [("placket", "yoke"), ("placket", "yoke", "chest pocket")]},
        "cotton linen denim", 4,
    ),
    "fitted shirt": _top(
        {"chest": 0.07, "waist": 0.7, "collar": "shirt", "front": "closed", "sleeve": 1.0, "sleeve_end": 0.5,
         "cuff": 0.06, "neck_depth": 0.25, "stitched": ("placket", "darts")},
        {"chest": (0.05, 0.1), "hem": (2.4, 2.9), "waist": (0.4, 0.9), "tail": (0.0, 0.05)},
        "cotton silk", 2,
    ),
    "tucked shirt": _top(
        {"chest": 0.13, "collar": "shirt", "front": "closed", "sleeve": 1.0, "sleeve_ease": 0.3, "sleeve_end": 0.6,
         "cuff": 0.06, "neck_depth": 0.25, "stitched": ("placket", "yoke"), "hem": 1.9},
        {"chest": (0.08, 0.2), "hem": (1.7, 2.0)},
        "cotton linen", 3, layer=1,
    ),
    "open shirt": _top(
        {"chest": 0.16, "collar": "shirt", "front": "open", "sleeve": 1.0, "sleeve_ease": 0.32, "sleeve_end": 0.7,
         "cuff": 0.06, "neck_depth": 0.25, "stitched": ("placket", "yoke")},
        {"chest": (0.1, 0.26), "hem": (2.6, 3.1), "tail": (0.0, 0.06), "gap": (0.03, 0.16), "sleeve": (0.6, 1.0)},
        "cotton linen denim", 3, layer=3,
    ),
    "rolled-sleeve shirt": _top(
        {"chest": 0.15, "collar": "shirt", "front": "closed", "sleeve": 0.58, "sleeve_ease": 0.32, "sleeve_end": 0.45,
         "cuff": 0.05, "cuff_ease": 0.25, "neck_depth": 0.3, "stitched": ("placket", "yoke")},
        {"chest": (0.1, 0.22), "hem": (2.5, 3.0), "sleeve": (0.5, 0.68), "tail": (0.0, 0.06)},
        "cotton linen denim", 2.5,
    ),
    "short-sleeved shirt": _top(
        {"chest": 0.18, "collar": "shirt", "front": "closed", "sleeve": 0.42, "sleeve_ease": 0.4, "sleeve_end": 0.45,
         "neck_depth": 0.4, "stitched": ("placket", "chest pocket")},
        {"chest": (0.1, 0.3), "hem": (2.3, 2.8), "sleeve": (0.36, 0.5)},
        "cotton linen silk", 2.5,
    ),
    "blouse": _top(
        {"chest": 0.16, "sleeve": 1.0, "sleeve_ease": 0.5, "sleeve_end": 1.2, "cuff": 0.05, "neck_depth": 0.4},
        {"chest": (0.1, 0.25), "hem": (1.8, 2.5), "neck": ["round", "v"], "neck_depth": (0.3, 0.7),
         "collar": ["none", "stand", "band"], "sleeve_end": (0.7, 1.6)},
        "silk cotton linen", 2,
    ),
    "puff-sleeved blouse": _top(
        {"chest": 0.1, "waist": 0.4, "sleeve": 0.42, "sleeve_ease": 0.7, "sleeve_end": 0.7, "cuff": 0.025,
         "cuff_ease": 0.06, "neck_depth": 0.5, "shoulder": -0.01},
        {"hem": (1.6, 2.3), "waist": (0.1, 0.8), "sleeve": (0.36, 0.6), "neck_depth": (0.35, 0.7)},
        "cotton silk linen", 1,
    ),
    "tunic": _top(
        {"chest": 0.16, "hem": 3.4, "flare": 0.4, "sleeve": 0.8, "sleeve_end": 0.6, "neck": "v", "neck_depth": 0.6},
        {"chest": (0.1, 0.24), "hem": (3.1, 3.7), "flare": (0.1, 0.8), "sleeve": (0.4, 1.0)},
        "linen cotton silk", 1,
    ),
    "sweatshirt": _top(
        {"chest": 0.2, "collar": "band", "sleeve": 1.03, "cuff": 0.06, "sleeve_end": 0.7, "hem_band": 0.055,
         "hem": 2.1, "armhole": 0.03, "cuff_ease": 0.04},
        {"chest": (0.12, 0.34), "hem": (1.9, 2.5), "shoulder": (0.01, 0.05)},
        "jersey knit", 3,
    ),
    "hoodie": _top(
        {"chest": 0.22, "collar": "hood", "sleeve": 1.03, "cuff": 0.06, "sleeve_end": 0.7, "hem_band": 0.055,
         "hem": 2.1, "armhole": 0.03, "neck_depth": 0.33, "cuff_ease": 0.04, "stitched": ("kangaroo pocket",)},
        {"chest": (0.14, 0.38), "hem": (1.9, 2.5), "shoulder": (0.01, 0.05), "collar_size": (0.92, 1.1)},
        "jersey", 4,
    ),
    "open hoodie": _top(
        {"chest": 0.22, "collar": "hood", "front": "open", "sleeve": 1.03, "cuff": 0.06, "sleeve_end": 0.7,
         "hem_band": 0.055, "hem": 2.1, "armhole": 0.03, "neck_depth": 0.33, "stitched": ("welt pockets",)},
        {"chest": (0.16, 0.36), "hem": (1.9, 2.5), "gap": (0.03, 0.12)},
        "jersey", 2, layer=3,
    ),
    "pullover": _top(
        {"chest": 0.14, "collar": "band", "sleeve": 1.02, "cuff": 0.05, "sleeve_end": 0.5, "hem_band": 0.05,
         "hem": 2.2, "collar_size": 1.3},
        {"chest": (0.08, 0.22), "hem": (2.0, 2.6), "neck_depth": (0.28, 0.4)},
        "knit wool", 3,
    ),
    "oversized pullover": _top(
        {"chest": 0.36, "collar": "band", "sleeve": 1.08, "cuff": 0.06, "sleeve_ease": 0.55, "sleeve_end": 0.9,
         "hem_band": 0.06, "hem": 2.5, "shoulder": 0.05, "armhole": 0.05},
        {"chest": (0.28, 0.5), "hem": (2.2, 3.0), "shoulder": (0.03, 0.08), "collar": ["band", "turtle"]},
        "knit wool", 2,
    ),
    "v-neck pullover": _top(
        {"chest": 0.12, "neck": "v", "neck_depth": 0.8, "sleeve": 1.02, "cuff": 0.05, "sleeve_end": 0.45,
         "hem_band": 0.05, "hem": 2.2},
        {"chest": (0.08, 0.2), "hem": (2.0, 2.5), "neck_depth": (0.6, 1.0)},
        "knit wool", 1.5,
    ),
    "turtle neck": _top(
        {"chest": 0.07, "collar": "turtle", "sleeve": 1.02, "sleeve_end": 0.25, "neck_depth": 0.22,
         "neck_wide": 0.006},
        {"chest": (0.0, 0.18), "hem": (2.2, 2.7), "collar": ["turtle", "turtle", "mock"], "collar_size": (0.9, 1.2)},
        "knit jersey wool", 2.5,
    ),
    "cardigan": _top(
        {"chest": 0.16, "front": "open", "neck": "v", "neck_depth": 0.9, "sleeve": 1.02, "cuff": 0.05,
         "sleeve_end": 0.5, "hem_band": 0.04, "stitched": ("placket",)},
        {"chest": (0.08, 0.28), "hem": (2.1, 2.8), "neck_depth": (0.6, 1.1), "gap": (0.03, 0.14)},
        "knit wool", 2.5, layer=3,
    ),
    "long cardigan": _top(
        {"chest": 0.22, "front": "open", "neck": "v", "neck_depth": 1.0, "sleeve": 1.04, "sleeve_end": 0.6,
         "hem": 3.7, "collar": "shawl", "collar_size": 0.8, "stitched": ("patch pockets",)},
        {"chest": (0.14, 0.34), "hem": (3.3, 4.4), "gap": (0.06, 0.18), "flare": (0.0, 0.3)},
        "knit wool", 1, layer=3,
    ),
}  # fmt: skip
"""Name to kind."""
