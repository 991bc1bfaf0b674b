"""Mannequins: what is missing is made, poses are of one body, and BlazePose finds its joints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lifecast.cli import main
from lifecast.errors import DataError, UsageError
from lifecast.people import mannequin_views, stances
from lifecast.people.crew import Order
from lifecast.people.mannequin_views import check_sitting, pose_folder
from lifecast.people.pose_shares import USUAL_CLIP_SHARE
from lifecast.people.sitting import Sitting
from lifecast.photo import blazepose
from lifecast.scans.dataset import PeopleDataset
from lifecast.training.data import check_data
from lifecast.training.landmarked_views import joints_in_views, read_views
from lifecast.training.lifting import fold_of

SHARED = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).parents[2].parent / "shared"))
VIEWS = 2


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 1.0])
def test_the_share_of_clips_moves_their_bound_and_nothing_else(share: float) -> None:
    draws = np.linspace(0, 1, 2000, endpoint=False)
    choices = np.array([stances.pose_choice(draw, share) for draw in draws])
    assert (np.diff(choices) > 0).all()
    assert choices.min() >= 0
    assert choices.max() < 1
    clips = choices < USUAL_CLIP_SHARE
    assert clips.mean() == pytest.approx(share, abs=1e-3)
    for side, (low, high) in ((clips, (0, USUAL_CLIP_SHARE)), (~clips, (USUAL_CLIP_SHARE, 1))):
        if side.any():
            assert choices[side].mean() == pytest.approx((low + high) / 2, abs=1e-3)
    if share == USUAL_CLIP_SHARE:
        np.testing.assert_array_equal(choices, draws)  # people of a seed stay who they were


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the mannequins that were made: folders alone, in place of minutes of loading."""
    numbers: list[int] = []

    def make_views(sitting: Sitting, number: int) -> int:
        numbers.append(number)
        for pose in range(sitting.each):
            folder = pose_folder(sitting.order.out, number, pose)
            folder.mkdir(parents=True, exist_ok=True)
            views = [{"rotation": np.eye(3).ravel().tolist(), "shift": [0.0, 0.1]}] * sitting.views
            joints = [[0.1, 0.2, 0.0]] * 33
            (folder / "person.json").write_text(json.dumps({"views": views, "joints": joints}))
            np.savez(folder / "landmarks.npz", landmarks=np.ones((sitting.views, 33, 4), np.float32))
        return number

    monkeypatch.setattr(mannequin_views, "make_views", make_views)
    monkeypatch.setattr(blazepose, "available", lambda: True)
    return numbers


def test_only_missing_mannequins_are_made_and_a_lifter_can_read_them(tmp_path: Path, seen: list[int]) -> None:
    out = tmp_path / "poses"
    arguments = ["mannequins", str(out), "--each", "3", "--views", str(VIEWS), "--test-fraction", "0.5"]
    assert main([*arguments, "--count", "4"]) == 0
    assert seen == [0, 1, 2, 3]
    (pose_folder(out, 2, 1) / "landmarks.npz").unlink()
    seen.clear()
    assert main([*arguments, "--count", "5"]) == 0
    assert seen == [2, 4]
    views = read_views([out])
    assert len(views) == 5 * 3 * VIEWS
    # All poses of a mannequin are on one side: a lifter must not be validated on bodies that it knows.
    sides: dict[str, set[bool]] = {}
    for (folder, _), train in zip(views.people, views.train.tolist(), strict=True):
        sides.setdefault(folder.name.split("_pose_")[0], set()).add(train)
    assert len(sides) == 5
    assert all(len(side) == 1 for side in sides.values())
    assert {True} in sides.values()
    assert {False} in sides.values()
    assert views.joints[0, 0, 1] == pytest.approx(0.3)


def test_only_with_pictures_is_the_folder_a_dataset_for_the_other_networks(tmp_path: Path, seen: list[int]) -> None:
    arguments = ["--count", "2", "--each", "3", "--views", str(VIEWS), "--size", "96", "--test-fraction", "0.5"]
    without, with_pictures = tmp_path / "without", tmp_path / "with"
    assert main(["mannequins", str(without), *arguments]) == 0
    with pytest.raises(DataError, match="nothing is prepared there"):
        check_data(without)
    assert main(["mannequins", str(with_pictures), *arguments, "--pictures"]) == 0
    check_data(with_pictures)
    assert json.loads((with_pictures / "dataset.json").read_text())["views"] == 6 * VIEWS
    dataset = PeopleDataset(with_pictures, "train", size=96, points=0)
    assert dataset.stored_size == 96
    assert len(dataset) == 3 * VIEWS
    with pytest.raises(DataError, match="mannequins have no points"):
        PeopleDataset(with_pictures, "train", size=96, points=10)
    assert seen == [0, 1, 0, 1]


def test_all_poses_of_a_mannequin_are_lifted_by_one_fold() -> None:
    out = Path("poses")
    folds = [{fold_of(pose_folder(out, number, pose), 4) for pose in range(6)} for number in range(20)]
    assert all(len(fold) == 1 for fold in folds)
    assert len(set.union(*folds)) == 4


def test_bad_values_and_other_mannequins_are_refused(tmp_path: Path, seen: list[int]) -> None:
    out = str(tmp_path / "poses")
    for option, value in (
        ("--each", "0"), ("--views", "0"), ("--front", "2"), ("--count", "0"), ("--test-fraction", "1"),
        ("--rays", "0"), ("--clip-share", "1.5"),
    ):  # fmt: skip
        assert main(["mannequins", out, option, value]) == 2
    assert main(["mannequins", out, "--count", "1", "--each", "1", "--views", "1"]) == 0
    assert main(["mannequins", out, "--count", "1", "--each", "1", "--views", "2"]) == 2
    assert main(["mannequins", out, "--count", "1", "--each", "1", "--views", "1", "--seed", "5"]) == 2
    assert main(["mannequins", out, "--count", "1", "--each", "1", "--views", "1", "--pictures"]) == 2
    assert main(["mannequins", out, "--count", "1", "--each", "1", "--views", "1", "--clip-share", "0.5"]) == 2
    assert seen == [0]
    (tmp_path / "poses" / "sitting.json").write_text("{")
    with pytest.raises(UsageError, match=r"sitting\.json: is damaged"):
        check_sitting(Sitting(Order(tmp_path / "poses", 0), views=1))


@pytest.mark.slow
def test_poses_are_of_one_body_whose_joints_blazepose_finds(tmp_path: Path) -> None:
    if not blazepose.available():
        pytest.skip("no BlazePose")
    poses = SHARED / "poses"
    order = Order(tmp_path / "out", 3, (), poses if poses.is_dir() else None)
    sitting = Sitting(order, each=4, views=2, front=1.0, elevation=(0.0, 0.0))
    mannequin_views.make_views(sitting, 0)
    records = [json.loads((pose_folder(order.out, 0, p) / "person.json").read_text()) for p in range(4)]
    joints = np.array([record["joints"] for record in records], np.float64)  # (4, 33, 3)
    bones = [np.linalg.norm(joints[:, a] - joints[:, b], axis=1) for a, b in ((11, 13), (13, 15), (23, 25), (25, 27))]
    shares = np.array(bones) / bones[2]  # each pose has its own scale
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape), rtol=0.02)
    assert np.ptp(joints[:, 15], axis=0).max() > 0.05  # and the hands are elsewhere
    mannequin_views.write_split(sitting, 1, 0.0)
    views = read_views([order.out])
    assert len(views) >= 6
    apart = (views.landmarks[:, 11:29, :2] - views.joints[:, 11:29, :2]).norm(dim=-1)
    assert float(apart.nanmedian()) < 6 / 128  # centimetres
    again = tmp_path / "again"
    mannequin_views.make_views(Sitting(Order(again, 3, (), order.poses), 4, 2, front=1.0, elevation=(0.0, 0.0)), 0)
    first, second = (pose_folder(out, 0, 3) / "person.json" for out in (order.out, again))
    assert first.read_text() == second.read_text()


@pytest.mark.slow
def test_kept_pictures_are_a_dataset_whose_joints_lie_inside_the_person(tmp_path: Path) -> None:
    if not blazepose.available():
        pytest.skip("no BlazePose")
    order = Order(tmp_path / "out", 4)
    sitting = Sitting(order, each=2, views=2, size=128, front=1.0, elevation=(0.0, 0.0), pictures=True, rays=4)
    mannequin_views.make_views(sitting, 0)
    mannequin_views.write_split(sitting, 1, 0.0)
    dataset = PeopleDataset(order.out, "train", size=128, points=0, limbs=True)
    assert len(dataset) == 4
    for index in range(4):
        sample = dataset[index]
        inside = sample["mask"][0] > 0.99
        assert 0.03 < float(inside.float().mean()) < 0.5
        for side, sign in (("front", 1), ("back", -1)):
            assert float((sample[side].norm(dim=0)[inside] - 1).abs().max()) < 0.02
            assert float((sign * sample[side][2][inside] > 0).float().mean()) > 0.95
        front, back = sample["depth"].numpy()  # (32, 32) both
        there = sample["depth_mask"][0].numpy() > 0
        assert (front[there] >= back[there]).all()
        assert sample["limbs"].abs().max() > 0
        joints = joints_in_views(order.out / sample["person"])[sample["view"]]
        hips = joints[[23, 24]]
        x, y = ((1 + hips[:, 0]) * 16).astype(int), ((1 - hips[:, 1]) * 16).astype(int)
        assert there[y, x].all()
        assert (front[y, x] > hips[:, 2]).all()
        assert (back[y, x] < hips[:, 2]).all()
    record = json.loads((order.out / sample["person"] / "person.json").read_text())
    assert {f"view_001_{name}" for name in ("colour.jpg", "mask.png", "front.png", "back.png", "depth.npz")} < set(
        record["files"]
    )


@pytest.mark.slow
def test_one_worker_and_two_make_the_same_mannequins(tmp_path: Path) -> None:
    if not blazepose.available():
        pytest.skip("no BlazePose")
    files = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        command = [
            sys.executable,
            "-m",
            "lifecast",
            "mannequins",
            str(out),
            "--count",
            "2",
            "--each",
            "1",
            "--pictures",
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
        options = ["--views", "1", "--size", "128", "--seed", "3", "--workers", str(workers)]
        subprocess.run([*command, *options], env=environment, check=True)
        files.append({str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert {"mannequin_000001_pose_000/view_000_depth.npz", "split.json"} < files[0].keys()
    assert files[0].keys() == files[1].keys()
    assert [name for name in files[0] if files[0][name] != files[1][name]] == []
