"""One Ray actor a worker, a bounded number of items under way, and every item accounted for.

The driver holds only the items under way (two a worker: one running, one waiting), so ten million inputs take no more
of its memory than ten. A worker that dies takes its items with it; they are given to a fresh worker once, and fail with
the reason if that one dies as well: an input that kills its worker must not go round for ever.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Protocol

from lifecast.cluster.manifest import Manifest, Outcome
from lifecast.errors import LifecastError, MissingExtra, UsageError

ITEMS_PER_WORKER = 2
"""One item running and one waiting: the worker never idles while the driver is busy with another."""


class Job(Protocol):
    """What a worker does; it is pickled to the workers, so it holds plain values only."""

    def open(self) -> Callable[[str], dict[str, Any]]:
        """Load what is needed once (weights, a body model) and return the function that does one item."""
        ...


class _Worker:
    """Lives in a process of its own; the function that the job opened stays loaded between items."""

    def __init__(self, job: Job) -> None:
        self._work = job.open()

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
    skip_done: bool = True,
) -> Iterator[Outcome]:
    """Do `items` on a Ray cluster and yield each outcome as it comes; the order is that of completion.

    Items that `manifest` already lists as done are passed over (see `skip_done`); every outcome is appended to it
    before it is yielded.

    Parameters
    ----------
    address
        "local" starts Ray on this machine for the length of the call; anything else is an address as `ray.init` takes
        it ("auto", "ray://head:10001", ...).
    workers
        Number of actors; each loads the job once.
    skip_done
        Pass over what the manifest lists as done; False where the caller knows better what is missing.

    Raises
    ------
    MissingExtra
        Ray is not installed.
    UsageError
        The cluster cannot be reached, or `workers` is below 1.
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: at least one worker is needed")
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("ray", "cluster", "--cluster") from error
    started = not ray.is_initialized()
    if started:
        try:
            if address == "local":
                # Each actor claims its CPUs, so a local run must offer as many as its workers ask for.
                ray.init(
                    num_cpus=max(1, round(workers * cpus_per_worker)), include_dashboard=False, log_to_driver=False
                )
            else:
                ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(f"--cluster {address}: no Ray cluster answers there ({error})") from error
    try:
        with manifest:
            done = manifest.done() if skip_done else set()
            missing = (item for item in items if item not in done)
            yield from _run(ray, missing, job, manifest, workers, cpus_per_worker, gpus_per_worker)
    finally:
        if started:
            ray.shutdown()


def _run(
    ray: Any,
    items: Iterator[str],
    job: Job,
    manifest: Manifest,
    workers: int,
    cpus_per_worker: float,
    gpus_per_worker: float,
) -> Iterator[Outcome]:
    actor_class = ray.remote(num_cpus=cpus_per_worker, num_gpus=gpus_per_worker)(_Worker)
    shared_job = ray.put(job)
    actors = [actor_class.remote(shared_job) for _ in range(workers)]
    load = [0] * workers
    under_way: dict[Any, tuple[str, int, Any]] = {}  # reference -> item, place of its worker, the worker itself
    tries: dict[str, int] = {}  # only of items whose worker died
    again: deque[str] = deque()
    order = count()
    given: dict[str, int] = {}  # item -> when it was given to its worker
    exhausted = False
    while True:
        while not exhausted or again:
            place = min(range(workers), key=load.__getitem__)
            if load[place] >= ITEMS_PER_WORKER:
                break
            item = again.popleft() if again else next(items, None)
            if item is None:
                exhausted = True
                continue
            under_way[actors[place].do.remote(item)] = (item, place, actors[place])
            given[item] = next(order)
            load[place] += 1
        if not under_way:
            return
        ready, _ = ray.wait(list(under_way), num_returns=1)
        item, place, actor = under_way.pop(ready[0])
        load[place] -= 1
        finished, lost = [], []
        try:
            finished.append((item, *ray.get(ready[0])))
        except ray.exceptions.RayActorError as error:
            if "creation task" in str(error) or "__init__" in str(error):
                raise LifecastError(f"a worker could not start: {error}") from error
            lost.append(item)
            actors[place] = actor_class.remote(shared_job)
            for reference in [r for r, (_, _, owner) in under_way.items() if owner is actor]:
                item = under_way.pop(reference)[0]
                load[place] -= 1
                try:  # done before the worker died, only not collected yet?
                    finished.append((item, *ray.get(reference)))
                except ray.exceptions.RayActorError:
                    lost.append(item)
        if lost:
            # A worker does its items in the order of giving: the oldest that it did not finish was in its hands when
            # it died; the others only waited behind it, and start afresh without a blot.
            blamed, *bystanders = sorted(lost, key=given.__getitem__)
            again.extend(bystanders)
            tries[blamed] = tries.get(blamed, 0) + 1
            if tries[blamed] == 1:
                again.append(blamed)
            else:
                finished.append((blamed, False, "its worker died twice on it", 0.0, {}))
        for item, good, reason, seconds, result in finished:
            given.pop(item)
            outcome = Outcome(item, "done" if good else "failed", reason, seconds, result)
            manifest.append(outcome)
            yield outcome
