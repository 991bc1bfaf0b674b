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
        """Raise LifecastError where there can be no samples; called before anything heavy."""
        ...

    def begin(self, trainee: Trainee, resume: bool, stop: Callable[[], bool]) -> None:
        """Prepare for a stage; `stop` says whether to end the batches rather than to wait."""
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
        """Give a batch of one training sample of a phase."""
        ...

    def batches(self, phase: Phase, workers: int, pinned: bool) -> Iterator[Batch]:
        """Give training batches of a phase for this process, from the trainee's position on."""
        ...

    def unseen(self, phase: Phase) -> Epochal:
        """Open the people to validate with."""
        ...

    def record(self) -> dict[str, Any]:
        """Describe the data for a card."""
        ...

    def figures(self) -> dict[str, float]:
        """Read figures for a line of the log."""
        ...

    def remarks(self, last: bool = False) -> list[str]:
        """Write lines for the reader; `last`: at the end of a sitting."""
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
        """Check the datasets, as `Source.check`."""
        for root in self.roots:
            data.check_data(root)

    @property
    def roots(self) -> tuple[Any, ...]:
        """The datasets' folders."""
        return (self.options.data, *self.options.also)

    def begin(self, trainee: Trainee, resume: bool, stop: Callable[[], bool]) -> None:
        """Count the views of an epoch, as `Source.begin`."""
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
        """Give a batch of the first view, as `Source.one`."""
        return data.collate(self._open(phase, "train"), [0])

    def batches(self, phase: Phase, workers: int, pinned: bool) -> Iterator[Batch]:
        """Give batches of the datasets' training people, as `Source.batches`."""
        trainee = self._begun
        return data.training_batches(
            self._open(phase, "train"), phase.batch, self.options.seed, trainee.samples, workers,
            trainee.fabric.global_rank, trainee.fabric.world_size, pinned,
        )  # fmt: skip

    def unseen(self, phase: Phase) -> Epochal:
        """Open the datasets' test people, as `Source.unseen`."""
        return self._open(phase, "test")

    def record(self) -> dict[str, Any]:
        """Describe the datasets by a fingerprint, as `Source.record`."""
        return {"data": data.fingerprint(*self.roots), "views": self.views}

    def figures(self) -> dict[str, float]:
        """Return no figures: what is on disk needs no watching."""
        return {}

    def remarks(self, last: bool = False) -> list[str]:
        """Return no lines: what is on disk needs no watching."""
        return []

    def close(self) -> None:
        """Do nothing: loaders end with their iterators."""
