"""What runs in a process that makes people: numbers come through a pipe, an answer for each goes back.

Imports nothing heavy: numeric libraries must be loaded after they were told to use one thread.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecast.errors import LifecastError

if TYPE_CHECKING:
    from lifecast.training.stream.entry import Entry
    from lifecast.training.stream.maker import Maker

NICENESS = 10
Answer = tuple["Entry | None", str]
"""What was made, or None and the reason."""


def run(pipe: Connection, pickled: bytes, scratch: str, parent: int) -> None:
    """Make every (seed, number) that comes through `pipe`, until it closes.

    Parameters
    ----------
    pickled
        The `Maker`, pickled, so that it is unpickled after the number of threads is set.
    scratch
        Folder to make people in; see `made_in`.
    parent
        The process that asks; this one ends with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training process, which ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from lifecast.scans.cores import one_thread

    one_thread()
    maker: Maker = pickle.loads(pickled)
    while True:
        try:
            seed, number = pipe.recv()
        except EOFError:
            return
        answer = make(maker, seed, number, made_in(Path(scratch), seed, number))
        try:
            pipe.send(answer)
        except OSError:
            return


def made_in(scratch: Path, seed: int, number: int) -> Path:
    """Name the folder in which a number is made."""
    return scratch / f"seed_{seed}_number_{number:06d}"


def make(maker: Maker, seed: int, number: int, folder: Path) -> Answer:
    """Make one number into `folder`, which is new, and write its card; failures are returned."""
    from lifecast.training.stream.entry import write_entry

    begun = time.monotonic()
    try:
        folder.mkdir()
        maker.make(seed, number, folder)
        return write_entry(folder, seed, number, time.monotonic() - begun), ""
    except LifecastError as error:
        return None, str(error)
    except Exception as error:  # whatever is wrong with one person is no reason to stop the others
        return None, f"{type(error).__name__}: {error} ({_place(error)})"


def _place(error: Exception) -> str:
    """File and line that raised an error."""
    frames: list[Any] = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "no place"


def _end_with(parent: int) -> None:
    """End this process once its parent is gone, were it in the middle of a person."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
