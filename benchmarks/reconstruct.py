"""Stage times, questions and peak memory of whole reconstructions.

    python benchmarks/reconstruct.py photo.jpg --weights compact --resolution 512 --repeats 3

Loading the networks is timed apart: it happens once. The first of the repeats is shown too, since it pays for what a
process does only once (kernels chosen, memory faulted in). Peak memory is the whole process's resident set.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch

from lifecast.loading import load
from lifecast.pipeline import STAGES


def peak_megabytes() -> float:
    """The largest resident set so far, in MB (Linux counts kB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sample = Path(__file__).resolve().parents[1] / "src" / "lifecast" / "samples" / "person.jpg"
    parser.add_argument("photo", nargs="?", default=str(sample))
    parser.add_argument("--weights", default="compact")
    parser.add_argument("--resolution", type=int, default=512)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    begun = time.perf_counter()
    model = load(options.weights, options.device)
    print(f"loading the networks {time.perf_counter() - begun:.2f} s, {peak_megabytes():.0f} MB, "
          f"{torch.get_num_threads()} threads, {model.device}")  # fmt: skip
    print(f"{'':8}" + "".join(f"{stage:>20}" for stage in STAGES) + f"{'total s':>10}{'asked':>12}{'peak MB':>9}")
    for repeat in range(1, options.repeats + 1):
        result = model.reconstruct(options.photo, resolution=options.resolution)
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder) / "person.glb")
        result.timings["saving"] = time.perf_counter() - begun
        cells = "".join(f"{result.timings[stage]:20.2f}" for stage in STAGES)
        print(f"run {repeat:<4}{cells}{sum(result.timings.values()):10.2f}{result.asked:12,}{peak_megabytes():9.0f}")
    print(f"{len(result.vertices):,} vertices, {len(result.faces):,} faces, {result.islands_dropped} islands dropped")


if __name__ == "__main__":
    main()
