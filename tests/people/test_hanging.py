"""How garments hang: what tells cloth that the body went through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("warp")

from tests.people.test_draping import pillar, tube

from lifecast.people.cloth.mesh import cloth_mesh
from lifecast.people.crew import studio
from lifecast.people.hanging import TORN, Hanging, measure_hanging
from lifecast.people.person import REDRAWS, TRIES


def test_distances_are_from_the_body_or_the_garment_beneath_and_edges_from_the_cut() -> None:
    body, _ = pillar(0.1)
    mesh = cloth_mesh([tube(0.13, 0.2, 0.9, 0.025), tube(0.2, 0.2, 0.9, 0.025)])
    inner, outer = measure_hanging(mesh.points, mesh, body)
    assert inner.farthest == pytest.approx(0.03, abs=0.004)
    assert outer.farthest == pytest.approx(0.07, abs=0.004)
    assert inner.stretch == pytest.approx(1, abs=0.02)
    pulled = mesh.points.copy()
    last = np.flatnonzero(mesh.garment == 1)[-5:]
    pulled[last] += [0.3, 0, 0]
    same, torn = measure_hanging(pulled, mesh, body)
    assert same == inner
    assert torn.stretch > TORN
    assert torn.farthest > 0.15
    assert inner.whole(0.05)
    assert not inner.whole(0.02)
    assert not Hanging(0.01, TORN + 0.1).whole(1.0)


class Dummy:
    """A person whose clothes are torn in the first poses that they take."""

    def __init__(self, rest: Any, torn: int) -> None:
        self.rest, self.torn, self.taken, self.dressed = rest, torn, 0, 0

    def take(self, pose: Any, wind: Any, approach: Any) -> None:
        self.taken += 1

    def is_whole(self) -> bool:
        return self.taken > self.torn

    def dress_again(self) -> None:
        self.dressed += 1


@pytest.mark.parametrize("torn", [0, 1, 3])
def test_a_pose_that_tears_the_clothes_is_drawn_anew(torn: int) -> None:
    made = studio((), None, (), ())
    person: Any = Dummy(made.model.rest({"gender": 0.5, "age": 0.7}, {}, {}), torn)
    card = made.pose(person, np.random.default_rng(2))
    assert card["torn"] == person.dressed == torn
    assert person.taken == torn + 1
    at_ease = card.get("redrawn") == REDRAWS and card["arms"] == "at ease"
    assert at_ease == (torn == TRIES)
    assert card["approach"] in ("still", "turn")
