"""Ending cleanly on Ctrl-C or SIGTERM: the step in hand is finished, a checkpoint is written, then the run ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Within its `with`, the first signal is only noted; a second one interrupts at once."""

    def __init__(self) -> None:
        self.noted = False
        """Whether this process got the signal."""
        self.asked = False
        """Whether the run shall end: the processes of a run agree on it, so that none waits for one that left."""
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # Python lets only that one set handlers
            self.before = {number: signal.signal(number, self.note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        """Record a signal: the handler."""
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
