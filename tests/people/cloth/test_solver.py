"""Cloth against what mechanics says in closed form."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from sheets import NOWHERE, TRIANGLE, sheet

pytest.importorskip("warp")

from lifecast.people.cloth import fabrics
from lifecast.people.cloth.batches import colours
from lifecast.people.cloth.fabrics import Fabric
from lifecast.people.cloth.mesh import ClothMesh, cloth_mesh
from lifecast.people.cloth.solver import ClothSolver, Settings
from lifecast.people.cloth.tethers import Tethers, tethers


def no_tethers(mesh: ClothMesh) -> Tethers:
    found = tethers(mesh)
    return dataclasses.replace(found, nodes=found.nodes[:0], weight=found.weight[:0], pairs=found.pairs[:0])


@pytest.fixture
def soft(monkeypatch: pytest.MonkeyPatch) -> Fabric:
    """A cloth so soft that its own stiffness counts and not the solver's."""
    cloth = Fabric(0.3, 30, 30, 1e-6, 9.0, 0.3, 0.002)
    monkeypatch.setitem(fabrics.FABRICS, "soft", cloth)
    return cloth


@pytest.mark.parametrize("coloured", [False, True])
def test_hanging_strip_stretches_by_its_weight(soft: Fabric, coloured: bool) -> None:
    """Elongation of a strip of length H under its own weight: density g H^2 / (2 E)."""
    mesh = cloth_mesh([sheet(5, 17, 0.02, "soft")])
    solver = ClothSolver(mesh, no_tethers(mesh), NOWHERE, TRIANGLE, Settings(substep=1 / 5000, coloured=coloured))
    top = np.flatnonzero(mesh.points[:, 1] > -1e-6)
    solver.pin(top)
    for _ in range(30):
        solver.advance(NOWHERE, 100, damping=12)
    long = float(-mesh.points[:, 1].min())
    found = float(-solver.points[:, 1].min()) - long
    wanted = soft.density * 9.81 * long**2 / (2 * soft.stretch)
    assert found == pytest.approx(wanted, rel=0.12)


def test_tethers_carry_weight_that_edges_alone_do_not() -> None:
    mesh = cloth_mesh([sheet(20, 123, 0.0056, "cotton")])  # 0.6 m
    top = np.flatnonzero(mesh.points[:, 1] > -1e-6)
    lengths = []
    for holding in (tethers(mesh), no_tethers(mesh)):
        solver = ClothSolver(mesh, holding, NOWHERE, TRIANGLE)
        solver.pin(top)
        for _ in range(40):
            solver.advance(NOWHERE, 12, damping=10)
        lengths.append(float(solver.points[:, 1].min() / mesh.points[:, 1].min()))
    assert 0.99 < lengths[0] < 1.05
    assert lengths[1] > 1.1


def test_bending_energy_of_a_cylinder() -> None:
    """Rolled to a radius R, cloth of area A holds B A / (2 R^2); hinges at its border are missing."""
    mesh = cloth_mesh([sheet(60, 70, 0.01, "cotton")])
    radius = 0.2
    turn = mesh.points[:, 0].astype(float) / radius
    rolled = np.stack([radius * np.sin(turn), mesh.points[:, 1], radius * (1 - np.cos(turn))], 1)
    curved = np.einsum("hk,hkx->hx", mesh.hinge_share, rolled[mesh.hinges])
    energy = 0.5 * ((curved**2).sum(1) / mesh.hinge_compliance).sum()
    area = mesh.mass.sum() / fabrics.FABRICS["cotton"].density
    assert energy == pytest.approx(fabrics.FABRICS["cotton"].bending * area / (2 * radius**2), rel=0.05)


def test_momentum_stays(rng: np.random.Generator) -> None:
    mesh = cloth_mesh([sheet(10, 10, 0.01, "jersey")])
    solver = ClothSolver(mesh, no_tethers(mesh), NOWHERE, TRIANGLE, Settings(air=0, gravity=0))
    solver.velocities = rng.normal(0, 0.3, mesh.points.shape)
    before = (mesh.mass[:, None] * solver.velocities).sum(0)
    speed = np.linalg.norm(solver.velocities, axis=1).mean()
    solver.advance(NOWHERE, 120, damping=0)
    after = (mesh.mass[:, None] * solver.velocities).sum(0)
    np.testing.assert_allclose(after, before, atol=2e-5 * mesh.mass.sum())
    assert np.linalg.norm(solver.velocities, axis=1).mean() < speed


def test_energy_does_not_grow() -> None:
    """A sheet that swings from one edge: weight times height plus motion never exceeds what it began with."""
    mesh = cloth_mesh([sheet(10, 20, 0.01, "cotton", flat_on_ground=True)])
    solver = ClothSolver(mesh, tethers(mesh), NOWHERE, TRIANGLE, Settings(air=0))
    solver.pin(np.flatnonzero(mesh.points[:, 2] < 1e-6))
    free = mesh.points[:, 2] >= 1e-6
    most = 9.81 * float(mesh.mass.sum()) * 0.2
    found, low = [], 0.0
    for _ in range(60):
        solver.advance(NOWHERE, 12, damping=0)
        low = min(low, float(solver.points[:, 1].min()))
        motion = 0.5 * (mesh.mass * (solver.velocities**2).sum(1))[free].sum()
        found.append(float(motion + 9.81 * (mesh.mass * solver.points[:, 1])[free].sum()))
    assert max(found) < 0.02 * most
    assert low < -0.16  # and it did swing down


def test_a_sheet_held_at_its_corners_hangs_evenly() -> None:
    mesh = cloth_mesh([sheet(20, 24, 0.01, "cotton", flat_on_ground=True)])
    solver = ClothSolver(mesh, tethers(mesh), NOWHERE, TRIANGLE)
    x, z = mesh.points[:, 0], mesh.points[:, 2]
    ends = (z < 1e-6) | (z > z.max() - 1e-6)  # rows that are not moved by half an edge
    corner = np.flatnonzero(ends & ((x < 1e-6) | (x > 0.2 - 1e-6)))
    assert len(corner) == 4
    solver.pin(corner)
    for _ in range(60):
        solver.advance(NOWHERE, 12, damping=6)
    sag = -solver.points[:, 1]
    turned = np.lexsort((np.round(x, 5), np.round(z, 5)))
    back = np.lexsort((np.round(x, 5), np.round(z.max() - z, 5)))
    assert sag.max() > 0.01
    assert np.abs(sag[turned] - sag[back]).mean() < 0.1 * sag.max()


@pytest.mark.parametrize(("degrees", "slides"), [(15, False), (35, True)])
def test_friction_on_a_slope(degrees: float, slides: bool) -> None:
    """Below the angle of friction cloth stays; above, it gathers speed by g (sin a - mu cos a)."""
    mesh = cloth_mesh([sheet(10, 10, 0.01, "cotton", flat_on_ground=True)])
    friction = fabrics.FABRICS["cotton"].friction
    a = np.radians(degrees)
    down = np.array([np.cos(a), -np.sin(a), 0])
    normal = np.array([np.sin(a), np.cos(a), 0])
    across = np.array([0, 0, 1.0])
    turned = mesh.points @ np.stack([down, normal, across]) + 0.0016 * normal
    slope = np.array([[-1, -1], [3, -1], [-1, 3]]) @ np.stack([down, across])
    solver = ClothSolver(mesh, tethers(mesh), slope, np.array([[0, 2, 1]]), Settings(air=0))
    solver.points = turned
    for _ in range(10):
        solver.advance(slope, 12, damping=0)
    first = solver.velocities.mean(0) @ down
    for _ in range(12):
        solver.advance(slope, 12, damping=0)
    gained = (solver.velocities.mean(0) @ down - first) / 0.2
    assert ((solver.points - slope[0]) @ normal).min() > 0.0013
    if slides:
        assert gained == pytest.approx(9.81 * (np.sin(a) - friction * np.cos(a)), rel=0.1)
    else:
        assert abs(first) < 1e-3
        assert abs(gained) < 1e-2


def test_an_outer_garment_lies_on_the_inner_one() -> None:
    inner = sheet(14, 14, 0.01, "cotton", 1, True, 0.05)
    outer = sheet(8, 8, 0.01, "denim", 2, True, 0.053)
    outer = dataclasses.replace(outer, points=outer.points + np.float32([0.03, 0, 0.025]))
    ground = np.array([[-1, 0, -1], [-1, 0, 3], [3, 0, -1]], np.float32)
    mesh = cloth_mesh([inner, outer])
    solver = ClothSolver(mesh, tethers(mesh), ground, TRIANGLE)
    for _ in range(40):
        solver.advance(ground, 12, damping=6)
    low, high = (solver.points[mesh.garment == k, 1] for k in (0, 1))
    thick = fabrics.FABRICS["denim"].thickness
    assert low.min() > 0.0012
    assert low.max() < 0.004
    np.testing.assert_allclose(high, 0.0015 + thick, atol=0.0012)


def test_cloth_past_a_border_is_not_lifted_by_its_plane() -> None:
    inner = sheet(10, 10, 0.01, "cotton", 1, True, 0.05)
    outer = sheet(6, 6, 0.01, "cotton", 2, True, 0.045)
    outer = dataclasses.replace(outer, points=outer.points + np.float32([0.112, 0, 0.02]))
    mesh = cloth_mesh([inner, outer])
    solver = ClothSolver(mesh, tethers(mesh), NOWHERE, TRIANGLE, Settings(gravity=0))
    for _ in range(5):
        solver.advance(NOWHERE, 12)
    np.testing.assert_allclose(solver.points[:, 1], mesh.points[:, 1], atol=1e-6)


def test_cloth_lies_outside_of_what_is_folded_over() -> None:
    """The sheet beneath lies inside out on the skin; what lies on it is not pulled through it."""
    inner = sheet(16, 16, 0.01, "cotton", 1, True, 0.02)
    inner = dataclasses.replace(inner, faces=np.ascontiguousarray(inner.faces[:, ::-1]), flat=inner.flat[:, ::-1])
    outer = sheet(8, 8, 0.01, "cotton", 2, True, 0.024)
    outer = dataclasses.replace(outer, points=outer.points + np.float32([0.04, 0, 0.03]))
    mesh = cloth_mesh([inner, outer])
    ground = np.array([[-1, 0, -1], [-1, 0, 3], [3, 0, -1]], np.float32)
    solver = ClothSolver(mesh, tethers(mesh), ground, TRIANGLE)
    solver.pin(np.flatnonzero(mesh.garment == 0))
    for _ in range(20):
        solver.advance(ground, 12, damping=5)
    assert solver.points[mesh.garment == 1, 1].min() > 0.021


def test_cloth_caught_between_two_garments_gets_out() -> None:
    """It starts beneath the upper of two sheets, nearer to the lower one, and comes to lie on both."""
    lowest = sheet(16, 16, 0.01, "cotton", 1, True, 0.02)
    middle = sheet(16, 16, 0.01, "cotton", 2, True, 0.03)
    outer = sheet(8, 8, 0.01, "cotton", 3, True, 0.022)
    outer = dataclasses.replace(outer, points=outer.points + np.float32([0.04, 0, 0.03]))
    mesh = cloth_mesh([lowest, middle, outer])
    solver = ClothSolver(mesh, tethers(mesh), NOWHERE, TRIANGLE)
    solver.pin(np.flatnonzero(mesh.garment < 2))
    for _ in range(20):
        solver.advance(NOWHERE, 12, damping=5)
    assert solver.points[mesh.garment == 2, 1].min() > 0.031


def test_the_innermost_garment_is_not_its_own_neighbour() -> None:
    """A garment beneath others feels no contact with itself: without gravity it stays at its height."""
    inner = sheet(10, 10, 0.01, "cotton", 1, True, 0.05)
    outer = sheet(10, 10, 0.01, "cotton", 2, True, 0.06)
    mesh = cloth_mesh([inner, outer])
    solver = ClothSolver(mesh, tethers(mesh), NOWHERE, TRIANGLE, Settings(gravity=0))
    for _ in range(5):
        solver.advance(NOWHERE, 12)
    np.testing.assert_allclose(solver.points[:, 1], mesh.points[:, 1], atol=1e-6)


def test_parts_of_a_garment_do_not_pass_through_each_other() -> None:
    """A sheet folded over with its halves 2 cm apart falls onto itself."""
    mesh = cloth_mesh([sheet(10, 30, 0.01, "silk", flat_on_ground=True)])
    z = mesh.points[:, 2]
    middle = z.max() / 2
    bend = np.clip((z - middle) / 0.0314, -0.5, 0.5) * np.pi
    folded = mesh.points.copy()
    folded[:, 2] = np.where(z > middle + 0.0157, -(z - middle - 0.0157), np.minimum(z - middle + 0.0157, 0))
    curved = np.abs(z - middle) <= 0.0157
    folded[curved, 2] = 0.01 * np.cos(bend[curved])
    folded[:, 1] = 0.012 + np.where(z > middle + 0.0157, 0.02, np.where(curved, 0.01 + 0.01 * np.sin(bend), 0))
    ground = np.array([[-3, 0, -3], [-3, 0, 9], [9, 0, -3]], np.float32)
    below = {}
    for apart in (0.0, 0.008):
        solver = ClothSolver(mesh, tethers(mesh), ground, TRIANGLE, Settings(apart=apart))
        solver.points = folded
        for _ in range(40):
            solver.advance(ground, 12, damping=4)
        upper = solver.points[z > middle + 0.05]
        below[apart] = float((upper[:, 1] < 0.003).mean())
    assert below[0.008] < 0.05
    assert below[0.0] > 0.5


def test_no_two_constraints_of_a_colour_share_a_particle(rng: np.random.Generator) -> None:
    index = np.array([rng.choice(30, 3, replace=False) for _ in range(120)])
    colour = colours(index)
    for number in range(colour.max() + 1):
        particles = index[colour == number].ravel()
        assert len(np.unique(particles)) == len(particles)


def test_the_same_start_gives_the_same_cloth() -> None:
    mesh = cloth_mesh([sheet(8, 8, 0.01, "jersey", flat_on_ground=True, height=0.01)])
    ground = np.array([[-1, 0, -1], [-1, 0, 3], [3, 0, -1]], np.float32)
    found = []
    for _ in range(2):
        solver = ClothSolver(mesh, tethers(mesh), ground, TRIANGLE, Settings(apart=0.006))
        solver.advance(ground, 60)
        found.append(solver.points)
    np.testing.assert_array_equal(found[0], found[1])
