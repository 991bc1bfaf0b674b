"""`lifecast train all`: weights from nothing."""

from __future__ import annotations

from pathlib import Path


def train_all(
    out: Path,
    recipe: str = "compact",
    assets: Path | None = None,
    poses: Path | None = None,
    lighting: Path | None = None,
    hours: float | None = None,
    workers: int | None = None,
    again: str | None = None,
) -> int:
    """Make weights from nothing: people, data, pose lifter, then every stage on what the stages before it predict.

        lifecast train all --out RUNS --assets MAKEHUMAN_ASSETS --poses POSES --lighting LIGHTING
        lifecast reconstruct photo.jpg --weights RUNS/weights

    The same command goes on where an earlier one ended, killed or interrupted however. RUNS/weights is a folder with a
    file for each part; its cards say by which commands, from which seeds and data they were made. With other options
    or another recipe than before the command refuses to go on and says what differs.

    Args:
        out: the chain's folder
        recipe: built-in chain (compact; tiny, for tests) or the path of a .toml file
        assets: a copy of MakeHuman's assets (the folder that holds `base`), for garments, hair and skins
        poses: folder of motion clips (.bvh, and humanoid3d .txt) to take some of the poses from
        lighting: folder of EXR or HDR environment maps; built-in lights without
        hours: about how long it shall take on two cores: the number of people and the length of every run are scaled;
            by default as the recipe says
        workers: processes that make people and data, and threads of the training; by default all cores
        again: make this link anew (people, data, landmarks, lift, a stage, calibrate or weights) and what stands on it
    """
    import os

    from lifecast.scans.cores import one_thread

    one_thread()  # before NumPy's BLAS is loaded: processes that make people have one thread each
    from rich.console import Console

    from lifecast.training.chain import load_chain, scaled
    from lifecast.training.chain_links import train_chain
    from lifecast.training.chain_places import Places
    from lifecast.writable import check_folder

    check_folder(out, "--out")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    chain = load_chain(recipe)
    if hours is not None:
        chain = scaled(chain, hours)
    places = Places(out, assets, poses, lighting, cores if workers is None else workers)
    weights = train_chain(chain, places, again)
    Console(highlight=False, emoji=False, soft_wrap=True).print(
        f"weights: {weights}; use them with `lifecast reconstruct PHOTO --weights {weights}`", markup=False
    )
    return 0
