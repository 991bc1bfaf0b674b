"""Triangles: exact distances, uniform samples and winding against slow references."""

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.evaluation.triangles import Triangles


def triangles(mesh: trimesh.Trimesh) -> Triangles:
    return Triangles(np.asarray(mesh.vertices), np.asarray(mesh.faces))


def point_triangle_distance(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """The slow reference: inside the triangle's prism the plane's distance, else the nearest of three
    segments.
    """
    normal = np.cross(b - a, c - a)
    inside = (
        all(np.dot(np.cross(e1 - e0, p - e0), normal) >= 0 for e0, e1 in ((a, b), (b, c), (c, a)))
        and np.linalg.norm(normal) > 0
    )
    if inside:
        return abs(np.dot(p - a, normal)) / np.linalg.norm(normal)

    def to_segment(e0: np.ndarray, e1: np.ndarray) -> float:
        along = np.clip(np.dot(p - e0, e1 - e0) / np.dot(e1 - e0, e1 - e0), 0, 1)
        return float(np.linalg.norm(p - (e0 + along * (e1 - e0))))

    return min(to_segment(a, b), to_segment(b, c), to_segment(c, a))


def exact_winding(mesh: Triangles, points: np.ndarray) -> np.ndarray:
    """Sum of solid angles over 4 pi (Van Oosterom and Strackee, 1983), every triangle for every point."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]][None] - points[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
    over = np.einsum("nfd,nfd->nf", a, np.cross(b, c))
    under = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
    return np.arctan2(over, under).sum(1) / (2 * np.pi)


def test_closest_is_the_brute_force_minimum() -> None:
    rng = np.random.default_rng(0)
    soup = Triangles(rng.normal(size=(60, 3)), np.arange(60).reshape(20, 3))
    points = rng.normal(size=(40, 3)) * 1.5
    distance, face, closest = soup.closest(points)
    corners = soup.vertices[soup.faces]
    slow = np.array([[point_triangle_distance(p, *t) for t in corners] for p in points])
    np.testing.assert_allclose(distance, slow.min(1), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(points - closest, axis=1), distance, atol=1e-12)
    np.testing.assert_allclose(slow[np.arange(40), face], slow.min(1), atol=1e-12)


def test_winding_is_the_sum_of_solid_angles_on_an_open_mesh() -> None:
    sphere = triangles(trimesh.creation.icosphere(2))
    opened = Triangles(sphere.vertices, sphere.faces[:-40])
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (300, 3))
    np.testing.assert_allclose(opened.winding(points), exact_winding(opened, points), atol=0.02)
    radius = np.linalg.norm(points, axis=1)
    clear = (radius < 0.6) | (radius > 1.6)
    assert (opened.inside(points) == (radius < 1))[clear].all()


def test_samples_are_uniform_over_the_area_and_follow_the_seed() -> None:
    # Two triangles, the second of three times the first's area.
    mesh = Triangles(
        np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [3, 0, 1], [0, 0, 1], [0, 1, 1.0]]),
        np.arange(6).reshape(2, 3),
    )
    points, face = mesh.sample(40_000, 7)
    assert abs((face == 1).mean() - 0.75) < 0.01
    first = points[face == 0]
    assert (first[:, :2] >= 0).all()
    assert (first[:, 0] + first[:, 1] <= 1 + 1e-12).all()
    np.testing.assert_allclose(first[:, :2].mean(0), [1 / 3, 1 / 3], atol=0.01)
    np.testing.assert_array_equal(points, mesh.sample(40_000, 7)[0])
    assert not np.array_equal(points, mesh.sample(40_000, 8)[0])


def test_normals_of_a_sphere_point_out() -> None:
    sphere = triangles(trimesh.creation.icosphere(3))
    np.testing.assert_allclose(sphere.vertex_normals, sphere.vertices, atol=0.02)
    assert ((sphere.face_normals * sphere.vertices[sphere.faces].mean(1)).sum(1) > 0.98).all()
    assert sphere.face_areas.sum() == pytest.approx(4 * np.pi, rel=0.01)


@pytest.mark.parametrize(
    ("vertices", "faces", "says"),
    [
        (np.zeros((3, 3)), np.zeros((0, 3)), "no triangles"),
        (np.zeros((3, 3)), np.array([[0, 1, 2]]), "no area"),
        (np.eye(3), np.array([[0, 1, 3]]), "vertex 3"),
        (np.array([[0, 0, np.nan], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]), "not finite"),
        (np.zeros((3, 2)), np.array([[0, 1, 2]]), "(V, 3)"),
    ],
)
def test_what_is_not_a_mesh_is_refused(vertices: np.ndarray, faces: np.ndarray, says: str) -> None:
    with pytest.raises(ScanError) as refusal:
        Triangles(vertices, faces)
    assert says in str(refusal.value)
