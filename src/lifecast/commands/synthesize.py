"""`lifecast synthesize`: clothed people to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro


def synthesize(
    out: Annotated[Path, tyro.conf.Positional],
    /,
    count: int = 100,
    seed: int = 0,
    assets: Path | None = None,
    poses: Path | None = None,
    workers: int = 1,
    only_garments: tuple[str, ...] = (),
    without_garments: tuple[str, ...] = (),
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None,
) -> int:
    """Make clothed people to learn from: OUT/person_000000/person.glb and card.json, and so on.

    A second run with the same seed makes only the people that are missing.

    Args:
        out: The folder to write to.
        count: How many people there shall be.
        seed: People of the same seed are the same people, whatever the number of workers.
        assets: A copy of MakeHuman's public assets (the folder that holds `base`).
        poses: A folder of motion clips (.bvh, and humanoid3d .txt).
        workers: How many processes make people at once.
        only_garments: Keep to these assets (names of their .mhclo files, or "helper" for garments cut from the body's
            helper meshes); a test set can wear what no training person wears.
        without_garments: Leave these assets out.
        cluster: Run on this Ray cluster ("local": started for this run) with --workers workers.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lifecast.errors import UsageError
    from lifecast.people.crew import Order, make_all, missing

    if count < 1 or workers < 1:
        raise UsageError("--count and --workers must be at least 1")
    console = Console(stderr=True)
    out.mkdir(parents=True, exist_ok=True)
    numbers = missing(out, count)
    columns = (TextColumn("people"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("people", total=count, completed=count - len(numbers))
        order = Order(out.resolve(), seed, assets, poses, only_garments, without_garments)
        if cluster is not None:
            from lifecast.cluster.jobs import synthesize_on

            synthesize_on(cluster, workers, order, numbers, lambda number: progress.advance(task))
        else:
            make_all(order, numbers, workers, lambda number: progress.advance(task))
    return 0
