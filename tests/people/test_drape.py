"""Draping on an analytic body: cloth stays outside, folds rise by the arc-length formula, inner layers give way."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from lifecast.people.drape import GAP, Hang, PosedBody, Weave, clear, eased, settle, tuck, under_skin
from lifecast.people.folds import fold_heights, squeeze, steered_noise
from lifecast.people.mhclo import Fit
from lifecast.people.surface_mesh import averaging
from lifecast.people.tailor import Cloth, Sheet, border_distance, weld
from lifecast.space.mesh_normals import vertex_normals


def tube(radius: float, rings: int, around: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """An open cylinder about y, faces outward."""
    angle = np.arange(around) / around * 2 * np.pi
    y = np.linspace(low, high, rings)
    points = np.array([[radius * np.sin(a), h, radius * np.cos(a)] for h in y for a in angle], np.float32)
    faces = []
    for r in range(rings - 1):
        for k in range(around):
            a, b = r * around + k, r * around + (k + 1) % around
            faces += [[a, b, b + around], [a, b + around, a + around]]
    return points, np.array(faces, np.int32)


SKIN, SKIN_FACES = tube(0.1, 30, 40, 0, 1)


def sleeve(radius: float = 0.104) -> Cloth:
    """A tube of cloth around the middle of the skin."""
    points, faces = tube(radius, 40, 72, 0.3, 0.7)
    count = len(points)
    # Anchors: the skin triangle whose middle is nearest, with its nearest corner.
    middle = SKIN[SKIN_FACES].mean(1)
    anchor = np.array([np.linalg.norm(middle - p, axis=1).argmin() for p in points], np.int32)
    share = np.full((count, 3), 1 / 3, np.float32)
    fit = Fit("sleeve", Path(), None, np.zeros((count, 3), np.int32), np.zeros((count, 3), np.float32),
              points, (None, None, None), np.zeros(0, np.int32))  # fmt: skip
    uv = np.zeros((len(faces), 3, 2), np.float32)
    split, old, texel = weld(faces, uv)
    return Cloth(
        "sleeve", "top", fit, Sheet(sp.identity(count, format="csr"), faces, uv), sp.csr_matrix(np.ones((count, 1))),
        anchor, share, border_distance(points, faces), points, np.zeros(count, np.int8),
        np.full(count, radius - 0.1, np.float32), split, old, texel, np.zeros(count, bool),
    )  # fmt: skip


@pytest.fixture(scope="module")
def cloth() -> Cloth:
    return sleeve()


@pytest.fixture(scope="module")
def body() -> PosedBody:
    return PosedBody(SKIN, SKIN_FACES, np.zeros(len(SKIN), np.int8))


def radius_of(points: np.ndarray) -> np.ndarray:
    return np.hypot(points[:, 0], points[:, 2])


@pytest.mark.parametrize("seed", range(4))
def test_settled_cloth_lies_outside_even_if_it_began_inside(cloth: Cloth, body: PosedBody, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside = cloth.reference * np.array([0.93, 1, 0.93], np.float32)
    hang = Hang(ease=0.005, slack_along=0.08, slack_around=0.05)
    points = settle(cloth, Weave(cloth), cloth.reference, inside, body, hang, rng)
    assert np.isfinite(points).all()
    assert under_skin(points, cloth, body) < 0.01
    assert (radius_of(points) < 0.0995).mean() < 0.01
    assert radius_of(points).max() < 0.16


def test_slack_makes_folds_and_tightness_none(cloth: Cloth, body: PosedBody) -> None:
    weave = Weave(cloth)

    def waviness(hang: Hang) -> float:
        points = settle(cloth, weave, cloth.reference * 1.0, cloth.reference, body, hang, np.random.default_rng(1))
        middle = (points[:, 1] > 0.4) & (points[:, 1] < 0.6)
        return float(radius_of(points)[middle].std())

    assert waviness(Hang(slack_along=0.12, slack_around=0.08)) > 4 * waviness(Hang(slack_along=0, slack_around=0))


def test_draping_repeats_for_a_seed(cloth: Cloth, body: PosedBody) -> None:
    weave = Weave(cloth)
    one, again = (
        settle(cloth, weave, cloth.reference, cloth.reference, body, Hang(), np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(one, again)


def test_ease_stands_off(cloth: Cloth) -> None:
    weave = Weave(cloth)
    weave.snug = np.zeros(len(cloth.reference), np.float32)
    loose = eased(cloth, weave, cloth.reference, Hang(ease=0.02), np.random.default_rng(0))
    away = radius_of(loose) - radius_of(cloth.reference)
    assert away.min() > 0
    assert 0.008 < away.mean() < 0.025


def test_clear_pushes_out_without_folds(cloth: Cloth, body: PosedBody) -> None:
    inside = cloth.reference * np.array([0.97, 1, 0.97], np.float32)
    points = clear(inside, cloth, Weave(cloth), body)
    assert radius_of(points).min() > 0.1 + 0.2 * GAP
    assert radius_of(points).std() < 0.002


def test_what_is_underneath_gives_way() -> None:
    outer, faces = tube(0.11, 40, 72, 0.2, 0.8)
    normals = vertex_normals(outer, faces, "area")
    inner = np.concatenate([SKIN * np.array([1.12, 1, 1.12], np.float32), SKIN])  # one sticks out, one does not
    tucked = tuck(inner, outer, normals, np.ones(len(outer), bool))
    covered = (inner[:, 1] > 0.23) & (inner[:, 1] < 0.77)
    assert radius_of(tucked)[covered].max() < 0.1085
    bare = (inner[:, 1] < 0.15) | (inner[:, 1] > 0.85)
    np.testing.assert_array_equal(tucked[bare], inner[bare])
    np.testing.assert_array_equal(tucked[len(SKIN) :], SKIN)


def strip() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A flat sheet 0.6 m square: points, faces, edges."""
    n = 61
    x, y = np.meshgrid(np.linspace(0, 0.6, n), np.linspace(0, 0.6, n))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], 1).astype(np.float32)
    index = np.arange(n * n).reshape(n, n)
    a, b, c, d = (index[s].ravel() for s in (np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, 1:], np.s_[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1), axis=0)
    return points, faces, edges


@pytest.mark.parametrize("axis", [0, 1])
def test_squeeze_finds_its_direction(axis: int) -> None:
    points, faces, edges = strip()
    along = points[edges[:, 1]] - points[edges[:, 0]]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    extra = (0.1 * along[:, axis] ** 2).astype(np.float32)
    share, direction = squeeze(edges, points, extra, averaging(faces, len(points)))
    assert np.abs(direction[:, axis]).min() > 0.9
    assert 0.04 < np.median(share) < 0.2


def test_folds_run_across_the_squeeze_with_the_width_asked_for() -> None:
    points, _, _ = strip()
    direction = np.zeros_like(points)
    direction[:, 0] = 1
    wave = steered_noise(points, direction, 0.05, np.random.default_rng(0)).reshape(61, 61)
    across, along = np.abs(np.diff(wave, axis=1)).mean(), np.abs(np.diff(wave, axis=0)).mean()
    assert across > 1.5 * along
    spectrum = np.abs(np.fft.rfft(wave - wave.mean(), axis=1)).mean(0)
    width = 0.61 / (spectrum[1:].argmax() + 1)
    assert 0.03 < width < 0.085


def test_fold_height_follows_the_arc_length() -> None:
    points, faces, edges = strip()
    average = averaging(faces, len(points))

    def height(extra: float) -> float:
        values = [
            fold_heights(
                edges, points, np.full(len(edges), extra, np.float32), average, 0.06, np.random.default_rng(s)
            ).std()
            for s in range(3)
        ]
        return float(np.mean(values))

    assert height(0.08) == pytest.approx(2 * height(0.02), rel=1e-4)  # the square root of the share
    assert height(-0.05) == 0
