"""Which bone a point is nearest to, against the definition; and what of it is for which colours."""

import numpy as np
import pytest

from lifecast.surface.colour.body_parts import BONES, CORE, LOWER, UPPER, VISIBLE, BodyParts, Places, under_the_surface

NOTHING = np.full((8, 8), -np.inf, np.float32)
LEFT_WRIST, LEFT_INDEX = 15, 19


@pytest.fixture
def joints():
    """Somebody upright, facing the camera, arms hanging; the left of the person is at x > 0."""
    at = np.zeros((33, 4), np.float32)
    at[:, 3] = 1
    at[0, :3] = 0, 0.58, 0.08
    at[[9, 10], :3] = (0.02, 0.55, 0.08), (-0.02, 0.55, 0.08)
    at[[7, 8], :3] = (0.06, 0.58, 0), (-0.06, 0.58, 0)
    for k, (x, y) in {11: (0.14, 0.42), 13: (0.2, 0.2), 15: (0.22, 0.0), 19: (0.22, -0.06)}.items():
        at[k, :2], at[k + 1, :2] = (x, y), (-x, y)
    for k, (x, y) in {23: (0.08, 0.0), 25: (0.08, -0.3), 27: (0.08, -0.62), 31: (0.09, -0.68)}.items():
        at[k, :2], at[k + 1, :2] = (x, y), (-x, y)
    return at


def nearest(parts, point):
    """By the definition, for one point."""
    best, found = np.inf, None
    for k, bone in enumerate(BONES):
        along = parts.end[k] - parts.start[k]
        steps = np.linspace(0, 1, 2001)[:, None]
        away = np.linalg.norm(parts.start[k] + steps * along - point, axis=1).min() / bone.radius
        if away < best:
            best, found = away, bone
    return found


def test_equals_the_definition(joints):
    parts = BodyParts(joints, NOTHING)
    points = np.random.default_rng(0).uniform(-0.7, 0.7, (300, 3)).astype(np.float32)
    got = parts.find(points)
    want = [nearest(parts, point) for point in points]
    same = np.array([(bone.limb, bone.level) for bone in want]) == np.column_stack([got.limb, got.level])
    assert same.mean() > 0.99  # 2,001 steps along a bone may tie otherwise


def test_left_and_right_are_the_persons(joints):
    parts = BodyParts(joints, NOTHING)
    places = parts.find(np.array([[0.22, 0.03, 0], [-0.22, 0.03, 0], [0.08, -0.5, 0], [0.17, 0.3, 0], [0, 0.2, 0.1]]))
    assert places.limb.tolist() == [1, 2, 3, 1, 0]
    assert places.level.tolist() == [LOWER, LOWER, LOWER, UPPER, CORE]
    hand_tip = parts.find(np.array([[0.22, -0.09, 0]]))  # beyond the knuckles
    assert hand_tip.limb.tolist() == [1]


def test_a_guessed_forearm_does_not_count(joints):
    point = np.array([[0.22, 0.03, 0]])
    assert BodyParts(joints, NOTHING).find(point).level[0] == LOWER
    joints[[LEFT_WRIST, LEFT_INDEX], 3] = VISIBLE / 2
    assert BodyParts(joints, NOTHING).find(point).level[0] != LOWER


def test_forearms_and_shins_are_strange_to_all_but_their_own_limb():
    limb = np.array([1, 1, 2, 3, 0, 3])
    one = Places(limb, np.array([LOWER, UPPER, LOWER, UPPER, CORE, LOWER]), limb)
    other = Places(np.array([1, 0, 1, 0, 1, 4]), np.array([UPPER, CORE, LOWER, CORE, LOWER, UPPER]), limb)
    want = [False, False, True, False, True, True]
    assert one.strange_to(other).tolist() == want
    assert other.strange_to(one).tolist() == want


def test_visible_joints_are_brought_under_the_surface(joints):
    joints[LEFT_WRIST, 2] = 0.1
    first = np.full((64, 64), 0.15, np.float32)
    settled = under_the_surface(joints, first)
    assert 0.1 < settled[LEFT_WRIST, 2] < 0.12  # a forearm's 0.04 under 0.15
    assert np.array_equal(settled[:, [0, 1, 3]], joints[:, [0, 1, 3]])
    assert np.array_equal(under_the_surface(joints, np.full((64, 64), 0.9, np.float32)), joints)  # too far to be right
    assert np.array_equal(under_the_surface(joints, NOTHING), joints)
    joints[:, 3] = 0
    assert np.array_equal(under_the_surface(joints, first), joints)


def test_the_trunk_and_the_face(joints):
    parts = BodyParts(joints, NOTHING)
    assert np.allclose(parts.trunk.shoulders, [0, 0.42, 0])
    assert np.allclose(parts.trunk.hips, [0, 0, 0])
    assert np.isclose(parts.trunk.half_width, 0.14)
    assert len(parts.face) == 3
    joints[[0, 9, 10], 3] = 0
    assert len(BodyParts(joints, NOTHING).face) == 0
