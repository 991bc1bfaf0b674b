"""`lifecast kit`: what people are made of, out of assets folders, in one small file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from lifecast.errors import OptionError, OptionsError
from lifecast.options import Inline
from lifecast.writable import check_file


@dataclass(frozen=True)
class KitBake:
    """What `lifecast kit` is asked for."""

    out: tyro.conf.Positional[Path]
    """The file to write."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's public assets (folders that hold `base` or `clothes`), one or more."""
    poses: Path | None = None
    """A folder of motion clips (.bvh, and humanoid3d .txt)."""
    licences: Path | None = None
    """A JSON file that says the licences of files that do not say it themselves, by patterns of their names:
    {"*.bvh": {"licence": "BSD-3-Clause", "source": "whose they are"}}."""

    def __post_init__(self) -> None:
        if not self.assets and self.poses is None:
            raise OptionsError("a kit needs something to bake: give {assets}, {poses} or both")
        for name, folder in [("poses", self.poses), *(("assets", folder) for folder in self.assets)]:
            if folder is not None and not folder.is_dir():
                raise OptionError(name, folder, "no such folder")


def kit(asked: Inline[KitBake]) -> int:
    """Bake garments, skins and motions into one file that stands for their folders.

        lifecast kit free.kit --assets MAKEHUMAN_ASSETS --poses POSES --licences licences.json
        lifecast synthesize people --assets free.kit --poses free.kit

    The same seed gives the same people as with the folders. Only what is under CC0, CC BY, BSD or zlib goes in; each
    part is printed with its licence and where it comes from.
    """
    from lifecast.people.kit import collect
    from lifecast.people.kit_file import write_kit
    from lifecast.people.kit_licences import Licences

    check_file(asked.out, "out")
    parts = collect(asked.assets, asked.poses, Licences(asked.licences))
    write_kit(asked.out, parts)
    console = Console(highlight=False, emoji=False)
    for part in parts:
        line = f"{part.kind} {part.name}: {part.licence}, {part.source}"
        console.print(line, markup=False, soft_wrap=True)
    counts = ", ".join(f"{count} {kind}s" for kind, count in Counter(part.kind for part in parts).items())
    size = asked.out.stat().st_size / 1e6
    console.print(f"{asked.out}: {counts}, {size:.1f} MB", markup=False, soft_wrap=True)
    return 0
