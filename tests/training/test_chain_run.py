"""The whole chain `tiny`, from nothing to a folder of parts: killed, gone on with, and trained in part again."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.fabric  # noqa: F401 - here, so that the forked process has it already
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

import lifecast
from lifecast.cli import main
from lifecast.errors import UsageError
from lifecast.model.checkpoint import load_checkpoint
from lifecast.photo import blazepose
from lifecast.training.chain import load_chain
from lifecast.training.chain_data import data_links
from lifecast.training.chain_links import links_of, train_chain
from lifecast.training.chain_places import Places
from lifecast.training.links import forget, read_record, run_links, write_record
from lifecast.training.run_folder import RunFolder, read_state

pytestmark = pytest.mark.skipif(not blazepose.available(), reason="mediapipe or ai-edge-litert is not installed")

SAMPLE = Path(lifecast.__file__).parent / "samples" / "person.jpg"
STAGES = ("normals", "depth", "detail", "close_up", "parsing", "coarse", "fine")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch's threads are as before when the tests end."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a chain that ran through in one go."""
    out = tmp_path_factory.mktemp("chain") / "whole"
    assert main(["train", "all", "--recipe", "tiny", "--out", str(out), "--workers", "1"]) == 0
    return out


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(whole, tmp_path / "copied"))


def without_minutes(value: Any) -> Any:
    """Cards tell how long a run took, which no run repeats."""
    if isinstance(value, dict):
        return {key: without_minutes(item) for key, item in value.items() if key != "minutes"}
    return [without_minutes(item) for item in value] if isinstance(value, list) else value


def card_of(path: Path) -> dict[str, Any]:
    """The card in a weights file."""
    with safe_open(path, "pt") as opened:
        card: dict[str, Any] = json.loads(opened.metadata()["card"])
    return card


def assert_same_weights(one: Path, other: Path) -> None:
    """Every tensor bit for bit, and what the cards say but for minutes."""
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    for name in names:
        if name == "card.json":
            cards = [json.loads((folder / name).read_text()) for folder in (one, other)]
        else:
            cards = [card_of(folder / name) for folder in (one, other)]
            tensors = [load_file(folder / name) for folder in (one, other)]
            assert tensors[0].keys() == tensors[1].keys()
            assert [key for key in tensors[0] if not torch.equal(tensors[0][key], tensors[1][key])] == []
        assert without_minutes(cards[0]) == without_minutes(cards[1])


def test_weights_come_out_that_load_and_reconstruct(whole: Path) -> None:
    assert sorted(path.name for path in (whole / "weights").iterdir()) == sorted(
        ["card.json", "pose_lifter.safetensors", *(f"{stage}.safetensors" for stage in STAGES)]
    )
    assert load_file(whole / "weights" / "fine.safetensors")["fine.mlp.layers.0.weight"].dtype == torch.float16
    result = lifecast.load(whole / "weights", device="cpu").reconstruct(SAMPLE, resolution=64)
    assert len(result.mesh.faces) > 100


def test_the_cards_tell_the_whole_chain(whole: Path) -> None:
    card = load_checkpoint(whole / "weights").card
    chain = json.loads((whole / "weights" / "card.json").read_text())["chain"]
    assert chain["recipe"]["people"]["seed"] == 5
    assert [link["link"] for link in chain["links"]] == [
        "people", "data", "landmarks", "mannequins", "lift", *STAGES[:3], "given", *STAGES[3:], "calibrate",
    ]  # fmt: skip
    assert [link["link"] for link in chain["links"] if "fingerprint" in link] == [
        "people", "data", "landmarks", "mannequins", "given",
    ]  # fmt: skip
    levels = card["training"]["levels"]
    assert {part: (note["run"], note["command"].split()[1]) for part, note in levels.items()} == {
        "pose_lifter": ("lift", "lift"), "normals": ("depth", "train"), "depth": ("depth", "train"),
        "detail": ("detail", "train"), "close_up": ("close_up", "train"), "parsing": ("parsing", "train"),
        "coarse": ("coarse", "train"), "fine": ("fine", "train"),
    }  # fmt: skip
    assert levels["normals"]["before"][0]["command"].startswith(
        "lifecast train normals --data data --also mannequins --out normals"
    )
    made = {link["link"]: link.get("fingerprint") for link in chain["links"]}
    assert {levels[part]["data"] for part in ("depth", "coarse", "fine")} == {made["data"]}
    assert {levels[part]["data"] for part in ("close_up", "parsing")} == {made["mannequins"]}
    assert all(levels[part]["predicted_normals"] for part in ("depth", "coarse", "fine"))
    assert {"minutes", "seed", "steps"} <= set(levels["fine"])
    assert "shift" in levels["fine"]["calibrated"]
    texts = [path.read_bytes() for path in (whole / "weights").iterdir()]
    assert not any(str(whole).encode() in text for text in texts), "a card names a folder of this machine"


def test_a_finished_chain_has_nothing_to_do(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    assert main(["train", "all", "--recipe", "tiny", "--out", str(copied), "--workers", "1"]) == 0
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before
    assert capsys.readouterr().err.count("there already") == 15


def test_killed_within_a_stage_it_goes_on_to_the_same_weights(whole: Path, copied: Path, tmp_path: Path) -> None:
    chain, places, log = load_chain("tiny"), Places(copied), tmp_path / "log.txt"

    def body() -> None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        train_chain(chain, Places(copied))

    forget(links_of(chain, places), copied, "coarse")
    assert not (copied / "coarse").exists()
    process = multiprocessing.get_context("fork").Process(target=body)
    process.start()
    end = time.monotonic() + 120
    while not RunFolder(copied / "coarse").checkpoints():
        assert process.is_alive(), log.read_text()
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.join()
    begun = read_record(copied, "coarse")
    assert begun is not None
    assert not begun.finished
    assert read_state(RunFolder(copied / "coarse").checkpoints()[-1])["step"] < 6, "it was over before it was killed"
    assert not (copied / "fine").exists()
    assert not (copied / "weights").exists()
    assert train_chain(chain, places) == copied / "weights"
    steps = [json.loads(line).get("step") for line in (copied / "coarse" / "log.jsonl").read_text().splitlines()]
    assert steps[-1] == 6
    assert_same_weights(whole / "weights", copied / "weights")


def test_killed_between_people_it_makes_those_that_are_missing(copied: Path) -> None:
    record = read_record(copied, "people")
    assert record is not None
    output, record.output = record.output, None
    write_record(copied, record)
    shutil.rmtree(copied / "people" / "person_000001")
    kept = (copied / "people" / "person_000000" / "person.glb").stat().st_mtime_ns
    again = run_links(data_links(load_chain("tiny"), Places(copied))[:1], copied)
    assert again[0].output == output
    assert (copied / "people" / "person_000000" / "person.glb").stat().st_mtime_ns == kept


def test_one_part_trained_again_changes_one_file(whole: Path, copied: Path) -> None:
    chain, places = load_chain("tiny"), Places(copied)
    longer = dataclasses.replace(chain, stages=(*chain.stages[:-1], dataclasses.replace(chain.stages[-1], steps=3)))
    with pytest.raises(UsageError, match=r"link fine was made with steps = 2, not 3.*--again fine"):
        train_chain(longer, places)
    train_chain(longer, places, again="fine")
    changed = [
        path.name
        for path in sorted((copied / "weights").glob("*.safetensors"))
        if path.read_bytes() != (whole / "weights" / path.name).read_bytes()
    ]
    assert changed == ["fine.safetensors"]
    assert card_of(copied / "weights" / "fine.safetensors")["training"]["levels"]["fine"]["steps"] == 3
    # What is the same for all parts differs in what the chain says of this one.
    cards = [json.loads((folder / "weights" / "card.json").read_text()) for folder in (whole, copied)]
    assert cards[0]["chain"]["recipe"]["stages"][:-1] == cards[1]["chain"]["recipe"]["stages"][:-1]
    assert cards[0]["chain"]["links"][:-2] == cards[1]["chain"]["links"][:-2]
    assert cards[1]["chain"]["recipe"]["stages"][-1]["steps"] == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--hours", "0.01"], "link people was made with count = 3, not 2"),
        (["--poses", str(SAMPLE.parent)], "link people was made with poses = None, not"),
        (["--lighting", str(SAMPLE.parent)], "link data was made with lighting = None, not"),
    ],
)
def test_other_options_are_refused_by_name(
    whole: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "all", "--recipe", "tiny", "--out", str(whole), "--workers", "1", *options]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
