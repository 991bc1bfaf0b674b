"""A kind of garment: the cuts that it is drawn from, and how one is sewn for a body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lifecast.people.garment import Garment
from lifecast.people.patterns.accessories import (
    Apron,
    Belt,
    Cape,
    Scarf,
    add_apron,
    add_belt,
    add_cape,
    add_scarf,
)
from lifecast.people.patterns.bottoms import Legs, SkirtCut, add_bottom, skirt_edge
from lifecast.people.patterns.dresses import Dress, add_dress
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.sewing import Sewing
from lifecast.people.patterns.tops import Top, add_top, edge_for

Rng = np.random.Generator
Cut = Top | Legs | SkirtCut | Dress | Scarf | Cape | Apron | Belt

CLEARANCE = {1: 0.010, 2: 0.016, 3: 0.026, 4: 0.034}
"""Metres outside of the skin at which garments of a layer start."""


@dataclass(frozen=True)
class Cuts:
    """Cuts of one kind: a middle one, and what varies: a range (low, high), or a list to choose from."""

    base: Any
    varied: Mapping[str, tuple[float, float] | Sequence[Any]] = field(default_factory=dict)

    def draw(self, rng: Rng) -> Any:
        """Draw a cut."""
        values = {
            name: float(rng.uniform(*choice)) if isinstance(choice, tuple) else choice[int(rng.integers(len(choice)))]
            for name, choice in self.varied.items()
        }
        return replace(self.base, **values)


@dataclass(frozen=True)
class Kind:
    """What people wear, by name."""

    part: str
    """The part of a `Garment`."""
    layer: int
    """1 on the skin, 2 over trousers, 3 over tops, 4 over all."""
    cuts: Cuts
    fabrics: tuple[str, ...]
    share: float
    """About how many of 100 people wear it."""
    below: Cuts | None = None
    """What is sewn to the bodice of a dress or jumpsuit."""

    def draw(self, rng: Rng) -> Cut:
        """Draw a cut."""
        cut = self.cuts.draw(rng)
        return cut if self.below is None else Dress(cut, self.below.draw(rng))


def sew_garment(
    name: str, part: str, layer: int, cut: Cut, fabric: str, m: Measures, clearance: float | None = None,
    coarse: float = 1.0,
) -> Garment:  # fmt: skip
    """Sew a garment of a cut for a body.

    It starts `clearance` metres outside of the skin; by default the more, the higher its layer. Its triangles' edges
    are `coarse` times as long as usual, for a quick draft.
    """
    off = CLEARANCE[min(layer, 4)] if clearance is None else clearance
    if isinstance(cut, Top):
        sewing = Sewing(coarse * edge_for(m, cut))
        add_top(sewing, m, cut, off)
    elif isinstance(cut, Legs | SkirtCut):
        sewing = Sewing(coarse * (0.011 if isinstance(cut, Legs) else skirt_edge(m, cut)))
        add_bottom(sewing, m, cut, off)
    elif isinstance(cut, Dress):
        sewing = Sewing(coarse * (0.0115 if isinstance(cut.below, Legs) else skirt_edge(m, cut.below)))
        add_dress(sewing, m, cut, off)
    else:
        sewing = Sewing(coarse * (0.012 if isinstance(cut, Cape) else 0.011))
        if isinstance(cut, Scarf):
            add_scarf(sewing, m, cut, off)
        elif isinstance(cut, Cape):
            add_cape(sewing, m, cut, off)
        elif isinstance(cut, Apron):
            add_apron(sewing, m, cut, off)
        else:
            add_belt(sewing, m, cut, off)
    return sewing.garment(name, part, layer, fabric, m, off)
