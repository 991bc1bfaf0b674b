"""Where a chain's files lie, and how its links write down what they made and by which command."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError


@dataclass(frozen=True)
class Places:
    """Where a chain finds what it needs, and on how many cores.

    Its weights do not depend on either.
    """

    out: Path
    """The chain's folder."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's assets, or kits; without them, all garments are sewn ones."""
    poses: Path | None = None
    """Motion clips, or a kit."""
    lighting: Path | None = None
    """Environment maps; built-in lights without."""
    workers: int = 1
    """Processes that make people and data, and threads of the training."""
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, emoji=False))

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise OptionError("workers", self.workers, "must be at least 1")
        folders = [("poses", self.poses), ("lighting", self.lighting), *(("assets", folder) for folder in self.assets)]
        for name, folder in folders:
            if folder is not None and not (folder.is_dir() or (name != "lighting" and folder.is_file())):
                raise OptionError(name, folder, "no such folder")
        if self.out.exists() and not self.out.is_dir():
            raise OptionError("out", self.out, "is a file; name a folder")

    @property
    def people(self) -> Path:
        """Folder of the made people."""
        return self.out / "people"

    @property
    def data(self) -> Path:
        """Folder of the prepared dataset."""
        return self.out / "data"

    @property
    def mannequins(self) -> Path:
        """Folder of the mannequins' views."""
        return self.out / "mannequins"

    @property
    def lifter(self) -> Path:
        """File of the pose lifter's weights."""
        return self.out / "lifter.safetensors"

    @property
    def calibrated(self) -> Path:
        """File of the calibrated weights."""
        return self.out / "calibrated.safetensors"

    @property
    def weights(self) -> Path:
        """Folder of the finished weights, part by part."""
        return self.out / "weights"

    @contextmanager
    def counting(self, title: str, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
        """Show a progress bar; what is yielded is called once for each thing done, with anything."""
        with counted_progress(self.console) as bar:
            task = bar.add_task(title, total=total, completed=done)
            yield lambda *_: bar.advance(task)


def there(path: Path) -> Callable[[], list[Path]]:
    """List what a link has made that is one file or folder: it, if it is there."""
    return lambda: [path] if path.exists() else []


def written(verb: str, **options: object) -> str:
    """Write a command line.

    Options that are None, False or empty are left out; paths are below the chain's folder.
    """
    words = ["lifecast", *verb.split()]
    for name, value in options.items():
        if value is None or value is False or value == ():
            continue
        values = value if isinstance(value, tuple) else () if value is True else (value,)
        words += [f"--{name.replace('_', '-')}", *(f"{v:g}" if isinstance(v, float) else str(v) for v in values)]
    return shlex.join(words)
