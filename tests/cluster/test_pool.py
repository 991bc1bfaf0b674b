import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lifecast.cluster.manifest import Manifest
from lifecast.cluster.pool import run_on_cluster
from lifecast.errors import LifecastError, PhotoError, UsageError

ray = pytest.importorskip("ray", reason="the extra lifecast[cluster] is not installed")


@pytest.fixture(autouse=True, scope="module")
def _by_value():
    # Workers unpickle the jobs of this very file, which is no installed module.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Echo:
    """Writes a line for every item it does; some items fail, some kill their worker."""

    log: str

    def open(self):
        def work(item: str) -> dict[str, object]:
            with Path(self.log).open("a") as log:
                log.write(item + "\n")
            if item.startswith("bad"):
                raise PhotoError(f"{item}: no person")
            if item.startswith("once") and Path(self.log).read_text().split().count(item) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            if item.startswith("always"):
                os.kill(os.getpid(), signal.SIGKILL)
            return {"worker": os.getpid()}

        return work


@dataclass(frozen=True)
class NeverStarts:
    def open(self):
        raise PhotoError("weights.safetensors: no such file")


@dataclass(frozen=True)
class Waiting:
    """Says how OpenMP's threads are to wait in the worker."""

    def open(self):
        return lambda item: {name: os.environ.get(name) for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}


def test_workers_wait_as_the_driver_does(cluster, tmp_path):
    (outcome,) = run_on_cluster(iter(["one"]), Waiting(), Manifest(tmp_path / "m"), address="local", workers=1)
    assert any(outcome.result.values())
    assert outcome.result == {name: os.environ.get(name) for name in outcome.result}


def test_killed_workers_items_are_done_again_once_and_nothing_is_lost(cluster, tmp_path):
    log, manifest = tmp_path / "log", Manifest(tmp_path / "manifest.jsonl")
    items = [f"good{i}" for i in range(20)] + ["bad1", "once1", "always1"] + [f"late{i}" for i in range(20)]
    outcomes = list(run_on_cluster(iter(items), Echo(str(log)), manifest, address="local", workers=2))
    assert sorted(o.item for o in outcomes) == sorted(items)
    failed = {o.item: o.reason for o in outcomes if not o.done}
    assert failed.keys() == {"bad1", "always1"}
    assert failed["bad1"] == "bad1: no person"
    assert failed["always1"] == "its worker died twice on it"
    assert log.read_text().split().count("always1") == 2
    assert log.read_text().split().count("once1") == 2

    before = log.read_text().split()
    second = list(run_on_cluster(iter(items), Echo(str(log)), manifest, address="local", workers=2))
    assert sorted(o.item for o in second) == sorted(failed)  # only what is missing
    assert set(log.read_text().split()[len(before) :]) <= set(failed)


def test_a_worker_that_cannot_start_ends_the_run_with_its_reason(cluster, tmp_path):
    with pytest.raises(LifecastError, match=r"weights\.safetensors"):
        list(run_on_cluster(["a"], NeverStarts(), Manifest(tmp_path / "m.jsonl"), address="local", workers=1))


@dataclass(frozen=True)
class DiesWhileStarting:
    """Its first `times` workers die before they are ready, as when memory runs out."""

    log: str
    times: int

    def open(self):
        with Path(self.log).open("a") as log:
            log.write("started\n")
        if len(Path(self.log).read_text().split()) <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return lambda item: {}


def test_a_worker_that_dies_while_it_starts_is_replaced_a_few_times(cluster, tmp_path):
    once = run_on_cluster(
        ["a", "b"], DiesWhileStarting(str(tmp_path / "x"), 1), Manifest(tmp_path / "m"), address="local", workers=1
    )
    assert [o.done for o in once] == [True, True]
    always = run_on_cluster(
        ["a"], DiesWhileStarting(str(tmp_path / "y"), 99), Manifest(tmp_path / "n"), address="local", workers=1
    )
    with pytest.raises(LifecastError, match="could not start"):
        list(always)


def test_workers_for_whom_the_cluster_has_no_room_are_not_waited_for(cluster, tmp_path):
    items = [f"item{i}" for i in range(12)]
    run = run_on_cluster(items, Echo(str(tmp_path / "log")), Manifest(tmp_path / "m.jsonl"), address="local", workers=5)
    assert sorted(o.item for o in run) == sorted(items)


def test_the_cluster_is_free_again_after_a_run(cluster, tmp_path):
    for number in range(3):
        manifest = Manifest(tmp_path / f"{number}.jsonl")
        assert len(list(run_on_cluster(["a"], Echo("/dev/null"), manifest, address="local", workers=2))) == 1


def test_a_gpu_that_is_not_there_is_said(cluster, tmp_path):
    if ray.cluster_resources().get("GPU"):
        pytest.skip("this machine has a GPU")
    run = run_on_cluster(
        ["a"], Echo("/dev/null"), Manifest(tmp_path / "m"), address="local", workers=1, gpus_per_worker=1
    )
    with pytest.raises(UsageError, match="no GPU"):
        list(run)


def test_nothing_to_do_starts_nothing(tmp_path):
    manifest = Manifest(tmp_path / "m.jsonl")
    run = run_on_cluster(["a", "b"], NeverStarts(), manifest, address="nowhere:1", workers=2, done={"a", "b"})
    assert list(run) == []


def test_ten_thousand_small_items_leave_the_drivers_memory_level(cluster, tmp_path):
    def resident() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    done, level = 0, []
    begun = time.monotonic()
    for _ in run_on_cluster(
        (f"item{i}" for i in range(10_000)),
        Echo("/dev/null"),
        Manifest(tmp_path / "m.jsonl"),
        address="local",
        workers=2,
    ):
        done += 1
        if done in (2_000, 10_000):
            level.append(resident())
    assert done == 10_000
    assert level[1] - level[0] < 40, f"{level} MiB after {time.monotonic() - begun:.0f} s"


def test_no_workers_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"^workers 0"):
        list(run_on_cluster(["a"], NeverStarts(), Manifest(tmp_path / "m.jsonl"), address="local", workers=0))
