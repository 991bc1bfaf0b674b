"""Training of lifters: they learn what landmarks get wrong, and nobody is lifted by one that has seen them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.cli import main
from lifecast.errors import DataError, UsageError
from lifecast.model.checkpoint import load_checkpoint, read_description
from lifecast.model.config import PoseLifterConfig
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.scans.landmark_file import FILE, LIFTED_FILE, read_landmarks
from lifecast.space.skeleton import MIRRORED_PAIRS
from lifecast.training import lifting
from lifecast.training.landmarked_views import LandmarkedViews, check_joints, joints_in_views, read_views, write_lifted
from lifecast.training.lifting import (
    LiftingRecipe,
    fold_of,
    lifted_views,
    lifting_error,
    moved,
    train_and_lift,
    train_lifter,
)
from lifecast.training.weights import check_foundations, chosen_preset

SMALL = PoseLifterConfig(width=32, blocks=1, dropout=0.0)
QUICK = LiftingRecipe(steps=150, batch=64, folds=2)
STILL = LiftingRecipe(turn=0, scale=0, shift=0, noise=0)
VIEWS = 3
HEELS = (29, 30)


def bodies(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Landmarks (N, 33, 4) whose depth is flattened and leans, and joints (N, 33, 3) that they are of, heels nan."""
    draw = torch.Generator().manual_seed(seed)
    joints = torch.randn(count, 33, 3, generator=draw) * torch.tensor([0.2, 0.4, 0.15])
    landmarks = torch.cat((joints, torch.rand(count, 33, 1, generator=draw) * 0.5 + 0.5), dim=-1)
    landmarks[..., 2] = 0.4 * joints[..., 2] + 0.2 * joints[..., 1]
    joints[:, list(HEELS)] = float("nan")
    return landmarks, joints


def test_a_lifter_learns_what_landmarks_get_wrong() -> None:
    landmarks, joints = bodies(400, 0)
    unseen, true = bodies(200, 1)
    lifter = train_lifter(landmarks, joints, SMALL, LiftingRecipe(steps=400, batch=64), seed=3)
    assert not lifter.training
    before, after = lifting_error(unseen, true), lifting_error(lift(lifter, unseen), true)
    assert after.depth < 0.6 * before.depth
    again = train_lifter(landmarks, joints, SMALL, LiftingRecipe(steps=400, batch=64), seed=3)
    assert all(torch.equal(a, b) for a, b in zip(lifter.parameters(), again.parameters(), strict=True))


def test_errors_are_told_in_centimetres_with_the_medians_taken_off() -> None:
    landmarks, joints = bodies(50, 2)
    shifted = torch.cat((joints, landmarks[..., 3:]), dim=-1)
    shifted[..., 0] += 3 / 128
    shifted[..., 1] += 4 / 128
    shifted[..., 2] += 0.5
    shifted[:, 15, 2] += 12 / 128
    found = lifting_error(shifted, joints)
    assert found.flat == pytest.approx(5, abs=1e-3)
    assert found.depth == pytest.approx(1, abs=1e-3)  # 12 cm at one of twelve joints


def test_landmarks_and_joints_are_moved_alike() -> None:
    landmarks, _ = bodies(64, 3)
    joints = landmarks[..., :3].clone()
    seen, true = moved(landmarks, joints, LiftingRecipe(noise=0), torch.Generator().manual_seed(0))
    torch.testing.assert_close(seen[..., :3], true)
    # Each is a likeness of what it was: mirrored or not, one factor between all distances.
    before, after = torch.cdist(joints, joints), torch.cdist(true, true)
    mirrored = list(MIRRORED_PAIRS)
    turned = torch.cdist(joints[:, mirrored], joints[:, mirrored])
    for person in range(64):
        factors = [(after[person] / one[person]).nan_to_num(1.0)[~torch.eye(33, dtype=torch.bool)]
                   for one in (before, turned)]  # fmt: skip
        assert min(float(factor.std()) for factor in factors) < 1e-4
    seen, true = moved(landmarks, joints, STILL, torch.Generator().manual_seed(1))
    flipped = (seen[:, 0, 0] != landmarks[:, 0, 0]).nonzero()[:, 0]
    assert 10 < len(flipped) < 54
    expected = landmarks[flipped][:, mirrored] * torch.tensor([-1.0, 1, 1, 1])
    torch.testing.assert_close(seen[flipped], expected)


def invented(tmp_path: Path, people: int, train: int) -> LandmarkedViews:
    folders = [(tmp_path / f"person_{n:06d}", view) for n in range(people) for view in range(VIEWS)]
    landmarks, joints = bodies(len(folders), 4)
    learn = torch.tensor([int(folder.name[-6:]) < train for folder, _ in folders])
    return LandmarkedViews(folders, landmarks, joints, learn, {folder: VIEWS for folder, _ in folders})


def test_nobody_is_lifted_by_a_lifter_that_has_seen_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views = invented(tmp_path, people=12, train=9)
    trained_on: list[torch.Tensor] = []

    def remembers(landmarks: torch.Tensor, *_: object) -> PoseLifter:
        """A lifter that tells by what it answers how many it was trained on before this one."""
        lifter = PoseLifter(SMALL).eval()
        torch.nn.init.constant_(lifter.last.bias, float(len(trained_on)))
        trained_on.append(landmarks)
        return lifter

    monkeypatch.setattr(lifting, "train_lifter", remembers)
    lifter, lifted = train_and_lift(views, SMALL, QUICK)
    assert len(trained_on) == 1 + QUICK.folds
    torch.testing.assert_close(trained_on[0], views.landmarks[views.train])
    assert lifter.last.bias[0].item() == 0
    by = ((lifted[:, 0, 1] - views.landmarks[:, 0, 1]) * 4).round().int()  # y: the mean over both ways keeps it
    assert set(by[views.train].tolist()) == {1, 2}
    assert set(by[~views.train].tolist()) == {0}
    for row in views.train.nonzero()[:, 0].tolist():
        known = trained_on[int(by[row])]
        assert not (known == views.landmarks[row]).all(dim=(1, 2)).any()
    assert len({fold_of(tmp_path / f"person_{n:06d}", 2) for n in range(9)}) == 2
    assert fold_of(Path("a/person_000001"), 4) == fold_of(Path("b/person_000001"), 4)


def test_lifted_views_of_a_lifter_that_moves_nothing_are_the_landmarks(tmp_path: Path) -> None:
    views = invented(tmp_path, people=4, train=3)
    still = PoseLifter(SMALL).eval()
    assert torch.equal(lifted_views(views, still, [still, still]), views.landmarks)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten people as `prepare` and `landmarks` leave them, as far as a lifter looks; the first's view 1 shows nobody."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    landmarks, joints = bodies(10, 5)
    names = [f"person_{n:06d}" for n in range(10)]
    for n, name in enumerate(names):
        (root / name).mkdir(parents=True)
        turns = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(VIEWS)]
        record = {
            "joints": [[None if np.isnan(c) else float(c) for c in row] for row in joints[n].numpy()],
            "views": [
                {"rotation": turn.ravel().tolist(), "shift": [0.01 * view, -0.02], "files": f"view_{view:03d}"}
                for view, turn in enumerate(turns)
            ],
        }
        (root / name / "person.json").write_text(json.dumps(record))
        stored = landmarks[n].repeat(VIEWS, 1, 1).numpy()
        if n == 0:
            stored[1] = 0
        np.savez(root / name / FILE, landmarks=stored)
    (root / "split.json").write_text(json.dumps({"train": names[:8], "test": names[8:]}))
    return root


def test_joints_are_seen_through_each_view(data: Path) -> None:
    record = json.loads((data / "person_000003" / "person.json").read_text())
    found = joints_in_views(data / "person_000003")
    for view in range(VIEWS):
        turn = np.array(record["views"][view]["rotation"]).reshape(3, 3)
        for joint in range(33):
            if joint in HEELS:
                assert np.isnan(found[view, joint]).all()
            else:
                seen = turn @ np.array(record["joints"][joint]) + [*record["views"][view]["shift"], 0]
                np.testing.assert_allclose(found[view, joint], seen, atol=1e-6)


def test_views_come_with_split_and_joints_and_go_back_where_they_belong(data: Path) -> None:
    views = read_views([data])
    assert len(views) == 10 * VIEWS - 1
    assert int((~views.train).sum()) == 2 * VIEWS
    marked = views.landmarks.clone()
    marked[:, 0, 0] = torch.arange(len(views))
    write_lifted(views, marked)
    for row, (folder, view) in enumerate(views.people):
        assert read_landmarks(folder, VIEWS, lifted=True)[view, 0, 0] == row
    assert not read_landmarks(data / "person_000000", VIEWS, lifted=True)[1].any()


def test_the_command_trains_lifts_and_tells(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lifter.safetensors"
    name = "tiny-depth-maps-pose-lifter"
    arguments = ["lift", str(data), "--out", str(out), "--preset", name, "--steps", "20"]
    assert main(arguments) == 0
    assert "29 views lifted" in capsys.readouterr().err
    loaded = load_checkpoint(out)
    model, card = loaded.model, loaded.card
    assert list(card["training"]["levels"]) == ["pose_lifter"]
    assert card["training"]["levels"]["pose_lifter"]["metrics"]["joints_depth_cm"] > 0
    assert card["training"]["levels"]["pose_lifter"]["minutes"] >= 0
    views = read_views([data])
    stored = torch.from_numpy(
        np.stack([read_landmarks(folder, VIEWS, lifted=True)[view] for folder, view in views.people])
    )
    assert model.normals is not None
    assert model.pose_lifter is not None
    own = lift(model.pose_lifter.eval(), views.landmarks)
    torch.testing.assert_close(stored[~views.train], own[~views.train])
    assert not torch.isclose(stored[views.train], own[views.train]).all(dim=(1, 2)).any()

    # What is trained may be used elsewhere, as it is: then all are lifted by it.
    copy = tmp_path / "copy.safetensors"
    assert main(["lift", str(data), "--out", str(copy), "--weights", str(out)]) == 0
    stored = read_landmarks(data / "person_000002", VIEWS, lifted=True)
    np.testing.assert_allclose(stored[1], own[views.people.index((data / "person_000002", 1))], atol=1e-6)
    preset = chosen_preset(None, (copy,))
    history = read_description(copy).card["training"]["levels"]
    check_foundations("normals", preset, history, False)
    with pytest.raises(UsageError, match="lifecast lift DATA --out"):
        check_foundations("normals", preset, {}, False)


def test_people_without_joints_teach_nothing_but_can_be_lifted(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data / "person_000004" / "person.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"joints": None}))
    with pytest.raises(DataError, match=r"person_000004.*no joints.*--weights"):
        check_joints(read_views([data]))
    out = tmp_path / "lifter.safetensors"
    name = "tiny-depth-maps-pose-lifter"
    assert main(["lift", str(data), "--out", str(out), "--preset", name, "--steps", "5"]) != 0
    assert not out.exists()
    assert not (data / "person_000001" / LIFTED_FILE).exists()
    assert main(["lift", str(data), "--out", str(out), "--preset", "tiny"]) != 0
    assert "preset tiny has no pose lifter" in capsys.readouterr().err.replace("\n", " ")


def test_a_lifter_goes_on_from_another(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    name = "tiny-depth-maps-pose-lifter"
    assert main(["lift", str(data), "--out", str(first), "--preset", name, "--steps", "30"]) == 0
    slow = ["--steps", "2", "--learning-rate", "1e-6"]
    assert main(["lift", str(data), "--out", str(second), "--init", str(first), *slow]) == 0
    before, after = (load_checkpoint(path).model for path in (first, second))
    assert before is not None
    assert after is not None
    assert before.pose_lifter is not None
    assert after.pose_lifter is not None
    old, new = dict(before.pose_lifter.named_parameters()), dict(after.pose_lifter.named_parameters())
    assert any(not torch.equal(old[name], new[name]) for name in old)
    for name in old:
        torch.testing.assert_close(new[name], old[name], atol=1e-4, rtol=1e-3)
    told = read_description(second).card["training"]["levels"]["pose_lifter"]
    assert told["steps"] == 2
    assert [run["steps"] for run in told["before"]] == [30]

    capsys.readouterr()
    assert main(["lift", str(data), "--out", str(second), "--init", str(first), "--weights", str(first)]) == 2
    assert "give one of the two" in " ".join(capsys.readouterr().err.split())
    assert main(["lift", str(data), "--out", str(second), "--learning-rate", "0"]) == 2


def test_what_a_lifter_goes_on_from_stays_as_it_is() -> None:
    landmarks, joints = bodies(100, 6)
    start = train_lifter(landmarks, joints, SMALL, QUICK)
    kept = {name: value.clone() for name, value in start.state_dict().items()}
    other = train_lifter(landmarks, joints, SMALL, QUICK, seed=1, start=start)
    assert all(torch.equal(value, kept[name]) for name, value in start.state_dict().items())
    assert any(not torch.equal(value, kept[name]) for name, value in other.state_dict().items())
