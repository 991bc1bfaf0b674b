"""Bodies to test on: a column small enough to tailor for, and real ones as different as bodies get."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import cKDTree

from lifecast.people.body import BodyModel, RestBody
from lifecast.people.mhclo import Fit
from lifecast.people.tailor import Tailor
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals

if TYPE_CHECKING:  # they need embreex
    from lifecast.people.hairstyles.skull import Skull
    from lifecast.people.rest_part import RestPart

BODIES = [
    {"gender": 1.0, "age": 0.45, "weight": 0.1, "height": 0.15, "african": 1.0},
    {"gender": 0.0, "age": 0.7, "weight": 1.0, "height": 0.65, "muscle": 1.0},
    {"gender": 0.6, "age": 1.0, "weight": 0.4, "height": 0.37, "asian": 1.0},
]


def column(
    low: float, high: float, rings: int, sides: int, radius: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Points and outward quads of an open upright tube; `radius` may differ from ring to ring."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    height = np.repeat(np.linspace(low, high, rings), sides)
    wide = np.repeat(np.broadcast_to(radius, rings), sides)
    around = np.tile(turn, rings)
    points = np.stack([wide * np.sin(around), height, wide * np.cos(around)], 1).astype(np.float32)
    index = np.arange(rings * sides).reshape(rings, sides)
    after = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], after[:-1], after[1:], index[1:]], -1).reshape(-1, 4)
    return points, quads.astype(np.int32)


def girth(height: np.ndarray) -> np.ndarray:
    """The column's radius: 15 cm, 11 cm at the waist."""
    return 0.15 - 0.04 * np.exp(-(((height - 0.3) / 0.08) ** 2))


@pytest.fixture
def tailor() -> Tailor:
    """A tailor whose reference body is the column."""
    rings = np.linspace(-0.8, 0.8, 65)
    skin, quads = column(-0.8, 0.8, 65, 48, girth(rings))
    made = Tailor.__new__(Tailor)
    made.rest = RestBody(skin, np.zeros((2, 3)), np.zeros((2, 3)))
    made.skin, made.skin_faces = skin, triangles(quads)
    made.normals = vertex_normals(skin, made.skin_faces, "area")
    made.tree = cKDTree(skin)
    upper = (skin[:, 1] > 0).astype(float)
    weights = sp.csr_matrix(np.stack([upper, 1 - upper], 1))
    made.model = SimpleNamespace(weights=weights, bones=["spine", "leg"])  # type: ignore[assignment]
    made.arm = {1: np.zeros(2, bool), -1: np.zeros(2, bool)}
    return made


def fit_to(tailor: Tailor, points: np.ndarray) -> Fit:
    """A garment file's fit: each point on the skin vertex next to it."""
    near = tailor.tree.query(points)[1]
    count = len(points)
    return Fit(
        "garment", None, np.repeat(near[:, None], 3, 1).astype(np.int32),  # type: ignore[arg-type]
        np.tile(np.float32([1, 0, 0]), (count, 1)), ((points - tailor.skin[near]) * 10).astype(np.float32),
        (None, None, None),
    )  # fmt: skip


@pytest.fixture
def shaped() -> SimpleNamespace:
    """`column`, `girth` and `fit_to` for tests."""
    return SimpleNamespace(column=column, girth=girth, fit_to=fit_to)


@pytest.fixture(scope="session")
def model() -> BodyModel:
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
