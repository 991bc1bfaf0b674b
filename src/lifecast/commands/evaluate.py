"""`lifecast evaluate`: measure weights, or anybody's meshes, against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def evaluate(
    data: Path,
    out: Path = Path("evaluation"),
    weights: str = "compact",
    meshes: Path | None = None,
    mesh_space: Literal["view", "person"] = "view",
    protocol: Literal["pifuhd", "sith", "all"] = "all",
    views: int | None = None,
    limit: int | None = None,
    level: Literal["coarse", "fine", "both"] = "both",
    masks: Literal["found", "predicted"] = "found",
    resolution: int = 512,
    samples: int | None = None,
    workers: int | None = None,
    seed: int = 0,
    backgrounds: Path | None = None,
    cards: Path | None = None,
    device: str = "auto",
    lighting: Path | None = None,
    pictures: Path | None = None,
) -> int:
    """Measure weights, or anybody's meshes, against the truth.

    Writes OUT/report.html, OUT/report.md, OUT/evaluation.json and a result for each picture; run again with
    the same options it goes on where it stopped.

    Args:
        data: Prepared dataset (its test people are measured), or a folder of scans or made people (all of them are
            prepared into OUT/benchmark first, four views each).
        out: Folder of the report.
        weights: Weights file, or name of built-in weights.
        meshes: Folder of meshes that another program made of the pictures; measured in place of weights.
        mesh_space: Space of those meshes: the picture's own, or a person standing anywhere in any unit, y up.
        protocol: Figures as in the paper's Table 1, as on the SiTH benchmark, or everything.
        views: Pictures of each person, spread evenly from the most frontal one on; all when absent.
        limit: Measure the first N people only.
        level: Levels whose surfaces are measured.
        masks: "found": the background is cleaned away by the mask that BlazePose finds in the picture, as `lifecast
            reconstruct` does. "predicted": the networks are left alone with the background.
        resolution: Of the lattice that surfaces are extracted on.
        samples: Surface samples a direction, in place of the protocol's 20,000.
        workers: Processes; by default one for each core, and one on a GPU.
        seed: Of backgrounds, samples and intervals.
        backgrounds: Folder of pictures to put behind people; generated ones when absent.
        cards: Folder of made people, whose cards tell their garment classes.
        device: auto, cpu or cuda.
        lighting: Folder of environment maps for preparing scans.
        pictures: Write the pictures that are to be reconstructed to this folder, for other programs, and end.
    """
    from rich.console import Console
    from rich.progress import TaskID

    from lifecast.counted_progress import counted_progress
    from lifecast.evaluation.evaluate import Request, write_pictures
    from lifecast.evaluation.evaluate import evaluate as run
    from lifecast.evaluation.terminal import headline
    from lifecast.writable import check_folder

    console = Console(stderr=True, highlight=False, emoji=False)
    request = Request(
        data=data, out=out, weights=None if meshes else weights, meshes=meshes, mesh_space=mesh_space,
        protocol=protocol, views=views, limit=limit, levels=level, masks=masks, resolution=resolution, samples=samples,
        workers=workers, seed=seed, backgrounds=backgrounds, cards=cards, device=device, lighting=lighting,
    )  # fmt: skip
    if pictures is not None:
        check_folder(pictures, "--pictures")
    else:
        check_folder(out, "--out")
    with counted_progress(console) as bar:
        tasks: dict[str, TaskID] = {}
        left_out = 0

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        def say(text: str, left_out_one: bool) -> None:
            nonlocal left_out
            left_out += left_out_one
            bar.console.print(text, markup=False)

        if pictures is not None:
            count = write_pictures(request, pictures, tell, say)
            console.print(f"{count} pictures in {pictures}", markup=False)
            return 1 if left_out else 0
        found = run(request, tell, say)
    Console(highlight=False, emoji=False).print(headline(found))
    console.print(f"report: {out / 'report.html'}", markup=False)
    if found.failed:
        console.print(f"{len(found.failed)} pictures gave no mesh; the report names them", markup=False)
    return 1 if found.failed or left_out else 0
