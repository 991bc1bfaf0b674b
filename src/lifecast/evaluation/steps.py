"""What each inference step gains: the same people measured with all steps, and once more without each of them.

    table = measure_steps(Request(data, out), ("relief", "mirror"))
    write_text(out / "steps.md", table.markdown())

Figures are of the finest net, picture by picture, so that a gain is a mean of paired differences with an interval over
people. A step whose intervals all reach 0 gains nothing that can be measured on these people.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lifecast.atomic import write_text
from lifecast.errors import OptionError, OptionsError, UsageError
from lifecast.evaluation.evaluate import Note, Progress, evaluate, prepared, read_results
from lifecast.evaluation.protocol import PROTOCOLS
from lifecast.evaluation.request import Request
from lifecast.evaluation.statistics import bootstrap_interval
from lifecast.model.checkpoint import read_description
from lifecast.model.inference_options import DEPENDENT, STEPS, InferenceOptions

ALL = "all"
"""Stands for every step that the weights run."""

FIGURES: dict[str, str] = {
    "chamfer_cm": "Chamfer, cm",
    "normal_consistency": "normal consistency",
    "normal_degrees": "normals of the surface, degrees",
    "front_degrees": "front map, degrees",
    "back_degrees": "back map, degrees",
    "seconds": "seconds",
}
"""Compared with and without a step; of all but the normal consistency less is better."""


@dataclass(frozen=True)
class Difference:
    """One figure without a step less the same figure with it, over all pictures."""

    mean: float
    low: float
    """95 % interval of the mean over people, from here ..."""
    high: float
    """... to here; nan of a single person."""

    @property
    def sure(self) -> bool:
        """Whether the interval keeps off 0."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class StepsTable:
    """What was measured: the figures with every step, and what changes without each."""

    weights: str
    pictures: int
    people: int
    base: dict[str, float]
    """Means with all steps, by `FIGURES`."""
    differences: dict[str, dict[str, Difference]]
    """By step, by figure."""
    along: dict[str, list[str]]
    """By step, the steps that stand on it and were off with it."""

    def to_json(self) -> dict[str, Any]:
        """Describe the table in plain values."""
        return {
            "weights": self.weights,
            "pictures": self.pictures,
            "people": self.people,
            "base": self.base,
            "along": self.along,
            "without": {
                step: {name: {"mean": d.mean, "low": d.low, "high": d.high} for name, d in found.items()}
                for step, found in self.differences.items()
            },
        }

    def markdown(self) -> str:
        """Write a table of what changes without each step.

        Differences whose interval keeps off 0 are bold.
        """
        names = [name for name in FIGURES if name in self.base]
        lines = [
            f"Weights `{self.weights}`, {self.pictures} pictures of {self.people} people. Each row: the figure without",
            "the step less the figure with all steps, and the 95 % interval of that mean over people; bold where the",
            "interval keeps off 0. A positive number of centimetres or degrees is what the step gains.",
            "",
            "| without | " + " | ".join(FIGURES[name] for name in names) + " |",
            "| --- |" + " --- |" * len(names),
            "| (all steps) | " + " | ".join(f"{self.base[name]:.3f}" for name in names) + " |",
        ]
        for step, found in self.differences.items():
            cells = []
            for name in names:
                difference = found[name]
                text = f"{difference.mean:+.3f}"
                if name != "seconds":
                    text += f" [{difference.low:+.3f}, {difference.high:+.3f}]"
                    text = f"**{text}**" if difference.sure else text
                cells.append(text)
            lines.append(f"| {', '.join([step, *self.along[step]])} | " + " | ".join(cells) + " |")
        return "\n".join(lines) + "\n"


def chosen_steps(options: InferenceOptions, steps: Sequence[str]) -> list[str]:
    """List the names of the steps to compare, in the order in which they run.

    Raises
    ------
    UsageError
        For a name that is none of the steps, or a step that these weights do not run.
    """
    running = options.running()
    names = [step.strip().replace("-", "_") for step in steps]
    if names == [ALL]:
        return running
    for name in names:
        if name not in STEPS:
            raise OptionError("steps", name, f"there is no such step; choose {ALL} or from {', '.join(running)}")
        if name not in running:
            raise OptionError("steps", name, f"these weights do not run it; they run {', '.join(running)}")
    return [name for name in running if name in names]


def measure_steps(
    request: Request, steps: Sequence[str], progress: Progress | None = None, note: Note | None = None
) -> StepsTable:
    """Measure with all steps and once more without each.

    Results and reports stand in folders of `request.out`. What was measured before with the same plan is kept, so that
    an interrupted comparison goes on. `steps.json` and `steps.md` hold the table. `progress` and `note` as of
    `evaluate`, which also says what is raised.

    Raises
    ------
    UsageError
        For meshes, for a request that leaves steps out already, for unknown steps, and where no picture gave a surface.
    """
    if request.meshes is not None:
        raise OptionsError("{steps} compares steps of weights, and {meshes} have none")
    if request.without:
        raise OptionsError("give {steps} or {without}, not both")
    description = read_description(request.weights)
    options = description.inference.fitting(description.architecture)
    if request.masks == "predicted":
        options = options.without("clean_background")  # as `Predictor` does
    names = chosen_steps(options, steps)
    data, cards = prepared(request, progress or (lambda what, done, total: None), note)
    request = replace(request, data=data, cards=cards, level="fine", strips=False)
    base = _measured(replace(request, out=request.out / "all"), progress)
    differences = {}
    for name in names:
        found = _measured(replace(request, out=request.out / f"without_{name}", without=(name,)), progress)
        differences[name] = _differences(base, found, request.seed)
    table = StepsTable(
        weights=str(request.weights),
        pictures=len(base),
        people=len({picture.person for picture in base.values()}),
        base={name: float(np.nanmean([one.figures[name] for one in base.values()])) for name in _figures_of(base)},
        differences=differences,
        along={name: [one for one in DEPENDENT.get(name, ()) if one in options.running()] for name in names},
    )
    write_text(request.out / "steps.json", json.dumps(table.to_json(), indent=1))
    write_text(request.out / "steps.md", table.markdown())
    return table


@dataclass(frozen=True)
class _Picture:
    """What was measured of one picture."""

    person: str
    figures: dict[str, float]


def _measured(request: Request, progress: Progress | None) -> dict[str, _Picture]:
    """Measure every picture, by its name: the finest net's surface at the protocol's first alignment, and the maps."""
    failed = evaluate(request, progress).failed
    alignment = PROTOCOLS[request.protocol].alignments[0]
    pictures = {}
    for result in read_results(request):
        if not result["levels"]:
            continue  # counted as failed in the report
        level = list(result["levels"])[-1]
        found = result["levels"][level][alignment] | result["maps"]
        found["seconds"] = sum(float(value) for value in result["seconds"].values())
        item = result["item"]
        figures = {name: float(found[name]) for name in FIGURES if name in found}
        pictures[f"{item['person']}_view_{item['view']:03d}"] = _Picture(item["person"], figures)
    if not pictures:
        raise UsageError(f"{request.out}: none of the {len(failed)} pictures gave a surface to compare")
    return pictures


def _figures_of(measured: dict[str, _Picture]) -> list[str]:
    """The figures that were measured; the same of every picture."""
    return list(next(iter(measured.values())).figures)


def _differences(base: dict[str, _Picture], without: dict[str, _Picture], seed: int) -> dict[str, Difference]:
    """Compare the pictures that gave a surface both times, figure by figure."""
    both = sorted(base.keys() & without.keys())
    people = [base[name].person for name in both]
    return {
        figure: _difference([without[name].figures[figure] - base[name].figures[figure] for name in both], people, seed)
        for figure in _figures_of(base)
    }


def _difference(apart: list[float], people: list[str], seed: int) -> Difference:
    """The mean of what pictures differ by; values that are not numbers are left out of it."""
    values = np.asarray(apart, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return Difference(float("nan"), float("nan"), float("nan"))
    whose = [person for person, keep in zip(people, finite, strict=True) if keep]
    return Difference(float(values[finite].mean()), *bootstrap_interval(values[finite], whose, seed))
