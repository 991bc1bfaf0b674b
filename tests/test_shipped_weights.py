"""The shipped weights, on four made people that no training run has seen: their figures must stay what they were.

`unseen_people/` holds them as `lifecast prepare` writes people, without their meshes: numbers 1, 12, 23 and 34 of seed
7001, which is kept for testing, one front view each:

    lifecast synthesize people --count 50 --seed 7001 --assets MAKEHUMAN_ASSETS --poses POSES
    lifecast prepare people unseen_people --size 512 --views 1 --front 1 --rays 32 --points 500 500 4000 \\
        --lighting LIGHTING --test-fraction 0.5
    lifecast landmarks unseen_people
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.data import default_collate

from lifecast.networks.checkpoint import load_checkpoint
from lifecast.scans.augmentation import NONE
from lifecast.scans.dataset import PeopleDataset
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage

PEOPLE = Path(__file__).parent / "unseen_people"

EXPECTED = {
    "front_deg": (15.152, 1.0),
    "back_deg": (14.526, 1.0),
    "mask_iou": (0.958, 0.02),
    "depth_cm": (5.442, 0.4),
    "coarse_iou": (0.487, 0.02),
    "fine_iou": (0.487, 0.02),
}
"""Of each figure, what was measured when the weights were made, and how far off it may be. IoU is that of the points
around the surface (sigma 3 cm); depth is that of the depth maps."""


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    """From the picture (in front of a generated background) and the landmarks that BlazePose saw in it."""
    model, _ = load_checkpoint("compact")
    stage = Stage(model, "fine", LossWeights(), predicted_normals=True).eval()
    people = PeopleDataset(
        PEOPLE, "all", size=stage.size, points=2000, near="near3", augmentation=NONE, limbs=True, seed=5
    )
    sums: dict[str, list[float]] = {}
    for index in range(len(people)):
        batch = default_collate([people[index]])
        with torch.inference_mode():
            for name, (amount, count) in stage.measure(batch).items():
                sums.setdefault(name, []).append(float(amount / count))
    return {name: sum(values) / len(values) for name, values in sums.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_shipped_weights_are_as_good_as_they_were(figures: dict[str, float], name: str) -> None:
    measured, band = EXPECTED[name]
    assert figures[name] == pytest.approx(measured, abs=band)
