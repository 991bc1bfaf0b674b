"""What the training tests share: a quick recipe, and the train command in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess as Process
from pathlib import Path

import lightning.fabric  # noqa: F401 - here, so that forked processes have it already
import pytest
import torch

from lifecast.training import data
from lifecast.training.loop import train
from lifecast.training.options import TrainOptions

HERE = Path(__file__).parent

STAGE = """
[{name}]
optimiser = "adamw"
learning_rate = 1e-3
weight_decay = 0.01
clip = 1.0
average = 0.9
near = "near5"
phases = [{{ size = 64, batch = 3, points = 100, share = 0.5 }}, {{ size = 96, batch = 2, points = 120, share = 0.5 }}]
schedule = {{ shape = "one-cycle", warmup = 0.2 }}
losses = {{ l1 = 2.0, l1_over = "mask", cosine = 1.0, mask = 1.0, depth = 1.0, perceptual = 0.0 }}
"""


@pytest.fixture(scope="session")
def quick_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of two small phases for every stage; checkpoints after every step, and no validation but the last."""
    path = tmp_path_factory.mktemp("recipe") / "quick.toml"
    head = 'name = "quick"\ncheckpoint_minutes = 1e-6\nvalidate_minutes = 1e9\npictures_minutes = 1e9\nkeep = 3\n'
    stages = ("normals", "depth", "detail", "coarse", "fine", "joint")
    path.write_text(head + "".join(STAGE.format(name=name) for name in stages))
    return path


@pytest.fixture
def analytic_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training in this process reads analytic people whatever its data folder."""
    monkeypatch.syspath_prepend(str(HERE))
    import analytic_people

    monkeypatch.setattr(data, "check_data", lambda root: None)
    monkeypatch.setattr(data, "open_split", analytic_people.open_split)


@pytest.fixture
def train_here(quick_recipe: Path, analytic_data: None) -> Iterator[Callable[..., Path]]:
    """`train` on analytic people in this process, like `train_process`."""
    threads = torch.get_num_threads()

    def run(stage: str, out: Path, **more: object) -> Path:
        settings = {"recipe": str(quick_recipe), "preset": "tiny", "workers": 0, "threads": 1, **more}
        return train(TrainOptions(stage=stage, data=Path(), out=out, **settings))

    yield run
    torch.set_num_threads(threads)


@pytest.fixture
def train_in_process(train_here: Callable[..., Path], tmp_path: Path) -> Callable[..., Process]:
    """Start `train_here` in a process of its own, with `environment` added to its; its output goes to `log`.

    The process is forked, as loading processes are: importing PyTorch and Lightning anew would take longer than
    the run.
    """

    def start(log: Path, environment: dict[str, str], *arguments: object, **more: object) -> Process:
        def body() -> None:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            os.environ.update(environment)
            train_here(*arguments, **more)

        process = multiprocessing.get_context("fork").Process(target=body)
        process.start()
        return process

    return start


@pytest.fixture
def analytic_people(monkeypatch: pytest.MonkeyPatch) -> type:
    """The class `AnalyticPeople`."""
    monkeypatch.syspath_prepend(str(HERE))
    import analytic_people

    return analytic_people.AnalyticPeople
