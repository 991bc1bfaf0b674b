"""Even edges: lengths, area, borders, seams and texture coordinates stay what they were."""

import numpy as np
import pytest
import scipy.sparse as sp
import trimesh

from lifecast.people.remesh import even_edges
from lifecast.people.tailor import Sheet, border_edges, weld
from lifecast.people.wavefront import triangles


def uneven_square(seam: bool = False) -> tuple[Sheet, np.ndarray]:
    """A square metre of rows and columns 0.5 to 12 cm apart; with a `seam`, its texture is torn apart at x = 0.5."""
    rng = np.random.default_rng(4)
    lines = np.interp(np.arange(16), [0, 8, 15], [0, 0.5, 1])
    lines[1:8] += rng.uniform(-0.025, 0.025, 7)
    lines[9:15] += rng.uniform(-0.025, 0.025, 6)
    lines = np.sort(np.concatenate([lines, [0.49, 0.505, 0.51]]))
    n = len(lines)
    x, y = np.meshgrid(lines, lines)
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], 1)
    index = np.arange(n * n).reshape(n, n)
    quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    faces = triangles(quads.astype(np.int32))
    uv = points[faces][..., :2].copy()
    if seam:
        uv[points[faces].mean(1)[:, 0] > 0.5] += 3
    return Sheet(sp.identity(n * n, format="csr"), faces, uv.astype(np.float32)), points


def lengths(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    corner = points[faces]
    return np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2).ravel()


@pytest.mark.parametrize("seam", [False, True])
def test_edges_become_even_and_the_cloth_stays_the_same(seam: bool) -> None:
    sheet, points = uneven_square(seam)
    before = lengths(points, sheet.faces)
    even = even_edges(sheet, points, 0.04, 0.075)
    placed = even.matrix @ points
    after = lengths(placed, even.faces)
    assert before.max() > 2 * before.min()
    assert after.max() <= 0.075 * 1.25 + 1e-9
    assert np.percentile(after, 97) <= 0.075 + 1e-9
    assert np.percentile(after, 3) > 0.035
    a, b, c = placed[even.faces].swapaxes(0, 1)
    area = np.cross(b - a, c - a)[:, 2] / 2
    assert area.min() > 0  # nothing turned over
    assert area.sum() == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(np.asarray(even.matrix.sum(1)).ravel(), 1, atol=1e-9)
    # every corner's place in the texture is still its place in the square
    wanted = placed[even.faces][..., :2]
    if seam:
        wanted = wanted + np.where(placed[even.faces].mean(1)[:, 0] > 0.5, 3, 0)[:, None, None]
        split, split_of, _ = weld(even.faces, even.corner_uv)
        inner = split_of[border_edges(split)]
        on_seam = np.abs(placed[inner][..., 0] - 0.5).max(1) < 1e-9
        assert on_seam.sum() >= 2 * 13  # both sides of it
        assert placed[inner[on_seam]][..., 1].max() == pytest.approx(1)
    np.testing.assert_allclose(even.corner_uv, wanted, atol=1e-5)


def test_a_border_keeps_its_course() -> None:
    sheet, points = uneven_square()
    even = even_edges(sheet, points, 0.04, 0.075)
    placed = even.matrix @ points
    border = border_edges(even.faces)
    ends = placed[border]
    on_side = [(np.abs(ends[..., axis] - value).max(1) < 1e-9) for axis in (0, 1) for value in (0, 1)]
    assert np.any(on_side, axis=0).all()
    assert np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum() == pytest.approx(4)


def test_a_closed_surface_stays_closed() -> None:
    ball = trimesh.creation.uv_sphere(radius=1, count=(24, 24))  # slivers at its poles
    faces = np.asarray(ball.faces).astype(np.int32)
    sheet = Sheet(sp.identity(len(ball.vertices), format="csr"), faces, np.zeros((len(faces), 3, 2), np.float32))
    even = even_edges(sheet, np.asarray(ball.vertices), 0.12, 0.25)
    mesh = trimesh.Trimesh(even.matrix @ ball.vertices, even.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.euler_number == 2
    assert mesh.volume == pytest.approx(ball.volume, rel=0.02)
    assert lengths(mesh.vertices, even.faces).min() > 0.05 > lengths(np.asarray(ball.vertices), faces).min()
