"""A dataset from scans: complete, the same whatever the workers, resumable, repaired, and honest about failures."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.commands.prepare import Prepare
from lifecast.commands.prepare import prepare as command
from lifecast.errors import UsageError
from lifecast.scans.listing import list_scans
from lifecast.scans.normalise import SPAN, TO_Y_UP
from lifecast.scans.prepare import prepare
from lifecast.scans.prepared_person import damage, draw_yaws
from lifecast.scans.settings import Settings

TINY = Settings(size=64, views=2, uniform=200, near5=400, near3=400, rays=4, lightings=5)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_person_is_complete_and_documented(prepared: Path) -> None:
    card = json.loads((prepared / "person_000000" / "person.json").read_text())
    assert len(card["views"]) == 4
    assert len(card["files"]) == 4 * 5 + 2
    yaws = np.sort([view["yaw"] for view in card["views"]])
    np.testing.assert_allclose(np.diff(yaws), 90)
    for i, view in enumerate(card["views"]):
        assert view["files"] == f"view_{i:03d}"
        rotation = np.array(view["rotation"]).reshape(3, 3)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
        assert 0 <= view["lighting"] < 20
    header = json.loads((prepared / "dataset.json").read_text())
    assert header["people"] == 3
    assert len(header["lighting"]["coefficients"]) == 20
    split = json.loads((prepared / "split.json").read_text())
    assert len(split["test"]) == 1
    assert sorted(split["train"] + split["test"]) == [f"person_{i:06d}" for i in range(3)]
    with np.load(prepared / "person_000000" / "mesh.npz") as mesh:
        extent = np.ptp(mesh["vertices"], axis=0)
    assert max(extent) == pytest.approx(SPAN, rel=0.02)


def test_the_projected_mesh_fills_the_mask(prepared: Path) -> None:
    """Metres to pixels by hand: every vertex falls on the person, and the bounding boxes agree to a pixel."""
    folder = prepared / "person_000001"
    card = json.loads((folder / "person.json").read_text())
    with np.load(folder / "mesh.npz") as mesh:
        vertices = mesh["vertices"]
    for view in card["views"]:
        mask = cv2.imread(str(folder / f"{view['files']}_mask.png"), cv2.IMREAD_GRAYSCALE)
        placed = vertices @ np.array(view["rotation"]).reshape(3, 3).T + [*view["shift"], 0]
        column, row = (placed[:, 0] + 1) * 64, (1 - placed[:, 1]) * 64
        grown = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        assert (grown[row.astype(int).clip(0, 127), column.astype(int).clip(0, 127)] > 0).mean() > 0.995
        x, y, w, h = cv2.boundingRect((mask > 100).astype(np.uint8))
        np.testing.assert_allclose([x, y, x + w, y + h], [column.min(), row.min(), column.max(), row.max()], atol=1.3)


def test_workers_change_nothing(people_folder: Path, tmp_path: Path) -> None:
    people = list_scans(people_folder).people
    prepare(people, tmp_path / "one", TINY)
    prepare(people, tmp_path / "two", TINY, workers=2)
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_a_second_run_keeps_and_a_damaged_file_is_named_and_made_again(people_folder: Path, tmp_path: Path) -> None:
    people = list_scans(people_folder).people
    prepare(people, tmp_path, TINY)
    assert prepare(people, tmp_path, TINY).count("kept") == 3
    picture = tmp_path / "person_000001" / "view_001_front.png"
    good = picture.read_bytes()
    picture.write_bytes(good[: len(good) // 2] + bytes(len(good) - len(good) // 2))
    (tmp_path / "person_000002" / "points.npz").unlink()
    assert damage(tmp_path / "person_000000") is None
    summary = prepare(people, tmp_path, TINY)
    told = {outcome.person: outcome for outcome in summary.outcomes}
    assert told["person_000000"].state == "kept"
    assert told["person_000001"].state == told["person_000002"].state == "remade"
    assert "view_001_front.png" in told["person_000001"].reason
    assert "points.npz" in told["person_000002"].reason
    assert picture.read_bytes() == good
    assert prepare(people, tmp_path, TINY).count("kept") == 3


def test_a_killed_run_is_resumed(people_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    flags = ["--size", "64", "--views", "2", "--points", "200", "400", "400", "--rays", "4", "--lightings", "5"]
    process = subprocess.Popen(
        [sys.executable, "-m", "lifecast", "prepare", str(people_folder), str(out), *flags], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not any(out.glob("person_*/person.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    survivors = sorted(out.glob("person_*"))
    assert survivors
    assert all(damage(person) is None for person in survivors)  # whole or absent, never half
    leftover = out / f".person_000002.{process.pid}.abcd1234.part"
    leftover.mkdir(exist_ok=True)
    summary = prepare(list_scans(people_folder).people, out, TINY)
    assert summary.count("kept") == len(survivors)
    assert summary.count("made") == 3 - len(survivors)
    assert not leftover.exists()
    assert not list(out.glob(".*"))


def test_parts_of_a_running_process_are_left_alone(people_folder: Path, tmp_path: Path) -> None:
    busy = tmp_path / f".person_000009.{os.getppid()}.abcd1234.part"
    busy.mkdir()
    prepare(list_scans(people_folder).people, tmp_path, TINY)
    assert busy.exists()


def test_other_settings_do_not_mix(people_folder: Path, tmp_path: Path) -> None:
    people = list_scans(people_folder).people
    prepare(people, tmp_path, TINY)
    with pytest.raises(UsageError, match="views 2 -> 3"):
        prepare(people, tmp_path, Settings(size=64, views=3, uniform=200, near5=400, near3=400, rays=4, lightings=5))
    for bad in ({"size": 66}, {"views": 0}, {"elevation": (20.0, 10.0)}, {"near5": 0}):
        with pytest.raises(UsageError):
            Settings(**bad)


def test_a_broken_scan_is_left_out_and_told(people_folder: Path, tmp_path: Path) -> None:
    people = {**list_scans(people_folder).people, "broken": tmp_path / "broken.glb"}
    people["broken"].write_bytes(b"nothing")
    summary = prepare(people, tmp_path / "data", TINY)
    assert summary.count("failed") == 1
    told = next(outcome for outcome in summary.outcomes if outcome.state == "failed")
    assert told.person == "broken"
    assert "broken.glb" in told.reason
    split = json.loads((tmp_path / "data" / "split.json").read_text())
    assert "broken" not in split["train"] + split["test"]


def test_elevation_stays_in_its_range(people_folder: Path, tmp_path: Path) -> None:
    settings = Settings(size=64, views=6, elevation=(10, 20), uniform=200, near5=400, near3=400, rays=4, lightings=5)
    prepare(dict(list(list_scans(people_folder).people.items())[:1]), tmp_path, settings)
    views = json.loads((tmp_path / "person_000000" / "person.json").read_text())["views"]
    assert all(10 <= view["elevation"] <= 20 for view in views)
    assert len({view["elevation"] for view in views}) > 1


def test_the_command_prepares_a_folder(people_folder: Path, tmp_path: Path) -> None:
    given = tmp_path / "split.json"
    given.write_text(json.dumps({"train": ["person_000001"], "test": ["person_000000"]}))
    settings = Settings(size=64, views=1, rays=4, lightings=3)
    asked = Prepare(people_folder, tmp_path / "data", settings, (200, 300, 300), split=given)
    assert command(asked) == 0
    stored = json.loads((tmp_path / "data" / "dataset.json").read_text())["settings"]
    assert [stored[pool] for pool in ("uniform", "near5", "near3")] == [200, 300, 300]
    split = json.loads((tmp_path / "data" / "split.json").read_text())
    assert split == {"train": ["person_000001", "person_000002"], "test": ["person_000000"]}


def test_a_scanners_file_is_prepared_like_the_made_person(people_folder: Path, tmp_path: Path) -> None:
    """Centimetres, z up, vertex colours, PLY: normalises to the same surface as the GLB in metres, y up."""
    source = people_folder / "person_000000" / "person.glb"
    mesh = trimesh.load_mesh(source, process=False)
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=np.full((len(mesh.vertices), 4), 180, np.uint8))
    mesh.vertices = mesh.vertices @ np.array(TO_Y_UP["z"], float) * 100 + [300, 20, -50]
    (tmp_path / "scans").mkdir()
    mesh.export(tmp_path / "scans" / "scan.ply")
    prepare({"made": source}, tmp_path / "made", TINY)
    prepare(list_scans(tmp_path / "scans").people, tmp_path / "scanned", TINY)
    card = json.loads((tmp_path / "scanned" / "scan" / "person.json").read_text())
    assert (card["units"], card["up"]) == ("cm", "z")
    with (
        np.load(tmp_path / "made" / "made" / "mesh.npz") as made,
        np.load(tmp_path / "scanned" / "scan" / "mesh.npz") as scanned,
    ):
        for end in (np.min, np.max, np.mean):
            np.testing.assert_allclose(end(scanned["vertices"], axis=0), end(made["vertices"], axis=0), atol=2e-3)


def test_front_views_are_drawn_at_the_front_and_the_others_stay_evenly_spaced() -> None:
    settings = dataclasses.replace(TINY, views=8, front=0.5)
    yaws = draw_yaws(settings, np.random.default_rng(3))
    even, fronts = yaws[:4], (yaws[4:] + 180) % 360 - 180
    np.testing.assert_allclose(np.diff(np.unwrap(even, period=360)), 90)
    assert (np.diff(fronts) > 0).all(), "one of each quarter of the front"
    assert (np.abs(fronts) <= 45).all()
    every_degree = draw_yaws(dataclasses.replace(TINY, views=360), np.random.default_rng(0))
    np.testing.assert_allclose(every_degree, np.arange(360))


def test_a_textured_obj_looks_like_the_made_person(people_folder: Path, tmp_path: Path) -> None:
    """Millimetres, z up, OBJ with MTL and a texture for each part: the same pictures as from the GLB."""
    source = people_folder / "person_000001" / "person.glb"
    scene = trimesh.load_scene(source, process=False)
    for mesh in scene.geometry.values():
        mesh.vertices = mesh.vertices @ np.array(TO_Y_UP["z"], float) * 1000
        if mesh.visual.kind == "vertex":
            skin = Image.new("RGB", (4, 4), tuple(int(c) for c in mesh.visual.vertex_colors[0, :3]))
            uv = np.full((len(mesh.vertices), 2), 0.5)
            mesh.visual = trimesh.visual.TextureVisuals(uv, trimesh.visual.material.SimpleMaterial(image=skin))
        else:
            mesh.visual.material = mesh.visual.material.to_simple()
    (tmp_path / "scans" / "subject").mkdir(parents=True)
    scene.export(tmp_path / "scans" / "subject" / "mesh.obj")
    prepare({"subject": source}, tmp_path / "made", TINY)
    prepare(list_scans(tmp_path / "scans").people, tmp_path / "scanned", TINY)
    card = json.loads((tmp_path / "scanned" / "subject" / "person.json").read_text())
    assert (card["units"], card["up"]) == ("mm", "z")
    for name, worst in (("mask.png", 1.0), ("front.png", 1.0), ("back.png", 1.0), ("colour.jpg", 3.0)):
        made, scanned = (
            np.asarray(Image.open(tmp_path / place / "subject" / f"view_000_{name}"), np.float32)
            for place in ("made", "scanned")
        )
        assert np.abs(made - scanned).mean() < worst, name


def test_joints_of_a_made_person_go_where_the_mesh_goes(people_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "people" / "person_000000"
    folder.mkdir(parents=True)
    shutil.copy(people_folder / "person_000000" / "person.glb", folder)
    points = np.concatenate(
        [g.vertices for g in trimesh.load_scene(folder / "person.glb").geometry.values()]  # type: ignore[attr-defined]
    )
    corners = points[np.random.default_rng(0).integers(len(points), size=33)]
    told: list[list[float | None]] = [[float(c) for c in row] for row in corners]
    told[4] = [None, None, None]
    card = folder / "card.json"
    card.write_text(json.dumps({"pelvis": [0.05, 0.9, -0.02], "joints": told}))
    prepare(list_scans(tmp_path / "people").people, tmp_path / "data", TINY)
    record = json.loads((tmp_path / "data" / "person_000000" / "person.json").read_text())
    with np.load(tmp_path / "data" / "person_000000" / "mesh.npz") as stored:
        vertices = stored["vertices"]
    assert record["joints"][4] == [None, None, None]
    for place, joint in enumerate(record["joints"]):
        if place != 4:
            assert np.linalg.norm(vertices - joint, axis=1).min() < 1e-5
    # Scans have none, and cards of before joints were told.
    for text, expected in (({"pelvis": [0, 0.9, 0]}, "made"), ({"pelvis": [0, 0.9, 0], "joints": [[1, 2]]}, "failed")):
        card.write_text(json.dumps(text))
        out = tmp_path / expected
        summary = prepare(list_scans(tmp_path / "people").people, out, TINY)
        assert summary.count(expected) == 1
        if expected == "made":
            assert json.loads((out / "person_000000" / "person.json").read_text())["joints"] is None
        else:
            assert "'joints'" in summary.outcomes[0].reason
