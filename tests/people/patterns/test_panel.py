"""Flat pieces: area, edges, angles, boundary and stitched lines."""

import numpy as np
import pytest

from lifecast.errors import LifecastError
from lifecast.people.patterns.panel import bezier, curve_length, cut, inside, line, mirrored, resample

EDGE = 0.011
RECTANGLE = {
    "hem": line((0, 0), (0.3, 0)), "right": line((0.3, 0), (0.3, 0.2)),
    "top": line((0.3, 0.2), (0, 0.2)), "left": line((0, 0.2), (0, 0)),
}  # fmt: skip


def sides(panel):
    corners = panel.points[panel.faces]
    return np.linalg.norm(corners - np.roll(corners, -1, 1), axis=2)


def areas(panel):
    a, b, c = np.moveaxis(panel.points[panel.faces], 1, 0)
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


def test_a_rectangle_is_filled_with_nearly_equilateral_triangles():
    panel = cut("r", RECTANGLE, EDGE)
    assert areas(panel).min() > 0  # counter-clockwise
    assert areas(panel).sum() == pytest.approx(0.06, rel=1e-9)
    lengths = sides(panel)
    assert lengths.min() > 0.55 * EDGE
    assert lengths.max() < 1.75 * EDGE
    assert lengths.mean() == pytest.approx(EDGE, rel=0.06)
    ordered = np.sort(lengths, 1)
    smallest = np.degrees(np.arcsin(2 * areas(panel) / (ordered[:, 1] * ordered[:, 2])))
    assert smallest.min() > 28


def test_a_narrow_strip_gets_a_row_in_its_middle():
    strip = {
        "low": line((0, 0), (0.4, 0)), "end": line((0.4, 0), (0.4, 0.02)),
        "top": line((0.4, 0.02), (0, 0.02)), "start": line((0, 0.02), (0, 0)),
    }  # fmt: skip
    assert sides(cut("s", strip, EDGE)).max() < 1.6 * EDGE


def test_curves_get_the_counts_asked_for():
    panel = cut("r", RECTANGLE, EDGE, {"hem": 41, "left": 12})
    assert [len(panel.curves[name]) for name in ("hem", "left", "right")] == [41, 12, 19]
    np.testing.assert_allclose(panel.points[panel.curves["hem"]], resample(RECTANGLE["hem"], 41), atol=1e-12)
    assert panel.curves["left"][-1] == panel.curves["hem"][0]


def test_a_hollow_piece_has_no_triangle_outside():
    hole = bezier((0.3, 0.2), (0.2, 0.2), (0.2, 0.05), (0.0, 0.19))
    outline = {**RECTANGLE, "top": hole, "left": line((0, 0.19), (0, 0))}
    panel = cut("hollow", outline, EDGE)
    polygon = np.concatenate([curve[:-1] for curve in (resample(c, 300) for c in outline.values())])
    following = np.roll(polygon, -1, 0)
    exact = (polygon[:, 0] * following[:, 1] - polygon[:, 1] * following[:, 0]).sum() / 2
    assert areas(panel).sum() == pytest.approx(exact, rel=2e-3)


def test_stitched_lines_are_edges_and_keep_their_corners():
    path = line((0.05, 0.15), (0.05, 0.05), (0.12, 0.03), (0.19, 0.05), (0.19, 0.15), (0.05, 0.15))
    panel = cut("pocket", RECTANGLE, EDGE, lines=[path])
    (steps,) = panel.lines
    pairs = np.sort(panel.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    known = {tuple(pair) for pair in pairs.tolist()}
    assert {tuple(step) for step in steps.tolist()} <= known
    assert np.linalg.norm(np.diff(panel.points[steps], axis=1)[:, 0], axis=1).sum() == pytest.approx(curve_length(path))
    for corner in path:
        assert np.linalg.norm(panel.points[steps[:, 0]] - corner, axis=1).min() < 1e-9
    assert len(np.unique(panel.faces)) == len(panel.points)


def test_a_mirrored_outline_is_the_mirror_image():
    other = mirrored(RECTANGLE)
    panel = cut("m", other, EDGE)
    assert areas(panel).min() > 0
    assert panel.points[:, 0].max() == pytest.approx(0)
    np.testing.assert_allclose(other["hem"], [[-0.3, 0], [0, 0]])


def test_cutting_is_deterministic():
    one, two = cut("r", RECTANGLE, EDGE), cut("r", RECTANGLE, EDGE)
    np.testing.assert_array_equal(one.points, two.points)
    np.testing.assert_array_equal(one.faces, two.faces)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top": line((0.3, 0.2), (0.01, 0.2))}, "curve 'top' ends at"),
        ({"right": line((0.3, 0), (0.001, 0)), "top": line((0.001, 0), (0, 5e-4)), "left": line((0, 5e-4), (0, 0))},
         "too narrow"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_named(change, message):
    with pytest.raises(LifecastError, match=message):
        cut("bad", {**RECTANGLE, **change}, EDGE)


def test_a_clockwise_piece_is_refused():
    with pytest.raises(LifecastError, match="clockwise"):
        cut("bad", {name: curve[::-1] for name, curve in reversed(list(RECTANGLE.items()))}, EDGE)


def test_inside_and_length():
    square = line((0, 0), (1, 0), (1, 1), (0, 1))
    np.testing.assert_array_equal(inside(line((0.5, 0.5), (1.5, 0.5), (-0.1, 0.9)), square), [True, False, False])
    assert curve_length(square) == 3
    assert curve_length(bezier((0, 0), (1, 0), (2, 0), (3, 0))) == pytest.approx(3)
