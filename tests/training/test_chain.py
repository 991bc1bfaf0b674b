"""Chains: what their files say, what is refused, and how --hours scales them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from lifecast.errors import UsageError
from lifecast.people.patterns.kinds import KINDS
from lifecast.training.benchmark_people import FROZEN_SEEDS, TEST_GARMENTS
from lifecast.training.chain import CHAINS, chain_to_dict, load_chain, scaled
from lifecast.training.chain_links import links_of
from lifecast.training.chain_places import Places
from lifecast.training.recipe import load_recipe

ROOT = Path(__file__).resolve().parents[2]


def changed(tmp_path: Path, pattern: str, replacement: str, name: str = "tiny") -> Path:
    """The path of a built-in chain with a change in its text."""
    text, count = re.subn(pattern, replacement, (CHAINS / f"{name}.toml").read_text(), count=1, flags=re.MULTILINE)
    assert count == 1
    path = tmp_path / "changed.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", [path.stem for path in sorted(CHAINS.glob("*.toml"))])
def test_every_built_in_chain_goes_from_people_to_a_folder_of_parts(name: str, tmp_path: Path) -> None:
    chain = load_chain(name)
    assert chain.name == name
    assert json.loads(json.dumps(chain_to_dict(chain)))["people"]["seed"] == chain.people.seed
    for run in chain.stages:
        load_recipe(chain.recipe).stage(run.stage)
    (tmp_path / "assets").mkdir()
    places = Places(tmp_path / "out", assets=(tmp_path / "assets",))
    links = links_of(chain, places)
    parsing = ["parsing"] if name == "tiny" else []  # in use colours go by rules
    assert [link.name for link in links] == [
        "people", "data", "landmarks", "mannequins", "lift", "normals", "depth", "detail", "given", "close_up",
        *parsing, "coarse", "fine", "calibrate", "weights",
    ]  # fmt: skip
    made: set[str] = set()
    for link in links:
        assert set(link.needs) <= made
        made.add(link.name)
    # What follows normals gets predicted ones.
    assert {run.stage: run.predicted_normals for run in chain.stages} == {
        "normals": False, "depth": True, "detail": False, "close_up": False, "coarse": True, "fine": True,
        **dict.fromkeys(parsing, False),
    }  # fmt: skip


def test_compact_is_trained_without_what_the_test_people_wear() -> None:
    chain = load_chain("compact")
    assert chain.preset == "compact"
    assert chain.people.without_garments == TEST_GARMENTS
    commands = {name: shlex.split(_command(f"lifecast synthesize {name}/people")) for name in ("validation", "test")}
    start = commands["validation"].index("--without-garments")
    assert tuple(commands["validation"][start + 1 :]) == TEST_GARMENTS
    worn = commands["test"][commands["test"].index("--only-garments") + 1 :]
    assert set(TEST_GARMENTS) < set(worn)
    assert set(worn) < set(KINDS)


def _command(start: str) -> str:
    """A command of docs/benchmark.md with its continued lines."""
    text = (ROOT / "docs" / "benchmark.md").read_text()
    found = re.search(rf"^{start}(?:.*\\\n)*.*", text, re.MULTILINE)
    assert found is not None
    return found[0].replace("\\\n", " ")


def test_the_benchmarks_seeds_are_refused(tmp_path: Path) -> None:
    table = re.findall(r"^\| \w+ \| (\d+) \| \d+ \|", (ROOT / "docs" / "benchmark.md").read_text(), re.MULTILINE)
    assert {int(seed) for seed in table} == set(FROZEN_SEEDS)
    for seed in FROZEN_SEEDS:
        with pytest.raises(UsageError, match=rf"people: seed = {seed}: .*docs/benchmark\.md"):
            load_chain(changed(tmp_path, r"^seed = 5$", f"seed = {seed}"))


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        ("^hours = .*", "days = 1", r"changed\.toml: unknown key 'days'"),
        ("^count = 3", "number = 3", "people: unknown key 'number'"),
        ("^count = 3", "count = 1", "people: count = 1: give at least 2"),
        ("^count = 3", "count = 3.5", "people: count: expected int, found 3.5"),
        ("^hours = .*", "hours = 0", "hours = 0.0: must be positive"),
        (r"^size = 128\nviews = 2\nfront", "size = 130\nfront", "data: size 130: give a multiple of 4"),
        ("^front = 1.0", "elevation = [0.0]", r"data: elevation: expected 2 values"),
        ("^folds = 2", "folds = 0", "lift: folds 0"),
        ('^stage = "depth"\nsteps = 2', 'stage = "depth"', r"stages\[1\]: stage depth: give either minutes or steps"),
        ('^stage = "depth"', 'stage = "deep"', r"stages\[1\]: stage: 'deep' is not one of normals"),
        ('^on = "mannequins"', 'on = "people"', r"stages\[3\]: stage close_up: only mannequins have close-ups"),
        (
            '^stage = "parsing"\nsteps = 2\non = "mannequins"',
            'stage = "parsing"\nsteps = 2',
            r"stages\[4\]: stage parsing: only mannequins have parsing maps",
        ),
        ('^stage = "fine"', 'stage = "fine"\non = "both"', r"stages\[6\]: stage fine: mannequins have no points"),
        ("^close_ups = 1", "close_ups = 0", "stage close_up: give close_ups = 1 or more"),
        (r"^\[mannequins\]\n(\w.*\n)+", "", r"stage normals: .* no table \[mannequins\]"),
        ("^seed = 6", "seed = 5", "people and mannequins would be the same"),
        ("^seed = 6", "seed = 9203", r"mannequins: seed = 9203: .*docs/benchmark\.md"),
        ('^stage = "depth"', 'stage = "normals"', "two runs are called 'normals'"),
        ('^stage = "depth"', 'stage = "depth"\nname = "data"', r"stages\[1\]: name = 'data': a run needs"),
        ('^stage = "depth"', 'stage = "depth"\nname = "../x"', r"stages\[1\]: name = '\.\./x'"),
        (r"^\[lift\]\n(\w.*\n)+", "", "needs a table"),
        ("^preset = .*", 'preset = "tiny"', "has no pose lifter"),
        ("^preset = .*", 'preset = "huge"', "no preset 'huge'"),
        ("^points = 1000", "points = 10", "at least 1000 points"),
        ("^precision = .*", 'precision = "int8"', "precision: 'int8' is not one of"),
    ],
)
def test_what_a_chain_must_not_hold_is_named(tmp_path: Path, pattern: str, replacement: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_chain(changed(tmp_path, pattern, replacement))


def test_unknown_chains_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no chain 'compct'; choose compact, tiny or a path"):
        load_chain("compct")
    with pytest.raises(UsageError, match=r"gone\.toml: no such chain file"):
        load_chain(tmp_path / "gone.toml")


def test_hours_scale_people_and_lengths() -> None:
    chain = load_chain("compact")
    half = scaled(chain, chain.hours / 2)
    assert half.people.count == chain.people.count // 2
    assert half.mannequins is not None
    assert chain.mannequins is not None
    assert half.mannequins.count == chain.mannequins.count // 2
    assert half.lift is not None
    assert chain.lift is not None
    assert half.lift.steps == chain.lift.steps // 2
    assert [run.minutes for run in half.stages] == [run.minutes / 2 for run in chain.stages if run.minutes]
    assert half.people.seed == chain.people.seed
    assert scaled(chain, chain.hours) == chain
    least = scaled(load_chain("tiny"), 1e-6)
    assert least.people.count == 2
    assert {run.steps for run in least.stages} == {1}
    with pytest.raises(UsageError, match=r"^hours 0"):
        scaled(chain, 0)


def test_places_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^poses .*nowhere: no such folder"):
        Places(tmp_path, poses=tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"^workers 0"):
        Places(tmp_path, workers=0)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        Places(tmp_path / "file")


def test_several_assets_folders_stand_in_the_record_and_one_as_before(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    listings = [
        links_of(load_chain("compact"), Places(tmp_path / "out", assets=folders))[0].settings["assets"]
        for folders in ((one,), (one, two))
    ]
    assert isinstance(listings[0], str)
    assert listings[1] == [listings[0], listings[0]]  # names and sizes are the same in both
    with pytest.raises(UsageError, match="gone: no such folder"):
        Places(tmp_path / "out", assets=(one, tmp_path / "gone"))
