"""The Markdown files of the project: their links lead somewhere, and the commands they show exist."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecast.cli import VERBS, main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "lab").glob("*.md")),
]
CURRENT = [page for page in PAGES if page.name not in ("training-log.md", "CHANGELOG.md")]
"""Pages that speak of the program as it is now; the others also name options of their time."""


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_lines(page: Path) -> Iterator[str]:
    """Lines of a page's code blocks, those that end in a backslash joined with the next."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The verb and the words after it, of every `lifecast VERB ...` in a page's code blocks."""
    for line in code_lines(page):
        for part in re.split(r"&&|\|", re.sub(r"(^|\s)#.*", "", line)):
            words = shlex.split(part) if part.lstrip().startswith("lifecast ") else []
            if words[:1] == ["lifecast"] and len(words) > 1 and words[1] != "VERB":
                count = 2 if " ".join(words[1:3]) in VERBS else 1
                yield " ".join(words[1 : 1 + count]), words[1 + count :]


@functools.cache
def options(verb: str) -> frozenset[str]:
    """The options that a verb's help lists."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setenv("COLUMNS", "200")  # so that no name of an option is broken at a hyphen
        assert main([*verb.split(), "--help"]) == 0
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", printed.getvalue()))


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in CURRENT if any(commands(page))], ids=names)
def test_commands_shown_exist_with_their_options(page: Path) -> None:
    unknown = []
    for verb, words in commands(page):
        if verb not in VERBS:
            unknown.append(verb)
            continue
        shown = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        unknown += [f"{verb} {option}" for option in sorted(shown - options(verb))]
    assert unknown == []
