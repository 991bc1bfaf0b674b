"""Parsing maps: rendered of a scan whose faces have parts, written, and read back as samples."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

from lifecast.errors import DataError
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.dataset_format import FORMAT
from lifecast.scans.placement import Placement
from lifecast.scans.prepared_person import write_view
from lifecast.scans.read import Material, Scan
from lifecast.scans.render import Renderer
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.shading import PLAIN
from lifecast.scans.view_files import ViewFiles
from lifecast.space.parsing import NOTHING, Part

SIZE = 128


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    """A ball: hair above, skin below; its back is an outer garment."""
    mesh = trimesh.creation.icosphere(subdivisions=5, radius=0.6)
    points, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    middle = points[faces].mean(1)
    parsing = np.where(middle[:, 2] < 0, Part.OUTER, np.where(middle[:, 1] > 0, Part.HAIR, Part.SKIN))
    scan = Scan(points, faces, np.zeros((len(points), 2), np.float32), np.full((len(points), 3), 255, np.uint8),
                np.zeros(len(faces), np.int32), [Material("plain", np.full(3, 0.5, np.float32))])  # fmt: skip
    return Renderer(scan, seamless_normals(scan.vertices, scan.faces), SIZE, parsing=parsing.astype(np.uint8))


def test_both_sides_show_their_parts(renderer: Renderer) -> None:
    found = renderer.render(np.eye(3), np.zeros(2), PLAIN).parsing
    assert found is not None
    y, x = np.mgrid[:SIZE, :SIZE]
    x, y = (2 * x + 1) / SIZE - 1, 1 - (2 * y + 1) / SIZE
    inside = np.hypot(x, y) < 0.57
    assert (found[0][inside & (y > 0.05)] == Part.HAIR).all()
    assert (found[0][inside & (y < -0.05)] == Part.SKIN).all()
    assert (found[1][inside] == Part.OUTER).all()
    assert (found[:, np.hypot(x, y) > 0.62] == NOTHING).all()
    behind = renderer.render(np.diag([-1.0, 1, -1]), np.zeros(2), PLAIN).parsing
    assert behind is not None
    np.testing.assert_array_equal(behind[0], found[1][:, ::-1])


def test_without_parts_there_are_no_maps(renderer: Renderer, tmp_path: Path) -> None:
    plain = Renderer(renderer.scan, renderer.normals, SIZE)
    view = plain.render(np.eye(3), np.zeros(2), PLAIN)
    assert view.parsing is None
    assert not [name for name in write_view(tmp_path, "view_000", view) if "parsing" in name]
    with pytest.raises(DataError, match=r"view_000_front_parsing\.png: missing"):
        ViewFiles(tmp_path / "view_000", SIZE, SIZE).parsing(Placement(), np.full((SIZE, SIZE), 255, np.uint8))


def test_samples_have_them_moved_with_the_picture(renderer: Renderer, tmp_path: Path) -> None:
    person = tmp_path / "somebody"
    person.mkdir()
    view = renderer.render(np.eye(3), np.array([0.2, 0.0]), PLAIN)
    names = write_view(person, "view_000", view)
    assert {"view_000_front_parsing.png", "view_000_back_parsing.png"} <= set(names)
    assert view.parsing is not None
    stored = cv2.imread(str(person / "view_000_front_parsing.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(stored, view.parsing[0])
    (person / "person.json").write_text(json.dumps({"views": [{"files": "view_000"}]}))
    (tmp_path / "dataset.json").write_text(json.dumps({"format": FORMAT, "size": SIZE, "points": False}))
    (tmp_path / "split.json").write_text(json.dumps({"train": [person.name], "test": []}))
    sample = PeopleDataset(tmp_path, size=SIZE, points=0, parsing=True)[0]
    inside = sample["mask"][0].numpy() > 0
    np.testing.assert_array_equal(sample["parsing"].numpy(), np.where(inside, view.parsing, NOTHING))
    assert "parsing" not in PeopleDataset(tmp_path, size=SIZE, points=0)[0]
    full = np.full((SIZE, SIZE), 255, np.uint8)
    flipped = ViewFiles(person / "view_000", SIZE, SIZE).parsing(Placement(flip=True), full)
    np.testing.assert_array_equal(flipped, view.parsing[:, :, ::-1])
