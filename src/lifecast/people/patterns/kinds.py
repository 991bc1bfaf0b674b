"""All kinds of sewn garments, by name."""

from __future__ import annotations

import numpy as np

from lifecast.errors import LifecastError
from lifecast.people.garment import Garment
from lifecast.people.patterns.kind import Kind, sew_garment
from lifecast.people.patterns.kinds_bottoms import BOTTOMS
from lifecast.people.patterns.kinds_dresses import ACCESSORIES, DRESSES
from lifecast.people.patterns.kinds_outer import OUTER
from lifecast.people.patterns.kinds_tops import TOPS
from lifecast.people.patterns.measures import Measures

KINDS: dict[str, Kind] = {**TOPS, **OUTER, **BOTTOMS, **DRESSES, **ACCESSORIES}
"""Name to kind."""


def make_garment(
    name: str, measures: Measures, rng: np.random.Generator, fabric: str | None = None, clearance: float | None = None,
    coarse: float = 1.0,
) -> Garment:  # fmt: skip
    """Draw a garment of a kind, and sew it for a body.

    Parameters
    ----------
    fabric : one of the kind's fabrics; drawn if left out.
    clearance : metres outside of the skin at which it starts; by default the more, the higher its layer.
    coarse : its triangles' edges are so many times as long as usual (11 to 12 mm), for a quick draft.

    Raises
    ------
    LifecastError
        There is no such kind, or it is never made of that fabric.
    """
    if name not in KINDS:
        raise LifecastError(f"there is no garment {name!r}; there are {', '.join(sorted(KINDS))}")
    kind = KINDS[name]
    cut = kind.draw(rng)
    if fabric is None:
        fabric = str(rng.choice(kind.fabrics))
    elif fabric not in kind.fabrics:
        raise LifecastError(f"a {name} is made of {', '.join(kind.fabrics)}, not of {fabric!r}")
    return sew_garment(name, kind.part, kind.layer, cut, fabric, measures, clearance, coarse)
