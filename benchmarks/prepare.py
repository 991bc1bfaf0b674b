"""What `lifecast prepare` and `PeopleDataset` cost: python benchmarks/prepare.py PEOPLE [--size 1024] [--workers 1 2]

PEOPLE is a folder of people or scans. Times are of this process's own CPU (one core), medians over what is repeated, so
that a busy machine hardly disturbs them; the scaling over workers is wall time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lifecast.scans.augmentation import Augmentation
from lifecast.scans.cores import one_thread
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.lighting import make_lightings
from lifecast.scans.listing import list_scans
from lifecast.scans.normalise import normalise
from lifecast.scans.occupancy import sample_pools
from lifecast.scans.orientation import orient_outward
from lifecast.scans.prepare import prepare
from lifecast.scans.prepared_person import write_view
from lifecast.scans.read import read_scan
from lifecast.scans.render import Renderer, view_rotation
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.settings import Settings
from lifecast.scans.shading import draw_look
from lifecast.scans.transfer import vertex_transfer


def timed(work: Callable[[], Any], repeat: int = 1) -> tuple[Any, float]:
    """Result of the last run, and the median CPU seconds."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return result, statistics.median(seconds)


def person(path: Path, size: int, views: int) -> None:
    """Every stage of one person, one line each."""
    read_scan(path)  # imports
    scan, seconds = timed(lambda: read_scan(path), 3)
    print(f"{path.parent.name}: {len(scan.vertices):,} vertices, {len(scan.faces):,} faces")
    print(f"  read                          {seconds:7.3f} s")
    normalise(scan)
    orient_outward(scan.vertices, scan.faces)
    normals, seconds = timed(lambda: seamless_normals(scan.vertices, scan.faces))
    print(f"  vertex normals                {seconds:7.3f} s")
    renderer = Renderer(scan, normals, size, gloss=np.full(len(scan.materials), 0.3, np.float32))
    renderer.transfer, seconds = timed(
        lambda: vertex_transfer(renderer.occluders, scan.vertices, scan.faces, normals, 64)
    )
    print(f"  radiance transfer, 64 rays    {seconds:7.3f} s")
    counts = {"uniform": 16_000, "near5": 64_000, "near3": 64_000}
    _, seconds = timed(lambda: sample_pools(scan.vertices, scan.faces, counts, np.random.default_rng(0)))
    print(f"  144,000 labelled points       {seconds:7.3f} s")
    _, lights = make_lightings(None, 20, 0)
    rng = np.random.default_rng(0)
    rendering, writing, sunny = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for yaw in np.linspace(0, 360, views, endpoint=False):
            rotation = view_rotation(float(yaw), 0)
            look, _ = draw_look(rng, lights)
            shift = renderer.shift(rotation)
            view, seconds = timed(lambda: renderer.render(rotation, shift, look))  # noqa: B023
            (rendering if look.sun is None else sunny).append(seconds)
            writing.append(timed(lambda: write_view(Path(folder), "view", view))[1])  # noqa: B023
    print(f"  a view of {size:4d}, rendered       {statistics.median(rendering):7.3f} s")
    if sunny:
        print(f"    with a lamp's shadow        {statistics.median(sunny):7.3f} s")
    print(f"    written                     {statistics.median(writing):7.3f} s")


def samples(data: Path, sizes: tuple[int, ...]) -> None:
    """One training sample of 8,000 points, with and without augmentation."""
    for size in sizes:
        for augmentation in (None, Augmentation()):
            dataset = PeopleDataset(data, "all", size=size, augmentation=augmentation)
            for i in range(600):  # fills the bank of backgrounds
                if dataset.backgrounds is not None:
                    dataset.backgrounds.draw(np.random.default_rng(i), 16)
            count = min(len(dataset), 24)
            start = time.process_time()
            for i in range(count):
                dataset[i]
            told = "augmented" if augmentation else "plain"
            print(f"a sample of {size:4d}, {told:9s}       {(time.process_time() - start) / count * 1000:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--views", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="*", default=[1])
    options = parser.parse_args()
    one_thread()
    scans = list_scans(options.people).people
    largest = max(scans.values(), key=lambda path: path.stat().st_size)
    person(largest, options.size, options.views)
    few = dict(list(scans.items())[:4])
    settings = Settings(size=options.size, views=options.views)
    for workers in options.workers:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            prepare(few, Path(folder), settings, workers=workers)
            print(f"{len(few)} people with {workers} workers       {time.perf_counter() - start:7.1f} s wall")
            if workers == options.workers[-1]:
                samples(Path(folder), tuple(s for s in (256, 512, 1024) if s <= options.size))


if __name__ == "__main__":
    main()
