"""Errors name what can be done: an extra that is named exists."""

from __future__ import annotations

import re
from pathlib import Path

import lifecast

SOURCE = Path(lifecast.__file__).parent


def test_every_extra_that_an_error_names_can_be_installed() -> None:
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    extras = set(re.findall(r"^([a-z]+) = ", project.partition("[project.optional-dependencies]")[2], re.MULTILINE))
    named = {
        (path.name, extra)
        for path in SOURCE.rglob("*.py")
        for extra in re.findall(r'MissingExtra\([^,()]+, "([a-z]+)"', path.read_text())
    }
    assert len(named) > 10
    assert {(file, extra) for file, extra in named if extra not in extras} == set()
