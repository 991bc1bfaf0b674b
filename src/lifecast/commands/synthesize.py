"""`lifecast synthesize`: clothed people to learn from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import tyro

from lifecast.errors import UsageError
from lifecast.writable import check_file, check_folder

SHEET_PEOPLE = 48


def synthesize(
    out: Annotated[Path, tyro.conf.Positional],
    /,
    count: int = 100,
    seed: int = 0,
    assets: Path | None = None,
    poses: Path | None = None,
    workers: int = 1,
    sheet: Path | None = None,
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
        assets: A copy of MakeHuman's public assets (the folder that holds `base`); without it, garments are cut from
            the body's own helper meshes.
        poses: A folder of motion clips (.bvh, and humanoid3d .txt) to take some of the poses from.
        workers: How many processes make people at once.
        sheet: Draw the first 48 people into this picture, colour beside normals.
        only_garments: Keep to these assets (names of their .mhclo files, or "helper" for garments cut from the body's
            helper meshes); a test set can wear what no training person wears.
        without_garments: Leave these assets out.
        cluster: Run on this Ray cluster ("local": started for this run) with --workers workers, which must reach OUT,
            --assets and --poses.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: whether one process works or many, each has one thread
    from rich.console import Console

    from lifecast.counted_progress import counted_progress
    from lifecast.people.crew import Order, check_origin, folder, make_all, missing

    if count < 1 or workers < 1:
        raise UsageError("--count and --workers must be at least 1")
    if sheet is not None and sheet.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise UsageError(f"--sheet {sheet}: name a .png, .jpg or .webp file")
    check_folder(out)
    if sheet is not None:
        check_file(sheet, "--sheet")
    console = Console(stderr=True, emoji=False)
    order = Order(out, seed, assets, poses, tuple(only_garments), tuple(without_garments))
    check_origin(order)
    numbers = missing(out, count)
    with counted_progress(console) as progress:
        task = progress.add_task("people", total=count, completed=count - len(numbers))

        def tell(number: int) -> None:
            progress.advance(task)

        if cluster is not None:
            from lifecast.cluster.jobs import synthesize_on

            synthesize_on(cluster, workers, order, numbers, tell)
        else:
            make_all(order, numbers, workers, tell)
    if sheet is not None:
        from lifecast.people.sheet import contact_sheet

        contact_sheet([folder(out, n) for n in range(min(count, SHEET_PEOPLE))], sheet)
    classes: dict[str, int] = {}
    for n in range(count):
        for name in json.loads((folder(out, n) / "card.json").read_text())["classes"]:
            classes[name] = classes.get(name, 0) + 1
    console.print(
        f"{count} people in {out}: " + ", ".join(f"{k} {v}" for k, v in sorted(classes.items())), markup=False
    )
    return 0
