"""A stream as the training loop knows it: a `Source` whose people are made while it is used."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError, OptionsError
from lifecast.threads import available_cores
from lifecast.training import data
from lifecast.training.machine import processes
from lifecast.training.options import TrainOptions
from lifecast.training.order import Epochal
from lifecast.training.recipe import Phase, Recipe
from lifecast.training.source import Batch
from lifecast.training.stage_parts import MAPS
from lifecast.training.stream.batches import StreamBatches, collate, fewest_people
from lifecast.training.stream.dataset import Draw, LiftedPeople, StreamedPeople
from lifecast.training.stream.failures import Failures
from lifecast.training.stream.maker import Maker
from lifecast.training.stream.makers import Makers
from lifecast.training.stream.numbers import as_ranges
from lifecast.training.stream.pool import Pool
from lifecast.training.stream.record import RunRecord
from lifecast.training.stream.supply import Supply
from lifecast.training.stream.validation_people import make_validation
from lifecast.training.trainee import Trainee

MOST_WAITING = 0.05
"""Of its time that training should wait for people; more is said."""


class StreamSource:
    """Samples of people who are made meanwhile; see `Source`.

    maker_of: gives the maker, with landmarks or without, as the trained preset needs.
    """

    instant = False

    def __init__(
        self, options: TrainOptions, recipe: Recipe, maker_of: Callable[[bool], Maker], console: Console | None = None
    ) -> None:
        self.options, self.recipe, self.maker_of = options, recipe, maker_of
        self.console = console or Console(stderr=True, emoji=False)
        self.part = recipe.stage(options.stage)
        self.given = options.streaming
        self.views = 0
        """A pool once: what the recipes' epochs are counted in."""
        self.validation_numbers: list[int] = []
        self._stack = ExitStack()
        self._failures = Failures(self._say)
        self._warned = False

    def check(self) -> None:
        """Refuse what a stream cannot do."""
        if max(processes(self.options)) > 1:
            raise OptionsError("{stream} is for one process: leave out {devices} and {nodes}")
        if self.given.mannequins and self.options.stage not in MAPS:
            raise OptionError(
                "mannequins", self.given.mannequins,
                f"stage {self.options.stage} needs points, which mannequins have none of; leave it out",
            )  # fmt: skip

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    # Beginning

    def begin(self, trainee: Trainee, resume: bool, stop: Callable[[], bool]) -> None:
        """Open the pool, make missing validation people, and wait for the first people."""
        self.trainee, self.stop = trainee, stop
        maps = trainee.stage.model.architecture.maps
        self.maker = self.maker_of(maps is not None and maps.pose_channels)
        self.maker.check()
        self.views = self.given.pool_people * self.maker.views
        lifter = trainee.stage.model.pose_lifter
        self.lifter = None if lifter is None else copy.deepcopy(lifter).cpu().eval()
        described, header, given = self.maker.describe(), self.maker.header(), self.given
        self._check_size(int(header["size"]))
        root = given.pool or self.options.out / "pool"
        origin = {
            "seed": self.options.seed, "maker": described, "uses": given.uses,
            "validation": {"seed": given.validation_seed, "people": given.validation_people},
        }  # fmt: skip
        self.run_record = RunRecord(self.options.out, origin)
        self.run_record.begin(resume)
        self.pool = Pool(
            root, self.options.seed, given.pool_people, given.pool_gib, given.uses, described, header
        )  # fmt: skip
        self._stack.callback(self.pool.close)
        self.run_record.take_up(self.pool)
        count = given.makers or max(1, available_cores() - 1)
        makers = self._stack.enter_context(Makers(self.maker, self.pool.making, count))
        self.supply = Supply(self.pool, makers, self.run_record, self._failures)
        self._wait(described, header)
        self.supply.rates.restart()

    def _check_size(self, made: int) -> None:
        """OptionError where training wants larger pictures than can be drawn from those of `made` pixels."""
        wanted = max(phase.side(self.trainee.stage.size) for phase in self.part.phases)
        if wanted > 2 * made:
            raise OptionError("picture_size", made, f"this run trains on {wanted} pixels: give at least {wanted // 2}")

    def _wait(self, described: dict[str, Any], header: dict[str, Any]) -> None:
        """Wait for the people to validate with, then for the first to train on."""
        given, first = self.given, fewest_people(self.pool)
        self._say(
            f"{self.pool.root}: making {given.validation_people} people to validate with and the first {first} to "
            "train on, where they are missing; training begins then"
        )
        with counted_progress(self.console) as bar:
            task = bar.add_task(
                f"people to validate with (seed {given.validation_seed})", total=given.validation_people
            )
            self.validation_numbers = make_validation(
                self.pool.root / "validation", self.supply.makers, given.validation_seed, given.validation_people,
                described, header, self._failures, lambda done: bar.update(task, completed=done),
            )  # fmt: skip
            task = bar.add_task(f"first people (seed {self.options.seed})", total=first)
            self.supply.wait_for(first, lambda done: bar.update(task, completed=min(done, first)))

    # Samples

    def _settings(self, phase: Phase, split: data.Split) -> dict[str, Any]:
        stage = self.trainee.stage
        return data.sample_settings(
            self.options, self.recipe, self.part, phase, phase.side(stage.size), split, stage.limbs
        )

    def _dataset(self, phase: Phase) -> StreamedPeople:
        return StreamedPeople(self.pool.root, self.lifter, **self._settings(phase, "train"))

    def one(self, phase: Phase) -> Batch:
        """Give a batch of one view, as `Source.one`; it does not count as a use."""
        entry = self.pool.live()[0]
        draw = Draw(0, entry.number, f"people/{entry.name}/{next(iter(entry.people))}", 0)
        return collate(self._dataset(phase).__getitems__([draw]))

    def batches(self, phase: Phase, workers: int, pinned: bool) -> Iterator[Batch]:
        """Give batches of the pool's views, as `Source.batches`."""
        return StreamBatches(
            self._dataset(phase), self.supply, phase.batch, self.options.seed, self.trainee.samples, workers, self.stop,
            pinned,
        )  # fmt: skip

    def unseen(self, phase: Phase) -> Epochal:
        """Open the people to validate with, as `Source.unseen`."""
        dataset = LiftedPeople(
            self.pool.root / "validation", self.lifter, split="test", **self._settings(phase, "test")
        )
        return cast(Epochal, dataset)

    # What is said of it

    def record(self) -> dict[str, Any]:
        """Record seeds and numbers, by which the people can be made again, as `Source.record`."""
        content = self.run_record.content()
        del content["retired"]
        content["validation"] = {"seed": self.given.validation_seed, "numbers": as_ranges(self.validation_numbers)}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return {"data": digest, "views": len(self.run_record.seen) * self.maker.views, "stream": content}

    def figures(self) -> dict[str, float]:
        """Read the rates and the pool's state, as `Source.figures`."""
        return {
            **self.supply.rates.read(),
            "people_in_pool": len(self.pool.entries),
            "people_at_most": self.given.pool_people,
            "people_used": len(self.run_record.seen),
            "people_failed": self._failures.count,
        }

    def remarks(self, last: bool = False) -> list[str]:
        """Warn, once, where training waits too much; summarise at the end, as `Source.remarks`."""
        totals = self.supply.rates.totals()
        lines: list[str] = []
        if totals.wait_share > MOST_WAITING and not self._warned:
            self._warned = True
            read = self.supply.rates.read()
            lines.append(
                f"training waits for people {read['people_wait_share']:.0%} of its time: "
                f"{read['views_made_per_min']:.0f} views a minute are made; more --makers or --uses would help"
            )
        if last:
            lines.append(
                f"people: {totals.made} views made, {totals.used} used, {self._failures.count} people failed; training "
                f"waited {totals.wait_share:.1%} of its time for them"
            )
        return lines

    def close(self) -> None:
        """End the makers; what the pool holds stays for another run."""
        self._stack.close()
