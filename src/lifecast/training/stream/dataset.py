"""Views of people in a pool, who come and go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.landmark_file import read_landmarks

REMEMBERED = 1024
"""People whose cards a loading process keeps in memory."""


@dataclass(frozen=True)
class Draw:
    """A view that was drawn from the pool."""

    position: int
    """How many samples the run drew before it: decides points and augmentation."""
    number: int
    """Of its people."""
    person: str
    """Folder below the pool's."""
    view: int


class LiftedPeople(PeopleDataset):
    """`PeopleDataset` that lifts landmarks as it reads them, instead of reading `lifted.npz`.

    lifter: of the model in training, which was trained on none of these people; None where nothing is lifted.
    """

    def __init__(self, root: Path, lifter: PoseLifter | None, **settings: Any) -> None:
        self.lifter = lifter
        super().__init__(root, **settings)

    def _read_landmarks(self, person: str) -> NDArray[np.float32]:
        found = read_landmarks(self.root / person, len(self._views[person]))
        if self.limbs != "lifted":
            return found
        assert self.lifter is not None
        return np.asarray(lift(self.lifter, torch.from_numpy(found)).numpy(), np.float32)


class StreamedPeople(LiftedPeople):
    """The people of a pool, asked for batches of `Draw`.

    Bystanders are others of the same batch. A sample follows from the seed, its draw and the other draws of the batch.
    """

    def __init__(self, root: Path, lifter: PoseLifter | None, **settings: Any) -> None:
        super().__init__(root, lifter, people=[], **settings)
        self.owner = os.getpid()

    def __getitems__(self, draws: Sequence[Draw]) -> list[dict[str, Any]]:
        if self.owner != os.getpid():  # a loading process: the epoch of the base class is shared by all of them
            self._epoch, self.owner = torch.zeros((), dtype=torch.int64), os.getpid()
        if len(self._views) > REMEMBERED:
            self._views.clear()
            self._landmarks.clear()
            self._joints.clear()
        for draw in draws:
            if draw.person not in self._views:
                self.load(draw.person)
        self.items = [(draw.person, draw.view) for draw in draws]
        samples = []
        for place, draw in enumerate(draws):
            self.set_epoch(draw.position)
            samples.append(self[place])
        return samples
