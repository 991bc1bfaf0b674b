"""The command line itself: verbs, help, version, and errors without a traceback."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

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
    name = verb.replace(" ", "_").replace("-", "_")
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


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_a_verbs_options_wait_for_nothing_heavy(verb: str) -> None:
    """`--help` and wrong options come at once, and NumPy is loaded after its threads are chosen."""
    program = (
        f"import sys, lifecast.cli; assert lifecast.cli.main([*{verb.split()!r}, '--help']) == 0\n"
        "sys.exit(' '.join({'numpy', 'torch', 'scipy', 'cv2'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stderr.strip() == ""


WRONG: dict[str, str] = {
    "reconstruct x.jpg --box 1,2,3": "--box '1,2,3': give four numbers",
    "reconstruct x.jpg --without mirror,relif": "--without 'relif': there is no such step; choose from refine_mask,",
    "reconstruct x.jpg --normals-at 100": "--normals-at 100: give a multiple of 64",
    "reconstruct x.jpg --format fbx": "--format 'fbx': choose from",
    "reconstruct x.jpg --animate walk,fly": "--animate 'fly': choose from walk, run, idle, wave, turn,",
    "reconstruct x.jpg --animate {0}/none.bvh": "--animate {0}/none.bvh: no such file",
    "reconstruct x.jpg --animate walk --format obj": "--format 'obj': only glb holds the clips of --animate: add it",
    "reconstruct x.jpg --cluster local": "--cluster needs --output, and goes without --mask, --box and --sheet",
    "serve --time-limit 0": "--time-limit 0.0: give seconds above 0",
    "synthesize {0}/out --poses {0}/none": "--poses {0}/none: no such folder",
    "synthesize {0} --assets {0}": "OUT {0}: is also --assets {0}",
    "mannequins {0}/out --clip-share 2": "--clip-share 2.0: give a share from 0 to 1",
    "mannequins {0}/out --each 0": "--each 0: give at least 1 pose",
    "prepare {0} {0}": "OUT {0}: is also SCANS {0}, which is only read",
    "prepare {0} out --points 1 0 1": "--points 1 0 1: every pool needs at least one point",
    "prepare {0} out --elevation 5 2": "--elevation 5.0 2.0: give MIN <= MAX",
    "lift {0} --out l.safetensors --learning-rate 2": "--learning-rate 2.0: give a number between 0 and 1",
    "lift {0} --out l.safetensors --weights a --init b": "--weights takes a lifter as it is, --init goes on from one",
    "train coarse --data {0} --out out --learning-rate 0": "--learning-rate 0.0: must be positive",
    "train all --out out --hours 0": "--hours 0.0: must be positive",
    "train all --out out --poses {0}/none": "--poses {0}/none: no such folder",
    "evaluate --data {0} --samples 5": "--samples 5: give at least 10000",
    "evaluate --data {0} --without relif": "--without 'relif': there is no such step",
    "evaluate --data {0} --out {1} --steps relief --without mirror": "give --steps or --without, not both",
    "evaluate --data {0} --out {1} --steps relif": "--steps 'relif': there is no such step; choose all or from",
    "ablate --data {0} --out {1} --minutes 3 --steps 3": "give either --minutes or --steps",
    "ablate --data {0} --out {1} --rows none": "--rows 'none': choose from",
    "calibrate compact {0} --out w.safetensors --share 2": "--share 2.0: give a number from 0 to 1",
    "combine compact a --parts fine --out w.pt": "--out w.pt: name a file that ends in .safetensors",
    "convert a.pt w.pt": "OUTPUT w.pt: name a file that ends in .safetensors",
}


@pytest.mark.parametrize("line", WRONG)
def test_messages_name_an_option_as_it_is_written(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [tmp_path / "one", tmp_path / "two"]
    folders[0].mkdir()
    assert cli.main(line.format(*folders).split()) == 2
    said = capsys.readouterr().err.replace("\n", " ")
    expected = WRONG[line].format(*folders)
    assert (
        " ".join(said.split())
        .replace(" ", "")
        .startswith(f"lifecast {'train all' if 'train all' in line else line.split()[0]}: {expected}".replace(" ", ""))
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]
