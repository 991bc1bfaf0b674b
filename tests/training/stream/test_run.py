"""Whole runs on fake people: what they leave, how they go on, and what they refuse."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

from lifecast.errors import MissingExtra, OptionError, OptionsError, UsageError
from lifecast.model.checkpoint import load_checkpoint
from lifecast.training import loop
from lifecast.training.options import TrainOptions
from lifecast.training.stream.numbers import from_ranges
from lifecast.training.stream.options import StreamOptions
from lifecast.training.stream.source import StreamSource

SEED = 5
HERE = Path(__file__).parent


def stored(path: Path) -> dict:
    return json.loads(path.read_text())


def views_used(pool: Path) -> dict[int, int]:
    return {int(path.parent.name): int(path.read_text()) for path in pool.glob("people/*/used")}


def test_a_run_without_a_dataset_leaves_weights_that_say_who_they_learned_from(
    tmp_path, train_stream, fake_people, capsys
):
    out = tmp_path / "run"
    weights = train_stream(out, fake_people(fails=(1,)), steps=6, size=64, batch=3)
    note = load_checkpoint(weights).card["training"]["levels"]["normals"]
    used = from_ranges(note["stream"]["used"])
    record = stored(out / "stream.json")
    assert note["stream"]["seed"] == SEED
    assert used == from_ranges(record["used"])
    assert 1 not in used
    assert note["stream"]["validation"] == {"seed": 8201, "numbers": [[0, 0], [2, 2]]}
    retired = from_ranges(record["retired"])
    # 18 views, each person's 2 views twice.
    assert sum(views_used(out / "pool").values()) + 4 * len(retired) == 18
    assert used == retired | {number for number, count in views_used(out / "pool").items() if count}
    line = [json.loads(text) for text in (out / "log.jsonl").read_text().splitlines()][-2]
    assert {"views_made_per_min", "views_used_per_min", "people_wait_share", "people_in_pool"} <= set(line)
    said = capsys.readouterr().err
    assert "person 1 of seed 5 could not be made and is left out: ValueError: no 1" in said
    assert "18 used" in said
    assert stored(out / "run.json")["options"]["streaming"]["pool_people"] == 4


def test_nobody_is_trained_on_and_validated_with(tmp_path, train_stream, fake_people):
    out = tmp_path / "run"
    train_stream(out, fake_people(), steps=2, size=64)
    validation = out / "pool" / "validation"
    names = stored(validation / "split.json")
    assert names["train"] == []
    assert [name.split("/")[0] for name in names["test"]] == ["000000", "000001"]
    assert stored(validation / "numbers.json")["seed"] == 8201
    masks = {path.read_bytes() for path in validation.glob("*/*/view_000_colour.jpg")}
    assert len(masks) == 2
    assert not masks & {path.read_bytes() for path in out.glob("pool/people/*/*/view_000_colour.jpg")}


def test_people_to_validate_with_are_made_once(tmp_path, train_stream, fake_people):
    pool = {"pool": tmp_path / "pool"}
    train_stream(tmp_path / "one", fake_people(), steps=1, size=64, pool=pool)
    card = tmp_path / "pool" / "validation" / "000000" / "entry.json"
    made = card.stat().st_mtime_ns
    left = views_used(tmp_path / "pool")
    train_stream(tmp_path / "two", fake_people(), steps=1, size=64, pool=pool)
    assert card.stat().st_mtime_ns == made
    assert set(left) <= set(views_used(tmp_path / "pool"))  # a later run goes on with the people that are left


def train_until_killed(train_stream, out, maker):
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        train_stream(out, maker, steps=10_000, size=64, batch=2)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_killed_run_goes_on_and_uses_nobody_again(tmp_path, train_stream, fake_people, workers):
    out = tmp_path / "run"
    process = multiprocessing.get_context("fork").Process(
        target=train_until_killed, args=(train_stream, out, fake_people())
    )
    process.start()
    record = out / "stream.json"
    while not (
        record.is_file() and len(from_ranges(stored(record)["retired"])) >= 3 and list(out.glob("checkpoints/*.pt"))
    ):
        assert process.is_alive()
        time.sleep(0.05)
    process.kill()  # SIGKILL
    process.join()
    before = stored(record)
    retired = from_ranges(before["retired"])
    present = views_used(out / "pool")
    half = out / "pool" / "making" / "seed_5_number_000900"
    half.mkdir()
    steps = int(max(out.glob("checkpoints/*.pt")).stem.split("_")[1])
    train_stream(out, fake_people(), steps=steps + 4, size=64, batch=2, resume=True, workers=workers)
    after = stored(record)
    assert not half.exists()
    assert retired <= from_ranges(after["retired"])
    now = views_used(out / "pool")
    assert not set(now) & from_ranges(after["retired"])
    for number, count in present.items():
        assert number in retired or number in from_ranges(after["retired"]) or now[number] >= count
    numbers = set(now) | from_ranges(after["retired"])
    assert numbers == set(range(max(numbers) + 1))  # nobody was lost


def test_other_people_than_before_are_refused(tmp_path, train_stream, fake_people):
    out = tmp_path / "run"
    train_stream(out, fake_people(), steps=1, size=64)
    with pytest.raises(UsageError, match=r"stream\.json: the run uses people of seed 5, not 6"):
        train_stream(out, fake_people(), steps=2, size=64, resume=True, seed=6)
    with pytest.raises(UsageError, match="people of maker"):
        train_stream(out, fake_people(name="another"), steps=2, size=64, resume=True)
    with pytest.raises(UsageError, match="another --pool"):
        train_stream(tmp_path / "new", fake_people(name="another"), steps=2, size=64, pool={"pool": out / "pool"})


def test_a_slow_maker_is_said_to_keep_training_waiting(tmp_path, train_stream, fake_people, capsys, monkeypatch):
    monkeypatch.setattr(loop, "LOG_SECONDS", 0.0)
    train_stream(tmp_path / "run", fake_people(seconds=0.5), steps=6, size=64, batch=4, pool={"uses": 1})
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("training waits for people") == 1
    lines = [json.loads(text) for text in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert max(line.get("people_wait_share", 0) for line in lines) > 0.05


def test_no_word_of_waiting_where_there_is_none(tmp_path, train_stream, fake_people, capsys):
    # 8 people are used 50 times each: more than the run needs.
    train_stream(tmp_path / "run", fake_people(), steps=4, size=64, batch=2, pool={"uses": 50})
    said = capsys.readouterr().err
    assert "training waits" not in said
    assert "waited 0.0% of its time" in said


def test_a_run_measured_in_minutes_ends_while_it_waits(tmp_path, train_stream, fake_people):
    weights = train_stream(
        tmp_path / "run", fake_people(seconds=3.0), size=64, batch=2, minutes=0.05, pool={"uses": 1, "pool_people": 1}
    )
    assert np.isfinite(load_checkpoint(weights).card["training"]["levels"]["normals"]["metrics"]["front_deg"])


def test_the_fine_net_learns_from_points_too(tmp_path, train_stream, fake_people):
    coarse = train_stream(tmp_path / "coarse", fake_people(), stage="coarse", steps=1)
    fine = train_stream(tmp_path / "fine", fake_people(), stage="fine", steps=2, init=(coarse,), preset=None)
    assert "stream" in load_checkpoint(fine).card["training"]["levels"]["fine"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "give data, a prepared dataset, or stream"),
        ({"data": Path("d"), "stream": True}, "stream takes the place of data and also"),
        ({"also": (Path("d"),), "stream": True}, "stream takes the place of data and also"),
        ({"data": Path("d"), "streaming": StreamOptions(uses=9)}, "uses is an option of stream"),
        ({"stream": True, "streaming": StreamOptions(pool=HERE, poses=HERE)}, "is also poses"),
        ({"stream": True, "seed": 8101}, "the validation people of docs/benchmark.md"),
        ({"stream": True, "seed": 8201}, "is also validation_seed"),
    ],
)
def test_options_that_do_not_go_together(given, says):
    with pytest.raises((OptionsError, OptionError)) as caught:
        TrainOptions(stage="normals", out=Path("o"), **given)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pool_people", 0), ("uses", 0), ("makers", 0), ("views", 0), ("validation_people", 0), ("pool_gib", 0.0),
        ("pool_gib", float("nan")), ("picture_size", 30), ("mannequins", 1.5), ("validation_seed", 9203),
        ("assets", (Path("no such folder"),)), ("poses", Path("no such folder")), ("lighting", Path("no such folder")),
    ],
)  # fmt: skip
def test_values_that_cannot_be(field, value):
    with pytest.raises(OptionError) as caught:
        StreamOptions(**{field: value})
    assert caught.value.field == field


def test_what_a_stream_cannot_do_is_said_before_the_work(fake_people):
    def source(stage, **more):
        streaming = more.pop("streaming", StreamOptions())
        options = TrainOptions(stage=stage, out=Path("o"), stream=True, streaming=streaming, **more)
        return StreamSource(options, loop.load_recipe("tiny"), lambda _landmarks: fake_people())

    with pytest.raises(OptionsError, match="one process"):
        source("normals", devices=2).check()
    with pytest.raises(OptionError, match="stage coarse needs points"):
        source("coarse", streaming=StreamOptions(mannequins=0.5)).check()
    source("normals", streaming=StreamOptions(mannequins=0.5)).check()


def test_a_machine_that_can_make_nobody_says_so_before_the_work(tmp_path, train_stream, fake_people):
    with pytest.raises(MissingExtra, match="something"):
        train_stream(tmp_path / "run", fake_people(name="impossible"), steps=1)
    assert not (tmp_path / "run" / "pool").exists()


def test_pictures_too_small_for_the_run_are_refused(tmp_path, train_stream, fake_people):
    with pytest.raises(OptionError, match="trains on 160 pixels: give at least 80"):
        train_stream(tmp_path / "run", fake_people(), steps=1, size=160)
    assert not (tmp_path / "run" / "pool").exists()
