"""A body small enough to test tailoring on: a column with a waist, two arms' worth of weights and no head."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import cKDTree

from lifecast.people.body import RestBody
from lifecast.people.mhclo import Fit
from lifecast.people.tailor import Tailor
from lifecast.people.wavefront import triangles
from lifecast.space.mesh_normals import vertex_normals


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


def fit_to(tailor: Tailor, points: np.ndarray, hides: list[int] | None = None) -> Fit:
    """A garment file's fit: each point on the skin vertex next to it."""
    near = tailor.tree.query(points)[1]
    count = len(points)
    return Fit(
        "garment", None, None, np.repeat(near[:, None], 3, 1).astype(np.int32),  # type: ignore[arg-type]
        np.tile(np.float32([1, 0, 0]), (count, 1)), ((points - tailor.skin[near]) * 10).astype(np.float32),
        (None, None, None), np.array(hides or [], np.int32),
    )  # fmt: skip


@pytest.fixture
def shaped() -> SimpleNamespace:
    """`column`, `girth` and `fit_to` for tests."""
    return SimpleNamespace(column=column, girth=girth, fit_to=fit_to)
