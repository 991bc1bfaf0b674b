"""Where a run's samples come from: `Source`, and the one that reads datasets on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from lifecast.training import data
from lifecast.training.options import TrainOptions
from lifecast.training.order import Epochal
from lifecast.training.recipe import Phase, Recipe
from lifecast.training.trainee import Trainee

Batch = dict[str, Any]


class Source(Protocol):
    """Gives a run its samples. `begin` comes first, `close` last, whatever happens between."""

    def check(self) -> None:
        """Before anything heavy: LifecastError where there can be no samples."""
        ...

    def begin(self, trainee: Trainee, resume: bool, stop: Callable[[], bool]) -> None:
        """Get ready for a stage. `stop` says whether to end the batches rather than to wait."""
        ...

    @property
    def views(self) -> int:
        """Views of an epoch."""
        ...

    @property
    def instant(self) -> bool:
        """Whether `begin` takes no time worth counting."""
        ...

    def one(self, phase: Phase) -> Batch:
        """A batch of one training sample of a phase."""
        ...

    def batches(self, phase: Phase, workers: int, pinned: bool) -> Iterator[Batch]:
        """Training batches of a phase for this process, from the trainee's position on."""
        ...

    def unseen(self, phase: Phase) -> Epochal:
        """The people to validate with."""
        ...

    def record(self) -> dict[str, Any]:
        """What a card says of the data."""
        ...

    def figures(self) -> dict[str, float]:
        """Figures for a line of the log."""
        ...

    def remarks(self, last: bool = False) -> list[str]:
        """Lines for the reader; `last`: at the end of a sitting."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class FolderSource:
    """Samples of prepared datasets: `--data` and `--also`."""

    instant = True

    def __init__(self, options: TrainOptions, recipe: Recipe) -> None:
        self.options, self.recipe = options, recipe
        self.part = recipe.stage(options.stage)
        self.trainee: Trainee | None = None
        self.views = 0

    def check(self) -> None:
        """As `Source.check`."""
        for root in self.roots:
            data.check_data(root)

    @property
    def roots(self) -> tuple[Any, ...]:
        """The datasets' folders."""
        return (self.options.data, *self.options.also)

    def begin(self, trainee: Trainee, resume: bool, stop: Callable[[], bool]) -> None:
        """As `Source.begin`."""
        self.trainee = trainee
        self.views = len(self._open(self.part.phases[0], "train"))

    def _open(self, phase: Phase, split: data.Split) -> Epochal:
        stage = self._begun.stage
        return data.open_split(self.options, self.recipe, self.part, phase, phase.side(stage.size), split, stage.limbs)

    @property
    def _begun(self) -> Trainee:
        if self.trainee is None:
            raise RuntimeError("a source gives samples after `begin`")
        return self.trainee

    def one(self, phase: Phase) -> Batch:
        """As `Source.one`."""
        return data.collate(self._open(phase, "train"), [0])

    def batches(self, phase: Phase, workers: int, pinned: bool) -> Iterator[Batch]:
        """As `Source.batches`."""
        trainee = self._begun
        return data.training_batches(
            self._open(phase, "train"), phase.batch, self.options.seed, trainee.samples, workers,
            trainee.fabric.global_rank, trainee.fabric.world_size, pinned,
        )  # fmt: skip

    def unseen(self, phase: Phase) -> Epochal:
        """As `Source.unseen`."""
        return self._open(phase, "test")

    def record(self) -> dict[str, Any]:
        """As `Source.record`."""
        return {"data": data.fingerprint(*self.roots), "views": self.views}

    def figures(self) -> dict[str, float]:
        """As `Source.figures`."""
        return {}

    def remarks(self, last: bool = False) -> list[str]:
        """As `Source.remarks`."""
        return []

    def close(self) -> None:
        """As `Source.close`."""
