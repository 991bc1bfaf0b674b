"""Parts of the body: closed, and what hangs on their joint."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.part_mesh import PartMesh, boundary_loops, joints_after, part_mesh, part_vertices


@pytest.fixture(scope="module")
def resting() -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints of the mean body, in metres."""
    body = shipped_body()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    fitted = FittedBody(np.zeros(24), np.zeros(len(body.actions)), turns, np.zeros(3), 1.0)
    return fitted.posed


def volume(part: PartMesh) -> float:
    a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) for k in range(3))
    return float((a * np.cross(b, c)).sum()) / 6


@pytest.mark.parametrize(
    "joint", ["wrist.L", "lowerarm01.R", "upperarm01.L", "upperleg01.R", "lowerleg01.L", "foot.R", "neck03"]
)
def test_parts_are_closed_and_turned_outward(resting: tuple[np.ndarray, np.ndarray], joint: str) -> None:
    part = part_mesh(resting[0], joint)
    edges = Counter((int(a), int(b)) for face in part.faces for a, b in zip(face, np.roll(face, -1), strict=True))
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)
    assert volume(part) > 0


def test_a_hand_is_what_hangs_on_its_wrist(resting: tuple[np.ndarray, np.ndarray]) -> None:
    vertices, joints = resting
    hand, forearm = part_mesh(vertices, "wrist.L"), part_mesh(vertices, "lowerarm01.L")
    assert 2e-4 < volume(hand) < 6e-4  # a third of a litre
    assert volume(forearm) > 2 * volume(hand)
    names = shipped_body().joints
    away = np.linalg.norm(hand.vertices - joints[names.index("wrist.L")], axis=1)
    assert away.max() < 0.25
    assert {"wrist.L", "finger1-1.L", "finger5-3.L"} <= joints_after("wrist.L")
    assert "finger1-1.R" not in joints_after("wrist.L")
    assert not (part_vertices("wrist.L") & part_vertices("wrist.R")).any()


def test_loops_bound_a_mesh_and_run_against_it() -> None:
    square = np.array([[0, 1, 2], [0, 2, 3]])
    (loop,) = boundary_loops(square)
    start = loop.tolist().index(0)
    assert np.roll(loop, -start).tolist() == [0, 3, 2, 1]
    with pytest.raises(ValueError, match="parts at vertex 2"):
        boundary_loops(np.array([[0, 1, 2], [2, 3, 4]]))
