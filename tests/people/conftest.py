"""Bodies as different as bodies get, and what one sees of a part from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lifecast.people.body import BodyModel, RestBody

if TYPE_CHECKING:  # they need embreex
    from lifecast.people.hairstyles.skull import Skull
    from lifecast.people.rest_part import RestPart

BODIES = [
    {"gender": 1.0, "age": 0.45, "weight": 0.1, "height": 0.15, "african": 1.0},
    {"gender": 0.0, "age": 0.7, "weight": 1.0, "height": 0.65, "muscle": 1.0},
    {"gender": 0.6, "age": 1.0, "weight": 0.4, "height": 0.37, "asian": 1.0},
]


@pytest.fixture(scope="session")
def model() -> BodyModel:
    pytest.importorskip("anny")
    from lifecast.people.body import body_model

    return body_model()


@pytest.fixture(scope="session")
def bodies(model: BodyModel) -> list[RestBody]:
    """A light girl, a heavy tall man, an old woman."""
    return [model.rest(phenotype, {}, {}) for phenotype in BODIES]


@pytest.fixture(scope="session")
def outermost() -> Callable[[RestPart, Skull, np.ndarray], np.ndarray]:
    """(N,) distance from the middle of the head at which rays from outside meet a part; 0 where they miss it."""
    from lifecast.scans.rays import build_scene

    def measure(part: RestPart, skull: Skull, ways: np.ndarray) -> np.ndarray:
        far = 0.6
        scene = build_scene(part.points, part.faces)
        hit = scene.run((skull.centre + far * ways).astype(np.float32), (-ways).astype(np.float32), query="DISTANCE")
        return np.clip(far - np.asarray(hit, np.float64), 0, far)

    return measure
