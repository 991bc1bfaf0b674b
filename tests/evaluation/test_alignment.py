"""Alignment recovers known motions, and never makes the distance worse."""

import itertools

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from lifecast.evaluation.alignment import closest_point_alignment, umeyama
from lifecast.evaluation.metrics import compare_surfaces
from lifecast.evaluation.triangles import Triangles


def person_like() -> Triangles:
    """A body with arms of different heights, so that no rotation maps it to itself."""
    parts = [trimesh.creation.capsule(0.8, 0.15), trimesh.creation.icosphere(3, 0.1)]
    parts[1].apply_translation([0, 0.05, 1.05])
    for side, height in ((-1, 0.2), (1, 0.5)):
        arm = trimesh.creation.capsule(0.5, 0.05)
        arm.apply_transform(trimesh.transformations.rotation_matrix(side * 1.0, [0, 1, 0]))
        arm.apply_translation([side * 0.1, 0.03, height])
        parts.append(arm)
    whole = trimesh.util.concatenate(parts)
    return Triangles(np.asarray(whole.vertices)[:, [0, 2, 1]] * [1, 1, -1], np.asarray(whole.faces))


@pytest.mark.parametrize("with_scale", [False, True])
def test_umeyama_recovers_a_motion_exactly(with_scale: bool) -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(size=(50, 3))
    rotation = Rotation.random(random_state=1).as_matrix()
    scale = 1.7 if with_scale else 1.0
    target = scale * source @ rotation.T + [1.0, -2.0, 3.0]
    motion = umeyama(source, target, with_scale)
    np.testing.assert_allclose(motion.rotation, rotation, atol=1e-10)
    assert motion.scale == pytest.approx(scale)
    np.testing.assert_allclose(motion(source), target, atol=1e-10)
    np.testing.assert_allclose(motion.inverse(motion(source)), source, atol=1e-10)


def test_umeyama_never_reflects() -> None:
    source = np.random.default_rng(2).normal(size=(50, 3))
    motion = umeyama(source, source * [-1, 1, 1])
    assert np.linalg.det(motion.rotation) == pytest.approx(1)


def test_umeyama_is_the_least_squares_motion() -> None:
    rng = np.random.default_rng(4)
    source = rng.normal(size=(30, 3))
    target = source @ Rotation.from_rotvec([0.1, 0.2, 0.3]).as_matrix().T + rng.normal(0, 0.1, (30, 3))
    best = umeyama(source, target)
    least = ((best(source) - target) ** 2).sum()
    for _ in range(20):
        other = Rotation.from_rotvec(rng.normal(0, 0.02, 3)).as_matrix() @ best.rotation
        shift = target.mean(0) - other @ source.mean(0)
        assert ((source @ other.T + shift - target) ** 2).sum() >= least


@pytest.mark.parametrize("with_scale", [False, True])
def test_a_moved_copy_comes_back(with_scale: bool) -> None:
    truth = person_like()
    rotation = Rotation.from_rotvec([0.02, 0.12, 0.03]).as_matrix()
    moved = truth.moved(rotation, np.array([0.02, -0.03, 0.06]), 1.05 if with_scale else 1.0)
    motion = closest_point_alignment(
        moved, truth, samples=2_000, iterations=200, tolerance_cm=1e-5, with_scale=with_scale
    )
    aligned = Triangles(motion(moved.vertices), moved.faces)
    before = compare_surfaces(moved, truth, 10_000).summary()["chamfer_cm"]
    after = compare_surfaces(aligned, truth, 10_000).summary()["chamfer_cm"]
    assert before > 1.5
    assert after < 0.1
    assert np.linalg.det(motion.rotation) == pytest.approx(1)


def test_more_rounds_never_make_the_distance_worse() -> None:
    truth = person_like()
    noisy = Triangles(
        truth.vertices + np.random.default_rng(0).normal(0, 0.01, truth.vertices.shape) + [0, 0, 0.05],
        truth.faces,
    )
    errors = []
    for rounds in (0, 1, 2, 5, 20):
        motion = closest_point_alignment(noisy, truth, samples=1_000, iterations=rounds, tolerance_cm=0)
        aligned = Triangles(motion(noisy.vertices), noisy.faces)
        found = compare_surfaces(aligned, truth, 1_000)
        errors.append(float((found.prediction_to_truth**2).mean() + (found.truth_to_prediction**2).mean()))
    assert all(later <= earlier * 1.02 for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 0.2 * errors[0]
