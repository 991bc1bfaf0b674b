"""What a stream knows of how people are made: `Maker`. Whoever makes people otherwise writes another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol


class Maker(Protocol):
    """Makes prepared people by seed and number. It is pickled into the processes that make them."""

    @property
    def views(self) -> int:
        """About how many views one number has, of all its people together."""
        ...

    def check(self) -> None:
        """Raise LifecastError where nobody at all could be made; called before the work."""
        ...

    def make(self, seed: int, number: int, folder: Path) -> None:
        """Write the people of `number` into the empty `folder`.

        For each a folder, as `lifecast prepare` writes it. What is written follows from the maker, `seed` and `number`
        alone. A number may have several people, such as one person in several poses. Whatever is raised counts as a
        failure of this number.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Describe what decides how people come out, besides seed and number.

        Plain values, compared on resume.
        """
        ...

    def header(self) -> dict[str, Any]:
        """Return what the `dataset.json` of these people says (`scans.dataset_format.header`)."""
        ...
