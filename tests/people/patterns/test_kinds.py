"""Every kind of garment on very different bodies, and the figures that patterns promise."""

import functools

import igl
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import ConvexHull

from lifecast.errors import LifecastError
from lifecast.people.appearance import draw_build
from lifecast.people.body import SKIN_VERTICES, body_model
from lifecast.people.patterns.bottoms import Legs, SkirtCut, trousers
from lifecast.people.patterns.kind import sew_garment
from lifecast.people.patterns.kinds import KINDS, make_garment
from lifecast.people.patterns.levels import level
from lifecast.people.patterns.measures import take_measures
from lifecast.people.patterns.tops import Top, girth_knots
from lifecast.people.wavefront import triangles

BODIES = (1, 2, 5)  # a man of 1.74 m, a slender woman of 1.51 m, a heavy man of 1.82 m


@functools.lru_cache
def measured(seed):
    build = draw_build(np.random.default_rng(seed))
    body = body_model().rest(build.phenotype, build.local, build.expression)
    return body, take_measures(body, body_model())


@functools.lru_cache
def skin_faces():
    mesh = body_model().mesh
    return np.asarray(triangles(mesh.faces[mesh.groups["body"]]), np.int64)


def edges_and_counts(faces):
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    return np.unique(pairs, axis=0, return_counts=True)


def parts(edges, count):
    graph = sp.coo_matrix((np.ones(len(edges)), edges.T), (count, count))
    label = sp.csgraph.connected_components(graph, directed=False)[1]
    return len(np.unique(label[np.unique(edges)]))


def borders(garment):
    edges, counts = edges_and_counts(garment.faces)
    return parts(edges[counts == 1], len(garment.points))


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_a_valid_garment_outside_of_the_skin(name):
    seed = BODIES[list(KINDS).index(name) % 3]
    body, measures = measured(seed)
    garment = make_garment(name, measures, np.random.default_rng(seed), coarse=1.8)
    edges, counts = edges_and_counts(garment.faces)
    directed = garment.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert counts.max() == 2
    assert len(np.unique(directed, axis=0)) == len(directed)  # neighbours agree on what is outside
    assert len(np.unique(garment.faces)) == len(garment.points)
    assert parts(edges, len(garment.points)) == 1
    skin = body.vertices[:SKIN_VERTICES].astype(np.float64)
    winding = igl.fast_winding_number(skin, skin_faces(), garment.points.astype(np.float64))
    assert np.abs(winding).max() < 0.5
    assert garment.fabric in KINDS[name].fabrics
    known = {tuple(edge) for edge in edges.tolist()}
    assert {tuple(edge) for edge in garment.seams.tolist()} <= known
    assert {tuple(edge) for edge in garment.hems.tolist()} <= {tuple(edge) for edge in edges[counts == 1].tolist()}


def test_there_are_sixty_kinds_and_each_is_worn_by_one_in_a_hundred():
    assert len(KINDS) >= 60
    assert min(kind.share for kind in KINDS.values()) >= 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("t-shirt", 4), ("hoodie", 4), ("straight jeans", 3), ("joggers", 3), ("a-line skirt", 2), ("slip dress", 4),
     ("open coat", 3), ("jumpsuit", 5), ("turtle neck", 4), ("scarf", 1), ("poncho", 2), ("apron", 3)],
)  # fmt: skip
def test_openings(name, expected):
    assert borders(make_garment(name, measured(1)[1], np.random.default_rng(0), coarse=1.8)) == expected


def test_outside_is_to_the_right_of_the_cloth():
    measures = measured(2)[1]
    for name in ("t-shirt", "straight jeans", "a-line skirt"):
        garment = make_garment(name, measures, np.random.default_rng(0), coarse=1.8)
        a, b, c = (garment.points[garment.faces[:, k]].astype(float) for k in range(3))
        normal, middle = np.cross(b - a, c - a), (a + b + c) / 3
        _, near = measures.tree.query(middle)
        agree = (normal * measures.skin_normals[near]).sum(1) > 0
        assert agree.mean() > 0.97, name


def flat_width(garment, y):
    """The width of all pieces at a height of their patterns, metres."""
    total = 0.0
    for piece in np.unique(garment.piece):
        flat = garment.flat[garment.piece == piece].astype(float)
        a, b = flat, np.roll(flat, -1, 1)
        crossed = (a[..., 1] > y) != (b[..., 1] > y)
        if crossed.any():
            share = (y - a[crossed][:, 1]) / (b[crossed][:, 1] - a[crossed][:, 1])
            x = a[crossed][:, 0] + share * (b[crossed][:, 0] - a[crossed][:, 0])
            total += np.ptp(x)
    return total


@pytest.mark.parametrize("seed", BODIES)
@pytest.mark.parametrize("front", ["whole", "closed", "open"])
def test_a_top_has_the_girth_that_its_cut_asks_for(seed, front):
    measures = measured(seed)[1]
    cut = Top(chest=0.12, waist=0.5, front=front, hem=2.3)
    garment = sew_garment("top", "top", 2, cut, "cotton", measures)
    knots = sorted(girth_knots(measures, cut))
    chest = max(measures.trunk.girth(measures.bust), measures.trunk.girth(measures.armpit - 0.02)) * 1.12
    assert knots[-1][1] == pytest.approx(chest)
    for y in (measures.bust, measures.waist, (measures.bust + measures.waist) / 2):
        if y < measures.armpit - 0.03:
            assert flat_width(garment, y) == pytest.approx(np.interp(y, *np.transpose(knots)), rel=0.01)


@pytest.mark.parametrize("seed", BODIES)
def test_trouser_legs_have_the_girths_that_their_cut_asks_for(seed):
    measures = measured(seed)[1]
    cut = Legs(hem=0.7, knee=0.3)
    garment = sew_garment("trousers", "bottom", 1, cut, "denim", measures)
    drawn = trousers(measures, cut)
    legs = flat_width(garment, measures.knee + 1e-4) / 2
    assert legs == pytest.approx(drawn.knee, rel=0.01)
    assert flat_width(garment, drawn.end + 0.001) / 2 == pytest.approx(drawn.hem, rel=0.01)


def hem_length(garment):
    """The length of the turned-up edges in the pattern, metres."""
    wanted = {tuple(sorted(edge)) for edge in garment.hems.tolist()}
    total = 0.0
    for k in range(3):
        pair = np.sort(garment.faces[:, [k, (k + 1) % 3]], 1)
        length = np.linalg.norm(garment.flat[:, k] - garment.flat[:, (k + 1) % 3], axis=1)
        total += sum(v for v, edge in zip(length.tolist(), pair.tolist(), strict=True) if tuple(edge) in wanted)
    return total


@pytest.mark.parametrize("flare", [0.0, 2.0, 5.0])
def test_a_cone_has_the_hem_of_a_ring_sector(flare):
    measures = measured(2)[1]
    cut = SkirtCut(shape="conical", waist=2.0, hem=3.8, flare=flare, gores=6, band=0.03)
    garment = sew_garment("skirt", "bottom", 1, cut, "cotton", measures)
    waist = level(measures, 2.0)
    length = waist - level(measures, 3.8)
    around = max(1.02 * measures.trunk.girth(waist), measures.trunk.girth(measures.hip) * 1.05)
    band = measures.trunk.girth(waist + 0.015) + 0.01
    assert hem_length(garment) - band == pytest.approx(around + flare * length, rel=0.04)


def test_levels_descend_and_girths_are_those_of_hulls():
    for seed in BODIES:
        body, measures = measured(seed)
        heights = [level(measures, k) for k in range(7)]
        assert heights == sorted(heights, reverse=True)
        assert measures.armpit < measures.shoulder[1] < measures.neck < measures.chin + 0.03
        skin = body.vertices[:SKIN_VERTICES].astype(np.float64)
        ends = skin[np.unique(np.sort(skin_faces()[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)]
        y = measures.waist
        a, b = ends[(ends[:, 0, 1] < y) != (ends[:, 1, 1] < y)].transpose(1, 0, 2)
        share = (y - a[:, 1:2]) / (b[:, 1:2] - a[:, 1:2])
        section = (a + share * (b - a))[:, [0, 2]]
        section = section[np.abs(section[:, 0]) < 0.25]  # without the arms
        assert measures.trunk.girth(y) == pytest.approx(ConvexHull(section).area, rel=0.01)


def test_same_seed_same_garment():
    measures = measured(1)[1]
    one, two = (make_garment("blazer", measures, np.random.default_rng(3), coarse=1.8) for _ in range(2))
    np.testing.assert_array_equal(one.points, two.points)
    np.testing.assert_array_equal(one.flat, two.flat)
    other = make_garment("blazer", measures, np.random.default_rng(4), coarse=1.8)
    assert other.points.shape != one.points.shape or not np.array_equal(other.points, one.points)


def test_unknown_kinds_and_fabrics_are_named():
    measures = measured(1)[1]
    with pytest.raises(LifecastError, match="no garment 'toga'; there are a-line dress"):
        make_garment("toga", measures, np.random.default_rng(0))
    with pytest.raises(LifecastError, match="a belt is made of leather, not of 'silk'"):
        make_garment("belt", measures, np.random.default_rng(0), fabric="silk")
