"""`lifecast mannequins`: many poses of simply dressed people, for a lifter and for networks of maps to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro


def mannequins(
    out: Annotated[Path, tyro.conf.Positional],
    /,
    count: int = 300,
    each: int = 10,
    views: int = 3,
    front: float = 0.67,
    elevation: tuple[float, float] = (-5.0, 10.0),
    size: int = 384,
    seed: int = 0,
    assets: Path | None = None,
    poses: Path | None = None,
    without_garments: tuple[str, ...] = (),
    lighting: Path | None = None,
    pictures: bool = False,
    rays: int = 8,
    clip_share: float = 0.2,
    test_fraction: float = 0.05,
    workers: int = 1,
) -> int:
    """Let BlazePose look at many poses of made people, whose joints are known: data for `lifecast lift`.

    A draped person shows one pose. Mannequins' clothes follow their bodies stiffly, so that further poses are cheap;
    only landmarks and joints are kept, so nothing but `lift` can train on OUT:

        lifecast mannequins POSES --count 300 --each 10 --workers 2
        lifecast lift POSES DATA --out RUNS/lifter.safetensors

    With --pictures OUT is a dataset that `train normals`, `depth` and `detail` read, too (no points for the levels):

        lifecast mannequins POSES --count 150 --each 20 --size 512 --pictures --workers 2
        lifecast train depth --data DATA --also POSES --predicted-normals --out RUNS/depth --init compact

    A second run with the same seed makes only what is missing.

    Args:
        out: The folder to write to.
        count: How many mannequins.
        each: Poses of each.
        views: Pictures of each pose.
        front: Share of them within 45 degrees of the front.
        elevation: Range of the camera's elevation in degrees, MIN MAX.
        size: Pixels of the square pictures.
        seed: Mannequins of the same seed are the same, whatever the number of workers.
        assets: A copy of MakeHuman's public assets, as for `synthesize`.
        poses: A folder of motion clips, as for `synthesize`.
        without_garments: Leave these assets out.
        lighting: Folder of EXR or HDR environment maps; built-in lights when absent.
        pictures: Keep pictures, masks, normals and depths of the views, in the light of shadows that people cast on
            themselves.
        rays: Visibility rays a vertex for these shadows.
        clip_share: Share of the poses that come from the motion clips and from MakeHuman's poses (of people of
            `synthesize`: 0.2). These are where networks are furthest off.
        test_fraction: Share of the mannequins that the lifter is validated on.
        workers: Processes.
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: whether one process works or many, each has one thread
    from rich.console import Console

    from lifecast.counted_progress import counted_progress
    from lifecast.errors import UsageError
    from lifecast.people.crew import Order, check_origin
    from lifecast.people.mannequin_views import Sitting, check_sitting, make_all_views, missing
    from lifecast.writable import check_folder

    if count < 1 or workers < 1:
        raise UsageError("--count and --workers must be at least 1")
    if not 0 <= test_fraction < 1:
        raise UsageError(f"--test-fraction {test_fraction}: give a share from 0 to below 1")
    check_folder(out)
    order = Order(out, seed, assets, poses, (), tuple(without_garments))
    sitting = Sitting(order, each, views, size, front, elevation, lighting, pictures, rays, clip_share)
    check_origin(order)
    check_sitting(sitting)
    left = len(missing(sitting, count))
    console = Console(stderr=True, highlight=False, emoji=False)
    with counted_progress(console) as bar:
        task = bar.add_task("mannequins", total=count, completed=count - left)
        split = make_all_views(sitting, count, test_fraction, workers, lambda _number: bar.advance(task))
    poses_made = len(split["train"]) + len(split["test"])
    console.print(f"{out}: {poses_made} poses of {count} mannequins, {poses_made * views} views", markup=False)
    return 0
