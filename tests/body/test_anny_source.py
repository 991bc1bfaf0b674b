"""What Anny computes once: on one thread, in a folder of its own, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lifecast.body import anny_source
from lifecast.errors import LifecastError

anny = pytest.importorskip("anny")
paths = pytest.importorskip("anny.paths")


class Builder:
    """In place of `anny.Anny`: computes one file of the cache where it is missing, and returns what the file holds."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        """PyTorch's threads at each call."""
        self.built = 0
        self.failure: Exception | None = None

    def __call__(self, **options: object) -> str:
        self.threads.append(torch.get_num_threads())
        cached = paths.get_anny_cache_path() / "cached"
        if not cached.is_file():
            cached.write_text("half")
            if self.failure is not None:
                raise self.failure
            cached.write_text("whole")
            self.built += 1
        return cached.read_text()


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    made = Builder()
    monkeypatch.setattr(anny, "Anny", made)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Anny keeps its cache, empty, and two threads for PyTorch."""
    monkeypatch.setattr(paths, "_ANNY_CACHE_DIR", [tmp_path / "anny"])
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield tmp_path / "anny"
    torch.set_num_threads(threads)


def test_the_cache_is_computed_once_and_on_one_thread(home: Path, builder: Builder) -> None:
    home.mkdir()
    (home / "cached").write_text("by two threads")
    assert [anny_source.load_anny(), anny_source.load_anny()] == ["whole", "whole"]
    assert builder.built == 1
    assert set(builder.threads) == {1}
    assert torch.get_num_threads() == 2
    assert paths.get_anny_cache_path() == home  # where others who use Anny keep theirs
    assert (home / "cached").read_text() == "by two threads"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("disk full")])
def test_an_interrupted_first_load_leaves_no_cache(home: Path, builder: Builder, failure: Exception) -> None:
    builder.failure = failure
    with pytest.raises((KeyboardInterrupt, LifecastError)):
        anny_source.load_anny()
    assert [path.name for path in home.iterdir() if path.is_dir()] == []
    builder.failure = None
    assert anny_source.load_anny() == "whole"


def test_a_cache_that_cannot_be_written_is_named(home: Path, builder: Builder) -> None:
    home.write_text("a file")
    with pytest.raises(LifecastError, match=f"{home}.*ANNY_CACHE_DIR"):
        anny_source.load_anny()
