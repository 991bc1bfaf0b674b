"""Seconds and megabytes a made person: `python benchmarks/synthesize.py [--assets DIR] [--poses DIR] [--people N]`.

Prints processor seconds on one thread for people made after every garment of the assets that they wear has been
prepared (each is prepared once a process), and the time that loading and preparing took.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from lifecast.people.crew import Order, create, studio  # noqa: E402
from lifecast.people.glb import glb_bytes  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, nargs="*", default=[])
    parser.add_argument("--poses", type=Path)
    parser.add_argument("--people", type=int, default=20)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    order = Order(Path("unused"), 0, tuple(options.assets), options.poses)
    start = time.process_time()
    studio(order.assets, order.poses, (), ())
    print(f"load: {time.process_time() - start:.1f} s of processor time")
    start = time.process_time()
    for number in range(options.people):
        create(order, number)
    print(f"first time, assets prepared on the way: {(time.process_time() - start) / options.people:.2f} s a person")
    seconds, sizes, triangles = [], [], []
    for number in range(options.people):
        start = time.process_time()
        person = create(order, number)
        data = glb_bytes(person.parts)
        seconds.append(time.process_time() - start)
        sizes.append(len(data) / 1e6)
        triangles.append(person.card["triangles"])
    print(
        f"{options.people} people: mean {np.mean(seconds):.2f} s, median {np.median(seconds):.2f} s, "
        f"worst {max(seconds):.2f} s of processor time; "
        f"{np.mean(sizes):.1f} MB and {np.mean(triangles):,.0f} triangles a person"
    )
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
