"""Many people: what is missing is made, what is there is kept, and folders do not mix."""

import errno
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lifecast.commands.synthesize import Synthesize
from lifecast.commands.synthesize import synthesize as command
from lifecast.errors import LifecastError, MissingExtra, UsageError
from lifecast.people import body, crew
from lifecast.people.glb import Part, glb_bytes, read_parts
from lifecast.people.person import Person
from lifecast.people.sheet import contact_sheet


def synthesize(out: Path, count: int = 1, workers: int = 1, sheet: Path | None = None, **order: Any) -> int:
    return command(Synthesize(crew.Order(out, **order), count, workers, sheet))


def dummy(order: crew.Order, number: int) -> Person:
    """A triangle whose size tells its seed and number, in place of minutes of loading."""
    rng = np.random.default_rng([order.seed, number])
    vertices = rng.random((3, 3)).astype(np.float32)
    part = Part("body", vertices, np.array([[0, 1, 2]], np.int32), np.zeros((3, 2), np.float32),
                np.tile(np.float32([0, 0, 1]), (3, 1)), np.full((4, 4, 3), 99, np.uint8))  # fmt: skip
    return Person([part], {"number": number, "classes": ["suit"]})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    numbers: list[int] = []

    def create(order: crew.Order, number: int) -> Person:
        numbers.append(number)
        return dummy(order, number)

    monkeypatch.setattr(crew, "create", create)
    return numbers


def test_only_missing_people_are_made(tmp_path: Path, made: list[int]) -> None:
    assert synthesize(tmp_path / "people", count=4, seed=7) == 0
    assert made == [0, 1, 2, 3]
    before = (crew.folder(tmp_path / "people", 1) / "person.glb").read_bytes()
    (crew.folder(tmp_path / "people", 2) / "card.json").unlink()
    made.clear()
    assert synthesize(tmp_path / "people", count=6, seed=7) == 0
    assert made == [2, 4, 5]
    assert (crew.folder(tmp_path / "people", 1) / "person.glb").read_bytes() == before
    assert json.loads((crew.folder(tmp_path / "people", 2) / "card.json").read_text())["number"] == 2


def test_a_failed_person_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(order: crew.Order, number: int) -> Person:
        person = dummy(order, number)
        person.card["bad"] = object()  # cannot be written as JSON
        return person

    monkeypatch.setattr(crew, "create", broken)
    with pytest.raises(TypeError):
        crew.make(crew.Order(tmp_path, 0), 0)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_without_a_traceback(
    tmp_path: Path, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(order: crew.Order, number: int) -> int:
        if number == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return make(order, number)

    make = crew.make
    monkeypatch.setattr(crew, "make", full)
    with pytest.raises(LifecastError, match=r"person 1 cannot be made.*No space left.*run again"):
        synthesize(tmp_path, count=3)
    assert [path.name for path in tmp_path.glob("person_*")] == ["person_000000"]
    monkeypatch.setattr(crew, "make", make)
    assert synthesize(tmp_path, count=3) == 0
    assert made == [0, 1, 2]


def _ends_its_process(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_worker_that_is_killed_is_said_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "studio", lambda *_: None)
    with pytest.raises(LifecastError, match="fewer --workers"):
        crew.share_out(crew.Order(tmp_path, 0), _ends_its_process, [0, 1], 2, lambda _: None)


def test_folders_of_other_orders_are_not_mixed(tmp_path: Path, made: list[int]) -> None:
    synthesize(tmp_path, count=1, seed=1)
    with pytest.raises(UsageError, match="seed = 1, not 2"):
        synthesize(tmp_path, count=1, seed=2)
    with pytest.raises(UsageError, match="without_garments"):
        synthesize(tmp_path, count=1, seed=1, without_garments=("bob01",))


def test_the_sheet_shows_them(tmp_path: Path, made: list[int]) -> None:
    pytest.importorskip("embreex")
    synthesize(tmp_path / "people", count=2, sheet=tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 0
    assert read_parts(crew.folder(tmp_path / "people", 0) / "person.glb")[0].name == "body"


def test_the_sheet_shows_all_of_who_is_wider_than_tall(tmp_path: Path) -> None:
    """Somebody who crawls: in a tile of three fifths the height's width, the margins stay free."""
    pytest.importorskip("embreex")
    corners = np.array([[-0.9, 0, 0], [0.9, 0, 0], [0.9, 0.4, 0], [-0.9, 0.4, 0]], np.float32)
    part = Part("body", corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.zeros((4, 2), np.float32),
                np.tile(np.float32([0, 0, 1]), (4, 1)), np.zeros((4, 4, 3), np.uint8))  # fmt: skip
    (tmp_path / "wide").mkdir()
    (tmp_path / "wide" / "person.glb").write_bytes(glb_bytes([part]))
    contact_sheet([tmp_path / "wide"], tmp_path / "sheet.png", tile=100, columns=1)
    colour = np.asarray(Image.open(tmp_path / "sheet.png"))[:, :60]
    shown = np.flatnonzero((colour < 100).all(axis=2).any(axis=0))
    assert 0 < shown.min() < 5
    assert 54 < shown.max() < 59


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"count": 0}, "^count 0: "), ({"workers": 0}, "^workers 0: "), ({"sheet": Path("a.txt")}, "^sheet a.txt: "),
        ({"assets": (Path("nowhere"),)}, "makehuman-assets"), ({"poses": Path("nowhere")}, "^poses nowhere: "),
    ],
)  # fmt: skip
def test_wrong_options_say_what_to_do(tmp_path: Path, options: dict, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        synthesize(tmp_path, **options)


def test_an_empty_poses_folder_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "poses").mkdir()
    with pytest.raises(UsageError, match=r"no \.bvh"):
        synthesize(tmp_path / "out", count=1, poses=tmp_path / "poses")


def test_without_anny_and_the_body_file_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SHIPPED", tmp_path / "none.safetensors")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"lifecast\[people\]"):
        body.body_model.__wrapped__()


def test_people_have_the_shipped_body_without_anny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anny", None)
    model = body.body_model.__wrapped__()
    assert isinstance(model, body.BakedModel)
    assert model.rest({}, {}, {}).vertices.shape == (19158, 3)


@pytest.fixture
def threads() -> Iterator[None]:
    """PyTorch's threads, and the studios that were loaded with them, are as before when the test ends."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    crew.studio.cache_clear()


def test_one_thread_and_two_make_the_same_person(threads: None) -> None:
    """A real one: an unlike last digit of the body becomes millimetres of cloth."""
    made = []
    for count in (1, 2):
        torch.set_num_threads(count)
        crew.studio.cache_clear()
        made.append(glb_bytes(crew.create(crew.Order(Path("unused"), 11), 0).parts))
        assert torch.get_num_threads() == count
    assert hashlib.sha256(made[0]).hexdigest() == hashlib.sha256(made[1]).hexdigest()


def test_one_worker_and_two_make_the_same_people(tmp_path: Path) -> None:
    """By the command line, as many threads allowed as a machine of three cores would."""
    files = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        command = [sys.executable, "-m", "lifecast", "synthesize", str(out), "--count", "2", "--seed", "11"]
        environment = {**os.environ, "OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
        subprocess.run([*command, "--workers", str(workers)], env=environment, check=True)
        paths = sorted(path for path in out.rglob("*") if path.is_file())
        files.append({str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths})
    assert len(files[0]) == 9  # two people of four files, and people.json
    assert files[0] == files[1]
