"""One Ray actor a worker, a bounded number of items under way, and every item accounted for.

The driver holds only the items under way (two a worker: one running, one waiting), so ten million inputs take no more
of its memory than ten. Only a worker that has loaded its model is given items: where the cluster has no room for all
the workers asked for, those that it has do the job. A worker that dies takes its items with it; they are given to
another worker once, and fail with the reason if that one dies as well: an input that kills its worker must not go round
for ever.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from lifecast.cluster.manifest import Manifest, Outcome
from lifecast.errors import LifecastError, MissingExtra, OptionError

ITEMS_PER_WORKER = 2
"""One item running and one waiting: the worker never idles while the driver is busy with another."""
STARTS = 3
"""Workers in a row that may die while they load the model; then the run ends: the next would die too."""


class Job(Protocol):
    """What a worker does; it is pickled to the workers, so it holds plain values only."""

    def open(self) -> Callable[[str], dict[str, Any]]:
        """Load what is needed once and return the function that does one item.

        That may be weights, or a body model.
        """
        ...


class _Worker:
    """Lives in a process of its own; the function that the job opened stays loaded between items."""

    def __init__(self, job: Job) -> None:
        self._work = job.open()

    def ready(self) -> None:
        """Answers once the model is loaded."""

    def do(self, item: str) -> tuple[bool, str, float, dict[str, Any]]:
        begun = time.monotonic()
        try:
            result = self._work(item)
        except LifecastError as error:
            return False, str(error), time.monotonic() - begun, {}
        except Exception as error:  # reported with its type in the manifest: one bad item must not end a long job
            return False, f"{type(error).__name__}: {error}", time.monotonic() - begun, {}
        return True, "", time.monotonic() - begun, result


def run_on_cluster(
    items: Iterable[str],
    job: Job,
    manifest: Manifest,
    *,
    address: str,
    workers: int,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    done: Container[str] | None = None,
) -> Iterator[Outcome]:
    """Run `items` on a Ray cluster and yield each outcome as it comes.

    They come in the order of completion. Every outcome is appended to `manifest` before it is yielded.

    Parameters
    ----------
    address
        "local" starts Ray on this machine for the length of the call; anything else is an address as `ray.init` takes
        it ("auto", "ray://head:10001", ...).
    workers
        Number of actors; each loads the job once.
    done
        Items to pass over; by default those that the manifest lists as done.

    Raises
    ------
    MissingExtra
        Ray is not installed.
    UsageError
        The cluster cannot be reached or has no GPU where the workers need one, or `workers` is below 1.
    LifecastError
        A worker could not start.
    """
    if workers < 1:
        raise OptionError("workers", workers, "at least one worker is needed")
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("ray", "cluster", "--cluster") from error
    passed = manifest.done() if done is None else done
    missing = (item for item in items if item not in passed)
    first = next(missing, None)
    if first is None:  # nothing to do: no need to start anything
        return
    started = not ray.is_initialized()
    if started:
        try:
            if address == "local":
                # Each actor claims its CPUs, so a local run must offer as many as its workers ask for.
                start_local(max(1, round(workers * cpus_per_worker)))
            else:
                ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise OptionError("cluster", address, f"no Ray cluster answers there ({error})") from error
    try:
        if gpus_per_worker and _gpus(ray) < gpus_per_worker:
            raise OptionError("cluster", address, "no GPU there for a worker; use {device} cpu")
        with manifest:
            crew = _Crew(ray, job, workers, cpus_per_worker, gpus_per_worker)
            try:
                for outcome in _run(crew, chain((first,), missing)):
                    manifest.append(outcome)
                    yield outcome
            finally:
                crew.dismiss()
    finally:
        if started:
            ray.shutdown()


def _gpus(ray: Any) -> float:
    """GPUs of the cluster."""
    return float(ray.cluster_resources().get("GPU", 0))


def start_local(cpus: int) -> None:
    """Start Ray on this machine, for this process, offering `cpus`."""
    import ray

    # Ray's workers are very nice (15) by default: beside any other work on the same machine they would stand still.
    ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False, _system_config={"worker_niceness": 0})


@dataclass(eq=False)
class _Place:
    """One worker's place: the actor that holds it now, and the items in that actor's hands."""

    actor: Any
    ready: Any
    """Reference that is fulfilled once the actor has loaded its model."""
    started: bool = False
    alone: bool = False
    """Whether the one item in its hands shall have no other behind it."""
    items: dict[Any, str] = field(default_factory=dict)
    """Reference of a call -> item, in the order of giving: an actor does them in this order."""


class _Crew:
    """The actors."""

    def __init__(self, ray: Any, job: Job, workers: int, cpus: float, gpus: float) -> None:
        self.ray = ray
        self._actor_class = ray.remote(num_cpus=cpus, num_gpus=gpus)(_Worker)
        self._job = ray.put(job)
        self.places = [self.hire() for _ in range(workers)]

    def hire(self) -> _Place:
        """A place with a fresh actor, which begins to load its model."""
        actor = self._actor_class.remote(self._job)
        return _Place(actor, actor.ready.remote())

    def replace(self, place: _Place) -> None:
        """A fresh actor in a dead one's place."""
        self.places[self.places.index(place)] = self.hire()

    def dismiss(self) -> None:
        """End all actors: a cluster that outlives this run gets its CPUs and GPUs back at once."""
        for place in self.places:
            self.ray.kill(place.actor)

    def wait(self) -> tuple[_Place, Any]:
        """Wait for the next call that ends: its place and reference."""
        calls = {call: place for place in self.places for call in (place.items if place.started else [place.ready])}
        ended, _ = self.ray.wait(list(calls), num_returns=1)
        return calls[ended[0]], ended[0]


def _run(crew: _Crew, items: Iterator[str]) -> Iterator[Outcome]:
    lost_error = crew.ray.exceptions.RayError
    tries: dict[str, int] = {}  # only of items whose worker died
    again: deque[str] = deque()
    failed_starts = 0
    exhausted = False
    while True:
        while not exhausted or again:
            # What a dead worker leaves is done again alone, so that a second death has no other to blame: the last
            # answer of a worker that dies may be lost with it. New items wait until a worker is idle for that.
            most = 1 if again else ITEMS_PER_WORKER
            free = [p for p in crew.places if p.started and not p.alone and len(p.items) < most]
            if not free:
                break
            place = min(free, key=lambda p: len(p.items))
            if again:
                item, place.alone = again.popleft(), True
            else:
                following = next(items, None)
                if following is None:
                    exhausted = True
                    continue
                item = following
            place.items[place.actor.do.remote(item)] = item
        if exhausted and not again and not any(place.items for place in crew.places):
            return
        place, call = crew.wait()
        if not place.started:
            try:
                crew.ray.get(call)
            except lost_error as error:
                failed_starts += 1
                if "creation task" in str(error) or failed_starts == STARTS:
                    raise LifecastError(f"a worker could not start: {error}") from error
                crew.replace(place)
            else:
                place.started, failed_starts = True, 0
            continue
        finished, lost = [], []
        try:
            answer = crew.ray.get(call)
            finished.append((place.items.pop(call), *answer))
            place.alone = False
        except lost_error:
            for reference, item in place.items.items():
                try:  # done before the worker died, only not collected yet?
                    finished.append((item, *crew.ray.get(reference)))
                except lost_error:
                    lost.append(item)
            crew.replace(place)
        if lost:
            # The oldest item that the worker did not answer was in its hands when it died, as far as one can tell;
            # the others only waited behind it, and start afresh without a blot.
            blamed, *bystanders = lost
            again.extend(bystanders)
            tries[blamed] = tries.get(blamed, 0) + 1
            if tries[blamed] == 1:
                again.append(blamed)
            else:
                finished.append((blamed, False, "its worker died twice on it", 0.0, {}))
        for item, good, reason, seconds, result in finished:
            yield Outcome(item, "done" if good else "failed", reason, seconds, result)
