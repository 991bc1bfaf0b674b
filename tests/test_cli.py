"""The command line itself: verbs, help, version, and errors without a traceback."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from lifecast import __version__, cli
from lifecast.errors import PhotoError


def test_the_overview_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in cli.VERBS)
    assert cli.main([]) == 2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_an_unknown_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reconstrukt"]) == 2
    assert "reconstruct" in capsys.readouterr().err


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_every_verb_is_there_and_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = verb.replace(" ", "_")
    command = getattr(importlib.import_module(f"lifecast.commands.{name}"), name)
    assert command.__doc__
    assert cli.main([*verb.split(), "--help"]) == 0
    assert f"usage: lifecast {verb} " in capsys.readouterr().out


def test_expected_errors_have_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module("lifecast.commands.reconstruct")

    def fails() -> int:
        raise PhotoError("holiday.jpg: is [empty]")

    monkeypatch.setattr(module, "reconstruct", fails)
    assert cli.main(["reconstruct"]) == 1
    assert "lifecast reconstruct: holiday.jpg: is [empty]" in capsys.readouterr().err


def test_help_does_not_wait_for_pytorch() -> None:
    program = "import sys, lifecast.cli; lifecast.cli.main(['--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_a_reader_who_has_gone_is_no_error_to_report() -> None:
    """As with `lifecast train --help | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "lifecast", "view", "--help"], stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert ended.stderr == b""
    assert ended.returncode == 141


@pytest.mark.parametrize("arguments", [["prepare", "scans", "out"], ["mannequins", "out"]], ids=lambda words: words[0])
def test_a_verb_whose_packages_are_missing_names_them(arguments: list[str]) -> None:
    code = "import sys; sys.modules['igl'] = None; from lifecast.cli import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert run.returncode == 1
    assert "'libigl'" in run.stderr
    assert "pip install 'lifecast[scans]'" in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr
