"""How much two reconstructions at once cost each other: `lifecast reconstruct` twice at once against once alone.

    python benchmarks/two_at_once.py --repeats 3
    python benchmarks/two_at_once.py --setting GOMP_SPINCOUNT=300000 --setting OMP_WAIT_POLICY=PASSIVE --setting ""

Each run is the whole command in a fresh process, loading the networks included, so that the environment it is given
counts. Alone and two at once take turns, and so do the settings: whatever else the machine does meets all of them, and
the ratio says more than the seconds. Two that share the cores perfectly take twice as long as one that used them all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[1] / "src" / "lifecast" / "samples" / "person.jpg"
LIFECAST = "what lifecast chooses"


def seconds(command: list[str], environment: dict[str, str], count: int) -> float:
    """Seconds from the start of `count` runs of the command at once until the last one has ended."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        running = [
            subprocess.Popen(
                [*command, "--output", f"{folder}/{number}"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for number in range(count)
        ]
        if any(process.wait() for process in running):
            raise SystemExit("a reconstruction failed")
        return time.perf_counter() - begun


def main() -> None:
    """Print a row for each setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?", default=str(SAMPLE))
    parser.add_argument("--resolution", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--setting",
        action="append",
        help='environment of the runs, NAME=VALUE separated by spaces; "" is what lifecast chooses, and the default',
    )
    options = parser.parse_args()
    settings: list[str] = options.setting or [""]
    command = [sys.executable, "-m", "lifecast", "reconstruct", options.photo, "--resolution", str(options.resolution)]
    found: dict[tuple[str, int], list[float]] = {(setting, count): [] for setting in settings for count in (1, 2)}
    for _ in range(options.repeats):
        for setting in settings:
            environment = os.environ | dict(pair.split("=", 1) for pair in setting.split())
            for count in (1, 2):
                found[setting, count].append(seconds(command, environment, count))
                print(f"{count} at once: {found[setting, count][-1]:6.1f} s   {setting or LIFECAST}", flush=True)
    print(f"{len(os.sched_getaffinity(0))} cores, medians of {options.repeats}, load {os.getloadavg()[0]:.1f}")
    for setting in settings:
        alone, both = (statistics.median(found[setting, count]) for count in (1, 2))
        ratio = statistics.median(b / a for a, b in zip(found[setting, 1], found[setting, 2], strict=True))
        print(f"alone {alone:6.1f} s, two at once {both:6.1f} s, ratio {ratio:5.2f}   {setting or LIFECAST}")


if __name__ == "__main__":
    main()
