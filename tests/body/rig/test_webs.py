"""Webs found and cut: an arm that is grown together with the trunk, and a skirt that is not to be cut."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy import sparse

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.rig.body_in_metres import BodyInMetres, body_in_metres
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.repose import relative_transforms, repose
from lifecast.body.rig.rigged_surface import RiggedSurface, rig_surface
from lifecast.body.rig.skin_weights import skin_faces
from lifecast.body.rig.webs import cut_webs, limbs, probing_transforms
from lifecast.surface.colour.diffusion import edge_graph


def test_limbs_of_joints() -> None:
    named = dict(zip(shipped_body().joints, limbs().tolist(), strict=True))
    assert [named[one] for one in ("head", "clavicle.L", "finger3-2.L", "wrist.R", "toes.L", "upperleg01.R")] == [
        0, 0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_cutting_between_two_sheets_doubles_the_vertices_along_the_cut() -> None:
    """A flat ribbon whose left half moves with joint 0, and whose right half with joint 1."""
    count = 10
    x = np.arange(count) * 0.01
    vertices = np.concatenate([np.stack([x, np.full(count, y), 0 * x], 1) for y in (0, 0.01, 0.02)]).astype(np.float32)
    k = (np.arange(count - 1) + np.array([0, count])[:, None]).ravel()
    faces = np.concatenate([np.stack([k, k + 1, k + count], 1), np.stack([k + 1, k + 1 + count, k + count], 1)])
    left = np.tile(np.arange(count) < 5, 3)
    weights = np.stack([left, ~left], 1).astype(np.float32)
    moved = np.tile(np.eye(4), (2, 1, 1))
    moved[1, 0, 3] = 0.5
    upper = sparse.triu(edge_graph(faces, len(vertices)), 1).tocoo()
    edges = np.stack([upper.row, upper.col], 1).astype(np.int64)
    web = left[edges[:, 0]] != left[edges[:, 1]]
    cut = cut_webs(vertices, faces, edges, web, weights, moved)
    assert cut.faces.shape == faces.shape
    assert np.array_equal(cut.vertex[cut.faces], faces)  # the same triangles
    apart = trimesh.Trimesh(vertices[cut.vertex], cut.faces, process=False)
    assert apart.body_count == 2
    rows = cut.weights[np.unique(cut.faces)]
    assert set(map(tuple, rows.tolist())) == {(1.0, 0.0), (0.0, 1.0)}
    for face in cut.faces:  # no triangle is torn
        assert len({tuple(cut.weights[corner]) for corner in face}) == 1
    nothing = cut_webs(vertices, faces, edges, np.zeros(len(edges), bool), weights, moved)
    assert nothing.cuts == 0
    assert np.array_equal(nothing.faces, faces)


@pytest.fixture(scope="module")
def body() -> BodyInMetres:
    """A body whose arms hang down beside the trunk, and whose legs stand close together."""
    parts = shipped_body()
    zeros = np.zeros(24, np.float32), np.zeros(len(parts.actions), np.float32)
    rest = FittedBody(*zeros, np.tile(np.eye(3, dtype=np.float32), (61, 1, 1)), np.zeros(3, np.float32), 1.0).rest()
    rotations = named_pose(rest.joints[0].numpy(), "t")
    for side, sign in (("L", 1), ("R", -1)):
        arm, angle = parts.joints.index(f"upperarm01.{side}"), -sign * np.radians(84)
        turn = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        rotations[arm] = np.array(turn) @ rotations[arm]
    return body_in_metres(FittedBody(*zeros, rotations, np.zeros(3, np.float32), 1.0), 1.0, np.zeros(3))


def grown_together(body: BodyInMetres, step: float = 0.012, width: float = 0.012) -> tuple[np.ndarray, np.ndarray]:
    """The body's skin, thick enough that narrow gaps are closed: a lattice's level set of the distance to it."""
    from scipy.ndimage import binary_fill_holes, gaussian_filter
    from scipy.spatial import cKDTree
    from skimage.measure import marching_cubes

    corners = body.skin[skin_faces()]
    shares = np.random.default_rng(0).dirichlet((1, 1, 1), (len(corners), 4))
    points = np.einsum("fsk,fkx->fsx", shares, corners).reshape(-1, 3)
    low, high = points.min(0) - 4 * step, points.max(0) + 4 * step
    axes = [np.arange(a, b, step) for a, b in zip(low, high, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    distance, _ = cKDTree(points).query(lattice.reshape(-1, 3), distance_upper_bound=4 * step)
    near = distance.reshape(lattice.shape[:3]) < width
    # Slice by slice: the skin is open at the eyes, so in space nothing is enclosed, and the body would be hollow.
    filled = np.stack([binary_fill_holes(near[:, k]) for k in range(near.shape[1])], 1)
    solid = gaussian_filter(filled.astype(np.float32), 0.7)
    vertices, faces, _, _ = marching_cubes(solid, 0.5, gradient_direction="ascent")
    largest = max(trimesh.Trimesh(vertices * step + low, faces).split(), key=lambda one: len(one.faces))
    if largest.volume < 0:
        largest.invert()
    return np.asarray(largest.vertices, np.float32), np.asarray(largest.faces, np.int64)


def stretched(surface: RiggedSurface, moves: np.ndarray) -> np.ndarray:
    """How many times as long each triangle's most stretched edge is when the joints move."""
    moved = repose(surface.vertices, surface.influences, surface.weights, moves)
    ends = np.stack([surface.faces, np.roll(surface.faces, -1, 1)], -1)
    before, after = (
        np.linalg.norm(one[ends[..., 0]] - one[ends[..., 1]], axis=-1) for one in (surface.vertices, moved)
    )
    return (after / np.maximum(before, 1e-3)).max(1)


def test_arms_that_are_grown_together_with_the_trunk_come_free(body: BodyInMetres) -> None:
    pytest.importorskip("skimage")
    vertices, faces = grown_together(body)
    surface = rig_surface(vertices, faces, body)
    assert surface.cuts > 50
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.body_count == 1
    np.testing.assert_allclose(surface.weights.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.asarray(surface.made_of.sum(1)).ravel(), 1, atol=1e-5)
    assert (stretched(surface, probing_transforms(body)) > 4).mean() < 0.01
    lifted = relative_transforms(body.pose, body.transforms(named_pose(body.rest_joints, "t")))
    assert surface.stretched == pytest.approx((stretched(surface, lifted) > 4).mean(), abs=5e-4)
    home = relative_transforms(body.pose, body.pose)
    again = repose(surface.vertices, surface.influences, surface.weights, home)
    np.testing.assert_allclose(again, surface.vertices, atol=1e-5)
