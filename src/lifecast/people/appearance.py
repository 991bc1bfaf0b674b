"""Bodies as they occur: men and women, 12 to 80 years, of all builds, faces and expressions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lifecast.body.anny_source import LOCAL_CHANGES

Rng = np.random.Generator


@dataclass(frozen=True)
class Build:
    """Who somebody is: the arguments of `BodyModel.rest`, in words and numbers."""

    female: bool
    years: float
    phenotype: dict[str, float]
    local: dict[str, float]
    expression: dict[str, float]

    def card(self) -> dict[str, Any]:
        """For the person's card."""
        return asdict(self)


def draw_build(rng: Rng) -> Build:
    """Draw a body. Anny's age runs 0 baby, 1/3 child, 2/3 young adult, 1 old."""
    female = bool(rng.random() < 0.5)
    years = float(rng.uniform(12, 80)) if rng.random() < 0.4 else float(np.clip(rng.normal(32, 11), 12, 80))
    descent = rng.dirichlet([0.45, 0.45, 0.6])
    heavy = float(np.clip(rng.normal(0.5, 0.17), 0.08, 1.0))
    phenotype = {
        "gender": float(np.clip(rng.normal(0.95, 0.06) if female else rng.normal(0.05, 0.06), 0, 1)),
        "age": float(np.interp(years, [12, 18, 26, 60, 85], [0.44, 0.58, 0.67, 0.86, 1.0])),
        "muscle": float(np.clip(rng.normal(0.5, 0.17), 0.1, 1)),
        "weight": heavy,
        # 0.37 is 1.76 m for a man and 1.63 m for a woman; a tenth more is 11 cm.
        "height": float(np.clip(rng.normal(0.37, 0.06), 0.15, 0.65)),
        "proportions": float(rng.uniform(0.25, 0.85)),
        "cupsize": float(rng.uniform(0.1, 0.8)),
        "firmness": float(rng.uniform(0.3, 0.9)),
        "african": float(descent[0]), "asian": float(descent[1]), "caucasian": float(descent[2]),
    }  # fmt: skip
    local: dict[str, float] = {}
    for name in LOCAL_CHANGES:
        # Left and right change together, bodies by less than faces.
        if name.startswith("r-"):
            local[name] = local["l-" + name[2:]] + float(rng.normal(0, 0.04))
        else:
            face = name.startswith(("head", "forehead", "chin", "l-", "nose", "mouth", "eyebrows"))
            spread = 0.3 if face else 0.1 if ("height" in name or "length" in name) else 0.2
            local[name] = float(np.clip(rng.normal(0, spread), -0.8, 0.8))
    local["stomach-pregnant-incr"] = float(max(0, rng.normal(-0.1, 0.25)) * (heavy > 0.5))
    local["head-age-incr"] = float(np.clip((years - 45) / 60 + rng.normal(0, 0.1), -0.2, 0.7))
    return Build(female, years, phenotype, local, draw_expression(rng))


def draw_expression(rng: Rng) -> dict[str, float]:
    """Facial actions: mostly calm or smiling, sometimes more."""
    both = ("Left", "Right")
    out: dict[str, float] = {}

    def pair(name: str, value: float) -> None:
        for side in both:
            out[name + side] = float(np.clip(value + rng.normal(0, 0.04), 0, 1))

    mood = rng.random()
    if mood < 0.42:  # a smile, closed or showing teeth
        strength = rng.uniform(0.2, 0.9)
        pair("mouthSmile", strength)
        pair("cheekSquint", strength * 0.5)
        pair("eyeSquint", strength * 0.3)
        if rng.random() < 0.3:
            out["jawOpen"] = float(rng.uniform(0.05, 0.22))
    elif mood < 0.5:
        out["jawOpen"] = float(rng.uniform(0.08, 0.4))
        out["mouthFunnel"] = float(rng.uniform(0, 0.4))
    elif mood < 0.58:
        pair("mouthFrown", rng.uniform(0.1, 0.6))
        pair("browDown", rng.uniform(0.1, 0.7))
    elif mood < 0.64:
        out["browInnerUp"] = float(rng.uniform(0.2, 0.8))
        pair("browOuterUp", rng.uniform(0.1, 0.7))
    pair("eyeBlink", 1.0 if rng.random() < 0.03 else float(np.clip(rng.normal(0.08, 0.1), 0, 0.6)))
    return out
