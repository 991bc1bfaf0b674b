"""Heads seen from the front: where hair ends at the sides and behind, and what colour is there."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy import sparse
from scipy.sparse.linalg import spsolve

sys.path.insert(0, str(Path(__file__).parent))
from painted import HAIR, SKIN, capsule_person, colour, distance, dressed, joints_of_the_person, paint_photo

from lifecast.space.parsing import Part
from lifecast.surface.colour.colour_surface import COLOURING, SurfaceColours
from lifecast.surface.colour.diffusion import edge_graph
from lifecast.surface.colour.head import Head
from lifecast.surface.colour.hidden_head import (
    HIDDEN_HEAD,
    HeadFrame,
    blended,
    hairy_places,
    head_frame,
    skin_membrane,
    strands,
)

AXES = HeadFrame(np.zeros(3), np.array([0.0, 0.0, 1.0]), 0.08, 0.18)


@pytest.fixture(scope="module")
def person() -> trimesh.Trimesh:
    return capsule_person()


def coloured(person: trimesh.Trimesh, on: bool = True, **around: object) -> SurfaceColours:
    hidden = replace(COLOURING.hidden, painted_head=replace(HIDDEN_HEAD, on=on))
    image, mask = paint_photo(person, around.get("paint", dressed))
    return colour(person, image, mask, joints=joints_of_the_person(), constants=replace(COLOURING, hidden=hidden))


def test_the_back_of_a_head_is_hair_and_the_nape_is_skin(person: trimesh.Trimesh) -> None:
    got = coloured(person)
    x, y, z = person.vertices.T
    back = (z < -0.05) & (np.abs(x) < 0.05)
    assert np.median(distance(got.colours, HAIR)[back & (y > 0.6)]) < 25
    assert np.median(distance(got.colours, SKIN)[(z < -0.02) & (np.abs(x) < 0.03) & (y > 0.46) & (y < 0.49)]) < 25


def test_before_the_ears_there_is_skin_and_over_them_hair(person: trimesh.Trimesh) -> None:
    got = coloured(person)
    x, y, z = person.vertices.T
    side = (np.abs(x) > 0.055) & (np.abs(x) < 0.1)
    cheeks = side & (z > 0.01) & (z < 0.04) & (y > 0.545) & (y < 0.57)
    assert np.median(distance(got.colours, SKIN)[cheeks]) < 25
    assert set(got.parts[cheeks]) <= {Part.SKIN, Part.FACE}
    over = (np.abs(x) > 0.03) & (np.abs(x) < 0.1) & (z > -0.03) & (z < 0.0) & (y > 0.645)
    assert np.median(distance(got.colours, HAIR)[over]) < 30


def test_nothing_of_a_face_is_on_hidden_skin(person: trimesh.Trimesh) -> None:
    """A black beard: its sides are not repeated beside it."""

    def bearded(points: np.ndarray) -> np.ndarray:
        colours = dressed(points)
        colours[(points[:, 1] > 0.49) & (points[:, 1] < 0.55) & (np.abs(points[:, 0]) < 0.04) & (points[:, 2] > 0)] = 10
        return colours

    x, y, z = person.vertices.T
    beside = (np.abs(x) > 0.05) & (np.abs(x) < 0.1) & (z < 0.02) & (z > -0.01) & (y > 0.53) & (y < 0.55)
    assert distance(coloured(person, paint=bearded).colours, SKIN)[beside].max() < 60


def test_off_it_is_copied(person: trimesh.Trimesh) -> None:
    assert not np.array_equal(coloured(person).colours, coloured(person, on=False).colours)


def test_a_bald_head_has_no_hair(person: trimesh.Trimesh) -> None:
    def bald(points: np.ndarray) -> np.ndarray:
        colours = dressed(points)
        colours[(points[:, 1] > 0.6) & (np.abs(points[:, 0]) < 0.1)] = SKIN
        return colours

    got = coloured(person, paint=bald)
    x, y, z = person.vertices.T
    behind = (np.abs(x) < 0.06) & (z < -0.03) & (y > 0.55)
    assert set(got.parts[behind]) == {Part.SKIN}
    assert distance(got.colours, SKIN)[behind].max() < 30


def test_a_head_has_its_own_axes() -> None:
    """An ellipsoid that looks to the picture's right: its depth lies along x, its left is toward the camera's back."""
    ball = trimesh.creation.icosphere(4, 1.0)
    points = ball.vertices * [0.1, 0.12, 0.07] + [0.3, 0.5, 0.2]
    frame = head_frame(points, Head(0.3, 0.4, 0.62, 0.1), np.array([1.0, 0.0, 0.0]))
    assert frame is not None
    assert frame.centre == pytest.approx([0.3, 0.4 + 0.45 * 0.22, 0.2], abs=0.005)
    assert frame.half_depth == pytest.approx(0.1, rel=0.1)
    places = frame.of(np.array([[0.4, 0.499, 0.2], [0.3, 0.499, 0.1]]))
    assert places[0] == pytest.approx([0, 0, 1 / frame.half_depth * 0.1], abs=0.1)
    assert places[1] == pytest.approx([0.1 / frame.half_depth, 0, 0], abs=0.1)
    assert head_frame(points + np.array([0, 5, 0]), Head(0.3, 0.4, 0.62, 0.1)) is None


def test_covered_ears_and_long_hair_have_more_hair() -> None:
    ear = np.array([[1.0, 0.0, 0.1], [-1.0, 0.0, 0.1]])
    share = np.ones(2)
    assert hairy_places(ear, share, (False, False)).tolist() == [False, False]
    assert hairy_places(ear, share, (False, True)).tolist() == [True, False], "the left one alone"
    under = np.array([[0.3, -0.5, -0.9]])
    assert not hairy_places(under, np.zeros(1), (False, False)).any()
    assert hairy_places(under, np.ones(1), (False, False)).all(), "as far down as the front shows it"
    crown = np.array([[0.0, 0.5, 0.0]])
    assert hairy_places(crown, np.zeros(1), (False, False)).all()


def test_hidden_skin_goes_from_one_shown_colour_to_the_next() -> None:
    """On a long strip between 100 and 200: monotonic between them; far from both it is the usual colour."""
    n = 41
    graph = sparse.diags([np.ones(n - 1), np.ones(n - 1)], [1, -1]).tocsr()
    given = np.zeros(n, bool)
    given[[0, -1]] = True
    colours = np.zeros((n, 3))
    colours[0], colours[-1] = 100, 200
    hidden = np.arange(1, n - 1)
    near = skin_membrane(graph, hidden, given, colours, np.full(3, 150.0), 1e-6)
    assert near[:, 0] == pytest.approx(np.linspace(100, 200, n)[1:-1], abs=0.5), "a straight line"
    far = skin_membrane(graph, hidden, given, colours, np.full(3, 90.0), HIDDEN_HEAD.drawn)
    assert far[n // 2] == pytest.approx([90] * 3, abs=1)


def test_hidden_skin_is_what_a_direct_solver_finds() -> None:
    ball = trimesh.creation.icosphere(4, 0.1)
    graph = edge_graph(ball.faces, len(ball.vertices))
    rng = np.random.default_rng(0)
    given = (ball.vertices[:, 2] > 0) & (rng.random(len(ball.vertices)) < 0.5)
    colours, usual = rng.uniform(0, 255, (len(given), 3)), np.array([200.0, 150, 100])
    hidden = np.flatnonzero(ball.vertices[:, 2] <= 0)
    rows = graph[hidden].astype(float)
    outer, pull = rows @ sparse.diags(given.astype(float)), (0.01 / HIDDEN_HEAD.drawn) ** 2
    weight = np.asarray(rows[:, hidden].sum(1) + outer.sum(1)).ravel() + pull
    wanted = spsolve((sparse.diags(weight) - rows[:, hidden]).tocsc(), outer @ colours + pull * usual)
    assert skin_membrane(graph, hidden, given, colours, usual, 0.01) == pytest.approx(wanted, abs=0.1)


def test_hidden_hair_has_the_colours_of_the_visible_one() -> None:
    rng = np.random.default_rng(0)
    visible = np.array([90.0, 60, 40]) * rng.uniform(0.7, 1.3, (500, 1))
    places = rng.normal(size=(4000, 3))
    found = strands(places, AXES, visible, np.array([90.0, 60, 40]))
    assert found.mean(0) == pytest.approx([90, 60, 40], rel=0.06)
    assert 0.3 * visible.std(0).max() < found.std(0).max() < visible.std(0).max()
    assert np.ptp(found[:, 0] / found[:, 1]) < 0.1, "darker and brighter, but of one hue"
    few = strands(places, AXES, visible[:3], np.array([90.0, 60, 40]))
    assert few.mean(0) == pytest.approx([90, 60, 40], rel=0.06)
    assert np.array_equal(found, strands(places, AXES, visible, np.array([90.0, 60, 40]))), "the same every time"


def test_hair_and_skin_blend_at_their_line_alone() -> None:
    ball = trimesh.creation.icosphere(4, 1.0)
    graph = edge_graph(ball.faces, len(ball.vertices))
    skin = ball.vertices[:, 1] < 0
    colours = np.where(skin[:, None], 200.0, 50.0).repeat(3, 1).astype(np.float32)
    found = blended(graph, skin, colours.copy(), 3)
    line = np.abs(ball.vertices[:, 1]) < 0.04
    assert (found[line] != colours[line]).any(1).mean() > 0.9
    assert found[line].min() > 55
    assert np.array_equal(found[np.abs(ball.vertices[:, 1]) > 0.4], colours[np.abs(ball.vertices[:, 1]) > 0.4])


def test_skin_that_would_be_copied_from_far_away_is_painted(person: trimesh.Trimesh) -> None:
    """The back of the raised right forearm, were all bare skin but the face at its other end striped black."""

    def striped(points: np.ndarray) -> np.ndarray:
        colours = dressed(points)
        low = (points[:, 0] < -0.16) & (points[:, 1] < 0.5)
        colours[low & (np.sin(points[:, 1] * 300) > 0)] = 120
        return colours

    got = coloured(person, paint=striped)
    x, y, _ = person.vertices.T
    hand = (x < -0.25) & (y > 0.75) & (person.vertex_normals[:, 2] < -0.5)
    assert hand.sum() > 20
    assert np.median(distance(got.colours, SKIN)[hand]) < 40
