"""What the photographic steps cost a training sample: python benchmarks/photographic.py DATA [--size 512]

DATA is a prepared dataset. Samples without any step, with each alone and with all are made in turn, and times are of
this process's own CPU on one thread, so that a busy machine disturbs all of them alike. Read the ratios.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np

from lifecast.scans.augmentation import Augmentation
from lifecast.scans.background import BANK
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.photographic.steps import OFF, PhotographicSteps


def main() -> None:
    """Print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--samples", type=int, default=60)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    every = PhotographicSteps()
    kinds = {"none": OFF}
    kinds |= {part.name: replace(OFF, **{part.name: getattr(every, part.name)}) for part in fields(every)}
    kinds["all"] = every
    datasets = {
        name: PeopleDataset(
            arguments.data, "all", arguments.size, points=0, augmentation=Augmentation(photographic=steps)
        )
        for name, steps in kinds.items()
    }
    first = datasets["none"].backgrounds
    assert first is not None
    for draw in range(8 * BANK):  # the bank is generated once
        first.draw(np.random.default_rng(draw), 32)
    seconds = dict.fromkeys(kinds, 0.0)
    for dataset in datasets.values():
        dataset.backgrounds = first
        for index in range(3):
            dataset[index % len(dataset)]
    for number in range(arguments.samples):
        for name, dataset in datasets.items():
            dataset.set_epoch(number)
            start = time.process_time()
            dataset[number % len(dataset)]
            seconds[name] += time.process_time() - start
    for name, spent in seconds.items():
        more = 1e3 * (spent - seconds["none"]) / arguments.samples
        print(
            f"{name:17s} {1e3 * spent / arguments.samples:6.1f} ms  {spent / seconds['none']:5.2f} x  {more:+6.1f} ms"
        )


if __name__ == "__main__":
    main()
