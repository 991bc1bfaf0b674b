"""`lifecast prepare`: scans or made people to training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro


def prepare(
    scans: Annotated[Path, tyro.conf.Positional],
    out: Annotated[Path, tyro.conf.Positional],
    /,
    size: int = 1024,
    views: int = 360,
    elevation: tuple[float, float] = (0.0, 0.0),
    lighting: Path | None = None,
    lightings: int = 163,
    front: float = 0.0,
    points: tuple[int, int, int] = (16_000, 64_000, 64_000),
    rays: int = 64,
    workers: int = 1,
    seed: int = 0,
    test_fraction: float = 0.1,
    split: Path | None = None,
    units: Literal["m", "cm", "mm", "inch"] | None = None,
    up: Literal["x", "y", "z", "-y", "-z"] | None = None,
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None,
) -> int:
    """Scans or made people to training data.

    Args:
        scans: Folder of GLB, OBJ, PLY or STL people (one a file, or one a folder).
        out: Folder of the dataset; an interrupted run goes on where it stopped, damaged people are made again.
        size: Pixels of the square views.
        views: Views a person, evenly spaced in yaw (360: every degree).
        elevation: Range of the camera's elevation in degrees, MIN MAX.
        front: Share of the views drawn within 45 degrees of the person's front, the others being evenly spaced.
        lighting: Folder of EXR or HDR environment maps; built-in lights without.
        lightings: Sets of light coefficients made from the maps under random rotations.
        points: Points a person: uniform, near the surface with sigma 5 cm, with sigma 3 cm.
        rays: Visibility rays a vertex for the shadows.
        workers: Processes.
        seed: Of views, lights, points and the split.
        test_fraction: Share of the people kept for testing.
        split: JSON file {"train": [...], "test": [...]} instead of a random split.
        units: Of the files; found by a person's height when absent.
        up: Axis that points up in the files; found when absent.
        cluster: Run on this Ray cluster ("local": started for this run) with --workers workers.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded, which fixes its threads then
    from rich.console import Console

    from lifecast.counted_progress import counted_progress
    from lifecast.overlap import refuse_overlap
    from lifecast.scans.dataset_format import Settings
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import Outcome
    from lifecast.scans.prepare import prepare as run
    from lifecast.scans.split import read_split
    from lifecast.writable import check_folder

    settings = Settings(
        size=size, views=views, elevation=elevation, front=front, uniform=points[0], near5=points[1], near3=points[2],
        rays=rays, lightings=lightings, seed=seed, units=units, up=up,
    )  # fmt: skip
    refuse_overlap(out, "OUT", {"SCANS": scans, "--lighting": lighting})
    check_folder(out)
    listing = list_scans(scans)
    people = listing.people
    given = read_split(split) if split is not None else None
    console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    for line in listing.passed_over_lines():
        console.print(line, markup=False)
    for person, reason in listing.failed.items():
        console.print(f"{person}: left out: {reason}", markup=False)
    with counted_progress(console) as bar:
        task = bar.add_task("preparing", total=len(people))

        def tell(outcome: Outcome) -> None:
            bar.advance(task)
            for line in outcome.lines():
                bar.console.print(line, markup=False)

        execute = None
        if cluster is not None:
            from lifecast.cluster.jobs import prepare_on

            execute = prepare_on(cluster, workers)
        summary = run(people, out, settings, lighting, workers, test_fraction, given, tell, execute)
    counts = {state: summary.count(state) for state in ("made", "kept", "remade", "failed")}
    counts["failed"] += len(listing.failed)
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    console.print(f"{len(people) + len(listing.failed)} people: {told}; {out}", markup=False)
    return 1 if counts["failed"] else 0
