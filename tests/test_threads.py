"""How OpenMP waits is said before PyTorch loads, at every way in; the user's environment wins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifecast.threads import (
    CHOSEN_BY_USER,
    THREADS,
    WAITING,
    container_share,
    inherited_threads,
    share_cores,
    threads_each,
)

WATCH = """
import importlib.abc, os, runpy, sys

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torch":  # the settings at this moment are those that its runtime would read
            print("torch", os.environ.get("OMP_WAIT_POLICY"), os.environ.get("GOMP_SPINCOUNT"), flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watch())
"""

WAYS_IN = {
    "library": "import lifecast; lifecast.load()",
    "command line": "sys.argv[:1] = ['lifecast', 'reconstruct']; runpy.run_module('lifecast', run_name='__main__')",
    "installed command": "from lifecast.cli import main; main(['reconstruct', sys.argv[1]])",
    "page": "from lifecast.cli import main; main(['serve'])",
    "API": "import lifecast.web.work as work; import lifecast; lifecast.load()",
    "cluster's worker": "from lifecast.cluster.jobs import ReconstructJob; ReconstructJob('out', None).open()",
    "training": "runpy.run_module('lifecast.training', run_name='__main__')",
    "training's loading process": "import lifecast.training.data",
    "evaluation's process": "import lifecast.evaluation.run",
}


def environment(**chosen: str) -> dict[str, str]:
    """This one without any choice of how to wait, and with these."""
    return {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_USER} | chosen


def at_torch(program: str, **chosen: str) -> list[str]:
    """What `WATCH` prints."""
    sample = Path(__file__).parents[1] / "src/lifecast/samples/person.jpg"
    ran = subprocess.run(
        [sys.executable, "-c", WATCH + program, str(sample)], env=environment(**chosen), capture_output=True, text=True
    )
    assert ran.stdout.startswith("torch"), ran.stdout + ran.stderr[-2000:]
    return ran.stdout.split()[1:]


@pytest.mark.parametrize("way", WAYS_IN)
def test_every_way_in_says_how_to_wait_before_torch_loads(way: str) -> None:
    assert at_torch(WAYS_IN[way]) == ["PASSIVE", "1000"]


def test_what_the_user_chose_stays() -> None:
    assert at_torch(WAYS_IN["library"], GOMP_SPINCOUNT="7") == ["None", "7"]
    assert at_torch(WAYS_IN["command line"], OMP_WAIT_POLICY="ACTIVE") == ["ACTIVE", "None"]
    assert at_torch(WAYS_IN["training"], KMP_BLOCKTIME="200") == ["None", "None"]


def test_processes_that_are_started_inherit_it() -> None:
    program = (
        "import lifecast, os\nfrom multiprocessing import get_context\nif __name__ == '__main__':\n"
        "    for method in ('spawn', 'fork'):\n"
        "        with get_context(method).Pool(1) as pool:\n"
        "            print(pool.apply(os.getenv, ('OMP_WAIT_POLICY',)), pool.apply(os.getenv, ('GOMP_SPINCOUNT',)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["PASSIVE 1000", "PASSIVE 1000"]


def test_a_container_that_sees_more_cores_than_it_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert container_share(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert container_share(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert container_share(tmp_path) == 2
    older = tmp_path / "older"
    (older / "cpu").mkdir(parents=True)
    (older / "cpu/cpu.cfs_period_us").write_text("100000\n")
    (older / "cpu/cpu.cfs_quota_us").write_text("-1\n")
    assert container_share(older) is None
    (older / "cpu/cpu.cfs_quota_us").write_text("50000\n")
    assert container_share(older) == 1

    monkeypatch.setattr("lifecast.threads.container_share", lambda: 2)
    monkeypatch.setattr("lifecast.threads.visible_cores", lambda: 64)
    found: dict[str, str] = {}
    share_cores(found)
    assert found == WAITING | {"OMP_NUM_THREADS": "2"}
    chosen = {"OMP_NUM_THREADS": "5", "GOMP_SPINCOUNT": "7"}
    share_cores(chosen)
    assert chosen == {"OMP_NUM_THREADS": "5", "GOMP_SPINCOUNT": "7"}
    monkeypatch.setattr("lifecast.threads.visible_cores", lambda: 2)
    found = {}
    share_cores(found)
    assert found == WAITING


def test_threads_of_processes_that_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifecast.threads.available_cores", lambda: 8)
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    assert [threads_each(n) for n in (1, 3, 8, 20)] == [8, 2, 1, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert threads_each(8) == 3
    with inherited_threads(2):
        assert [os.environ[name] for name in THREADS] == ["3,1", "2", "2", "2"]
    assert [os.environ.get(name) for name in THREADS] == ["3,1", None, None, None]
