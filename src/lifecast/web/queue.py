"""One worker, a bounded queue, and for everyone in it the place, the stage and the outcome.

A reconstruction uses every core (or the one GPU) that there is, so two at a time would only make both late. The queue
is bounded because a page that answers in an hour helps nobody: who comes when it is full hears when to come again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from lifecast.errors import LifecastError

Progress = Callable[[str], None]
"""Told the name of each stage as it begins; raises `Cancelled` where nobody waits any longer."""

Work = Callable[[Progress], Any]
Release = Callable[[], None]

State = Literal["waiting", "running", "done", "failed", "cancelled"]


_log = logging.getLogger(__name__)


def _nothing(*_: object) -> None:
    return None


class QueueFull(LifecastError):
    """No place is left; `retry_after` says in how many seconds one may be."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the queue is full; try again in about {retry_after} s")
        self.retry_after = retry_after


class Cancelled(LifecastError):
    """The client went away or its time is up."""


@dataclass(eq=False)
class Ticket:
    """A place in the queue.

    `token` is 128 random bits: it cannot be guessed, and nothing lists the tokens.
    """

    work: Work
    time_limit: float
    release: Release = _nothing
    """Lets go of what the work needed (the upload); the queue calls it once, however the ticket ends."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    stage: str = "waiting"
    result: Any = None
    error: BaseException | None = None
    begun: float = 0.0
    ended: float = 0.0
    _finished: threading.Event = field(default_factory=threading.Event)
    _cancel: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; True where it has come."""
        return self._finished.wait(seconds)

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for it any longer."""
        return self._cancel.is_set()

    def _advance(self, stage: str) -> None:
        if self.abandoned:
            raise Cancelled("cancelled")
        if time.monotonic() - self.begun > self.time_limit:
            raise Cancelled(f"stopped after the time limit of {self.time_limit:.0f} s, at: {self.stage}")
        self.stage = stage


class ReconstructionQueue:
    """Runs submitted work one after the other in one thread.

    Parameters
    ----------
    capacity
        Places for those who wait; the one that is running does not count.
    time_limit
        Seconds that one piece of work may run; checked at each stage.
    keep
        Seconds that a finished ticket can still be asked for; then its result is dropped.
    keep_most
        Finished results held at the most, the oldest dropped first: memory stays level under load.
    """

    def __init__(self, capacity: int = 8, time_limit: float = 300.0, keep: float = 900.0, keep_most: int = 16) -> None:
        self.capacity = capacity
        self.time_limit = time_limit
        self._keep = keep
        self._keep_most = keep_most
        self._waiting: deque[Ticket] = deque()
        self._running: Ticket | None = None
        self._finished: OrderedDict[str, Ticket] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._typical = 10.0  # seconds a piece of work takes, a running mean
        self._thread = threading.Thread(target=self._serve, name="reconstruction", daemon=True)
        self._thread.start()

    def submit(self, work: Work, release: Release = _nothing) -> Ticket:
        """Join the queue.

        `release` is called once: when the work has ended, is cancelled, or finds no place.

        Raises
        ------
        QueueFull
            `capacity` are waiting already, or the queue is closed.
        """
        ticket = Ticket(work, self.time_limit, release)
        with self._changed:
            full = self._closed or len(self._waiting) >= self.capacity
            retry_after = max(1, round(self._typical * (len(self._waiting) or 1)))
            if not full:
                self._waiting.append(ticket)
                self._changed.notify_all()
        if full:
            release()
            raise QueueFull(retry_after)
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Cancel the work of `ticket`, which nobody waits for any longer.

        A waiting one leaves its place at once, a running one stops at its next stage, a finished one is forgotten.
        """
        with self._changed:
            ticket._cancel.set()
            self._finished.pop(ticket.token, None)
            waiting = ticket in self._waiting
            if waiting:
                self._waiting.remove(ticket)
        if waiting:
            self._end(ticket, "cancelled", Cancelled("cancelled"))

    def place(self, ticket: Ticket) -> int:
        """Count how many come before `ticket`, the running one included.

        0 if it runs or has ended.
        """
        with self._changed:
            try:
                ahead = self._waiting.index(ticket)
            except ValueError:
                return 0
            return ahead + (self._running is not None)

    def find(self, token: str) -> Ticket | None:
        """Find the ticket of a token, waiting, running or lately finished."""
        with self._changed:
            self._forget()
            known = [*self._waiting, *([self._running] if self._running else []), *self._finished.values()]
        return next((t for t in known if secrets.compare_digest(t.token.encode(), token.encode())), None)

    def drop(self, ticket: Ticket) -> None:
        """Forget a finished ticket at once: its result has been delivered."""
        with self._changed:
            self._finished.pop(ticket.token, None)

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting) + (self._running is not None)

    def close(self) -> None:
        """Cancel all that wait and end the worker after the stage it is in."""
        with self._changed:
            self._closed = True
            left = [*self._waiting, *([self._running] if self._running else [])]
            self._changed.notify_all()
        for ticket in left:
            self.cancel(ticket)
        self._thread.join(timeout=60)

    def _forget(self) -> None:
        now = time.monotonic()
        while self._finished:
            oldest = next(iter(self._finished.values()))
            if now - oldest.ended <= self._keep and len(self._finished) <= self._keep_most:
                return
            self._finished.popitem(last=False)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    # Results are let go of in time also where nobody comes after them.
                    self._changed.wait(min(self._keep, 30.0) if self._finished else None)
                    self._forget()
                if not self._waiting:
                    return
                ticket = self._running = self._waiting.popleft()
            ticket.begun = time.monotonic()
            ticket.state = "running"
            error: BaseException | None = None
            state: State = "done"
            try:
                ticket._advance("starting")
                ticket.result = ticket.work(ticket._advance)
            except Cancelled as stopped:
                error, state = stopped, "cancelled"
            except BaseException as failure:  # raised to whoever waits for it; the worker must outlive every photograph
                error, state = failure, "failed"
                if not isinstance(failure, LifecastError):
                    _log.exception("a reconstruction failed at: %s", ticket.stage)
            self._end(ticket, state, error)
            del ticket, error  # or the last result would outlive its time here

    def _end(self, ticket: Ticket, state: State, error: BaseException | None) -> None:
        ticket.error = error
        _forget_frames(error)
        ticket.work, release, ticket.release = _nothing, ticket.release, _nothing
        release()
        ticket.ended = time.monotonic()
        with self._changed:
            if self._running is ticket:
                self._running = None
            if state == "done":
                self._typical += 0.3 * (ticket.ended - ticket.begun - self._typical)
            ticket.state = state
            ticket.stage = state
            if not ticket.abandoned:
                self._finished[ticket.token] = ticket
            self._forget()
        ticket._finished.set()


def _forget_frames(error: BaseException | None) -> None:
    """A kept error would keep its traceback's frames, and they the photograph and every tensor of a network."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
