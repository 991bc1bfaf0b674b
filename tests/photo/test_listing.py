"""What names on the command line mean, and what the results are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecast.errors import PhotoError
from lifecast.photo.decode import read_photo
from lifecast.photo.listing import STANDARD_INPUT, list_photographs, result_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "c.heic", "a.glb", "a_preview.png", "d_front.png"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "e.jpg").touch()
    return tmp_path


def test_a_folder_gives_its_pictures_but_not_its_results(folder: Path) -> None:
    names = [p.name for p in list_photographs([str(folder)]).paths]
    # d_front.png has no model beside it, so it is a photograph of a front.
    assert names == ["a.PNG", "b.jpg", "c.heic", "d_front.png"]


def test_patterns_files_and_repeats(folder: Path) -> None:
    listing = list_photographs([str(folder / "*.jpg"), str(folder / "b.jpg"), str(folder / "**" / "e.jpg")])
    assert [p.name for p in listing.paths] == ["b.jpg", "e.jpg"]
    assert not listing.missing


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    path = tmp_path / "me [1].jpg"
    path.touch()
    assert list_photographs([str(path)]).paths == [path]


def test_standard_input_is_one_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stdin").touch()  # somebody's file of that name is another one
    paths = list_photographs(["-", "stdin", "-"]).paths
    assert [path is STANDARD_INPUT for path in paths] == [True, False]
    assert result_names([STANDARD_INPUT], None) == [Path("stdin")]
    assert result_names([STANDARD_INPUT], Path("models")) == [Path("models/stdin")]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("https://example.org/me.jpg", "download it first"),
        ("s3://bucket/me.jpg", "download it first"),
        ("file:///home/me.jpg", "without file://"),
    ],
)
def test_an_address_is_no_file(name: str, words: str) -> None:
    listing = list_photographs([name])
    assert not listing.paths
    assert listing.missing[name].startswith(f"{name}: is an address")
    assert words in listing.missing[name]
    with pytest.raises(PhotoError, match=words):
        read_photo(Path(name))  # which has lost a slash


def test_a_file_whose_name_looks_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "http:").mkdir()
    (tmp_path / "http:" / "me.jpg").touch()
    for name in ("http:/me.jpg", "C:/me.jpg", "12:30.jpg"):
        assert list_photographs([name]).paths == [Path(name)]


def test_names_that_lead_nowhere(folder: Path) -> None:
    (folder / "empty").mkdir()
    listing = list_photographs([str(folder / "empty"), str(folder / "*.bmp"), str(folder / "gone.jpg")])
    assert "folder without pictures" in listing.missing[str(folder / "empty")]
    assert "no file" in listing.missing[str(folder / "*.bmp")]
    # A plain name is left to the decoder, which says what is wrong with it.
    assert [p.name for p in listing.paths] == ["gone.jpg"]


def test_results_lie_beside_their_photograph_or_in_the_folder() -> None:
    paths = [Path("x/a.jpg"), Path("y/b.png")]
    assert result_names(paths, None) == [Path("x/a"), Path("y/b")]
    assert result_names(paths, Path("out")) == [Path("out/a"), Path("out/b")]


def test_no_result_replaces_another() -> None:
    paths = [Path("x/a.jpg"), Path("y/a.png"), Path("z/a.jpg"), Path("w/a_png.jpg")]
    names = result_names(paths, Path("out"))
    assert len(set(names)) == len(names)
    assert names[0] == Path("out/a_jpg")


def test_no_result_replaces_a_photograph() -> None:
    assert result_names([Path("x/a.png")], None, [".glb"]) == [Path("x/a")]
    # OBJ writes its texture as NAME.png.
    assert result_names([Path("x/a.png")], None, [".obj", ".mtl", ".png"]) == [Path("x/a_model")]
    assert result_names([Path("x/a.png")], Path("out"), [".obj", ".mtl", ".png"]) == [Path("out/a")]


def test_numbered_people_replace_nobody_elses_model() -> None:
    paths = [Path("x/a.jpg"), Path("x/a_1.jpg"), Path("x/b_1.jpg")]
    assert result_names(paths, None) == [Path("x/a"), Path("x/a_1"), Path("x/b_1")]
    assert result_names(paths, None, numbered=True) == [Path("x/a"), Path("x/a_1_jpg"), Path("x/b_1")]


def test_a_picture_that_was_not_named_is_not_replaced_either(tmp_path: Path) -> None:
    photo, endings = tmp_path / "a.jpg", [".obj", ".mtl", ".png"]
    assert result_names([photo], None, endings) == [tmp_path / "a"]
    (tmp_path / "a.png").write_bytes(b"somebody's")
    assert result_names([photo], None, endings) == [tmp_path / "a_model"]
    assert result_names([photo], None, [".glb"]) == [tmp_path / "a"]
    (tmp_path / "a.obj").write_bytes(b"then the texture is ours, of an earlier run")
    assert result_names([photo], None, endings) == [tmp_path / "a"]
    (tmp_path / "a_2.png").write_bytes(b"somebody's")
    assert result_names([photo], None, endings) == [tmp_path / "a"]
    assert result_names([photo], None, endings, numbered=True) == [tmp_path / "a_model"]
    (tmp_path / "a_2.glb").write_bytes(b"ours")
    assert result_names([photo], None, endings, numbered=True) == [tmp_path / "a"]
