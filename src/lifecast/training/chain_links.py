"""The links of a chain: its data, pose lifter, every stage, calibration, and a folder of parts.

    train_chain(load_chain("compact"), Places(out=Path("runs"), assets=(Path("makehuman-assets"),)))

Each link calls what the command of its name calls.
"""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from lifecast.scans.landmark_file import LIFTED_FILE
from lifecast.training.chain import Chain, TrainedStage
from lifecast.training.chain_card import write_parts
from lifecast.training.chain_data import data_links, given_link
from lifecast.training.chain_places import Places, there, written
from lifecast.training.links import Link, files_fingerprint, run_links
from lifecast.training.loop import train
from lifecast.training.options import TrainOptions
from lifecast.training.recipe import load_recipe


def train_chain(chain: Chain, places: Places, again: str | None = None) -> Path:
    """Make weights from nothing, or go on where an earlier call ended.

    Returns the folder of parts.

    Parameters
    ----------
    again
        Name of a link to make anew, with all that stand on it.

    Raises
    ------
    UsageError
        Where `places.out` holds a chain of other settings; naming what differs.
    LifecastError
        Of the kind that fits, from whatever link fails.
    KeyboardInterrupt
        After Ctrl-C; a run of `train` has written its checkpoint by then.
    """

    def say(text: str) -> None:
        places.console.print(text, markup=False, soft_wrap=True)

    run_links(links_of(chain, places), places.out, again, say)
    return places.weights


def links_of(chain: Chain, places: Places) -> list[Link]:
    """List the links of a chain in order."""
    links = data_links(chain, places)
    if chain.lift is not None:
        links.append(lift_link(chain, places))
    init = places.lifter if chain.lift is not None else None
    for run in chain.stages:
        if run.stage == "close_up" and "given" not in [link.name for link in links]:
            assert init is not None
            links.append(given_link(places, links[-1].name, init))
        links.append(train_link(chain, places, run, links[-1].name, init))
        init = places.out / run.link / "weights.safetensors"
    assert init is not None
    if chain.calibrate is not None:
        links.append(calibrate_link(chain, places, links[-1].name, init))
        init = places.calibrated
    links.append(weights_link(chain, places, list(links), init))
    return links


def of_mannequins(chain: Chain) -> tuple[str, ...]:
    """List the link of a chain's mannequins, if it has any."""
    return () if chain.mannequins is None else ("mannequins",)


def lift_link(chain: Chain, places: Places) -> Link:
    """Train the pose lifter, and add what it makes of the landmarks (`lift`)."""
    from lifecast.training.lifting import lift_data

    recipe = chain.lift
    assert recipe is not None

    datasets = (places.data,) if chain.mannequins is None else (places.data, places.mannequins)

    def make() -> None:
        with places.counting("lifting", recipe.steps * (1 + recipe.folds)) as done:
            lift_data(datasets, places.lifter, recipe, chain.preset, chain.seed, progress=done)

    def made() -> list[Path]:
        lifted = [path for dataset in datasets for path in sorted(dataset.glob(f"*/{LIFTED_FILE}"))]
        return [*there(places.lifter)(), *lifted]

    command = written(
        f"lift {' '.join(dataset.name for dataset in datasets)}", out="lifter.safetensors", preset=chain.preset,
        steps=recipe.steps, learning_rate=recipe.learning_rate, seed=chain.seed,
    )  # fmt: skip
    settings = {"preset": chain.preset, "seed": chain.seed, "recipe": dataclasses.asdict(recipe)}
    return Link(
        "lift",
        settings,
        ("data", "landmarks", *of_mannequins(chain)),
        command,
        make,
        made,
        lambda: files_fingerprint(made(), places.out),
    )


def train_link(chain: Chain, places: Places, run: TrainedStage, before: str, init: Path | None) -> Link:
    """Train one stage from the weights at `init`, which the link `before` made (`train STAGE`)."""
    out = places.out / run.link
    recipe = load_recipe(chain.recipe)
    datasets = {
        "people": (places.data,), "mannequins": (places.mannequins,), "both": (places.data, places.mannequins)
    }[run.on]  # fmt: skip
    options = TrainOptions(
        stage=run.stage, data=datasets[0], also=datasets[1:], out=out, preset=chain.preset, recipe=chain.recipe,
        resume=True, init=() if init is None else (init,), minutes=run.minutes, steps=run.steps, seed=chain.seed,
        predicted_normals=run.predicted_normals, workers=places.workers - 1, threads=places.workers,
    )  # fmt: skip
    command = written(
        f"train {run.stage}", data=datasets[0].name, also=tuple(dataset.name for dataset in datasets[1:]),
        out=run.link, preset=chain.preset, recipe=recipe.name, init=init and init.relative_to(places.out).as_posix(),
        minutes=run.minutes, steps=run.steps, seed=chain.seed, predicted_normals=run.predicted_normals,
    )  # fmt: skip

    needs = ("data",) if run.on == "people" else ("data", *of_mannequins(chain))

    def make() -> None:
        train(options)

    settings = {
        "preset": chain.preset,
        "seed": chain.seed,
        **{name: value for name, value in dataclasses.asdict(run).items() if name != "name"},
        "recipe": {"augment": recipe.augment, **dataclasses.asdict(recipe.stage(run.stage))},
    }
    return Link(
        run.link, settings, tuple(dict.fromkeys((*needs, before))), command, make, there(out),
        lambda: files_fingerprint([out / "weights.safetensors"], places.out),
    )  # fmt: skip


def calibrate_link(chain: Chain, places: Places, before: str, weights: Path) -> Link:
    """Shift the occupancies so that the validation people are overlapped best (`calibrate`)."""
    from lifecast.evaluation.calibration import calibrate
    from lifecast.training.weights import export

    wanted = chain.calibrate
    assert wanted is not None

    def make() -> None:
        model, found, history = calibrate(
            weights, places.data, wanted.people, wanted.points, wanted.share, chain.seed, "auto"
        )
        export(places.calibrated, model, history)
        for level, one in found.items():
            text = f"{level}: logits {one.shift:+.2f}, volume IoU {one.before:.4f} -> {one.after:.4f}"
            places.console.print(text, markup=False)

    command = written(
        f"calibrate {weights.relative_to(places.out).as_posix()} data", out="calibrated.safetensors",
        people=wanted.people, points=wanted.points, share=wanted.share, seed=chain.seed,
    )  # fmt: skip
    settings = {"seed": chain.seed, **dataclasses.asdict(wanted)}
    return Link(
        "calibrate", settings, ("data", before), command, make, there(places.calibrated),
        lambda: files_fingerprint([places.calibrated], places.out),
    )  # fmt: skip


def weights_link(chain: Chain, places: Places, links: list[Link], source: Path) -> Link:
    """Write the weights at `source` as a folder of parts with their cards.

    The last of `links` made them.
    """

    def make() -> None:
        write_parts(chain, [link.name for link in links], places.out, source, places.weights)

    command = f"lifecast train all --recipe {shlex.quote(chain.name)} --hours {chain.hours:g}"
    return Link(
        "weights", {"precision": chain.precision}, (links[-1].name,), command, make, there(places.weights),
        lambda: files_fingerprint(places.weights.glob("*"), places.out),
    )  # fmt: skip
