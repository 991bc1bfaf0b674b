"""Fabrics and complexions: in range, tiling, repeatable, and never a green skin."""

import numpy as np
import pytest

from lifecast.people import complexion, fabric

BASE, OTHER = np.array([0.2, 0.3, 0.4], np.float32), np.array([0.9, 0.8, 0.7], np.float32)


@pytest.mark.parametrize("kind", list(fabric.USUAL))
def test_fabrics_are_pictures_and_repeat_for_a_seed(kind: str) -> None:
    for seed in range(6):
        one, again = (fabric.draw_fabric(kind, np.random.default_rng(seed), 128) for _ in range(2))
        np.testing.assert_array_equal(one.picture, again.picture)
        assert one.picture.shape == (128, 128, 3)
        assert one.picture.min() > 0
        assert one.picture.max() < 1
        assert one.card["pattern"]


def test_patterns_hold_both_colours() -> None:
    rng = np.random.default_rng(3)
    for pattern in (fabric.checks, fabric.dots):
        picture = pattern(256, 0.5, rng, BASE, OTHER)
        assert np.abs(picture - BASE).max(-1).min() < 0.05
        assert picture.std() > 0.02
    for upright in (True, False):
        picture = fabric.stripes(256, 0.5, rng, BASE, OTHER, upright)
        along, across = (0, 1) if upright else (1, 0)
        assert picture.std(axis=along).max() < 1e-5
        assert picture.std(axis=across).max() > 0.05


def test_stripes_tile() -> None:
    for seed in range(5):
        picture = fabric.stripes(256, 0.5, np.random.default_rng(seed), BASE, OTHER, True)
        jump = np.abs(picture[:, 0] - picture[:, -1]).max()
        assert jump <= np.abs(np.diff(picture, axis=1)).max() + 1e-6


def test_skin_tones_stay_human() -> None:
    rng = np.random.default_rng(0)
    tones = np.array([complexion.draw_tone(*rng.dirichlet([1, 1, 1])[:2], rng) for _ in range(500)])
    assert (tones[:, 0] > tones[:, 1]).all()
    assert (tones[:, 1] > tones[:, 2] - 0.01).all()
    assert tones[:, 0].min() < 0.35
    assert tones[:, 0].max() > 0.8


def test_no_texture_turns_green() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for _ in range(5):
        out = complexion.skin_texture(picture, complexion.draw_tone(0.5, 0.2, rng), rng).astype(int)
        assert (out[..., 0] >= out[..., 1] - 1).all()
    plain = complexion.skin_texture(None, np.array([0.6, 0.45, 0.35]), rng, 64).astype(int)
    assert (plain[..., 0] > plain[..., 1]).all()


def test_skin_meets_its_tone() -> None:
    rng = np.random.default_rng(2)
    picture = np.clip(rng.normal([200, 150, 120], 6, (256, 256, 3)), 0, 255).astype(np.uint8)
    tone = np.array([0.35, 0.22, 0.17])
    out = complexion.skin_texture(picture, tone, rng)
    np.testing.assert_allclose(np.median(out.reshape(-1, 3), axis=0) / 255, tone, atol=0.02)


def test_old_hair_is_grey() -> None:
    rng = np.random.default_rng(0)
    old = [complexion.draw_hair_colour(0.3, 0.3, 78, rng)[0] for _ in range(100)]
    young = [complexion.draw_hair_colour(0.3, 0.3, 20, rng)[0] for _ in range(100)]
    assert sum(name in ("grey", "white") for name in old) > 70
    assert sum(name in ("grey", "white") for name in young) < 10


def test_an_eye_has_a_dark_pupil_and_a_white() -> None:
    eye = complexion.eye_texture(np.array([0.3, 0.4, 0.6]), np.random.default_rng(0))
    assert eye[64, 64].max() < 20
    assert eye[64, 8].min() > 150
