"""The last link: weights as a folder of parts, whose cards say by which chain they were made.

A part's card says what the part went through, with the command, minutes and data of each run. `card.json` says what is
the same for all parts: the chain, and the people and data. So training one part again changes one part's file.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lifecast.atomic import atomic_folder
from lifecast.model.checkpoint import Checkpoint, load_checkpoint, save_folder
from lifecast.training.chain import Chain, chain_to_dict
from lifecast.training.links import Record, read_record
from lifecast.training.recipe import load_recipe
from lifecast.training.weights import history_of, terms_of


def write_parts(chain: Chain, links: Sequence[str], folder: Path, source: Path, out: Path) -> None:
    """Write the weights file `source` as the folder of parts `out`.

    The records in `folder` of the chain's `links` go into the cards.
    """
    records = [record for name in links if (record := read_record(folder, name)) is not None]
    checkpoint = load_checkpoint(source)
    history = with_commands(history_of(checkpoint.model, checkpoint.card), records)
    card: dict[str, Any] = {
        "name": chain.name,
        **terms_of(history),
        **{name: checkpoint.card[name] for name in ("lifecast", "torch") if name in checkpoint.card},
        "chain": chain_record(chain, records),
        "training": {"levels": history},
    }
    with atomic_folder(out) as part:
        save_folder(part, Checkpoint(checkpoint.model, checkpoint.inference, card), chain.precision)


def chain_record(chain: Chain, records: Sequence[Record]) -> dict[str, Any]:
    """Make what `card.json` says of the chain.

    Its tables, all commands, and figures of links that trained no part.
    """
    tables = chain_to_dict(chain) | {"recipe": load_recipe(chain.recipe).name}
    of_parts = {"lift", "calibrate", *(run.link for run in chain.stages)}
    links: list[dict[str, Any]] = []
    for record in records:
        link: dict[str, Any] = {"link": record.link, "command": record.command}
        if record.link not in of_parts:
            link |= {"minutes": record.minutes, "fingerprint": record.output}
        links.append(link)
    return {"recipe": tables, "links": links}


def with_commands(history: dict[str, Any], records: Sequence[Record]) -> dict[str, Any]:
    """Add the command of its link to every run in the history of all parts."""
    commands = {record.link: record.command for record in records}
    told = copy.deepcopy(history)
    for note in told.values():
        for run in (note, *note.get("before", [])):
            if run.get("run") in commands:
                run["command"] = commands[run["run"]]
    return told
