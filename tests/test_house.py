"""The house keeps its rules: no import circle, no arrow upward, no file that nobody can hold in the head."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 350


@pytest.fixture(scope="module")
def house() -> ModuleType:
    """The script that draws the house."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "lab" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module
    spec.loader.exec_module(module)
    return module


def test_modules_import_in_no_circle(house: ModuleType) -> None:
    assert house.circles() == []


def test_no_folder_imports_what_stands_above_it(house: ModuleType) -> None:
    assert house.broken_rules() == []


def test_files_are_no_longer_than_a_readers_patience() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src/lifecast", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: count for path, count in lengths.items() if count > MOST_LINES} == {}


def test_a_circle_and_an_arrow_upward_are_found(
    house: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "lifecast"
    for name, text in {
        "space/units.py": "from lifecast.model.model import Model\n",
        "model/model.py": "from lifecast.space.units import CM\n",
        "space/view.py": "def later():\n    import lifecast.space.field\n",
        "space/field.py": "import lifecast.space.view\n",
    }.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(house, "SOURCE", source)
    broken = house.broken_rules()
    assert len([one for one in broken if one.startswith("circle:")]) == 1
    assert "space must not import model: lifecast.space.units -> lifecast.model.model" in broken
