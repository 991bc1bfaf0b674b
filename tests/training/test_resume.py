"""Runs that end early: killed, interrupted, resumed. Each run is a process of its own."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess as Process
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lifecast.model.checkpoint import load_checkpoint
from lifecast.training.run_folder import RunFolder, read_state


def wait_for_step(out: Path, step: int, process: Process, seconds: float = 120) -> None:
    """Until a checkpoint of at least `step` steps is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = RunFolder(out).checkpoints()
        if found and int(found[-1].stem.split("_")[1]) >= step:
            return
        assert process.is_alive(), "the run ended early"
        time.sleep(0.01)
    pytest.fail(f"no checkpoint of step {step} after {seconds} s")


def assert_same(one: object, other: object, where: str = "state") -> None:
    """Equal, tensors bit for bit."""
    assert type(one) is type(other), where
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same(a, b, f"{where}[{i}]")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    else:
        assert one == other, where


def test_killed_and_resumed_ends_bit_for_bit_like_never_killed(tmp_path, train_in_process, train_here):
    log, out = tmp_path / "log.txt", tmp_path / "killed"
    killed = train_in_process(log, {}, "joint", out, steps=14)
    wait_for_step(out, 4, killed)
    killed.kill()
    killed.join()
    at_kill = read_state(RunFolder(out).checkpoints()[-1])
    assert at_kill["step"] < 14, "the run was over before it could be killed"
    resumed = train_in_process(log, {}, "joint", out, steps=14, resume=True)
    train_here("joint", tmp_path / "straight", steps=14)
    resumed.join(120)
    assert resumed.exitcode == 0, log.read_text()
    assert f"going on at step {at_kill['step']}" in log.read_text()

    ends = [read_state(RunFolder(tmp_path / name).checkpoints()[-1]) for name in ("straight", "killed")]
    for state in ends:
        assert state["step"] == 14
        del state["seconds"], state["history"]  # these tell the time and the run's name
    assert_same(*ends)
    assert_same(*(load_file(tmp_path / name / "weights.safetensors") for name in ("straight", "killed")))
    validations = [
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()][-1]["validation"]
        for name in ("straight", "killed")
    ]
    assert validations[0] == validations[1]


def test_interrupt_ends_with_a_checkpoint_and_usable_weights(tmp_path, train_here):
    def interrupt() -> None:
        while not RunFolder(tmp_path / "run").checkpoints():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)  # ignored where a shell started this in the background
    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt):
        train_here("normals", tmp_path / "run", minutes=10)
    state = read_state(RunFolder(tmp_path / "run").checkpoints()[-1])
    assert state["step"] >= 1
    card = load_checkpoint(tmp_path / "run" / "weights.safetensors").card
    assert card["training"]["levels"]["normals"]["steps"] == state["step"]
    assert signal.getsignal(signal.SIGINT) is before


def test_loading_processes_and_their_number_change_nothing(tmp_path, train_here):
    for workers in (0, 2):
        train_here("normals", tmp_path / str(workers), steps=6, workers=workers)
    states = [read_state(RunFolder(tmp_path / str(workers)).checkpoints()[-1]) for workers in (0, 2)]
    assert_same(states[0]["model"], states[1]["model"])
