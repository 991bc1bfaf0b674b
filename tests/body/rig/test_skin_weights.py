"""Skinning weights of surfaces whose right weights are known: the body's own skin, and a tube around its arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.limbs import limb_vertices
from lifecast.body.rig.body_in_metres import BodyInMetres, body_in_metres
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.repose import relative_transforms, repose
from lifecast.body.rig.rigged_surface import FarFromBody, rig_surface
from lifecast.body.rig.skin_weights import match_skin, nearest_reliable, skin_faces, spread_weights, strongest
from lifecast.surface.colour.diffusion import edge_graph


@pytest.fixture(scope="module")
def body() -> BodyInMetres:
    """A body with its arms halfway down, turned a little."""
    parts = shipped_body()
    zeros = np.zeros(24, np.float32), np.zeros(len(parts.actions), np.float32)
    rest = FittedBody(*zeros, np.tile(np.eye(3, dtype=np.float32), (61, 1, 1)), np.zeros(3, np.float32), 1.0).rest()
    rotations = named_pose(rest.joints[0].numpy(), "a")
    fitted = FittedBody(*zeros, rotations, np.array([0.1, -0.2, 0.3], np.float32), 0.8)
    return body_in_metres(fitted, 1.1, np.array([0.05, -0.9, 0.0]))


def own_weights() -> np.ndarray:
    return shipped_body().weights[:SKIN_VERTICES].numpy()


def test_the_posed_body_follows_from_rest_and_pose(body: BodyInMetres) -> None:
    influences, weights = strongest(own_weights(), 8)
    posed = repose(body.skin_rest, influences, weights, body.pose)
    np.testing.assert_allclose(posed, body.skin, atol=2e-5)
    assert abs(float(body.skin_rest[:, 1].min())) < 1e-6
    np.testing.assert_allclose(body.rest_joints[0, [0, 2]], 0, atol=1e-6)


def test_the_bodys_own_skin_takes_the_bodys_weights(body: BodyInMetres) -> None:
    used = np.unique(skin_faces())
    match = match_skin(body.skin, skin_faces(), body)
    assert match.reliable[used].mean() > 0.9  # not where skin lies on skin, as in the mouth
    assert np.median(match.distance[used]) == 0
    assert np.abs(match.weights - own_weights())[used].sum(1).mean() < 0.1


def test_nothing_lies_on_the_skin_of_a_doubtful_limb(body: BodyInMetres) -> None:
    arm = limb_vertices("lowerarm01.L")[:SKIN_VERTICES]
    doubting = replace(body, doubtful=frozenset({"lowerarm01.L", "wrist.L"}))
    match = match_skin(body.skin, skin_faces(), doubting)
    assert not limb_vertices("lowerarm01.L")[match.skin].any()
    assert not limb_vertices("wrist.L")[match.skin].any()
    forearm = [shipped_body().joints.index(name) for name in ("lowerarm01.L", "lowerarm02.L", "wrist.L")]
    assert own_weights()[arm][:, forearm].sum(1).mean() > 0.7
    assert match.weights[arm][:, forearm].sum(1).mean() < 0.45  # near the elbow they share the upper arm's


def test_a_rigged_skin_goes_to_a_t_pose_as_the_body_does(body: BodyInMetres) -> None:
    used, number = np.unique(skin_faces(), return_inverse=True)
    surface = rig_surface(body.skin[used], number.reshape(-1, 3), body)
    stretched = body.transforms(named_pose(body.rest_joints, "t"))
    moved = repose(surface.vertices, surface.influences, surface.weights, relative_transforms(body.pose, stretched))
    wanted = repose(body.skin_rest, *strongest(own_weights(), 8), stretched)[used]
    apart = np.linalg.norm(moved[: len(used)] - wanted, axis=1)
    assert apart.mean() < 0.004
    assert np.quantile(apart, 0.99) < 0.03


def test_influences_are_the_strongest_and_sum_to_one() -> None:
    weights = np.array([[0.1, 0.5, 0.0, 0.2, 0.15, 0.05]], np.float32)
    joints, kept = strongest(weights)
    assert joints.tolist() == [[1, 3, 4, 0]]
    assert joints.dtype == np.uint16
    np.testing.assert_allclose(kept, np.array([[0.5, 0.2, 0.15, 0.1]]) / 0.95, rtol=1e-6)


def test_a_surface_far_from_the_body_is_refused(body: BodyInMetres) -> None:
    used, number = np.unique(skin_faces(), return_inverse=True)
    with pytest.raises(FarFromBody, match=r"100% of the surface lie farther than 12 cm"):
        rig_surface(body.skin[used] + np.float32(5), number.reshape(-1, 3), body)


def strip_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """A flat ribbon along x, 1 cm between its vertices: (2 * count, 3), and its triangles."""
    x = np.arange(count) * 0.01
    vertices = np.concatenate([np.stack([x, np.full(count, y), np.zeros(count)], 1) for y in (0.0, 0.01)])
    k = np.arange(count - 1)
    faces = np.concatenate([np.stack([k, k + 1, k + count], 1), np.stack([k + 1, k + 1 + count, k + count], 1)])
    return vertices.astype(np.float32), faces


def test_weights_are_spread_over_what_has_none_of_its_own() -> None:
    vertices, faces = strip_of(31)
    weights = np.zeros((62, 61), np.float32)
    column = np.tile(np.arange(31), 2)
    weights[column < 5, 3], weights[column > 25, 7] = 1, 1
    reach = np.where((column < 5) | (column > 25), 0.001, np.inf).astype(np.float32)
    found = spread_weights(vertices, edge_graph(faces, 62), weights, reach)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-3)
    along = found[:31, 7]
    assert (np.diff(along) > -0.02).all()
    assert along[2] < 0.02
    assert along[28] > 0.98
    assert 0.35 < along[15] < 0.65
    assert np.diff(along).max() < 0.2  # one side is 1 and the other 0, five edges apart at the very least


def test_what_is_not_reliable_takes_what_is_fewest_edges_away() -> None:
    _, faces = strip_of(9)
    reliable = np.zeros(18, bool)
    reliable[[0, 8]] = True
    source = nearest_reliable(reliable, edge_graph(faces, 18))
    assert source[[1, 2, 7, 6]].tolist() == [0, 0, 8, 8]
    assert source[[0, 8]].tolist() == [0, 8]
    none = nearest_reliable(np.zeros(18, bool), sparse.csr_matrix((18, 18), dtype=np.float32))
    assert none.tolist() == list(range(18))
