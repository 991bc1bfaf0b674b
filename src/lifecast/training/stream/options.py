"""How `train --stream` makes people and keeps them.

Imports nothing heavy, so that the command line reads it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lifecast.errors import OptionError
from lifecast.training.benchmark_people import FROZEN_SEEDS, TEST_GARMENTS

SMALLEST_GIB = 0.001


@dataclass(frozen=True)
class StreamOptions:
    """What `--stream` makes people from, and how many of them it keeps for how long.

    Raises `OptionError` for a value that cannot be used.
    """

    pool: Path | None = None
    """Folder that people are kept in while they are used; by default OUT/pool. Runs one after the other may share it:
    the next one goes on with the people that are left."""
    pool_people: int = 64
    """Most people in the pool."""
    pool_gib: float = 4.0
    """Most GiB that people take in the pool."""
    uses: int = 4
    """How often each view of a person is used before the person is replaced."""
    makers: int | None = None
    """Processes that make people, of low priority and with one thread each; none: one fewer than cores, at least 1."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's public assets (folders that hold `base` or `clothes`), or kits (`lifecast kit`), for skins
    and some garments."""
    poses: Path | None = None
    """Folder of motion clips (.bvh, and humanoid3d .txt), or a kit, to take some of the poses from."""
    lighting: Path | None = None
    """Folder of EXR or HDR environment maps; built-in lights without."""
    without_garments: tuple[str, ...] = TEST_GARMENTS
    """Garments that nobody wears, sewn ones or assets; by default those of the benchmark's test people."""
    picture_size: int = 512
    """Pixels of the square views that are made."""
    views: int = 3
    """Views of each person."""
    mannequins: float = 0.0
    """Share of the people who are dressed once and moved from pose to pose, their clothes draped anew for each: cheaper
    poses for the stages normals, depth and detail."""
    validation_people: int = 16
    """People to validate with: made once, before the others, and kept in POOL/validation."""
    validation_seed: int = 8201
    """Their seed; nothing is trained on them."""

    def __post_init__(self) -> None:
        for name in ("pool_people", "uses", "makers", "views", "validation_people"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(name, value, "must be at least 1")
        if not self.pool_gib >= SMALLEST_GIB:
            raise OptionError("pool_gib", self.pool_gib, f"give at least {SMALLEST_GIB} GiB")
        if self.picture_size < 64 or self.picture_size % 4:
            raise OptionError("picture_size", self.picture_size, "give a multiple of 4 of at least 64")
        if not 0 <= self.mannequins <= 1:
            raise OptionError("mannequins", self.mannequins, "give a share from 0 to 1")
        if self.validation_seed in FROZEN_SEEDS:
            whose = FROZEN_SEEDS[self.validation_seed]
            raise OptionError(
                "validation_seed", self.validation_seed, f"makes {whose} of docs/benchmark.md; choose another"
            )
        folders = [("poses", self.poses), ("lighting", self.lighting), *(("assets", folder) for folder in self.assets)]
        for name, folder in folders:
            if folder is not None and not (folder.is_dir() or (name != "lighting" and folder.is_file())):
                raise OptionError(name, folder, "no such folder")

    def check_seed(self, seed: int) -> None:
        """Raise OptionError where people of `seed` must not be trained on."""
        if seed in FROZEN_SEEDS:
            raise OptionError("seed", seed, f"makes {FROZEN_SEEDS[seed]} of docs/benchmark.md; choose another")
        if seed == self.validation_seed:
            raise OptionError("seed", seed, "is also {validation_seed}; nothing is trained on those people")
        if seed < 0:
            raise OptionError("seed", seed, "people are made from seeds of 0 or more")


USUAL = StreamOptions()
"""What nobody changed."""
