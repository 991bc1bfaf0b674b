"""Progress bars of a command with several kinds of work, one bar a kind."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import TaskID

from lifecast.counted_progress import counted_progress


class Bars:
    """Bars that appear as their work begins; a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.left_out = 0
        """How many inputs `say` counted as left out."""
        self._progress = counted_progress(console)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def advance(self, work: str, done: int, total: int) -> None:
        """Show how much of some work is done."""
        if work not in self._tasks or done == 0:
            self._tasks[work] = self._progress.add_task(work, total=total)
        self._progress.update(self._tasks[work], completed=done)

    def say(self, text: str, left_out: bool) -> None:
        """Print a line above the bars; `left_out` counts it as an input that is left out."""
        self.left_out += left_out
        self.console.print(text, markup=False)

    def stop(self) -> None:
        """Leave the bars as they stand."""
        self._progress.stop()
