"""Random streams of a training sample: one a step, so that no step's draws depend on another step's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a sample draws at random, apart from its main stream. A number stays with its step for good."""

    LIMBS = 1
    CUT_OFF = 2
    BYSTANDERS = 3
    HELD_THINGS = 4
    OCCLUDERS = 5
    CAST_SHADOW = 6
    MOTION_BLUR = 7
    DEPTH_OF_FIELD = 8
    CAMERA = 9
    HIDDEN_LANDMARKS = 10
    CONTACT_SHADOW = 11
    FOUND_MASK = 12


@dataclass(frozen=True)
class SampleSeed:
    """What decides a sample."""

    seed: int
    epoch: int
    index: int

    def main(self) -> np.random.Generator:
        """Begin the stream of the placement, tones, window and points."""
        return np.random.default_rng([self.seed, self.epoch, self.index])

    def stream(self, stream: Stream) -> np.random.Generator:
        """Begin the stream of one step."""
        return np.random.default_rng([self.seed, self.epoch, self.index, int(stream)])
