"""Forward kinematics and skinning against slow references; limbs that reach where they are told."""

import numpy as np
import pytest
import scipy.sparse as sp

from lifecast.people.body import RestBody
from lifecast.people.figure import Figure, two_bones
from lifecast.people.rig import bone_transforms, global_to_local, skin
from lifecast.people.rotation import about, frame, part_way, shortest, unit

RNG = np.random.default_rng(0)
PARENTS = [-1, 0, 1, 1, 3]
HEADS = RNG.normal(size=(5, 3))


def turn(rng: np.random.Generator) -> np.ndarray:
    return about(rng.normal(size=3), rng.uniform(-170, 170))


def slow_place(point: np.ndarray, bone: int, rotations: dict[int, np.ndarray]) -> np.ndarray:
    """Turn a point about one joint after the other, from the bone up to the root."""
    while bone >= 0:
        point = HEADS[bone] + rotations.get(bone, np.eye(3)) @ (point - HEADS[bone])
        bone = PARENTS[bone]
    return point


def test_forward_kinematics_is_turning_about_one_joint_after_the_other() -> None:
    rotations = {k: turn(RNG) for k in (0, 2, 3, 4)}
    transforms = bone_transforms(PARENTS, HEADS, rotations)
    for bone in range(5):
        point = RNG.normal(size=3)
        np.testing.assert_allclose(
            transforms[bone, :, :3] @ point + transforms[bone, :, 3], slow_place(point, bone, rotations), atol=1e-9
        )


def test_skinning_blends_the_places_linearly() -> None:
    rotations = {k: turn(RNG) for k in range(5)}
    transforms = bone_transforms(PARENTS, HEADS, rotations)
    points = RNG.normal(size=(20, 3)).astype(np.float32)
    weights = RNG.dirichlet(np.ones(5), 20)
    slow = [
        sum(w * slow_place(p.astype(float), b, rotations) for b, w in enumerate(row))
        for p, row in zip(points, weights, strict=True)
    ]
    np.testing.assert_allclose(skin(points, sp.csr_matrix(weights), transforms), slow, atol=1e-5)


def test_world_rotations_survive_the_way_through_local_ones() -> None:
    world = {0: turn(RNG), 3: turn(RNG), 4: turn(RNG)}
    transforms = bone_transforms(PARENTS, HEADS, global_to_local(PARENTS, world))
    for bone, expected in {**world, 1: world[0], 2: world[0]}.items():
        np.testing.assert_allclose(transforms[bone, :, :3], expected, atol=1e-9)


def test_rotation_constructions() -> None:
    a, b = unit(RNG.normal(size=3)), unit(RNG.normal(size=3))
    np.testing.assert_allclose(shortest(a, b) @ a, b, atol=1e-9)
    np.testing.assert_allclose(shortest(a, -a) @ a, -a, atol=1e-7)
    half = part_way(shortest(a, b), 0.5)
    np.testing.assert_allclose(half @ half, shortest(a, b), atol=1e-9)
    axes = frame(a, b)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_two_bones_meet_the_target_and_bend_toward_the_pole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0.2, 0.4, 2)
    target = unit(rng.normal(size=3)) * rng.uniform(abs(one - two) + 0.02, one + two - 0.02)
    pole = rng.normal(size=3)
    along, then, missed = two_bones(target, one, two, pole)
    np.testing.assert_allclose(along * one + then * two, target, atol=1e-6)
    assert missed == 0
    aside = pole - (pole @ unit(target)) * unit(target)
    assert along @ aside >= -1e-9


def test_out_of_reach_is_reported() -> None:
    along, then, missed = two_bones(np.array([0, -2.0, 0]), 0.3, 0.3, [0, 0, 1])
    assert missed == pytest.approx(1.4, abs=0.01)
    assert along[1] < -0.99
    assert then[1] < -0.99


ARM = ["root", "upperarm01.L", "lowerarm01.L", "wrist.L"]


def arm_figure() -> Figure:
    heads = np.array([[0, 0, 0], [0.2, 1.4, 0], [0.4, 1.2, 0.02], [0.55, 1.05, 0.1]])
    return Figure(ARM, [-1, 0, 1, 2], RestBody(np.zeros((1, 3), np.float32), heads, heads))


def test_a_wrist_reaches_its_place() -> None:
    figure = arm_figure()
    target = np.array([0.35, 1.15, 0.3])
    assert figure.reach(1, target, [1, -1, 0]) == 0
    np.testing.assert_allclose(figure.place("wrist.L"), target, atol=1e-6)


def test_an_arm_points_where_it_is_aimed() -> None:
    figure = arm_figure()
    figure.arm(1, [0, -1, 0], [0, -0.8, 0.6])
    np.testing.assert_allclose(unit(figure.place("lowerarm01.L") - figure.place("upperarm01.L")), [0, -1, 0], atol=1e-6)
    np.testing.assert_allclose(unit(figure.place("wrist.L") - figure.place("lowerarm01.L")), [0, -0.8, 0.6], atol=1e-6)
