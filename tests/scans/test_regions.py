"""Regions go with their faces from a person's folder into the dataset, or are refused."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.scans.prepare import prepare
from lifecast.scans.read import read_scan
from lifecast.scans.regions import FACE, FILE, HAIR, PARSING_FILE, REST, read_parsing, read_regions, write_regions
from lifecast.scans.settings import Settings
from lifecast.space.parsing import NOTHING, Part


def write_person(folder: Path) -> Path:
    """A trunk and a head whose names come in another order than the meshes."""
    folder.mkdir()
    scene = trimesh.Scene()
    for name, place, size in (("trunk", 0.7, (0.4, 1.4, 0.3)), ("head", 1.6, (0.2, 0.3, 0.2))):
        box = trimesh.creation.box(size, trimesh.transformations.translation_matrix((0, place, 0)))
        scene.add_geometry(box.subdivide(), geom_name=name, node_name=name)
    scene.export(folder / "person.glb")
    return folder / "person.glb"


def regions_of_parts() -> dict[str, np.ndarray]:
    head = np.where(np.arange(48) < 20, FACE, HAIR).astype(np.uint8)
    return {"trunk": np.full(48, REST, np.uint8), "head": head, "unused": np.zeros(3, np.uint8)}


def test_every_face_gets_the_region_of_its_part(tmp_path: Path) -> None:
    scan = read_scan(write_person(tmp_path / "anna"))
    assert read_regions(tmp_path / "anna" / FILE, scan) is None
    write_regions(tmp_path / "anna" / FILE, regions_of_parts())
    found = read_regions(tmp_path / "anna" / FILE, scan)
    assert found is not None
    height = scan.vertices[scan.faces].mean(1)[:, 1]
    assert (found[height < 1.4] == REST).all()
    head = next((first, end) for name, first, end in scan.parts if name == "head")
    np.testing.assert_array_equal(found[slice(*head)], regions_of_parts()["head"])


@pytest.mark.parametrize("spoil", ["short", "missing", "unknown", "damaged"])
def test_regions_of_somebody_else_are_refused(tmp_path: Path, spoil: str) -> None:
    scan = read_scan(write_person(tmp_path / "anna"))
    path, parts = tmp_path / "anna" / FILE, regions_of_parts()
    if spoil == "short":
        parts["head"] = parts["head"][1:]
    elif spoil == "missing":
        del parts["trunk"]
    elif spoil == "unknown":
        parts["head"] = parts["head"] + np.uint8(50)
    write_regions(path, parts)
    if spoil == "damaged":
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ScanError, match=r"regions\.npz: does not fit the person beside it"):
        read_regions(path, scan)


def test_prepared_people_keep_regions_and_body(tmp_path: Path) -> None:
    scan = write_person(tmp_path / "anna")
    write_regions(scan.parent / FILE, regions_of_parts())
    card = {"pelvis": [0, 0.9, 0], "joints": None, "body": {"offset": [0, 0, 1]}}
    (scan.parent / "card.json").write_text(json.dumps(card))
    settings = Settings(size=64, views=1, rays=8, uniform=50, near5=50, near3=50)
    parsing = {"trunk": np.full(48, Part.UPPER, np.uint8), "head": np.full(48, Part.HAIR, np.uint8)}
    write_regions(scan.parent / PARSING_FILE, parsing)
    done = prepare({"anna": scan}, tmp_path / "data", settings, split={"train": [], "test": ["anna"]})
    assert done.count("made") == 1
    with np.load(tmp_path / "data" / "anna" / "mesh.npz") as mesh:
        height = mesh["vertices"][mesh["faces"]].mean(1)[:, 1]
        assert len(mesh["regions"]) == len(mesh["faces"]) == 96
        assert (np.isin(mesh["regions"], (FACE, HAIR)) == (height > 0.44)).all()
        assert (mesh["regions"] == FACE).sum() == 20
    assert json.loads((tmp_path / "data" / "anna" / "person.json").read_text())["body"] == card["body"]
    parts = cv2.imread(str(tmp_path / "data" / "anna" / "view_000_front_parsing.png"), cv2.IMREAD_GRAYSCALE)
    assert parts.shape == (64, 64)
    rows = [np.flatnonzero((parts == part).any(1)) for part in (Part.HAIR, Part.UPPER)]
    assert rows[0].max() < rows[1].min()  # the head is above the trunk
    assert {*np.unique(parts)} == {Part.HAIR, Part.UPPER, NOTHING}


def test_parts_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    path = write_person(tmp_path / "anna")
    write_regions(path.parent / PARSING_FILE, dict.fromkeys(("trunk", "head"), np.full(48, len(Part), np.uint8)))
    with pytest.raises(ScanError, match=r"parsing\.npz: does not fit the person beside it"):
        read_parsing(path.parent / PARSING_FILE, read_scan(path))
