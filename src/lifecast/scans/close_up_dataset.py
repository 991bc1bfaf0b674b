"""Close-ups of mannequins as samples: like views of whole people, with the maps that were predicted of these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from lifecast.errors import DataError
from lifecast.scans.close_up_file import CLOSE_UP_SIZE, FILE, GIVEN
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.placement import Placement
from lifecast.scans.view_files import ViewFiles


class CloseUpDataset(PeopleDataset):
    """Close-ups that `lifecast mannequins --close-ups` rendered and `lifecast close-ups` added predicted maps to.

    Samples are those of `PeopleDataset`, and `given`: front and back normals (3, S, S) under the mask, and the mask
    (1, S, S), as the map heads predicted them of the whole view, enlarged.
    """

    def __init__(self, root: str | Path, **settings: Any) -> None:
        super().__init__(root, **settings)
        self.stored_size = CLOSE_UP_SIZE

    def load(self, person: str) -> None:
        """Read the list of a person's close-ups, before the first sample of them."""
        path = self.root / person / FILE
        if not path.is_file():
            raise DataError(f"{path}: missing; make the mannequins with `lifecast mannequins --pictures --close-ups 3`")
        listed = self._json(path)
        if not listed.get("given"):
            raise DataError(f"{path}: close-ups without predicted maps; run `lifecast close-ups {self.root}`")
        self._views[person] = listed["close_ups"]
        self._joints[person] = None  # where held things would go: none in a close-up

    def _given(self, files: ViewFiles, placement: Placement) -> dict[str, Any]:
        whole = (0, 0, self.size, self.size)
        stored = cv2.imread(f"{files.stem}_{GIVEN}_mask.png", cv2.IMREAD_GRAYSCALE)
        if stored is None:
            raise DataError(f"{files.stem}_{GIVEN}_mask.png: missing; run `lifecast close-ups {self.root}`")
        soft = placement.picture(np.asarray(stored, np.uint8), self.size, 0)
        everywhere = np.full_like(soft, 255)
        mask = torch.from_numpy(soft)[None].float().div_(255)  # (1, S, S)
        maps = [
            torch.from_numpy(files.normals(f"{GIVEN}_{s}", placement, everywhere, whole)) for s in ("front", "back")
        ]
        return {"given": (maps[0] * mask, maps[1] * mask, mask)}
