"""Seams: shared vertices, closed tubes, mirror images; the body is a wall that nothing touches."""

from types import SimpleNamespace

import numpy as np
import pytest

from lifecast.errors import LifecastError
from lifecast.people.patterns.panel import line
from lifecast.people.patterns.sewing import Sewing

NOBODY = SimpleNamespace(outside=lambda points, gap: points)
WIDE, HIGH = 0.3, 0.2
RECTANGLE = {
    "hem": line((0, 0), (WIDE, 0)), "right": line((WIDE, 0), (WIDE, HIGH)),
    "top": line((WIDE, HIGH), (0, HIGH)), "left": line((0, HIGH), (0, 0)),
}  # fmt: skip


def bent(flat, turn=0.0):
    """Half a cylinder whose girth is twice the rectangle's width; outside is to its right."""
    angle = np.pi * flat[:, 0] / WIDE + turn
    return np.column_stack([WIDE / np.pi * np.sin(angle), flat[:, 1], WIDE / np.pi * np.cos(angle)])


def tube(sew=True):
    sewing = Sewing(0.011)
    sewing.piece("a", RECTANGLE, bent)
    sewing.piece(
        "b", RECTANGLE, lambda flat: bent(flat, np.pi), lines=[line((0.1, 0.05), (0.1, 0.15))], attached=0.5, lift=0.004
    )
    if sew:
        sewing.sew(("a", "right"), ("b", "left"))
        sewing.sew(("b", "right"), ("a", "left"))
    sewing.hem(("a", "hem"), ("b", "hem"))
    return sewing.garment("tube", "top", 1, "jersey", NOBODY, 0.01)


def edges_and_counts(faces):
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    return np.unique(pairs, axis=0, return_counts=True)


def test_two_rectangles_become_a_tube():
    garment = tube()
    edges, counts = edges_and_counts(garment.faces)
    assert counts.max() == 2
    assert len(garment.points) - len(edges) + len(garment.faces) == 0  # Euler's characteristic of a tube
    assert garment.flat_areas().sum() == pytest.approx(2 * WIDE * HIGH, rel=1e-6)


def test_the_tube_keeps_its_radius_and_faces_outward():
    garment = tube()
    radius = np.hypot(garment.points[:, 0], garment.points[:, 2])
    np.testing.assert_allclose(radius, WIDE / np.pi, rtol=0.02)
    a, b, c = (garment.points[garment.faces[:, k]].astype(float) for k in range(3))
    normal, middle = np.cross(b - a, c - a), (a + b + c) / 3
    assert ((normal * middle)[:, [0, 2]].sum(1) > 0).all()


def test_what_is_not_sewn_stays_apart():
    assert len(tube(sew=False).points) - len(tube().points) == 2 * 19


def test_seams_hems_lift_and_attachment():
    garment = tube()
    lengths = np.linalg.norm(np.diff(garment.points[garment.seams], axis=1)[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(2 * HIGH + 0.1, rel=0.02)
    assert np.linalg.norm(np.diff(garment.points[garment.hems], axis=1)[:, 0], axis=1).sum() == pytest.approx(
        2 * WIDE, rel=0.02
    )
    in_b = np.unique(garment.faces[garment.piece == 1])
    np.testing.assert_array_equal(np.flatnonzero(garment.attached == 0.5), in_b)
    assert (garment.attached > 0).sum() == len(in_b)
    np.testing.assert_allclose(garment.lift[in_b], 0.004)
    assert (garment.lift == 0).sum() == len(garment.points) - len(in_b)


def test_a_gathered_curve_gets_the_points_of_the_longer_one():
    sewing = Sewing(0.011)
    sewing.piece(
        "band", {k: c * [1, 0.2] for k, c in RECTANGLE.items()}, lambda flat: bent(flat) + np.array([0, HIGH, 0])
    )
    sewing.piece("skirt", {k: c * [2, 1] for k, c in RECTANGLE.items()}, lambda flat: bent(flat / [2, 1]))
    sewing.sew(("band", "hem"), ("skirt", "top"))
    garment = sewing.garment("skirt", "bottom", 1, "cotton", NOBODY, 0.01)
    count = round(2 * WIDE / 0.011) + 1
    shared = np.intersect1d(garment.faces[garment.piece == 0], garment.faces[garment.piece == 1])
    assert len(shared) == count


def test_a_pair_is_mirrored_and_sewn_on_both_sides():
    sewing = Sewing(0.011)
    sewing.pair("half", RECTANGLE, bent, left_lines=[line((0.1, 0.05), (0.1, 0.15))])
    sewing.piece("between", {"hem": RECTANGLE["hem"] * 0.1, "side left": line((0.03, 0), (0.03, HIGH)),
        "top": line((0.03, HIGH), (0, HIGH)), "side right": line((0, HIGH), (0, 0))},
        lambda flat: np.column_stack([flat[:, 0] - 0.015, flat[:, 1], np.full(len(flat), 0.1)]))  # fmt: skip
    sewing.sew_pair(("half", "left"), ("between", "side"))
    garment = sewing.garment("g", "top", 1, "jersey", NOBODY, 0.01, rounds=0)
    left, right = (garment.points[np.unique(garment.faces[garment.piece == k])] for k in (0, 1))
    assert left.shape == right.shape
    assert left[:, 0].max() > 0.09
    np.testing.assert_allclose(np.sort(right[:, 0]), np.sort(-left[:, 0]), atol=1e-6)
    edges, counts = edges_and_counts(garment.faces)
    assert len(garment.points) - len(edges) + len(garment.faces) == 1
    assert counts.max() == 2
    stitched = garment.points[garment.seams].mean(1)
    inner = stitched[np.abs(stitched[:, 0]) > 0.05]
    assert len(inner) == 9  # 10 cm, on the left half only
    assert (inner[:, 0] > 0).all()


def test_a_seam_without_its_curve_is_named():
    sewing = Sewing()
    sewing.piece("a", RECTANGLE, bent)
    sewing.sew(("a", "right"), ("a", "rihgt"))
    with pytest.raises(LifecastError, match="'rihgt' of the piece 'a'"):
        sewing.garment("x", "top", 1, "jersey", NOBODY, 0.01)
