"""Metrics against closed forms (spheres; shifted and scaled copies) and against brute force."""

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.metrics import compare_surfaces, stratified_points, volume_iou
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT


def sphere(radius: float, shift: tuple[float, float, float] = (0, 0, 0), level: int = 4) -> Triangles:
    mesh = trimesh.creation.icosphere(level, radius)
    return Triangles(np.asarray(mesh.vertices) + shift, np.asarray(mesh.faces))


def test_equal_surfaces_agree_entirely() -> None:
    ball = sphere(0.5)
    summary = compare_surfaces(ball, ball, 10_000).summary()
    assert summary["prediction_to_truth_cm"] < 1e-5
    assert summary["chamfer_cm"] < 1e-5
    assert summary["fscore"] == 1.0
    assert summary["normal_consistency"] == pytest.approx(1.0, abs=1e-9)
    assert summary["normal_consistency_signed"] == pytest.approx(1.0, abs=1e-9)
    assert volume_iou(ball, ball, 20_000) == 1.0


def test_concentric_spheres_have_the_difference_of_their_radii() -> None:
    prediction, truth = sphere(0.52, level=5), sphere(0.5, level=5)
    summary = compare_surfaces(prediction, truth, 20_000).summary()
    gap = 0.02 * CM_PER_UNIT  # 2.56 cm, everywhere and both ways
    for name in ("prediction_to_truth_cm", "truth_to_prediction_cm", "chamfer_cm"):
        assert summary[name] == pytest.approx(gap, rel=0.01)
    assert summary["fscore"] == 0.0
    assert summary["normal_consistency"] == pytest.approx(1.0, abs=1e-3)
    assert volume_iou(prediction, truth, 200_000) == pytest.approx((0.5 / 0.52) ** 3, abs=0.005)


def test_a_shifted_sphere_has_the_integral_of_its_distance() -> None:
    # A point of a unit sphere shifted by d is |sqrt(1 + d^2 + 2 d u) - 1| from the first, u uniform in [-1,
    # 1].
    radius, shift = 0.5, 0.1
    u = np.linspace(-1, 1, 200_001)
    expected = np.abs(np.sqrt(radius**2 + shift**2 + 2 * radius * shift * u) - radius).mean() * CM_PER_UNIT
    summary = compare_surfaces(sphere(radius, (0, 0, shift)), sphere(radius), 40_000).summary()
    assert summary["prediction_to_truth_cm"] == pytest.approx(expected, rel=0.02)
    assert summary["truth_to_prediction_cm"] == pytest.approx(expected, rel=0.02)
    # The lens of two equal spheres at distance d: pi (4 r + d) (2 r - d)^2 / 12.
    lens = np.pi * (4 * radius + shift) * (2 * radius - shift) ** 2 / 12
    expected_iou = lens / (2 * 4 / 3 * np.pi * radius**3 - lens)
    assert volume_iou(sphere(radius, (0, 0, shift)), sphere(radius), 200_000) == pytest.approx(expected_iou, abs=0.006)


def test_a_missing_half_shows_in_one_direction_only() -> None:
    truth = sphere(0.5)
    upper = truth.vertices[truth.faces].mean(1)[:, 1] > 0
    summary = compare_surfaces(Triangles(truth.vertices, truth.faces[upper]), truth, 10_000).summary()
    assert summary["prediction_to_truth_cm"] < 0.01
    assert summary["truth_to_prediction_cm"] > 10
    assert summary["precision"] > 0.999
    assert 0.5 < summary["recall"] < 0.55
    assert summary["fscore"] == pytest.approx(2 * summary["recall"] / (1 + summary["recall"]), rel=1e-3)


def test_inside_out_shows_in_the_signed_normal_consistency() -> None:
    truth = sphere(0.5)
    flipped = Triangles(truth.vertices, truth.faces[:, ::-1])
    summary = compare_surfaces(flipped, truth, 10_000).summary()
    assert summary["normal_consistency"] == pytest.approx(1, abs=1e-6)
    assert summary["normal_consistency_signed"] == pytest.approx(-1, abs=1e-6)


def test_scaling_both_scales_distances_and_keeps_the_rest() -> None:
    a, b = sphere(0.3, (0.05, 0, 0)), sphere(0.33)
    once = compare_surfaces(a, b, 10_000).summary()
    twice = compare_surfaces(a.moved(np.eye(3), np.zeros(3), 2), b.moved(np.eye(3), np.zeros(3), 2), 10_000).summary()
    assert twice["chamfer_cm"] == pytest.approx(2 * once["chamfer_cm"], rel=1e-9)
    assert twice["normal_consistency"] == pytest.approx(once["normal_consistency"], rel=1e-9)


def test_distances_agree_with_densely_sampled_points() -> None:
    # Brute force: distance to the nearest of very many samples of the other surface, which is an upper bound
    # and close to the exact one.
    rng = np.random.default_rng(3)
    a = Triangles(sphere(0.4, level=2).vertices + rng.normal(0, 0.01, (162, 3)), sphere(0.4, level=2).faces)
    b = sphere(0.42, (0.02, 0.01, 0), level=2)
    found = compare_surfaces(a, b, 2_000, seed=5)
    points, _ = a.sample(2_000, 5)
    dense, _ = b.sample(60_000, 11)
    slow = np.concatenate(
        [np.sqrt(((chunk[:, None] - dense[None]) ** 2).sum(-1).min(1)) for chunk in np.array_split(points[:300], 30)]
    )
    slow *= CM_PER_UNIT
    assert (found.prediction_to_truth[:300] <= slow + 1e-9).all()
    assert np.abs(found.prediction_to_truth[:300] - slow).mean() < 0.12


def test_iou_agrees_with_the_exact_winding_number_on_boxes() -> None:
    # Two unit cubes that overlap by half: 1/3; one inside the other with half the edge: 1/8.
    cube = trimesh.creation.box((1, 1, 1))
    a = Triangles(np.asarray(cube.vertices), np.asarray(cube.faces))
    assert volume_iou(a.moved(np.eye(3), np.array([0.5, 0, 0])), a, 100_000) == pytest.approx(1 / 3, abs=0.004)
    assert volume_iou(a.moved(np.eye(3), np.zeros(3), 0.5), a, 100_000) == pytest.approx(1 / 8, abs=0.004)
    assert volume_iou(a.moved(np.eye(3), np.array([3.0, 0, 0])), a, 10_000) == 0.0


def test_stratified_points_fill_the_box_evenly() -> None:
    bounds = np.array([[-1.0, 0, 2], [1, 3, 2.5]])
    points = stratified_points(bounds, 24_000, 0)
    assert abs(len(points) - 24_000) < 2_500
    assert (points >= bounds[0]).all()
    assert (points <= bounds[1]).all()
    np.testing.assert_allclose(points.mean(0), bounds.mean(0), atol=0.01)
    np.testing.assert_array_equal(points, stratified_points(bounds, 24_000, 0))
