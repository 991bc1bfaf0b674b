"""A stopwatch for the stages of a reconstruction, synchronised with the GPU where there is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Adds up seconds by stage, and calls `progress` with the name of each stage as it begins.

    `progress` may raise to stop the work between two stages.
    """

    def __init__(self, device: torch.device, progress: Callable[[str], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._device = device
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside as stage `name`."""
        if self._progress is not None:
            self._progress(name)
        self._synchronise()
        begun = time.perf_counter()
        yield
        self._synchronise()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def _synchronise(self) -> None:
        # Kernels run on after their call returns; without this their time would count for a later stage.
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
