"""Opening the prepared dataset for a stage, and feeding it to the loop in an order that a resumed run continues."""

from __future__ import annotations

import hashlib
import signal
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch.utils.data import DataLoader, Dataset, Subset, default_collate

from lifecast.errors import DataError
from lifecast.scans.landmark_file import Limbs
from lifecast.threads import available_cores
from lifecast.training.options import TrainOptions
from lifecast.training.order import ByEpoch, EndlessBatches, Epochal
from lifecast.training.recipe import Phase, Recipe, StageRecipe
from lifecast.training.stage_parts import MAPS

Split = Literal["train", "test"]


def check_data(root: Path) -> None:
    """DataError where `root` is no prepared dataset."""
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; make training data with `lifecast prepare`")
    if not (root / "dataset.json").is_file():
        raise DataError(f"{root}: holds no dataset.json, so nothing is prepared there; run `lifecast prepare`")


@cache
def fingerprint(*roots: Path) -> str:
    """SHA-256 over the datasets' descriptions and splits, and over every person's, which holds the checksums of all
    their files: says in a model card what it was trained on."""
    digest = hashlib.sha256()
    for root in roots:
        for path in (root / "dataset.json", root / "split.json", *sorted(root.glob("*/person.json"))):
            digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


class Joined(Dataset[dict[str, Any]]):
    """Datasets one after the other, as one."""

    def __init__(self, parts: list[Epochal]) -> None:
        self.parts = parts
        self.ends = list(accumulate(len(part) for part in parts))

    def set_epoch(self, epoch: int) -> None:
        """Pass the epoch on."""
        for part in self.parts:
            part.set_epoch(epoch)

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> dict[str, Any]:
        which = bisect_right(self.ends, index)
        sample: dict[str, Any] = self.parts[which][index - (self.ends[which - 1] if which else 0)]
        return sample


def open_split(
    options: TrainOptions,
    recipe: Recipe,
    stage: StageRecipe,
    phase: Phase,
    size: int,
    split: Split,
    limbs: Limbs = False,
) -> Epochal:
    """The dataset of one split at a phase's size.

    The test split stands as rendered, but in front of backgrounds if training does: networks that never saw plain grey
    are not at their best there.
    """
    from lifecast.scans.close_up_dataset import CloseUpDataset
    from lifecast.scans.dataset import PeopleDataset

    kind = CloseUpDataset if options.stage == "close_up" else PeopleDataset
    training = split == "train"
    parts: list[Epochal] = []
    settings = sample_settings(options, recipe, stage, phase, size, split, limbs)
    assert options.data is not None
    for root in (options.data, *(options.also if training else ())):
        check_data(root)
        dataset = kind(root, split=split, **settings)
        if len(dataset) == 0:
            raise DataError(f"{root}: its {split} split is empty; prepare more people")
        parts.append(cast(Epochal, dataset))
    return parts[0] if len(parts) == 1 else cast(Epochal, Joined(parts))


def sample_settings(
    options: TrainOptions, recipe: Recipe, stage: StageRecipe, phase: Phase, size: int, split: Split, limbs: Limbs
) -> dict[str, Any]:
    """What samples of one split at a phase's size are like: arguments of `PeopleDataset`."""
    from lifecast.scans.augmentation import NONE, Augmentation

    training = split == "train"
    # The detail head's windows are chosen from whole pictures, several of each (`training.detail_windows`).
    window = stage.window if training and options.stage != "detail" else None
    return {
        "size": size,
        "points": 0 if options.stage in MAPS else phase.points,
        "near": stage.near,
        "near_fraction": stage.near_fraction,
        "window": window if window is not None and window < size else None,
        "augmentation": (Augmentation() if training else NONE) if recipe.augment else None,
        "backgrounds": options.backgrounds,
        "limbs": limbs,
        "parsing": options.stage == "parsing",
        "seed": options.seed,
    }


def default_workers(devices: int) -> int:
    """One fewer than this process may use of the cores, at least 1 and at most 24."""
    return max(1, min(24, available_cores() // devices - 1))


def begin_worker(_: int) -> None:
    """In a loading process: leave Ctrl-C to the training process, which ends this one, and use one thread.

    SIGTERM must end it, though: the training process's own handler, which only notes it, came along in the fork.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)


def training_batches(
    dataset: Epochal, batch: int, seed: int, start: int, workers: int, rank: int, world: int, pinned: bool
) -> Iterator[dict[str, Any]]:
    """Endless batches from position `start` on; see `order`."""
    loader = DataLoader(
        ByEpoch(dataset),
        batch_sampler=EndlessBatches(len(dataset), batch, seed, start, rank, world),
        num_workers=workers,
        worker_init_fn=begin_worker,
        pin_memory=pinned,
        prefetch_factor=3 if workers else None,
        persistent_workers=workers > 0,
        generator=torch.Generator().manual_seed(seed),  # or opening a loader would draw from the global one
    )
    return iter(loader)


def validation_batches(
    dataset: Epochal, batch: int, samples: int, workers: int, rank: int, world: int
) -> Iterator[dict[str, Any]]:
    """This process's part of `samples` views spread evenly over the split, always the same ones."""
    dataset.set_epoch(0)
    count = min(samples, len(dataset))
    chosen = [i * len(dataset) // count for i in range(count)][rank::world]
    loader = DataLoader(
        Subset(cast(Any, dataset), chosen),
        batch_size=batch,
        num_workers=workers,
        worker_init_fn=begin_worker,
        generator=torch.Generator().manual_seed(0),
    )
    return iter(loader)


def collate(dataset: Epochal, indices: list[int]) -> dict[str, Any]:
    """These samples as one batch."""
    dataset.set_epoch(0)
    batch: dict[str, Any] = default_collate([dataset[i] for i in indices])
    return batch
