"""Landmarks beside prepared people, and the limb maps that samples draw of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.cli import main
from lifecast.errors import DataError
from lifecast.photo import blazepose
from lifecast.scans.augmentation import NONE
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.landmark_file import FILE, LIFTED_FILE, read_landmarks
from lifecast.scans.landmarks import add_to_dataset, people_of
from lifecast.space.limb_map import limb_map, mirrored_limbs
from lifecast.space.view import Camera

VIEWS = 4


@pytest.fixture
def marked(prepared: Path, tmp_path: Path) -> Path:
    """The prepared capsule people with landmarks drawn at random; the first view's pose is not known."""
    root = tmp_path / "data"
    shutil.copytree(prepared, root)
    rng = np.random.default_rng(5)
    for person in people_of(root):
        place = rng.uniform([-0.3, -0.6, -0.2, 0.2], [0.3, 0.6, 0.2, 1.0], (VIEWS, 33, 4)).astype(np.float32)
        place[0, :, 3] = 0
        np.savez(root / person / FILE, landmarks=place)
    return root


def test_a_sample_has_the_map_of_its_landmarks(marked: Path) -> None:
    data = PeopleDataset(marked, "all", size=64, points=0, limbs=True)
    stored = read_landmarks(marked / data.people[0], VIEWS)
    torch.testing.assert_close(data[1]["limbs"], limb_map(torch.from_numpy(stored[1]), 16))
    assert not data[0]["limbs"].any()
    assert "limbs" not in PeopleDataset(marked, "all", size=64, points=0)[1]


def test_the_map_is_drawn_from_lifted_landmarks_where_told(marked: Path) -> None:
    with pytest.raises(DataError, match="lifecast lift DATA"):
        PeopleDataset(marked, "all", size=64, points=0, limbs="lifted")
    for person in people_of(marked):
        stored = read_landmarks(marked / person, VIEWS)
        np.savez(marked / person / LIFTED_FILE, landmarks=stored + np.float32([0.1, 0, 0, 0]))
    data = PeopleDataset(marked, "all", size=64, points=0, limbs="lifted")
    landmarks = torch.from_numpy(read_landmarks(marked / data.people[0], VIEWS)[1]) + torch.tensor([0.1, 0, 0, 0])
    torch.testing.assert_close(data[1]["limbs"], limb_map(landmarks, 16))


def test_the_map_turns_with_the_picture(marked: Path) -> None:
    plain = PeopleDataset(marked, "all", size=64, points=0, limbs=True)
    flipped = PeopleDataset(marked, "all", size=64, points=0, limbs=True, augmentation=replace(NONE, flip=1.0))
    torch.testing.assert_close(flipped[1]["limbs"], mirrored_limbs(plain[1]["limbs"][None])[0], atol=1e-5, rtol=1e-4)
    smaller = PeopleDataset(marked, "all", size=64, points=0, limbs=True, augmentation=replace(NONE, scale=(0.5, 0.5)))
    landmarks = torch.from_numpy(read_landmarks(marked / plain.people[0], VIEWS)[1])
    landmarks[:, :3] *= 0.5
    torch.testing.assert_close(smaller[1]["limbs"], limb_map(landmarks, 16), atol=1e-5, rtol=1e-4)


def test_some_samples_are_told_nothing(marked: Path) -> None:
    data = PeopleDataset(marked, "all", size=64, points=0, limbs=True, augmentation=replace(NONE, blind=0.5))
    blind = []
    for epoch in range(12):
        data.set_epoch(epoch)
        blind.append(not data[1]["limbs"].any())
    assert 0 < sum(blind) < 12


def test_missing_and_damaged_landmarks_are_named(marked: Path) -> None:
    person = people_of(marked)[0]
    path = marked / person / FILE
    np.savez(path, landmarks=np.zeros((VIEWS + 1, 33, 4), np.float32))
    with pytest.raises(DataError, match=r"landmarks\.npz: holds \(5, 33, 4\)"):
        PeopleDataset(marked, "all", size=64, limbs=True)
    path.write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"landmarks\.npz: damaged"):
        PeopleDataset(marked, "all", size=64, limbs=True)
    path.unlink()
    with pytest.raises(DataError, match="lifecast landmarks DATA"):
        PeopleDataset(marked, "all", size=64, limbs=True)


def test_pixels_become_view_units() -> None:
    corner = np.array([[0, 0, 10, 0.5], [100, 50, -20, 1]], np.float32)
    moved = Camera.whole(100).landmarks_to_view(corner)
    np.testing.assert_allclose(moved, [[-1, 1, 0.2, 0.5], [1, 0, -0.4, 1]], atol=1e-6)


@pytest.mark.skipif(not blazepose.available(), reason="mediapipe or ai-edge-litert is not installed")
def test_made_people_get_landmarks_where_they_stand(tmp_path: Path) -> None:
    """On stored unseen people: the nose above the hips, both within the silhouette's height."""
    root = tmp_path / "data"
    shutil.copytree(Path(__file__).parents[1] / "unseen_people", root)
    for stale in root.glob(f"*/{FILE}"):
        stale.unlink()
    people = people_of(root)
    told: list[tuple[str, bool]] = []
    assert add_to_dataset(root, progress=lambda person, new, _: told.append((person, new))) == (len(people), 0)
    assert told == [(person, True) for person in people]
    assert add_to_dataset(root) == (0, 0)
    data = PeopleDataset(root, "all", size=256, points=0)
    for index, (person, view) in enumerate(data.items):
        found = read_landmarks(root / person, len(data._views[person]))[view]
        assert found[:, 3].any()
        rows = data[index]["mask"][0].amax(1).nonzero()[:, 0]
        top, bottom = 1 - float(rows[0]) * 2 / 256, 1 - float(rows[-1]) * 2 / 256
        assert top + 0.05 > found[0, 1] > found[[23, 24], 1].mean() > bottom - 0.05


@pytest.mark.skipif(not blazepose.available(), reason="mediapipe or ai-edge-litert is not installed")
def test_one_damaged_person_does_not_stop_the_others(marked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = people_of(marked)
    (marked / people[0] / FILE).write_bytes(b"nothing")
    told: list[tuple[str, bool, bool]] = []
    outcome = add_to_dataset(marked, progress=lambda person, new, why: told.append((person, new, bool(why))))
    assert outcome == (0, 1)
    assert told == [(people[0], False, True), *((person, False, False) for person in people[1:])]
    assert main(["landmarks", str(marked)]) == 1
    assert f"{people[0]}: left out" in capsys.readouterr().err
