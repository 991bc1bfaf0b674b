"""Constraints of flat pattern pieces, refined meshes, and tethers."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from sheets import sheet

from lifecast.people.cloth.fabrics import FABRICS
from lifecast.people.cloth.mesh import HEM_WEIGHT, cloth_mesh, refined
from lifecast.people.cloth.tethers import refined_tethers, tethers


def test_lengths_and_weight_are_those_of_the_flat_pieces() -> None:
    garment = sheet(12, 14, 0.01, "denim")
    shrunk = dataclasses.replace(garment, points=garment.points * np.float32(0.7))
    mesh = cloth_mesh([shrunk])
    np.testing.assert_allclose(mesh.length, 0.01, rtol=1e-5)
    area = float(garment.flat_areas().sum())
    assert mesh.mass.sum() == pytest.approx(area * FABRICS["denim"].density, rel=1e-5)
    flat = np.c_[garment.flat.reshape(-1, 2), np.zeros(garment.flat.size // 2)]
    at = np.zeros((len(mesh.points), 3))
    at[garment.faces.ravel()] = flat
    assert np.abs(np.einsum("hk,hkx->hx", mesh.hinge_share, at[mesh.hinges])).max() < 1e-6  # a flat sheet has no bend


def test_the_bias_gives_more_than_the_grain() -> None:
    mesh = cloth_mesh([sheet(12, 14, 0.01, "denim")])
    way = mesh.points[mesh.edges[:, 1]] - mesh.points[mesh.edges[:, 0]]
    straight = np.abs(way[:, 1]) < 1e-6
    inner = np.isin(
        np.arange(len(mesh.edges)), np.flatnonzero(np.abs(mesh.points[mesh.edges, 1].mean(1) + 0.05) < 0.03)
    )
    cloth = FABRICS["denim"]
    # A net of equilateral triangles with springs k has the modulus 2 k / sqrt(3).
    np.testing.assert_allclose(mesh.edge_compliance[straight & inner], 2 / np.sqrt(3) / cloth.stretch, rtol=1e-3)
    assert mesh.edge_compliance[~straight & inner].min() > 1.5 * 2 / np.sqrt(3) / cloth.stretch


def test_refining_halves_lengths_and_keeps_weight_hems_and_seams() -> None:
    garment = sheet(6, 6, 0.012, "wool")
    hems = np.array([[0, 1], [1, 2]], np.int32)
    seams = np.array([[8, 9], [9, 10]], np.int32)
    garment = dataclasses.replace(garment, hems=hems, seams=seams)
    coarse = cloth_mesh([garment])
    fine = refined(coarse)
    assert len(fine.faces) == 4 * len(coarse.faces)
    np.testing.assert_allclose(fine.length, 0.006, rtol=1e-5)
    plain = refined(cloth_mesh([dataclasses.replace(garment, hems=hems[:0])]))
    assert plain.mass.sum() == pytest.approx(garment.flat_areas().sum() * FABRICS["wool"].density, rel=1e-5)
    ends = {0, 1, 2}
    assert len(fine.hems) == 4
    assert ends < set(fine.hems.ravel().tolist())
    middle = fine.points[sorted(set(fine.hems.ravel().tolist()) - ends)]
    np.testing.assert_allclose(middle[:, 0], [0.006, 0.018], atol=1e-7)
    assert fine.mass[1] == pytest.approx(HEM_WEIGHT * plain.mass[1])
    assert len(fine.seams) == 4
    assert fine.refinement is not None
    np.testing.assert_allclose(fine.refinement @ coarse.points, fine.points, atol=1e-7)


def test_tethers_are_as_long_as_the_cloth_between_their_ends() -> None:
    """Of a sheet that starts as a half pipe, tethers go around it and not across."""
    garment = sheet(30, 34, 0.01, "linen")
    turn = garment.points[:, 0] / 0.1
    pipe = np.stack([0.1 * np.sin(turn), garment.points[:, 1], 0.1 * np.cos(turn)], 1).astype(np.float32)
    mesh = cloth_mesh([dataclasses.replace(garment, points=pipe)])
    found = tethers(mesh)
    flat = garment.points[found.nodes]
    true = np.linalg.norm(flat[found.pairs[:, 0]] - flat[found.pairs[:, 1]], axis=1) * (1 + FABRICS["linen"].give)
    assert (found.most > 0.97 * true).all()
    assert (found.most < 1.06 * true).all()
    np.testing.assert_allclose(found.share.sum(1), 1, atol=1e-6)
    fine = refined(mesh)
    carried = refined_tethers(found, fine)
    np.testing.assert_allclose(carried.share.sum(1), 1, atol=1e-6)
    count = len(mesh.points)
    np.testing.assert_array_equal(np.sort(carried.near[:count], 1), np.sort(np.where(
        carried.share[:count] > 0, carried.near[:count], 0), 1))  # fmt: skip
    moved = np.random.default_rng(0).normal(size=(len(found.nodes), 3))
    coarse_moves = np.einsum("nk,nkx->nx", found.share, moved[found.near])
    fine_moves = np.einsum("nk,nkx->nx", carried.share, moved[carried.near])
    np.testing.assert_allclose(fine_moves[:count], coarse_moves, atol=1e-5)


def test_tethers_of_the_first_garments_are_those_of_these_alone() -> None:
    inner, outer = sheet(12, 9, 0.011), sheet(14, 10, 0.012, "denim", 2)
    found = tethers(cloth_mesh([inner, outer]), 0.03).of_first(len(inner.points))
    alone = tethers(cloth_mesh([inner]), 0.03)
    assert len(alone.pairs) > 20
    for name, wanted in vars(alone).items():
        np.testing.assert_array_equal(getattr(found, name), wanted, err_msg=name)
