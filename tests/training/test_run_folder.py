"""A run's folder: checkpoints, log, refusals."""

from __future__ import annotations

import json

import pytest
import torch

from lifecast.errors import CheckpointError, UsageError
from lifecast.training.run_folder import RunFolder, read_state


def test_the_last_few_checkpoints_stay(tmp_path):
    folder = RunFolder(tmp_path / "run", keep=2)
    for step in (5, 10, 100, 20000):
        folder.save({"step": step, "model": {"w": torch.ones(3) * step}})
    assert [path.name for path in folder.checkpoints()] == ["step_00000100.pt", "step_00020000.pt"]
    assert torch.equal(read_state(folder.checkpoints()[-1])["model"]["w"], torch.full((3,), 20000.0))


def test_leftovers_of_a_process_killed_while_writing_are_ignored_and_cleared(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save({"step": 1})
    (tmp_path / "checkpoints" / ".step_00000002.77.abcd.part.pt").write_bytes(b"half")
    assert folder.begin(resume=True)["step"] == 1
    folder.save({"step": 3})
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [
        "step_00000001.pt",
        "step_00000003.pt",
    ]


def test_a_fresh_start_never_overwrites_a_run(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.begin(resume=False) is None
    folder.save({"step": 1})
    with pytest.raises(UsageError, match="--resume"):
        folder.begin(resume=False)


def test_resuming_an_empty_folder_starts_afresh(tmp_path):
    assert RunFolder(tmp_path / "new").begin(resume=True) is None


def test_the_log_forgets_what_will_be_done_again(tmp_path):
    folder = RunFolder(tmp_path)
    for step in (1, 2, 3, 4):
        folder.note({"step": step, "loss": 1.0})
    with folder.log.open("a") as file:
        file.write('{"step": 5, "lo')  # cut off by a crash
    folder.save({"step": 3})
    folder.begin(resume=True)
    assert [json.loads(line)["step"] for line in folder.log.read_text().splitlines()] == [1, 2, 3]


def test_damaged_states_are_refused_by_name(tmp_path):
    folder = RunFolder(tmp_path)
    path = folder.save({"step": 1, "model": {"w": torch.ones(1000)}})
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(CheckpointError, match=r"step_00000001\.pt"):
        folder.begin(resume=True)
    torch.save({"version": 99, "step": 1}, path)
    with pytest.raises(CheckpointError, match="version"):
        folder.begin(resume=True)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="folder"):
        RunFolder(tmp_path / "file").begin(resume=False)
