"""A fitted body's two files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.measured_body import MeasuredBody
from lifecast.errors import OutputError
from lifecast.surface.output.body_files import save_body


def usual() -> MeasuredBody:
    body = shipped_body()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    fitted = FittedBody(np.zeros(24, np.float32), np.zeros(len(body.actions), np.float32), turns, np.zeros(3), 0.8)
    return MeasuredBody(fitted, 1.25, (0.0, -0.8, 0.0))


def test_the_mesh_and_the_listing_are_of_one_body(tmp_path: Path) -> None:
    body = usual()
    written = save_body(body, tmp_path / "someone", {"photograph": "someone.jpg"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["someone_body.glb", "someone_body.json"]
    assert written == [tmp_path / "someone_body.glb", tmp_path / "someone_body.json"]
    mesh = trimesh.load(written[0], force="mesh", process=False)
    np.testing.assert_allclose(mesh.vertices, body.vertices, atol=1e-6)
    assert len(mesh.faces) == len(body.faces)
    listing = json.loads(written[1].read_text())
    assert listing["lengths"]["height"] == pytest.approx(float(np.ptp(mesh.vertices[:13380, 1])), abs=1e-3)
    assert set(listing["joints"]) == set(shipped_body().joints)


def test_nothing_is_left_where_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "someone_body.json").mkdir()
    with pytest.raises(OutputError):
        save_body(usual(), tmp_path / "someone", {})
    assert not (tmp_path / "someone_body.glb").exists()
