"""Chains: everything that makes weights from nothing, as data. This module reads and checks them.

`chains/compact.toml` makes weights like those that ship; `tiny.toml` goes the same way in seconds, for the tests.
`lifecast train all --recipe` takes one of these names or a path. A key that no field here names is an error.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lifecast.errors import OptionError, UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import Architecture
from lifecast.model.weights_file import Precision
from lifecast.scans.settings import Settings
from lifecast.training.benchmark_people import FROZEN_SEEDS
from lifecast.training.lifting_recipe import LiftingRecipe
from lifecast.training.stage_names import StageName
from lifecast.training.stage_parts import MAPS
from lifecast.training.tables import named_toml, read_table, read_toml

CHAINS = Path(__file__).parent / "chains"
FEWEST_PEOPLE = 2
"""One to train on, one to validate with."""
LINKS = ("people", "data", "landmarks", "mannequins", "lift", "given", "calibrate", "weights", "links")
"""Names of other links and folders of a chain, which a stage cannot have."""


def check_seed(seed: int) -> None:
    """Refuse seeds of the benchmark's people: UsageError."""
    if seed in FROZEN_SEEDS:
        raise UsageError(
            f"seed = {seed}: makes {FROZEN_SEEDS[seed]} of docs/benchmark.md, on whom nothing is trained; "
            "choose another"
        )


@dataclass(frozen=True)
class MadePeople:
    """Which people `synthesize` makes."""

    count: int
    """How many, those to validate with included."""
    seed: int
    """They follow from it."""
    without_garments: tuple[str, ...] = ()
    """Assets that they do not wear: the benchmark's test people do."""
    only_garments: tuple[str, ...] = ()
    """Assets that they keep to; none: all."""

    def __post_init__(self) -> None:
        if self.count < FEWEST_PEOPLE:
            raise UsageError(f"count = {self.count}: give at least {FEWEST_PEOPLE}, to train on and to validate with")
        check_seed(self.seed)


@dataclass(frozen=True)
class MadeMannequins:
    """Which further people `mannequins` dresses once and views in many poses.

    They wear what the people may wear. They have no points for the occupancy nets, and close-ups, which the people
    have not.
    """

    count: int
    """How many, those to validate with included."""
    seed: int
    """They follow from it."""
    each: int = 2
    """Poses of each."""
    views: int = 3
    """Pictures of each pose."""
    size: int = 512
    """Pixels of the square pictures."""
    front: float = 0.67
    """Share of the views within 45 degrees of the front."""
    rays: int = 8
    """Visibility rays a vertex for the shadows that people cast on themselves."""
    close_ups: int = 0
    """Close-ups of head and hands of each view."""

    def __post_init__(self) -> None:
        if self.count < FEWEST_PEOPLE:
            raise UsageError(f"count = {self.count}: give at least {FEWEST_PEOPLE}, to train on and to validate with")
        check_seed(self.seed)


ONLY_MANNEQUINS = {"close_up": "close-ups", "parsing": "parsing maps"}
"""Stages that prepared people cannot train, and what those lack."""


@dataclass(frozen=True)
class TrainedStage:
    """One run of `train STAGE`. It starts from the weights of the run before it."""

    stage: StageName
    """Which parts learn."""
    minutes: float | None = None
    """Length of the run, by the clock ..."""
    steps: int | None = None
    """... or in optimiser steps, which repeats to the bit."""
    predicted_normals: bool = False
    """Feed predicted maps instead of the true ones."""
    on: Literal["people", "mannequins", "both"] = "people"
    """Whose views it learns from."""
    name: str = ""
    """Its link and folder; the stage's own name unless a stage has several runs."""

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise UsageError(f"stage {self.stage}: give either minutes or steps")
        length = self.minutes if self.steps is None else self.steps
        if length is not None and length <= 0:
            raise UsageError(f"stage {self.stage}: its minutes or steps must be positive")
        if self.link in LINKS or Path(self.link).name != self.link or self.link.startswith("."):
            raise UsageError(f"name = {self.name!r}: a run needs a plain name that is none of {', '.join(LINKS)}")
        if self.stage in ONLY_MANNEQUINS and self.on != "mannequins":
            raise UsageError(
                f'stage {self.stage}: only mannequins have {ONLY_MANNEQUINS[self.stage]}; write on = "mannequins"'
            )
        if self.stage not in MAPS and self.on != "people":
            raise UsageError(f'stage {self.stage}: mannequins have no points for it; write on = "people"')

    @property
    def link(self) -> str:
        """What its link and folder are called."""
        return self.name or self.stage


@dataclass(frozen=True)
class Calibration:
    """The last change of the weights, by `calibrate` on the validation people."""

    share: float = 0.5
    """How much of the shift is made."""
    people: int | None = None
    """Only the first so many."""
    points: int = 40_000
    """Of each person."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise UsageError(f"share = {self.share}: give a number from 0 to 1")
        if self.points < 1000 or (self.people is not None and self.people < 1):
            raise UsageError("calibrate: give at least 1000 points and 1 person")


@dataclass(frozen=True)
class Chain:
    """Everything that decides which weights come out, but for assets, clips and lights."""

    name: str
    """What the weights' card calls it."""
    hours: float
    """About how long it takes on two cores: what --hours is measured against."""
    preset: str
    """Name of the architecture."""
    recipe: str
    """Name or path of the recipe of the stages."""
    people: MadePeople
    data: Settings
    """How people are rendered and sampled (`prepare`)."""
    stages: tuple[TrainedStage, ...]
    """The runs, in order."""
    mannequins: MadeMannequins | None = None
    """Further people for the heads of the maps; none: the people alone."""
    test_fraction: float = 0.1
    """Share of the people, and of the mannequins, to validate with."""
    lift: LiftingRecipe | None = None
    """How the pose lifter is trained, of presets that have one."""
    calibrate: Calibration | None = None
    """None: weights stay as they are trained."""
    seed: int = 0
    """Of the training: start weights, order, points and augmentation."""
    precision: Precision = "float16"
    """How the weights are stored at the end."""

    def __post_init__(self) -> None:
        if self.hours <= 0:
            raise UsageError(f"hours = {self.hours}: must be positive")
        if not 0 < self.test_fraction < 1:
            raise UsageError(f"test_fraction = {self.test_fraction}: must lie between 0 and 1")
        names = [run.link for run in self.stages]
        if not names:
            raise UsageError("a chain needs at least one [[stages]] table")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"two runs are called {twice[0]!r}: give one of them another name")
        for run in self.stages:
            if run.on != "people" and self.mannequins is None:
                raise UsageError(f"stage {run.link}: learns from mannequins, and there is no table [mannequins]")
            if run.stage == "close_up" and not (self.mannequins and self.mannequins.close_ups):
                raise UsageError(f"stage {run.link}: give close_ups = 1 or more in the table [mannequins]")
        if self.mannequins is not None and self.mannequins.seed == self.people.seed:
            raise UsageError(f"seed = {self.people.seed}: people and mannequins would be the same; choose two")
        if self.lifts != (self.lift is not None):
            wanted = "needs" if self.lifts else "has no pose lifter, so it cannot have"
            raise UsageError(f"preset {self.preset} {wanted} a table [lift]")

    @property
    def architecture(self) -> Architecture:
        """The preset itself."""
        return preset_named(self.preset)

    @property
    def lifts(self) -> bool:
        """Whether the preset has a pose lifter."""
        maps = self.architecture.maps
        return maps is not None and maps.pose_lifter is not None

    @property
    def posed(self) -> bool:
        """Whether the preset is conditioned on landmarks."""
        maps = self.architecture.maps
        return maps is not None and maps.pose_channels


def load_chain(name: str | Path) -> Chain:
    """Read a chain by its name or path.

    UsageError, naming file and key, for what it must not hold.
    """
    path = named_toml(name, CHAINS, "chain")
    chain: Chain = read_table(Chain, read_toml(path, "chain"), str(path))
    return chain


def scaled(chain: Chain, hours: float) -> Chain:
    """Scale a chain to take about `hours`.

    The number of people and the length of every run are scaled.
    """
    if hours <= 0:
        raise OptionError("hours", hours, "must be positive")
    factor = hours / chain.hours

    def times(count: int, least: int = 1) -> int:
        return max(least, round(count * factor))

    made = chain.mannequins
    stages = tuple(
        dataclasses.replace(
            run,
            minutes=None if run.minutes is None else run.minutes * factor,
            steps=None if run.steps is None else times(run.steps),
        )
        for run in chain.stages
    )
    return dataclasses.replace(
        chain,
        hours=hours,
        people=dataclasses.replace(chain.people, count=times(chain.people.count, FEWEST_PEOPLE)),
        mannequins=made and dataclasses.replace(made, count=times(made.count, FEWEST_PEOPLE)),
        lift=None if chain.lift is None else dataclasses.replace(chain.lift, steps=times(chain.lift.steps)),
        stages=stages,
    )


def chain_to_dict(chain: Chain) -> dict[str, Any]:
    """Describe `chain` in plain tables."""
    return dataclasses.asdict(chain)
