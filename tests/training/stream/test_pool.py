"""The pool: bounds, uses, replacement, and what a killed process leaves."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from lifecast.errors import LifecastError, UsageError
from lifecast.training.stream.numbers import as_ranges, from_ranges
from lifecast.training.stream.pool import GIB, Pool


def content(folder: Path) -> dict[str, str]:
    """Checksums of the people's files in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("entry.json", "used")
    }


def fill(supply, most: int = 50) -> None:
    for _ in range(most):
        supply.tend()


def test_numbers_are_written_as_ranges():
    numbers = {0, 1, 2, 4, 7, 8}
    assert as_ranges(numbers) == [[0, 2], [4, 4], [7, 8]]
    assert from_ranges(as_ranges(numbers)) == numbers
    with pytest.raises(ValueError, match="no range"):
        from_ranges([[3, 1]])


def test_no_more_people_than_stated(supply, fake_people):
    stock = supply(fake_people(), people=3)
    for _ in range(10):
        stock.tend()
        assert len(list((stock.pool.root / "people").iterdir())) <= 3
    assert sorted(stock.pool.entries) == [0, 1, 2]
    assert not stock.makers.pending
    assert not stock.growing


def test_no_more_bytes_than_stated(supply, fake_people):
    stock = supply(fake_people(padding=100_000), people=50, gib=380_000 / GIB)
    for round_number in range(6):
        fill(stock)
        on_disk = sum(path.stat().st_size for path in (stock.pool.root / "people").rglob("*") if path.is_file())
        assert 0 < on_disk <= 380_000 + 2 * 500, round_number  # cards and counts are no people
        assert len(stock.pool.entries) == 3
        stock.use([min(stock.pool.entries)] * 4)


def test_people_larger_than_the_pool_are_an_error_that_says_what_to_do(supply, fake_people):
    stock = supply(fake_people(padding=3_000_000), gib=0.001)
    with pytest.raises(LifecastError, match=r"--pool-gib"):
        fill(stock)


def test_people_are_replaced_after_their_uses_and_their_numbers_never_come_again(supply, fake_people):
    stock = supply(fake_people(views=3), people=2, uses=2)
    fill(stock)
    entry = stock.pool.entries[0]
    drawn = [entry.draw() for _ in range(6)]
    person = next(iter(entry.people))
    assert sorted(drawn[:3]) == sorted(drawn[3:]) == [(person, 0), (person, 1), (person, 2)]
    assert stock.pool.left(entry) == 0
    stock.use([0] * 5)
    assert stock.pool.folder(0).is_dir()
    assert (stock.pool.folder(0) / "used").read_text() == "0000000005"
    stock.use([0])
    assert not stock.pool.folder(0).exists()
    fill(stock)
    assert sorted(stock.pool.entries) == [1, 2]
    stock.use([1, 2] * 6)
    fill(stock)
    assert sorted(stock.pool.entries) == [3, 4]
    assert stock.pool.retired == {0, 1, 2}


def test_a_pool_goes_on_as_it_was_left_and_without_what_is_half_written(supply, fake_people):
    stock = supply(fake_people(), people=3, uses=3)
    fill(stock)
    shutil.copytree(stock.pool.folder(1), stock.pool.root / "one of old")
    stock.use([0, 0, 0, 1, 1, 1, 1, 1, 1])  # number 1 is used up
    fill(stock)
    before = {number: entry.used for number, entry in stock.pool.entries.items()}
    assert before == {0: 3, 2: 0, 3: 0}
    people = stock.pool.root / "people"
    (people / "000002" / "entry.json").unlink()  # as a crashed machine could leave it
    (people / "000009").mkdir()
    half = stock.pool.making / "seed_5_number_000004"
    shutil.copytree(people / "000003", half)
    (stock.pool.root / "one of old").rename(people / "000001")  # used up, and its removal was lost in a crash
    stock.pool.close()

    again = supply(fake_people(), people=3, uses=3, resume=True)
    assert {number: entry.used for number, entry in again.pool.entries.items()} == {0: 3, 3: 0}
    assert sorted(path.name for path in people.iterdir()) == ["000000", "000003"]
    assert not list(again.pool.making.iterdir())
    fill(again)
    assert sorted(again.pool.entries) == [0, 2, 3]  # 2 was never used: it is made again
    assert again.pool.retired == {1}


def test_a_run_whose_pool_is_lost_uses_nobody_again(supply, fake_people):
    stock = supply(fake_people(), people=3)
    fill(stock)
    stock.use([0] * 4 + [1])
    stock.pool.close()
    shutil.rmtree(stock.pool.root)
    again = supply(fake_people(), people=3, resume=True)
    fill(again)
    assert sorted(again.pool.entries) == [2, 3, 4]


def test_with_fewer_uses_people_who_had_more_are_gone(supply, fake_people):
    stock = supply(fake_people(), people=2, uses=3)
    fill(stock)
    stock.use([0] * 4)
    stock.pool.close()
    again = supply(fake_people(), people=2, uses=2)
    assert sorted(again.pool.entries) == [1]


def test_people_follow_from_seed_and_number_alone(supply, fake_people, tmp_path):
    one = supply(fake_people(), people=4, folder=tmp_path / "one")
    fill(one)
    other = supply(fake_people(fails=(0,)), people=2, folder=tmp_path / "other")  # in another order, too
    fill(other)
    assert sorted(other.pool.entries) == [1, 2]
    for number in (1, 2):
        assert content(one.pool.folder(number)) == content(other.pool.folder(number))
    assert content(one.pool.folder(1)) != content(one.pool.folder(2))


def test_a_pool_of_other_people_is_refused(supply, fake_people):
    supply(fake_people()).pool.close()
    with pytest.raises(UsageError, match=r"views = 2, not 4.*--pool"):
        supply(fake_people(views=4))


def hold(root: Path, opened, done) -> None:
    pool = Pool(root, 5, 3, 1.0, 2, {"maker": "fake", "views": 2}, {})
    pool.open()
    opened.set()
    done.wait(60)


def test_a_pool_in_use_is_refused_and_a_dead_process_holds_none(supply, fake_people, tmp_path):
    context = multiprocessing.get_context("fork")
    opened, done = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path / "pool", opened, done))
    process.start()
    try:
        assert opened.wait(60)
        with pytest.raises(UsageError, match=r"another run uses this pool.*--pool"):
            supply(fake_people())
    finally:
        process.kill()
        process.join()
    fill(stock := supply(fake_people()))
    assert len(stock.pool.entries) == 3


def test_the_run_says_which_people_it_used(supply, fake_people):
    stock = supply(fake_people(fails=(1,)), people=2, uses=1)
    fill(stock)
    stock.use([0, 2, 0])
    stored = json.loads((stock.record.path).read_text())
    assert stored["used"] == [[0, 0], [2, 2]]
    assert stored["retired"] == [[0, 0]]
    assert list(stored["failed"]) == ["1"]
    assert stored["failed"]["1"].startswith("ValueError: no 1 (fake_people.py, line ")
