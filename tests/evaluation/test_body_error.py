"""Fitted bodies against true ones: nothing where they are equal, known errors where they were moved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.errors import DataError
from lifecast.evaluation.benchmark import Item
from lifecast.evaluation.body_error import TrueBody, body_figures, hidden, read_true_body
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT

SCALE = 0.8
ITEM = Item("anna", 0, 30.0, 0.0, tuple(Rotation.from_rotvec([0, 0.5, 0]).as_matrix().ravel()), (0.1, -0.2), "view_000")


def body(**joints: list[float]) -> FittedBody:
    """The mean body with some joints turned: name with _ for the dot -> rotation vector."""
    model = shipped_body()
    rotations = np.tile(np.eye(3, dtype=np.float32), (len(model.joints), 1, 1))
    for name, vector in joints.items():
        rotations[model.joints.index(name.replace("_", "."))] = Rotation.from_rotvec(vector).as_matrix()
    zeros = np.zeros(model.components, np.float32)
    expression = np.zeros(len(model.actions), np.float32)
    return FittedBody(zeros, expression, rotations, np.float32([0, -0.6, 0]), SCALE)


def true_of(fitted: FittedBody) -> TrueBody:
    vertices, joints = fitted.posed
    return TrueBody(vertices.astype(np.float64), joints.astype(np.float64))


@pytest.fixture(scope="module")
def far_wall() -> Triangles:
    """A surface that hides nothing."""
    return Triangles(np.array([[-1.0, -1, -5], [1, -1, -5], [0, 1, -5]]), np.array([[0, 1, 2]]))


def test_the_same_body_anywhere_is_right(far_wall: Triangles) -> None:
    moved = replace(body(), offset=np.float32([0.3, 0.1, -0.4]))
    figures = body_figures(moved, true_of(body()), far_wall)
    assert set(figures) == {"body_vertices_cm", "body_joints_depth_cm"}
    assert max(figures.values()) < 1e-4


def test_a_forearm_toward_the_camera_is_one_wrist_off(far_wall: Triangles) -> None:
    bent = body(lowerarm01_L=[-0.4, 0, 0])
    figures = body_figures(bent, true_of(body()), far_wall)
    wrist = shipped_body().joints.index("wrist.L")
    apart = CM_PER_UNIT * (bent.posed[1] - body().posed[1])
    assert abs(apart[wrist, 2]) > 3
    assert figures["body_joints_depth_cm"] == pytest.approx(abs(apart[wrist, 2]) / 12, rel=1e-4)
    distance = np.linalg.norm(bent.posed[0] - body().posed[0], axis=1)[:13380].mean() * CM_PER_UNIT
    assert figures["body_vertices_cm"] == pytest.approx(distance, rel=1e-4)


def test_only_hidden_ends_count_as_hidden() -> None:
    true, bent = true_of(body()), body(lowerarm01_L=[-0.4, 0, 0])
    index = shipped_body().joints.index("wrist.L")
    plate = trimesh.creation.box((0.2, 0.2, 0.02), trimesh.transformations.translation_matrix(true.joints[index]))
    for before, there in ((0.02, False), (0.2, True)):
        shown = Triangles(np.add(plate.vertices, [0, 0, before]), plate.faces)
        assert hidden(true.joints[[index, 0]], shown).tolist() == [there, False]
        figures = body_figures(bent, true, shown)
        assert ("body_hidden_cm" in figures) is there
    apart = CM_PER_UNIT * (bent.posed[1][index] - true.joints[index])
    assert figures["body_hidden_cm"] == pytest.approx(np.linalg.norm(apart), rel=1e-4)
    assert figures["body_hidden_depth_cm"] == pytest.approx(abs(apart[2]), rel=1e-4)


def write_record(folder: Path, record: object) -> None:
    (folder / "anna").mkdir()
    content = {"views": [], "scale": SCALE, "origin": [0.1, 0.9, 0.0], "body": record}
    (folder / "anna" / "person.json").write_text(json.dumps(content))


def test_a_recorded_body_stands_where_the_view_shows_it(tmp_path: Path) -> None:
    model = shipped_body()
    vectors = np.zeros((len(model.joints), 3))
    vectors[model.joints.index("upperarm01.R")] = [0, 0, 0.6]
    phenotype = {"gender": 0.3, "age": 0.7}
    record = {
        "phenotype": phenotype, "local": {}, "expression": {}, "rotations": vectors.tolist(),
        "offset": [0.2, 0.0, -0.1],
    }  # fmt: skip
    write_record(tmp_path, record)
    found = read_true_body(tmp_path, ITEM)
    assert found is not None
    rest = model.rest_of(phenotype, {}, {})
    root = np.add(rest.joints[0, 0].numpy(), [0.1, -0.9, -0.1]) * SCALE  # the root turns about itself
    expected = np.add(Rotation.from_rotvec([0, 0.5, 0]).apply(root), [0.1, -0.2, 0])
    np.testing.assert_allclose(found.joints[model.joints.index("root")], expected, atol=1e-6)
    arm = [model.joints.index(f"{name}.R") for name in ("upperarm01", "wrist")]
    length = np.linalg.norm(np.subtract(*rest.joints[0, arm].numpy())) * SCALE
    assert np.linalg.norm(np.subtract(*found.joints[arm])) == pytest.approx(length, rel=1e-5)


def test_people_without_a_record_have_none_and_damaged_ones_are_named(tmp_path: Path) -> None:
    write_record(tmp_path, None)
    assert read_true_body(tmp_path, ITEM) is None
    (tmp_path / "anna" / "person.json").write_text(json.dumps({"body": {"phenotype": {}}}))
    with pytest.raises(DataError, match=r"person\.json: has no readable 'body'"):
        read_true_body(tmp_path, ITEM)
