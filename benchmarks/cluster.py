"""How `--cluster` scales: photographs a second on 1 and 2 workers, and what the driver can schedule.

    python benchmarks/cluster.py --workers 1 2 --photos 16 --resolution 128     # alone on the machine
    python benchmarks/cluster.py --driver                                       # small items; memory of the driver

The rate is measured from the moment every worker has returned its first photograph, so that loading Ray and the
networks, once a run, is told apart. Each worker has one thread.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from lifecast.cluster.jobs import ReconstructJob
from lifecast.cluster.manifest import Manifest
from lifecast.cluster.pool import Job, run_on_cluster, start_local
from lifecast.options import ReconstructOptions


@dataclass(frozen=True)
class Nothing:
    """The smallest item: what is left is the cluster's own work."""

    def open(self) -> Callable[[str], dict[str, Any]]:
        return lambda item: {}


@contextmanager
def local_ray(workers: int) -> Iterator[None]:
    """Ray on this machine for `workers` workers."""
    start_local(workers)
    try:
        yield
    finally:
        ray.shutdown()


def ends(items: Iterator[str], job: Job, folder: Path, workers: int) -> Iterator[float]:
    """The time at which each item was done."""
    for outcome in run_on_cluster(items, job, Manifest(folder / "m.jsonl"), address="local", workers=workers):
        if not outcome.done:
            raise SystemExit(f"{outcome.item}: {outcome.reason}")
        yield time.perf_counter()


def photographs(photo: Path, workers: int, count: int, weights: str, resolution: int) -> float:
    """Photographs a second; prints a line."""
    with tempfile.TemporaryDirectory() as name, local_ray(workers):
        folder = Path(name)
        items = []
        for number in range(count + workers):
            items.append(folder / f"{number:04d}{photo.suffix}")
            items[-1].symlink_to(photo.resolve())
        job = ReconstructJob(str(folder / "out"), ReconstructOptions(resolution=resolution), weights, "cpu")
        (folder / "out").mkdir()
        begun = time.perf_counter()
        times = list(ends(map(str, items), job, folder, workers))
        size = sum(path.stat().st_size for path in (folder / "out").glob("*.glb")) / len(items)
        line = (folder / "m.jsonl").stat().st_size / len(items)
    rate = (len(times) - workers) / (times[-1] - times[workers - 1])
    print(f"{workers} workers: {rate:.3f} photographs a second, {workers / rate:.2f} s each; the first after "
          f"{times[0] - begun:.1f} s; {size / 1e6:.2f} MB of GLB and {line:.0f} bytes of manifest an item",
          flush=True)  # fmt: skip
    return rate


def driver(count: int) -> None:
    """Small items a second, the driver's memory, and a wait among as many calls as 1,000 workers have under way."""

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

    with tempfile.TemporaryDirectory() as folder, local_ray(2):
        marks: dict[int, tuple[float, float]] = {}
        for number, moment in enumerate(ends((f"item{i}" for i in range(count)), Nothing(), Path(folder), 2), 1):
            if number in (count // 5, count):
                marks[number] = (moment, resident())
        (early, before), (late, after) = marks[count // 5], marks[count]
        print(f"{count} small items on 2 workers: {(count - count // 5) / (late - early):.0f} a second; driver "
              f"{before:.0f} MB after a fifth, {after:.0f} MB at the end", flush=True)  # fmt: skip

        @ray.remote(num_cpus=0)
        class Sleeper:
            def sleep(self, seconds: float) -> None:
                time.sleep(seconds)

        quick, slow = Sleeper.remote(), Sleeper.remote()
        done = [quick.sleep.remote(0.0) for _ in range(500)]
        ray.wait(done, num_returns=len(done))
        pending = [slow.sleep.remote(3600.0) for _ in range(1500)] + done
        begun = time.perf_counter()
        for _ in done:
            _, pending = ray.wait(pending, num_returns=1)
        spent = (time.perf_counter() - begun) / len(done)
        print(f"a wait among the 2,000 calls that 1,000 workers have under way: {spent * 1e3:.2f} ms")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sample = Path(__file__).resolve().parents[1] / "src" / "lifecast" / "samples" / "person.jpg"
    parser.add_argument("photo", nargs="?", type=Path, default=sample)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--weights", default="compact")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--driver", action="store_true", help="measure the driver instead")
    parser.add_argument("--items", type=int, default=10_000)
    options = parser.parse_args()
    if options.driver:
        driver(options.items)
        return
    rates = [
        photographs(options.photo, workers, options.photos, options.weights, options.resolution)
        for workers in options.workers
    ]
    for workers, rate in zip(options.workers[1:], rates[1:], strict=True):
        print(f"{workers} workers against {options.workers[0]}: {rate / rates[0]:.2f} times the rate")


if __name__ == "__main__":
    main()
