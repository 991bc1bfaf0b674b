import pytest

from lifecast.cluster.inputs import is_url, list_inputs, local_file, unique_stem
from lifecast.errors import UsageError

PICTURES = frozenset({".jpg", ".png"})


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_folder_glob_file_and_list(folder):
    a, b = str(folder / "a.PNG"), str(folder / "b.jpg")
    assert list(list_inputs([str(folder)], PICTURES)) == [a, b]
    assert list(list_inputs([str(folder / "*.jpg")], PICTURES)) == [b]
    assert list(list_inputs([b, a], PICTURES)) == [b, a]
    (folder / "list.txt").write_text(f"# two\n\n{b}\n{a}\n")
    assert list(list_inputs([f"@{folder / 'list.txt'}"], PICTURES)) == [b, a]


@pytest.mark.parametrize("name", ["*.webp", "@missing.txt", "empty"])
def test_a_name_that_stands_for_nothing_is_refused_by_name(folder, name):
    (folder / "empty").mkdir()
    given = f"@{folder / name[1:]}" if name.startswith("@") else str(folder / name)
    with pytest.raises(UsageError, match=name.lstrip("@*")):
        list(list_inputs([given], PICTURES))


def test_urls_are_listed_and_fetched(folder):
    pytest.importorskip("fsspec")
    urls = list(list_inputs([f"file://{folder}"], PICTURES))
    assert [u.rsplit("/", 1)[1] for u in urls] == ["a.PNG", "b.jpg"]
    with local_file(urls[1]) as copy:
        assert copy.read_bytes() == b"b.jpg"
        assert copy != folder / "b.jpg"
    assert not copy.exists()
    assert (folder / "b.jpg").exists()


def test_url_or_path():
    assert is_url("s3://bucket/a.jpg")
    assert not is_url("C:\\photos\\a.jpg")
    assert not is_url("photos/a.jpg")


def test_equal_names_in_different_folders_have_different_outputs():
    assert unique_stem("x/photo.jpg") != unique_stem("y/photo.jpg")
    assert unique_stem("x/photo.jpg") == unique_stem("x/photo.jpg")
    assert unique_stem("x/photo.jpg").startswith("photo-")
