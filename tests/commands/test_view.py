"""`lifecast view` as a user calls it."""

import webbrowser

import numpy as np
import pytest
import trimesh

from lifecast.cli import main
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.export import save_model


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was asked to open."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


@pytest.fixture
def person(tmp_path):
    mesh = trimesh.creation.icosphere(1)
    model = ColouredMesh(mesh.vertices, mesh.faces, mesh.vertex_normals, np.full((len(mesh.vertices), 3), 90, np.uint8))
    save_model(model, tmp_path / "a person.glb")
    return tmp_path / "a person.glb"


def test_writes_the_page_beside_the_model_and_opens_it(person, opened, capsys):
    assert main(["view", str(person)]) == 0
    page = person.with_suffix(".html")
    assert page.is_file()
    assert opened == [page.resolve().as_uri()]
    assert "%20" in opened[0]
    assert str(page) in capsys.readouterr().out


def test_another_name_and_no_browser(person, opened, tmp_path):
    page = tmp_path / "new" / "page.html"
    assert main(["view", str(person), "--no-open", "-o", str(page)]) == 0
    assert page.is_file()
    assert opened == []


def test_says_when_no_browser_starts(person, monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert main(["view", str(person)]) == 0
    assert "open the page by hand" in capsys.readouterr().out


def test_says_what_it_assumes_of_units_and_axis(tmp_path, opened, capsys):
    trimesh.creation.box([500, 300, 1700]).export(tmp_path / "box.stl")
    assert main(["view", str(tmp_path / "box.stl")]) == 0
    assert "shown as millimetres, z up (--units and --up say otherwise)" in capsys.readouterr().out
    assert main(["view", str(tmp_path / "box.stl"), "--up", "y", "--units", "m"]) == 0
    assert "shown as" not in capsys.readouterr().out


def test_errors_name_the_file(tmp_path, opened, capsys):
    (tmp_path / "notes.txt").write_text("no model")
    for name in ("missing.glb", "notes.txt"):
        assert main(["view", str(tmp_path / name)]) == 1
        assert name in capsys.readouterr().err
    assert opened == []
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_usage():
    assert main(["view"]) == 2
