"""Public docstrings begin with one short line: a verb and the field's noun."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "lifecast"
LONGEST = 90
LATER = {
    "people": "being rewritten",
    "scans": "being rewritten",
    "training/data.py": "being rewritten",
    "training/loop.py": "being rewritten",
    "training/options.py": "being rewritten",
}
"""Folders and files that are not held to this yet, and why. The list only shrinks."""
VERBS = """
add align append apply approximate ask augment average bake begin blur bound bring build calibrate call cancel cast
change check choose close colour combine compare compile complete compute continue convert copy correct count crop
cross cut decide decode deepen delete describe detect develop do double draw drop encode end erase estimate evaluate
even explain extend extract fill find fit follow forget format frame freeze generate give go group guess hash hold
integrate interpolate join judge keep label launch leave let lift limit list load look make map mark match measure
merge mirror mix move name normalise note notify number open paint parse pass pick place plan pose post predict
prepare preview print project put query raise rank rasterise rate read rebuild receive reconstruct record reduce
refine refuse register remark remove rename render renumber repeat replace report request resample reset resize
restart return reverse rotate round run sample save say scale search select send serve set shade shape share shift
show shrink simplify simulate skin skip smooth solve sort split spread start state stop store subtract sum summarise
switch synthesize take tell test time train transform translate triangulate trim turn undo unpack update upload use
validate view wait walk warn weigh wrap write yield
"""
"""First words of functions: imperative verbs. A new one is added here."""


class Documented(NamedTuple):
    """A public function, class or property."""

    place: str
    kind: str
    lines: list[str]


def public(tree: ast.Module, path: str) -> Iterator[Documented]:
    """List what is public of a module: functions, classes and their methods, and no functions inside functions."""

    def inside(body: list[ast.stmt], owner: str) -> Iterator[Documented]:
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            if any("property" in ast.unparse(one) for one in node.decorator_list):
                kind = "property"
            lines = (ast.get_docstring(node) or "").splitlines()
            yield Documented(f"{path}:{node.lineno} {owner}{node.name}", kind, lines)
            if isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{node.name}.")

    return inside(tree.body, "")


def faults(one: Documented) -> list[str]:
    """Say what is wrong with a docstring's first line."""
    if not one.lines:
        return [f"{one.place}: no docstring"]
    first = one.lines[0]
    found = []
    if len(first) > LONGEST:
        found.append(f"{one.place}: {len(first)} characters in its first line, more than {LONGEST}")
    if not first.endswith((".", ":")) or one.lines[1:2] not in ([], [""]):
        found.append(f"{one.place}: its first line is no whole sentence before an empty line")
    word, *after = first.lower().split()
    if one.kind == "function" and (word.strip(",.:") not in VERBS.split() or after[:1] == ["of"]):
        found.append(f"{one.place}: begins with {word!r}, which is none of the verbs of this test")
    return found


def modules() -> list[Path]:
    """List the modules that are held to the rule."""
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if not any(path.relative_to(SOURCE).is_relative_to(one) for one in LATER)
    ]


def test_public_docstrings_begin_with_a_verb_in_one_short_line() -> None:
    found = [
        fault
        for path in modules()
        for one in public(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(SOURCE)))
        for fault in faults(one)
    ]
    assert found == [], "\n".join(found)


def test_what_is_left_for_later_is_there() -> None:
    assert [one for one in LATER if not (SOURCE / one).exists()] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('def f():\n    """Add one."""', None),
        ('def f():\n    """Add one.\n\n    More."""', None),
        ('def f():\n    """The sum."""', "begins with 'the'"),
        ('def f():\n    """Add one and\n    two."""', "no whole sentence"),
        ('def f():\n    """Add ' + 90 * "x" + '."""', "95 characters"),
        ("class A:\n    def f(self): pass", "no docstring"),
        ('class A:\n    """The sums."""\n    @property\n    def f(self):\n        """The sum."""', None),
    ],
)
def test_each_fault_is_found(text: str, words: str | None) -> None:
    found = [fault for one in public(ast.parse(text), "x.py") for fault in faults(one)]
    assert bool(found) == (words is not None)
    assert words is None or any(words in fault for fault in found)
