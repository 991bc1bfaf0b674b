"""The processes that make people: crashes, failures, and an end with their parent."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lifecast.errors import DataError
from lifecast.training.stream.failures import IN_A_ROW, Failures
from lifecast.training.stream.makers import Makers


def gather(makers, count):
    found = []
    while len(found) < count:
        new = makers.results(60.0)
        assert new, "nobody is made any more"
        found += new
    return {made.number: made for made in found}


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "making"
    folder.mkdir()
    return folder


def test_a_crash_costs_one_number_and_a_failure_too(fake_people, scratch):
    with Makers(fake_people(fails=(2,), crashes=(1,)), scratch, 1) as makers:
        for number in range(4):
            makers.ask(5, number)
        assert makers.wanting == 0
        found = gather(makers, 4)
        assert not makers.pending
        made = sorted(path.name for path in scratch.glob("*/*"))
    assert made == ["seed_5_number_000000", "seed_5_number_000003"]
    assert not list(scratch.iterdir())  # nobody took them in time
    assert [number for number, made in found.items() if made.entry is None] == [1, 2]
    assert found[1].reason == "its process ended by itself (signal 9)"
    assert found[2].reason.startswith("ValueError: no 2 (fake_people.py")
    assert found[3].entry.people == {"person_000003_0": 2}


def test_several_processes_share_the_work_at_low_priority(fake_people, scratch):
    with Makers(fake_people(seconds=0.2), scratch, 2) as makers:
        for number in range(4):
            makers.ask(5, number)
        processes = [one.process.pid for one in makers._processes]
        assert [len(one.asked) for one in makers._processes] == [2, 2]
        assert sorted(gather(makers, 4)) == [0, 1, 2, 3]
        assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes} == {
            min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
        }
    for pid in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_too_many_failures_in_a_row_are_an_error_that_says_why(supply, fake_people):
    lines: list[str] = []
    stock = supply(fake_people(fails_from=2), say=lines.append)
    with pytest.raises(DataError, match=rf"last {IN_A_ROW} people .*seed 5, because: ValueError: no \d"):
        stock.wait_for(3, lambda _done: None)
    assert len(lines) == IN_A_ROW
    assert "of seed 5 could not be made" in lines[0]


def test_failures_between_good_people_are_none_in_a_row():
    failures = Failures(lambda _text: None)
    for number in range(3 * IN_A_ROW):
        failures.bad(5, number, "why")
        if number % 2:
            failures.good()
    assert failures.count == 3 * IN_A_ROW


def test_makers_end_with_a_parent_that_is_killed(fake_people, scratch):
    """In the middle of a person, and whatever copies of its pipes other processes hold."""
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        with Makers(fake_people(seconds=600), scratch, 1) as makers:
            makers.ask(5, 0)
            while not list(scratch.glob("*/*")):
                time.sleep(0.05)
            os.write(writing, str(makers._processes[0].process.pid).encode())
            time.sleep(600)
        os._exit(1)
    maker = int(os.read(reading, 20))
    os.kill(parent, 9)
    os.waitpid(parent, 0)
    for _ in range(600):
        if not Path(f"/proc/{maker}").exists() or " Z " in Path(f"/proc/{maker}/stat").read_text():
            return
        time.sleep(0.1)
    os.kill(maker, 9)
    pytest.fail("the maker lives on")
