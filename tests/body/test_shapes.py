"""Bodies out of the shipped file, beside what Anny itself said of them (`recorded.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lifecast.body.body_file import read_body_file
from lifecast.body.shapes import BodyShapes
from lifecast.people.body import BakedModel

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text())
TOLERANCE = 5e-5
"""Metres."""


@pytest.fixture(scope="module")
def model() -> BakedModel:
    return BakedModel()


@pytest.fixture(scope="module")
def shapes() -> BodyShapes:
    return BodyShapes(read_body_file())


@pytest.mark.parametrize("number", range(len(RECORDED["bodies"])))
def test_bodies_are_annys(model: BakedModel, number: int) -> None:
    one = RECORDED["bodies"][number]
    rest = model.rest(one["phenotype"], one["local"], one["expression"])
    bones = [model.bone(name) for name in RECORDED["bones"]]
    np.testing.assert_allclose(rest.vertices[RECORDED["rest_rows"]], one["rest"], atol=TOLERANCE)
    np.testing.assert_allclose(rest.heads[bones], one["heads"], atol=TOLERANCE)
    np.testing.assert_allclose(rest.tails[bones], one["tails"], atol=TOLERANCE)


def test_the_mesh_is_makehumans(model: BakedModel) -> None:
    mesh = model.mesh
    assert model.weights.shape == (19158, 163)
    np.testing.assert_allclose(np.asarray(model.weights.sum(1)), 1, atol=1e-12)
    assert mesh.faces.shape == mesh.face_uv.shape == (18486, 4)
    assert np.unique(mesh.faces[mesh.groups["body"]]).tolist() == list(range(13380))
    assert sum(map(len, mesh.groups.values())) == len(mesh.faces)
    assert {"helper-tights", "helper-skirt", "helper-hair", "helper-l-eye", "helper-upper-teeth"} <= set(mesh.groups)
    assert all(parent < bone for bone, parent in enumerate(model.parents))


def test_the_sums_are_the_same_on_any_number_of_threads(shapes: BodyShapes) -> None:
    one = RECORDED["bodies"][0]
    coefficients = shapes.coefficients([one["phenotype"]], [one["local"]], [one["expression"]])[0]
    before = torch.get_num_threads()
    bodies = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            bodies.append(shapes.vertices(coefficients))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert bodies[0].tobytes() == bodies[1].tobytes()


def test_many_at_once_are_each_by_itself(shapes: BodyShapes) -> None:
    rows = np.random.default_rng(3).normal(size=(3, shapes.dense_count + len(shapes.names.sparse)))
    together = shapes.combined(rows)
    for k, row in enumerate(rows):
        np.testing.assert_allclose(together[..., k], shapes.combined(row[None])[..., 0], atol=1e-9)


def test_a_person_the_same_left_and_right_is_so_but_for_what_makehuman_has_uneven(shapes: BodyShapes) -> None:
    calm = {"phenotype": {"gender": 1.0, "age": 0.6, "height": 0.5, "weight": 0.8}, "local": {"torso-vshape-incr": 0.7}}
    vertices = shapes.vertices(shapes.coefficients([calm["phenotype"]], [calm["local"]], [{}])[0])
    mirror = shapes.file.arrays["mirror"]
    assert np.abs(vertices[mirror] * [-1, 1, 1] - vertices).max() < 1e-3
    cheek = shapes.vertices(shapes.coefficients([calm["phenotype"]], [{"l-cheek-volume-incr": 1.0}], [{}])[0])
    moved = np.linalg.norm(cheek - shapes.vertices(shapes.coefficients([calm["phenotype"]], [{}], [{}])[0]), axis=1)
    assert moved.max() > 3e-3
    assert (vertices[moved > 1e-4, 0] > 0).all()  # the person's left is +x


def test_a_local_change_has_two_ways(shapes: BodyShapes) -> None:
    more, less, none = (
        shapes.vertices(shapes.coefficients([{}], [{"upperlegs-height-incr": value}], [{}])[0]) for value in (1, -1, 0)
    )
    heights = [float(np.ptp(body[:13380, 1])) for body in (less, none, more)]
    assert heights[0] < heights[1] - 0.02 < heights[2] - 0.04


@pytest.mark.parametrize(
    ("local", "expression", "words"),
    [({"nose": 1.0}, {}, "no local change 'nose'"), ({}, {"smile": 1.0}, "no facial action 'smile'")],
)
def test_unknown_names_are_refused(
    model: BakedModel, local: dict[str, float], expression: dict[str, float], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        model.rest({}, local, expression)
