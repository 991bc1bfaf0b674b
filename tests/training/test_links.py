"""Links: what is finished is kept, what was begun goes on, and what differs is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lifecast.errors import DataError, UsageError
from lifecast.training.links import Link, Record, files_fingerprint, listing_fingerprint, read_record, run_links


class Kitchen:
    """Three links: flour, dough from it, bread from that; each writes a file that says what went in."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.settings, self.made, self.broken = folder, settings, [], ""

    def link(self, name: str, needs: tuple[str, ...]) -> Link:
        path = self.folder / f"{name}.txt"

        def make() -> None:
            if self.broken == name:
                raise KeyboardInterrupt
            self.made.append(name)
            below = [(self.folder / f"{one}.txt").read_text() for one in needs]
            path.write_text(f"{name} {self.settings.get(name)} of {below}")

        return Link(
            name, {"with": {"of": self.settings.get(name)}}, needs, f"make {name}", make,
            lambda: [path] if path.exists() else [], lambda: files_fingerprint([path], self.folder),
        )  # fmt: skip

    def bake(self, **more: Any) -> list[Record]:
        self.made = []
        chain = [self.link("flour", ()), self.link("dough", ("flour",)), self.link("bread", ("dough",))]
        return run_links(chain, self.folder, **more)


def test_what_is_finished_is_not_made_again(tmp_path: Path) -> None:
    said: list[str] = []
    kitchen = Kitchen(tmp_path)
    records = kitchen.bake(say=said.append)
    assert kitchen.made == ["flour", "dough", "bread"]
    assert said[0] == "1/3 flour: make flour"
    assert [record.command for record in records] == ["make flour", "make dough", "make bread"]
    assert records[1].needs == {"flour": records[0].output}
    assert records == kitchen.bake()
    assert kitchen.made == []
    assert json.loads((tmp_path / "links" / "dough.json").read_text())["output"] == records[1].output


def test_what_was_begun_goes_on(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path)
    kitchen.broken = "dough"
    with pytest.raises(KeyboardInterrupt):
        kitchen.bake()
    begun = read_record(tmp_path, "dough")
    assert begun is not None
    assert not begun.finished
    kitchen.broken = ""
    kitchen.bake()
    assert kitchen.made == ["dough", "bread"]


@pytest.mark.parametrize("broken", ["", "dough"])
def test_other_settings_are_named_with_what_to_do(tmp_path: Path, broken: str) -> None:
    kitchen = Kitchen(tmp_path, dough="salt")
    kitchen.broken = broken
    if broken:
        with pytest.raises(KeyboardInterrupt):
            kitchen.bake()
    else:
        kitchen.bake()
    with pytest.raises(UsageError, match=r"link dough was made with with\.of = 'salt', not 'yeast'.*--again dough"):
        Kitchen(tmp_path, dough="yeast").bake()
    other = Kitchen(tmp_path, dough="yeast")
    other.bake(again="dough")
    assert other.made == ["dough", "bread"]
    assert "yeast" in (tmp_path / "bread.txt").read_text()


def test_a_link_that_was_made_anew_by_hand_is_noticed_by_what_stands_on_it(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path)
    kitchen.broken = "bread"
    with pytest.raises(KeyboardInterrupt):
        kitchen.bake()
    (tmp_path / "dough.txt").write_text("other dough")
    kitchen.broken = ""
    with pytest.raises(DataError, match=r"dough\.txt: was changed.*--again dough"):
        kitchen.bake()
    (tmp_path / "dough.txt").unlink()
    with pytest.raises(DataError, match=r"dough\.txt: missing.*--again dough"):
        kitchen.bake()


def test_what_stands_on_another_output_than_before_is_named(tmp_path: Path) -> None:
    Kitchen(tmp_path).bake()
    for path in (tmp_path / "links" / "dough.json", tmp_path / "dough.txt"):
        path.unlink()
    kitchen = Kitchen(tmp_path)
    chain = [kitchen.link("flour", ()), replace(kitchen.link("dough", ("flour",)), make=lambda: sour(tmp_path))]
    run_links(chain, tmp_path)
    with pytest.raises(UsageError, match=r"bread was made with another output of the link dough.*--again bread"):
        kitchen.bake()


def sour(folder: Path) -> None:
    (folder / "dough.txt").write_text("sour dough")


def test_the_end_is_missed_when_it_is_gone(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path)
    kitchen.bake()
    (tmp_path / "flour.txt").unlink()  # nothing needs it any more
    kitchen.bake()
    (tmp_path / "bread.txt").unlink()
    with pytest.raises(DataError, match="--again bread"):
        kitchen.bake()
    kitchen.bake(again="bread")
    assert kitchen.made == ["bread"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dough.txt").write_text("somebody's")
    kitchen = Kitchen(tmp_path)
    for again in (None, "flour"):
        with pytest.raises(UsageError, match=r"dough\.txt: is there already"):
            kitchen.bake(again=again)
    assert (tmp_path / "dough.txt").read_text() == "somebody's"


def test_unknown_links_and_damaged_records_are_named(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path)
    with pytest.raises(UsageError, match=r"^again 'cake': .* flour, dough, bread"):
        kitchen.bake(again="cake")
    kitchen.bake()
    path = tmp_path / "links" / "dough.json"
    path.write_text("{")
    with pytest.raises(DataError, match=r"dough\.json: damaged.*--again dough"):
        kitchen.bake()
    path.write_text('{"format": 9}')
    with pytest.raises(DataError, match=r"dough\.json: no record of format 1"):
        kitchen.bake()
    kitchen.bake(again="dough")
    assert kitchen.made == ["dough", "bread"]


def test_fingerprints_tell_names_and_contents_apart(tmp_path: Path) -> None:
    for name, text in (("a/one", "1"), ("b/one", "1"), ("c/one", "2"), ("d/two", "1")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    prints = [files_fingerprint((tmp_path / n).glob("*"), tmp_path / n) for n in "abcd"]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
    listed = [listing_fingerprint(tmp_path / n) for n in "abcd"]
    assert listed[0] == listed[1] == listed[2] != listed[3]
    with pytest.raises(DataError, match="nothing of what was made"):
        files_fingerprint([], tmp_path)
