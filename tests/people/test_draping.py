"""Garments on a body that moves: a tube of cloth on a pillar that leans."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("warp")
pytest.importorskip("embreex")

from lifecast.people.approach import Approach
from lifecast.people.draping import DrapedPerson, by_piece, layered
from lifecast.people.garment import Garment
from lifecast.people.garment_part import GarmentSurface, Stitching

PARENTS = [-1, 0]
HEADS = np.array([[0, 0, 0], [0, 0.5, 0]], float)
FAR_SHOULDERS = np.array([[9, 9, 9], [-9, 9, 9]], float)


def tube(radius: float, low: float, high: float, edge: float, girth: float | None = None) -> Garment:
    """A tube about the y axis from `high` down to `low`; its pattern is `girth` round."""
    around = round(2 * np.pi * radius / edge)
    rows = round((high - low) / (edge * 0.87))
    girth = girth or 2 * np.pi * radius
    down, turn = np.mgrid[0 : rows + 1, 0 : around + 1].astype(float)
    flat = np.stack([(turn + 0.5 * (down % 2)) * girth / around, -down * (high - low) / rows], -1)
    angle = 2 * np.pi * (turn + 0.5 * (down % 2)) / around
    points = np.stack([radius * np.sin(angle), high - down * (high - low) / rows, radius * np.cos(angle)], -1)
    of_flat = np.arange((rows + 1) * (around + 1)).reshape(rows + 1, -1)
    of_points = (np.arange(rows + 1)[:, None] * around) + np.arange(around + 1) % around
    faces, corners = [], []
    for row in range(rows):
        for k in range(around):
            quad = [(row, k), (row, k + 1), (row + 1, k), (row + 1, k + 1)]
            halves = [(0, 2, 1), (1, 2, 3)] if row % 2 == 0 else [(0, 2, 3), (0, 3, 1)]
            for half in halves:
                faces.append([of_points[quad[c]] for c in half])
                corners.append([of_flat[quad[c]] for c in half])
    held = np.zeros(around * (rows + 1), np.float32)
    held[: 2 * around] = 1
    hem = np.arange(around) + rows * around
    return Garment(
        "tube", "bottom", 1, "cotton", points[:, :-1].reshape(-1, 3).astype(np.float32), np.array(faces, np.int32),
        flat.reshape(-1, 2)[np.array(corners)].astype(np.float32), np.zeros(len(faces), np.int32), held,
        hems=np.stack([hem, np.roll(hem, -1)], 1).astype(np.int32),
    )  # fmt: skip


def pillar(radius: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """A closed pillar from y = 0 to 1."""
    around, rows = 48, 40
    turn, up = np.meshgrid(2 * np.pi * np.arange(around) / around, np.linspace(0, 1, rows))
    points = np.stack([radius * np.sin(turn), up, radius * np.cos(turn)], -1).reshape(-1, 3)
    a = (np.arange(rows - 1)[:, None] * around + np.arange(around)).ravel()
    b = (np.arange(rows - 1)[:, None] * around + (np.arange(around) + 1) % around).ravel()
    faces = np.concatenate([np.stack([a, b, a + around], 1), np.stack([b, b + around, a + around], 1)])
    return points.astype(np.float32), faces


@pytest.fixture(scope="module")
def leaning() -> tuple[DrapedPerson, np.ndarray, np.ndarray]:
    points, faces = pillar()
    bends = np.clip((points[:, 1] - 0.4) / 0.2, 0, 1)[:, None]

    def skin(transforms: np.ndarray) -> np.ndarray:
        moved = [points @ t[:, :3].T + t[:, 3] for t in transforms]
        return ((1 - bends) * moved[0] + bends * moved[1]).astype(np.float32)

    garment = tube(0.115, 0.35, 0.95, 0.02, girth=2 * np.pi * 0.125)
    person = DrapedPerson([garment], skin, faces, np.zeros(len(points), int), PARENTS, HEADS, FAR_SHOULDERS)
    person.dress()
    hanging, _ = person.hanging()
    person.move({1: Rotation.from_euler("z", 35, degrees=True).as_matrix()})
    return person, hanging, skin(np.stack([np.eye(3, 4), np.eye(3, 4)]))


def test_a_dressed_garment_hangs_outside_of_the_body(leaning: tuple[DrapedPerson, np.ndarray, np.ndarray]) -> None:
    _, hanging, _ = leaning
    assert np.hypot(hanging[:, 0], hanging[:, 2]).min() > 0.099
    assert hanging[:, 1].max() == pytest.approx(0.95, abs=0.02)  # held at its waist
    assert hanging[:, 1].min() == pytest.approx(0.35, abs=0.03)  # and as long as it was cut


def test_a_kept_pose_is_followed_and_refined(leaning: tuple[DrapedPerson, np.ndarray, np.ndarray]) -> None:
    person, hanging, _ = leaning
    kept = person.keep()
    assert len(kept.points) > 3.5 * len(hanging)
    assert np.isfinite(kept.points).all()
    axis = np.array([-np.sin(np.radians(35)), np.cos(np.radians(35)), 0])
    top = kept.points[kept.mesh.attached > 0.99]
    middle = HEADS[1] + 0.45 * axis
    assert np.linalg.norm(top.mean(0) - middle) < 0.03
    upper = kept.points[(kept.points - HEADS[1]) @ axis > 0.15]
    off = upper - HEADS[1]
    away = np.linalg.norm(off - np.outer(off @ axis, axis), axis=1)
    assert away.min() > 0.098
    lengths = np.linalg.norm(np.diff(kept.points[kept.mesh.edges], axis=1)[:, 0], axis=1) / kept.mesh.length
    assert 0.93 < lengths.mean() < 1.06
    again = person.keep()
    np.testing.assert_array_equal(again.points, kept.points)  # keeping a pose leaves the person where it was


def test_a_surface_has_hems_and_turned_in_borders(leaning: tuple[DrapedPerson, np.ndarray, np.ndarray]) -> None:
    person, _, _ = leaning
    kept = person.keep()
    stitching = Stitching(hem_height=0.002)
    surface = GarmentSurface(kept.mesh, 0, stitching)
    part = surface.part(kept.points[surface.particles], np.zeros((2, 2, 3), np.uint8), repeats=2.0)
    plain = GarmentSurface(kept.mesh, 0, Stitching(hem_height=0.0))
    without = plain.part(kept.points[plain.particles], np.zeros((2, 2, 3), np.uint8), repeats=1.0)
    moved = np.linalg.norm(part.vertices - without.vertices, axis=1)[: len(surface.split_of)]
    assert moved.max() == pytest.approx(0.002, rel=0.01)
    assert 0.02 < (moved > 0.001).mean() < 0.2  # the hem, and nothing else
    np.testing.assert_allclose(part.uv, 2 * without.uv, rtol=1e-6)
    # One seam of texture runs down the tube: the split mesh's coordinates are those of the flat piece, in metres.
    assert np.ptp(without.uv[:, 0]) == pytest.approx(2 * np.pi * 0.125, rel=0.05)
    edges = np.sort(part.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() == 2
    assert part.faces.max() < len(part.vertices) == len(part.normals) == len(part.uv)
    np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-3)


def test_an_outer_garment_starts_outside_of_the_inner_one() -> None:
    inner, outer = tube(0.12, 0.3, 0.9, 0.02), tube(0.11, 0.4, 0.8, 0.02)
    outer = dataclasses.replace(outer, layer=2)
    moved = layered([inner, outer], 2, gap=0.006)
    np.testing.assert_array_equal(moved[0].points, inner.points)
    away = np.hypot(moved[1].points[:, 0], moved[1].points[:, 2])
    assert away.min() > 0.1245  # the inner one's facets lie a little inside of its circle
    assert away.max() < 0.14
    far = tube(0.2, 0.4, 0.8, 0.02)
    stays = layered([inner, dataclasses.replace(far, layer=2)], 2)[1]
    np.testing.assert_array_equal(stays.points, far.points)


def test_a_pattern_piece_lies_on_one_part_of_the_body() -> None:
    garment = tube(0.1, 0, 0.2, 0.03)
    half = (np.arange(len(garment.faces)) > len(garment.faces) / 2).astype(np.int32)
    garment = dataclasses.replace(garment, piece=half)
    region = np.zeros(len(garment.points), int)
    lower = np.unique(garment.faces[half == 1])
    region[lower] = 2
    region[lower[-3:]] = 0  # some of it is nearer to something else
    found = by_piece(garment, region)
    upper = np.unique(garment.faces[half == 0])
    assert (found[upper] == 0).all()
    assert (found[np.setdiff1d(lower, upper)] == 2).all()


def test_cloth_lags_behind_a_body_that_is_kept_on_the_move() -> None:
    points, faces = pillar()

    def skin(transforms: np.ndarray) -> np.ndarray:
        return (points @ transforms[0, :, :3].T + transforms[0, :, 3]).astype(np.float32)

    garment = tube(0.13, 0.2, 0.95, 0.025)

    def person() -> DrapedPerson:
        made = DrapedPerson([garment], skin, faces, np.zeros(len(points), int), PARENTS, HEADS, FAR_SHOULDERS)
        made.dress()
        return made

    moving, still = person(), person()
    way = np.linspace(-0.8, 0, 25)[:, None] * [1.0, 0, 0]  # two metres a second to the left
    approach = Approach(({},) * len(way), way, 1 / 60)
    swung = moving.move_and_keep(approach)
    still.move({})
    hung = still.keep()
    assert swung.speed > 5 * hung.speed
    assert np.isfinite(swung.points).all()
    hem = hung.points[:, 1] < 0.3
    behind = hung.points[hem, 0].mean() - swung.points[swung.points[:, 1] < 0.3, 0].mean()
    assert behind > 0.01
    assert np.hypot(swung.points[:, 0], swung.points[:, 2]).min() > 0.095  # outside of the pillar
    waist = swung.points[swung.mesh.attached > 0.99]
    assert abs(waist[:, 0].mean()) < 0.02
    np.testing.assert_array_equal(moving.now, skin(np.eye(3, 4)[None]))  # the body is where the pose is kept
    moving.move({})
    settled = moving.keep()  # and goes on from there
    assert settled.speed < 0.5 * swung.speed
