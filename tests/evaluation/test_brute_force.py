"""Every figure of a protocol against a slow version of its definition, on two small meshes."""

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.measure import Truth, measure
from lifecast.evaluation.metrics import FSCORE_CM, stratified_points
from lifecast.evaluation.protocol import PROTOCOLS, Protocol
from lifecast.evaluation.raster import SIDES, render_sides
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT

PROTOCOL = Protocol("none", ("none",), PROTOCOLS["all"].metrics, (), samples=200, iou_points=2_000, render_size=32)


def bumpy(radius: float, shift: tuple[float, float, float], seed: int) -> Triangles:
    """A dented ball of 80 triangles."""
    ball = trimesh.creation.icosphere(1, radius)
    dents = np.random.default_rng(seed).normal(0, 0.03, (len(ball.vertices), 1))
    return Triangles(np.asarray(ball.vertices) * (1 + dents) + shift, np.asarray(ball.faces))


@pytest.fixture(scope="module")
def meshes() -> tuple[Triangles, Triangles]:
    return bumpy(0.33, (0.01, 0, 0), 1), bumpy(0.33, (0, 0.005, 0), 2)


@pytest.fixture(scope="module")
def found(meshes: tuple[Triangles, Triangles]) -> dict[str, float]:
    prediction, truth = meshes
    return measure(prediction, Truth(truth, np.ones(len(truth.faces), bool), 32), PROTOCOL, 5)["none"].figures


def nearest(mesh: Triangles, point: np.ndarray) -> tuple[float, np.ndarray]:
    """Distance of `point` (3,) to the nearest of all triangles, and the unit normals of all that are that near.

    Where an edge or a corner is nearest, several triangles are.
    """
    distances = []
    for a, b, c in mesh.vertices[mesh.faces]:
        # The plane's nearest point if it has no negative barycentric coordinate, else the nearest of the three edges'.
        edges = np.stack([b - a, c - a], 1)
        u, v = np.linalg.lstsq(edges, point - a, rcond=None)[0]
        candidates = [a + edges @ [u, v]] if min(u, v, 1 - u - v) >= 0 else []
        for start, end in ((a, b), (b, c), (c, a)):
            along = np.clip((point - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
            candidates.append(start + along * (end - start))
        distances.append(min(float(np.linalg.norm(point - q)) for q in candidates))
    least = min(distances)
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces[np.array(distances) < least + 1e-9]], 1, 0)
    normals = np.cross(b - a, c - a)
    return least, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_distances_normals_and_fscore(meshes: tuple[Triangles, Triangles], found: dict[str, float]) -> None:
    prediction, truth = meshes
    distance: dict[str, list[float]] = {"forth": [], "back": []}
    lowest, highest = [], []  # of the dot products that the nearest triangles allow
    for way, source, target, seed in (("forth", prediction, truth, 5), ("back", truth, prediction, 6)):
        points, faces = source.sample(200, seed)
        for point, face in zip(points, faces, strict=True):
            a, b, c = source.vertices[source.faces[face]]
            own = np.cross(b - a, c - a) / np.linalg.norm(np.cross(b - a, c - a))
            away, normals = nearest(target, point)
            distance[way].append(CM_PER_UNIT * away)
            lowest.append((normals @ own).min())
            highest.append((normals @ own).max())
    forth, back = np.array(distance["forth"]), np.array(distance["back"])
    assert found["prediction_to_truth_cm"] == pytest.approx(forth.mean(), rel=1e-9)
    assert found["truth_to_prediction_cm"] == pytest.approx(back.mean(), rel=1e-9)
    assert found["chamfer_cm"] == pytest.approx((forth.mean() + back.mean()) / 2, rel=1e-9)
    precision, recall = float((forth < FSCORE_CM).mean()), float((back < FSCORE_CM).mean())
    assert 0.1 < precision < 0.9, "the figure must have something to say here"
    assert found["precision"] == pytest.approx(precision)
    assert found["recall"] == pytest.approx(recall)
    assert found["fscore"] == pytest.approx(2 / (1 / precision + 1 / recall))
    assert np.mean(lowest) - 1e-9 <= found["normal_consistency_signed"] <= np.mean(highest) + 1e-9
    assert np.mean(lowest) - 1e-9 <= found["normal_consistency"] <= np.abs([lowest, highest]).max(0).mean() + 1e-9
    assert np.mean(highest) - np.mean(lowest) < 0.1


def test_volume_iou(meshes: tuple[Triangles, Triangles], found: dict[str, float]) -> None:
    bounds = np.stack([m.bounds for m in meshes])  # (2, 2, 3)
    points = stratified_points(np.stack([bounds[:, 0].min(0), bounds[:, 1].max(0)]), 2_000, 5)
    inside = []
    for mesh in meshes:
        winding = []
        for point in points:  # the sum of solid angles over 4 pi (Van Oosterom and Strackee, 1983)
            a, b, c = np.moveaxis(mesh.vertices[mesh.faces] - point, 1, 0)
            la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
            over = (a * np.cross(b, c)).sum(-1)
            under = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
            winding.append(np.arctan2(over, under).sum() / (2 * np.pi))
        inside.append(np.array(winding) > 0.5)
    assert found["iou"] == pytest.approx((inside[0] & inside[1]).sum() / (inside[0] | inside[1]).sum(), abs=2e-3)


def test_rerendered_normals(meshes: tuple[Triangles, Triangles], found: dict[str, float]) -> None:
    prediction, truth = (render_sides(mesh, 32) for mesh in meshes)
    means: dict[str, list[float]] = {"normal_l2": [], "normal_degrees": [], "silhouette_iou": []}
    for side in SIDES:
        (predicted, predicted_mask), (true, true_mask) = prediction[side], truth[side]
        lengths, angles, both, either = [], [], 0, 0
        for row in range(32):
            for column in range(32):
                p, t = predicted_mask[row, column], true_mask[row, column]
                either += bool(p or t)
                both += bool(p and t)
                if p or t:
                    lengths.append(float(np.linalg.norm(predicted[row, column] - true[row, column])))
                if p and t:
                    cosine = float(predicted[row, column] @ true[row, column])
                    angles.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
        for kind, value in zip(means, (np.mean(lengths), np.mean(angles), both / either), strict=True):
            assert found[f"{kind}_{side}"] == pytest.approx(value, rel=1e-6), (kind, side)
            means[kind].append(float(value))
    for kind, values in means.items():
        assert found[kind] == pytest.approx(np.mean(values), rel=1e-6)


def test_nothing_is_left_out(found: dict[str, float]) -> None:
    """A figure that is added to the protocols needs its slow version here."""
    plain = {"prediction_to_truth_cm", "truth_to_prediction_cm", "chamfer_cm", "fscore", "precision", "recall", "iou"}
    rendered = {f"{kind}{side}" for kind in ("normal_l2", "normal_degrees", "silhouette_iou")
                for side in ("", *(f"_{name}" for name in SIDES))}  # fmt: skip
    assert set(found) == plain | rendered | {"normal_consistency", "normal_consistency_signed"}
