"""`lifecast close-ups`: the maps that close-ups of mannequins are corrected from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.options import Inline
from lifecast.writable import check_folder


@dataclass(frozen=True)
class CloseUpMaps:
    """What `lifecast close-ups` is asked for."""

    data: tyro.conf.Positional[Path]
    """Folder that `lifecast mannequins --pictures --close-ups N` made."""
    weights: str = "compact"
    """Built-in weights, a file or a folder: their heads predict the maps of whole views."""
    anew: bool = False
    """Predict also where maps are stored already, of other weights perhaps."""


def close_ups(asked: Inline[CloseUpMaps]) -> int:
    """Predict the maps of mannequins' whole views and store what their close-ups show of them.

    The close-up head learns to correct these, as it does in use:

        lifecast mannequins POSES --count 150 --each 4 --size 1024 --pictures --close-ups 3
        lifecast close-ups POSES --weights RUNS/detail/weights.safetensors
        lifecast train close_up --data POSES --init RUNS/detail/weights.safetensors --out RUNS/close_up

    A second run adds only what is missing.
    """
    from lifecast.model.checkpoint import load_checkpoint
    from lifecast.training.data import check_data
    from lifecast.training.given_close_ups import add_to_dataset, people_with_close_ups

    check_data(asked.data)
    for folder in people_with_close_ups(asked.data, asked.anew)[:1]:
        check_folder(folder)
    model = load_checkpoint(asked.weights).model.for_inference()
    console = Console(stderr=True, highlight=False, emoji=False)
    added = 0
    with counted_progress(console) as bar:
        task = bar.add_task("close-ups", total=None)
        for _person, left in add_to_dataset(model, asked.data, asked.anew):
            added += 1
            bar.update(task, total=added + left, completed=added)
    console.print(f"{asked.data}: maps of the close-ups of {added} people added", markup=False)
    return 0
