"""Pools, supplies and whole runs on fake people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lifecast.training import loop
from lifecast.training.options import TrainOptions
from lifecast.training.stream.failures import Failures
from lifecast.training.stream.maker_process import made_in, make
from lifecast.training.stream.makers import Made
from lifecast.training.stream.options import StreamOptions
from lifecast.training.stream.pool import Pool
from lifecast.training.stream.record import RunRecord
from lifecast.training.stream.source import StreamSource
from lifecast.training.stream.supply import Supply

HERE = Path(__file__).parent
SEED = 5


@pytest.fixture
def fake_people(monkeypatch: pytest.MonkeyPatch) -> type:
    """The class `FakePeople`, where processes that make people find it, too."""
    monkeypatch.syspath_prepend(str(HERE))
    import fake_people

    return fake_people.FakePeople


class HandMakers:
    """`Makers` without processes: each call of `results` makes one number, the newest asked for first."""

    def __init__(self, maker: Any, scratch: Path, count: int = 1) -> None:
        self.maker, self.scratch, self.most = maker, scratch, 4 * count
        self.pending: list[tuple[int, int]] = []

    @property
    def wanting(self) -> int:
        return self.most - len(self.pending)

    def ask(self, seed: int, number: int) -> None:
        self.pending.append((seed, number))

    def results(self, seconds: float | None = 0.0) -> list[Made]:
        if not self.pending:
            return []
        seed, number = self.pending.pop()
        folder = made_in(self.scratch, seed, number)
        entry, reason = make(self.maker, seed, number, folder)
        return [Made(seed, number, folder, entry, reason)]


@pytest.fixture
def supply(tmp_path: Path) -> Iterator[Callable[..., Supply]]:
    """Open a supply of `maker` in `folder` without processes."""
    pools: list[Pool] = []

    def begin(
        maker: Any, people: int = 3, uses: int = 2, gib: float = 1.0, folder: Path = tmp_path, resume: bool = False,
        say: Callable[[str], None] = lambda _text: None, **more: Any,
    ) -> Supply:  # fmt: skip
        record = RunRecord(folder / "run", {"seed": SEED, "maker": maker.describe(), "uses": uses})
        record.begin(resume)
        pool = Pool(folder / "pool", SEED, people, gib, uses, maker.describe(), maker.header())
        record.take_up(pool)
        pools.append(pool)
        return Supply(pool, HandMakers(maker, pool.making), record, Failures(say), **more)  # type: ignore[arg-type]

    yield begin
    for pool in pools:
        pool.close()


@pytest.fixture
def train_stream(quick_recipe: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """`train --stream` on fake people in this process, one maker process."""
    threads = torch.get_num_threads()

    def run(out: Path, maker: Any, stage: str = "normals", pool: dict[str, Any] | None = None, **more: Any) -> Path:
        usual = {"pool_people": 4, "uses": 2, "makers": 1, "validation_people": 2, "views": 2}
        monkeypatch.setattr(
            loop, "new_source", lambda options, recipe: StreamSource(options, recipe, lambda _landmarks: maker)
        )
        settings = {"recipe": str(quick_recipe), "preset": "tiny", "workers": 0, "threads": 1, "seed": SEED, **more}
        streaming = StreamOptions(**(usual | (pool or {})))
        return loop.train(TrainOptions(stage=stage, out=out, stream=True, streaming=streaming, **settings))

    yield run
    torch.set_num_threads(threads)
