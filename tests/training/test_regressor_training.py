"""`lifecast body train`: a file out of made bodies and views of made people."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifecast.cli import main
from lifecast.errors import DataError
from lifecast.model.regressor_file import body_checksum, read_regressor
from lifecast.scans.landmark_file import FILE
from lifecast.training.regressor_training import checked_views

VIEWS, PEOPLE, TRAIN = 8, 9, 7
QUICK = ("--bodies", "6", "--unseen", "3", "--batch", "4")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """People as `prepare` and `landmarks` leave them, as far as errors of landmarks go."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    names = [f"person_{n:06d}" for n in range(PEOPLE)]
    for name in names:
        (root / name).mkdir(parents=True)
        joints = rng.normal(size=(33, 3)) * 0.3
        view = {"rotation": np.eye(3).ravel().tolist(), "shift": [0.0, 0.0], "files": "view"}
        record = {"joints": joints.tolist(), "views": [view] * VIEWS}
        (root / name / "person.json").write_text(json.dumps(record))
        landmarks = np.concatenate((joints, np.full((33, 1), 0.9)), axis=1) + rng.normal(size=(VIEWS, 33, 4)) * 0.02
        np.savez(root / name / FILE, landmarks=landmarks.astype(np.float32))
    (root / "split.json").write_text(json.dumps({"train": names[:TRAIN], "test": names[TRAIN:]}))
    return root


def test_the_command_trains_measures_and_goes_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again, on = (tmp_path / f"{name}.safetensors" for name in ("first", "again", "on"))
    assert main(["body", "train", str(first), "--data", str(data), *QUICK, "--steps", "3"]) == 0
    assert "on 3 unseen made bodies vertices are off by" in " ".join(capsys.readouterr().err.split())
    net, card = read_regressor(first)
    assert card["body"] == body_checksum()
    assert card["steps"] == 3
    assert card["views"] == TRAIN * VIEWS
    assert card["views_unseen"]["views"] == (PEOPLE - TRAIN) * VIEWS
    assert card["figures"]["bodies"] == 3
    assert 0 < card["figures"]["vertices_cm"] < 500
    assert main(["body", "train", str(again), "--data", str(data), *QUICK, "--steps", "3"]) == 0
    other, _ = read_regressor(again)
    assert all(value.equal(other.state_dict()[name]) for name, value in net.state_dict().items())
    slow = ("--steps", "1", "--learning-rate", "1e-7")
    assert main(["body", "train", str(on), "--data", str(data), *QUICK, *slow, "--init", str(first)]) == 0
    further, card = read_regressor(on)
    assert [note["steps"] for note in card["before"]] == [3]
    assert float((further.last.weight - net.last.weight).abs().max()) < 1e-3  # it began where the first ended


def test_too_few_views_are_refused(data: Path) -> None:
    split = json.loads((data / "split.json").read_text())
    (data / "split.json").write_text(json.dumps({"train": split["train"][:2], "test": split["test"]}))
    with pytest.raises(DataError, match="16 views to measure errors of landmarks in; at least 50"):
        checked_views([data])
