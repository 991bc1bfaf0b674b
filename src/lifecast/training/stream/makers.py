"""The processes that make people, of low priority and with one thread each."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from lifecast.training.stream.entry import Entry
from lifecast.training.stream.maker import Maker
from lifecast.training.stream.maker_process import Answer, made_in, run

AHEAD = 4
"""Numbers that each process has, the one in hand included: it is not idle while the networks validate."""
SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Made:
    """What became of one number."""

    seed: int
    number: int
    folder: Path
    entry: Entry | None
    """None: it could not be made."""
    reason: str = ""


@dataclass
class _Process:
    """One of the processes, and what it was asked for: the first in its hand, the others waiting."""

    process: BaseProcess
    pipe: Connection
    asked: deque[tuple[int, int]] = field(default_factory=deque)


class Makers:
    """Processes that make people with `maker` into `scratch`; a context manager.

    They are started by "spawn": a process forked from one that trains would share its threads and its GPU.
    """

    def __init__(self, maker: Maker, scratch: Path, count: int) -> None:
        # A folder of our own: makers of a killed run may live half a second longer.
        self.scratch, self.count = scratch / f"process_{os.getpid()}", count
        self._pickled = pickle.dumps(maker)
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[_Process] = []

    def __enter__(self) -> Makers:
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._processes = [self._start() for _ in range(self.count)]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=run, args=(theirs, self._pickled, str(self.scratch), os.getpid()), daemon=True
        )
        process.start()
        theirs.close()
        return _Process(process, ours)

    def stop(self) -> None:
        """End all processes, and remove what they were making."""
        for one in self._processes:
            one.process.terminate()
        for one in self._processes:
            one.process.join(SECONDS_TO_END)
            if one.process.is_alive():
                one.process.kill()
                one.process.join()
            one.pipe.close()
        self._processes = []
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def pending(self) -> list[tuple[int, int]]:
        """Seed and number of all who are asked for and not made yet."""
        return [asked for one in self._processes for asked in one.asked]

    @property
    def wanting(self) -> int:
        """How many more numbers may be asked for."""
        return self.count * AHEAD - len(self.pending)

    def ask(self, seed: int, number: int) -> None:
        """Ask the process with the fewest numbers for one more."""
        self._give(min(self._processes, key=lambda one: len(one.asked)), seed, number)

    def _give(self, one: _Process, seed: int, number: int) -> None:
        one.asked.append((seed, number))
        with contextlib.suppress(OSError):  # it has just crashed: `results` finds that out, and asks again
            one.pipe.send((seed, number))

    def results(self, seconds: float | None = 0.0) -> list[Made]:
        """Receive what has been made since the last call.

        Waits up to `seconds` for the first, None: without end. A process that crashed is replaced: the number in its
        hand has failed, those that waited are asked for again.
        """
        found: list[Made] = []
        ready = set(wait([one.pipe for one in self._processes], seconds))
        for place, one in enumerate(self._processes):
            if one.pipe not in ready:
                continue
            try:
                while one.pipe.poll():
                    answer: Answer = one.pipe.recv()
                    found.append(self._made(one.asked.popleft(), *answer))
            except (EOFError, OSError):
                found += self._replace(place)
        return found

    def _made(self, asked: tuple[int, int], entry: Entry | None, reason: str) -> Made:
        folder = made_in(self.scratch, *asked)
        if entry is None:
            shutil.rmtree(folder, ignore_errors=True)
        return Made(*asked, folder, entry, reason)

    def _replace(self, place: int) -> list[Made]:
        crashed = self._processes[place]
        crashed.process.join()
        code = crashed.process.exitcode
        self._processes[place] = self._start()
        crashed.pipe.close()
        waiting = list(crashed.asked)
        how = f"signal {-code}" if code is not None and code < 0 else f"status {code}"
        found = [self._made(waiting[0], None, f"its process ended by itself ({how})")] if waiting else []
        for asked in waiting[1:]:
            self._give(self._processes[place], *asked)
        return found
