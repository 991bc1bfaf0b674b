"""Placements move pictures and points alike; tone changes pictures within its promises."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.scans.augmentation import NONE, Augmentation, clean_background
from lifecast.scans.placement import Placement


def disc(size: int, x: float, y: float, radius: float = 0.12) -> np.ndarray:
    """A white disc at a view position, on black."""
    at = -1 + (2 * np.arange(size) + 1) / size
    return ((np.hypot(at[None] - x, -at[:, None] - y) < radius) * 255).astype(np.uint8)


def centre(picture: np.ndarray) -> np.ndarray:
    """View position of a picture's centre of mass."""
    size = picture.shape[0]
    at = -1 + (2 * np.arange(size) + 1) / size
    weight = picture.astype(float) / picture.sum()
    return np.array([(weight.sum(axis=0) * at).sum(), (weight.sum(axis=1) * -at).sum()])


@pytest.mark.parametrize("size_out", [128, 64])
def test_pictures_move_where_their_points_move(size_out: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        point = rng.uniform(-0.5, 0.5, 2)
        shift = (rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1))
        placement = Placement(bool(rng.integers(2)), rng.uniform(0.8, 1.2), rng.uniform(-0.3, 0.3), shift)
        moved = placement.picture(disc(128, *point), size_out, 0)
        assert moved.shape == (size_out, size_out)
        expected = placement.points(np.array([[*point, 0.3]]))[0]
        np.testing.assert_allclose(centre(moved), expected[:2], atol=0.006)
        assert expected[2] == pytest.approx(0.3 * placement.scale, rel=1e-5)


def test_a_box_of_the_moved_picture_is_cut_from_it() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for placement in (Placement(True), Placement(False, 0.9, 0.1, (0.05, -0.02))):
        whole = placement.picture(picture, 64, 9)
        np.testing.assert_array_equal(placement.picture(picture, 64, 9, (5, 11, 30, 20)), whole[11:31, 5:35])


def test_a_flip_alone_only_reverses() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (32, 32)).astype(np.uint8)
    np.testing.assert_array_equal(Placement(flip=True).picture(picture, 32, 0), picture[:, ::-1])
    assert Placement().picture(picture, 32, 0).tobytes() == picture.tobytes()


def test_in_plane_directions_turn_like_the_points() -> None:
    placement = Placement(True, 1.1, 0.25, (0.1, 0.2))
    a, b = np.array([[0.1, 0.2, 0.0]]), np.array([[0.4, -0.1, 0.0]])
    moved = (placement.points(b) - placement.points(a))[0, :2]
    np.testing.assert_allclose(moved, placement.scale * placement.linear() @ (b - a)[0, :2], atol=1e-6)


def test_placements_stay_within_their_ranges_and_follow_the_generator() -> None:
    augmentation = Augmentation(scale=(0.9, 1.2), rotation=5, shift=(0.1, 0.0))
    drawn = [augmentation.placement(np.random.default_rng([3, i])) for i in range(300)]
    assert drawn == [augmentation.placement(np.random.default_rng([3, i])) for i in range(300)]
    assert all(0.9 <= p.scale <= 1.2 and abs(p.angle) <= np.radians(5) for p in drawn)
    assert all(abs(p.shift[0]) <= 0.1 and p.shift[1] == 0 for p in drawn)
    assert 0.4 < np.mean([p.flip for p in drawn]) < 0.6
    assert NONE.placement(np.random.default_rng(0)) == Placement()


def test_tone_without_strength_changes_nothing() -> None:
    picture = np.random.default_rng(4).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(NONE.tone(picture, rng), picture)
    assert not np.array_equal(Augmentation().tone(picture, rng), picture)


def test_full_desaturation_is_grey() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    dull = Augmentation(brightness=0, contrast=0, tint=0, gamma=0, saturation=10)
    toned = [dull.tone(picture, np.random.default_rng(i)) for i in range(8)]
    assert any(np.ptp(t.astype(int), axis=2).max() <= 1 for t in toned)


def test_ranges_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="scale"):
        Augmentation(scale=(1.2, 0.8))
    with pytest.raises(UsageError, match="cleaned"):
        Augmentation(cleaned=1.5)


def test_a_cleaned_background_is_grey_but_near_the_person() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (256, 256, 3)).astype(np.uint8)
    mask = disc(256, 0.0, 0.0, 0.4)
    far, deep = disc(256, 0.0, 0.0, 0.48) == 0, disc(256, 0.0, 0.0, 0.32) > 0
    edges = set()
    for _ in range(6):
        cleaned = clean_background(picture, mask, rng)
        assert (np.abs(cleaned[far].astype(int) - 127) <= 1).all()
        assert (np.abs(cleaned[deep].astype(int) - picture[deep]) <= 1).all()
        edges.add(cleaned[~far & ~deep].tobytes())
    assert len(edges) == 6, "no two masks are off in the same way"
