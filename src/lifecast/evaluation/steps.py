"""What each step without weights gains: the same people measured with all steps, and once more without each of them.

    table = measure_steps(Request(data, out), ("relief", "tilt"))
    write_text(out / "steps.md", table.markdown())

Figures are of the finest net, picture by picture, so that a gain is a mean of paired differences with an interval over
people. A step whose interval reaches 0 on both figures gains nothing that these people can tell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecast.atomic import write_text
from lifecast.errors import OptionError, OptionsError, UsageError
from lifecast.evaluation.evaluate import evaluate, prepared
from lifecast.evaluation.request import Request
from lifecast.evaluation.statistics import bootstrap_interval
from lifecast.model.checkpoint import read_description
from lifecast.model.inference_options import STEPS, InferenceOptions

if TYPE_CHECKING:
    from lifecast.evaluation.evaluate import Note, Told

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

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "weights": self.weights,
            "pictures": self.pictures,
            "people": self.people,
            "base": self.base,
            "without": {
                step: {name: {"mean": d.mean, "low": d.low, "high": d.high} for name, d in found.items()}
                for step, found in self.differences.items()
            },
        }

    def markdown(self) -> str:
        """A table of what changes without each step; differences whose interval keeps off 0 are bold."""
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
            lines.append(f"| {step} | " + " | ".join(cells) + " |")
        return "\n".join(lines) + "\n"


def chosen_steps(options: InferenceOptions, steps: Sequence[str]) -> list[str]:
    """Names of the steps to compare, in the order in which they run.

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
    request: Request, steps: Sequence[str], told: Told | None = None, note: Note | None = None
) -> StepsTable:
    """Measure with all steps and once more without each; results and reports stand in folders of `request.out`.

    What was measured before with the same plan is kept, so that an interrupted comparison goes on.
    """
    if request.meshes is not None:
        raise OptionsError("{steps} compares steps of weights, and {meshes} have none")
    if request.without:
        raise OptionsError("give {steps} or {without}, not both")
    description = read_description(request.weights)
    names = chosen_steps(description.inference.fitting(description.architecture), steps)
    data, cards = prepared(request, told or (lambda what, done, total: None), note)  # once, not for each step
    request = replace(request, data=data, cards=cards, strips=False)
    base = _figures(replace(request, out=request.out / "all"), told)
    differences = {}
    for name in names:
        found = _figures(replace(request, out=request.out / f"without_{name}", without=(name,)), told)
        both = sorted(base.keys() & found.keys())
        people = [picture.rsplit("_view_", 1)[0] for picture in both]
        differences[name] = {
            figure: _difference([base[p][figure] for p in both], [found[p][figure] for p in both], people, request.seed)
            for figure in next(iter(base.values()))
        }
    means = {figure: float(np.nanmean([row[figure] for row in base.values()])) for figure in next(iter(base.values()))}
    people_count = len({picture.rsplit("_view_", 1)[0] for picture in base})
    table = StepsTable(str(request.weights), len(base), people_count, means, differences)
    write_text(request.out / "steps.json", json.dumps(table.to_json(), indent=1))
    write_text(request.out / "steps.md", table.markdown())
    return table


def _difference(with_all: list[float], without: list[float], people: list[str], seed: int) -> Difference:
    apart = np.asarray(without) - np.asarray(with_all)
    known = np.isfinite(apart)
    if not known.any():
        return Difference(float("nan"), float("nan"), float("nan"))
    whose = [person for person, keep in zip(people, known, strict=True) if keep]
    return Difference(float(apart[known].mean()), *bootstrap_interval(apart[known], whose, seed))


def _figures(request: Request, told: Told | None) -> dict[str, dict[str, float]]:
    """The figures of each picture, by the picture's name: the finest level's, unaligned, and the maps'."""
    overview = evaluate(request, told)
    figures = {}
    for path in sorted((request.out / "items").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if not result["levels"]:
            continue  # counted as failed in the report
        level = list(result["levels"])[-1]
        found = result["levels"][level]["none"] | result["maps"]
        found["seconds"] = sum(float(value) for value in result["seconds"].values())
        figures[path.stem] = {name: float(found[name]) for name in FIGURES if name in found}
    if not figures:
        raise UsageError(f"{request.out}: none of the {len(overview.failed)} pictures gave a surface to compare")
    return figures
