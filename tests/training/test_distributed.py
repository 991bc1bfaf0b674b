"""Several processes train like one with a larger batch."""

from __future__ import annotations

import json
import os
import signal
import socket
import time

import pytest
import torch

from lifecast.training.loop import AGREE_STEPS
from lifecast.training.run_folder import RunFolder, read_state


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def torchrun(rank: int, port: str, nodes: int = 1) -> dict[str, str]:
    """What torchrun puts into the environment of each of two processes, on one node or on one each."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank if nodes == 1 else 0),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": str(2 // nodes),
        "GROUP_RANK": str(0 if nodes == 1 else rank),
        "ROLE_RANK": str(rank),
        "ROLE_NAME": "default",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "TORCHELASTIC_RUN_ID": "test",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCHELASTIC_MAX_RESTARTS": "0",
    }


@pytest.mark.parametrize(("stage", "nodes"), [("normals", 1), ("joint", 1), ("normals", 2)])
def test_two_processes_have_the_gradients_of_one_with_twice_the_batch(
    tmp_path, train_here, train_in_process, stage, nodes
):
    """RMSProp's average of squares after one step is the gradient itself, but for its sign and a factor.

    The people differ in size, and the points in their share inside: a mean of each process's own means would not do.
    """
    recipe = tmp_path / "one.toml"
    body = """
[{name}]
optimiser = "rmsprop"
learning_rate = 1e-3
phases = [{{ size = 64, batch = 2, points = 60 }}]
losses = {{ l1 = 2.0, l1_over = "mask", cosine = 1.0, mask = 1.0, depth = 1.0, perceptual = 0.0 }}
"""
    names = ("normals", "coarse", "fine", "joint")
    recipe.write_text('name = "one"\n' + "".join(body.format(name=name) for name in names))
    common = {"recipe": str(recipe), "steps": 1}
    two = {**common, "devices": 2 // nodes, "nodes": nodes}
    port = free_port()
    logs = [tmp_path / f"log{rank}.txt" for rank in (0, 1)]
    processes = [
        train_in_process(logs[rank], torchrun(rank, port, nodes), stage, tmp_path / "two", **two) for rank in (0, 1)
    ]
    train_here(stage, tmp_path / "one", batch=4, **common)
    for process, log in zip(processes, logs, strict=True):
        process.join(120)
        assert process.exitcode == 0, log.read_text()

    alone, together = (read_state(RunFolder(tmp_path / name).checkpoints()[-1]) for name in ("one", "two"))
    assert alone["samples"] == together["samples"] == 4
    squares = [state["optimiser"]["state"] for state in (alone, together)]
    assert squares[0].keys() == squares[1].keys()
    compared = 0
    for key in squares[0]:
        gradients = [state[key]["square_avg"].sqrt() for state in squares]
        scale = float(gradients[0].max())
        torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-5 * max(scale, 1e-6))
        compared += int(scale > 0)
    assert compared > 10
    # Each process validated its part of the views; the figures are those of all of them.
    figures = [json.loads(state["figures"]) for state in (alone, together)]
    assert figures[0] == pytest.approx(figures[1], rel=0.02)


def test_an_interrupt_of_one_process_ends_all_of_them_together(tmp_path, train_in_process):
    port = free_port()
    logs = [tmp_path / f"log{rank}.txt" for rank in (0, 1)]
    out = tmp_path / "run"
    processes = [
        train_in_process(logs[rank], torchrun(rank, port), "normals", out, devices=2, minutes=10) for rank in (0, 1)
    ]
    while not RunFolder(out).checkpoints():
        assert all(process.is_alive() for process in processes), [log.read_text() for log in logs]
        time.sleep(0.05)
    os.kill(processes[1].pid, signal.SIGINT)
    for process in processes:
        process.join(120)
        assert process.exitcode == 1  # KeyboardInterrupt, once the checkpoint was written
    assert "interrupted: writing a checkpoint" in logs[0].read_text()
    assert read_state(RunFolder(out).checkpoints()[-1])["step"] % AGREE_STEPS == 0
