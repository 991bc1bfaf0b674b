"""How lifecast shares a machine's cores with other programs: how OpenMP's threads wait, and how many there are.

PyTorch computes with OpenMP threads, and these wait for their next piece of work busily, for some milliseconds. Where
another program has the core that the piece in hand needs, all wait for it, and two reconstructions at once stand
still. The runtime reads how to wait when it is loaded, so `import lifecast` says it before PyTorch comes, and every
process that is started from there inherits it. Whoever imports torch first keeps the waiting of that process as it is:
nothing can change it then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path

WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
"""PASSIVE is every runtime's word for sleeping at once. GNU's, which PyTorch brings on Linux, looks a thousand times
first (some 10 microseconds): the next piece of a network's work mostly comes sooner than a thread wakes."""
CHOSEN_BY_USER = (*WAITING, "KMP_BLOCKTIME")
"""If any of these is set, somebody has decided how to wait, and nothing is added."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "IGL_NUM_THREADS")
"""What numeric libraries read, as they are loaded, for the number of their threads."""


def share_cores(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let OpenMP's threads sleep while they wait.

    Cores that a container may not use are not counted. What `environment` holds already stays as it is.
    """
    if not any(name in environment for name in CHOSEN_BY_USER):
        environment.update(WAITING)
    share = container_share()
    if share is not None and share < visible_cores():
        environment.setdefault("OMP_NUM_THREADS", str(share))


def visible_cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_cores() -> int:
    """Count the cores that this process may use, a container's limit included; at least 1."""
    return min(visible_cores(), container_share() or visible_cores())


def container_share(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Count the cores' worth of time that the container may use, rounded up.

    None without a limit. `root` is where its control group is mounted, of either version.
    """
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text().split()
        else:
            quota, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return max(1, ceil(int(quota) / int(period))) if int(quota) > 0 else None
    except (OSError, ValueError):  # no control group, or "max": no limit
        return None


def threads_each(processes: int) -> int:
    """Share the cores out among `processes` of this machine: threads for each.

    If OMP_NUM_THREADS is set, it says how many.
    """
    chosen = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(chosen) if chosen.isdecimal() and int(chosen) > 0 else max(1, available_cores() // processes)


@contextmanager
def inherited_threads(count: int) -> Iterator[None]:
    """Start processes that use `count` threads each.

    The user's environment goes before `count`. This process keeps its own: its libraries have read the environment
    already.
    """
    added = {name: str(count) for name in THREADS if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
