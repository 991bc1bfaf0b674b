"""A person of two rectangles, who can be photographed without a dataset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lifecast.scans.photographic.bystanders import Other
from lifecast.scans.photographic.layers import Layer, bounding_box, cut
from lifecast.scans.photographic.seeds import SampleSeed
from lifecast.scans.photographic.steps import Photograph, PhotographicSteps, Surroundings
from lifecast.scans.placement import Placement

SIZE = 128
RIM = (0, 0, SIZE, SIZE)


def body_mask(size: int = SIZE) -> np.ndarray:
    """A narrow figure that fills 180/256 of the picture's height."""
    mask = np.zeros((size, size), np.uint8)
    mask[round(0.15 * size) : round(0.85 * size), round(0.42 * size) : round(0.58 * size)] = 255
    return mask


def other() -> Other:
    """Somebody red of the same figure."""

    def cut_out(placement: Placement) -> Layer:
        cover = placement.picture(body_mask(), SIZE, 0)
        box = bounding_box(cover)
        return Layer(np.full((box[3], box[2], 3), (250, 0, 0), np.uint8), cut(cover, box), box)

    return Other(1.4, cut_out)


@pytest.fixture
def photographed() -> Callable[..., Photograph]:
    """Photograph the figure, in green before grey, with given steps and seed."""

    def take(steps: PhotographicSteps, index: int = 0, rim: tuple[int, int, int, int] = RIM) -> Photograph:
        mask = body_mask()
        box = bounding_box(mask)
        person = Layer(np.full((box[3], box[2], 3), (0, 200, 0), np.uint8), cut(mask, box), box)
        surroundings = Surroundings(
            Placement(), np.array([[-0.15, 0.0], [0.15, 0.05]]), None, lambda _: other(),
            lambda rng: rng.integers(0, 256, (32, 32, 3)).astype(np.uint8),
        )  # fmt: skip
        background = np.full((SIZE, SIZE, 3), 120, np.uint8)
        return steps.take(background, person, mask, surroundings, rim, SampleSeed(0, 0, index), lambda picture: picture)

    return take
