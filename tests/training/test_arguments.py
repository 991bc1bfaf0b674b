"""The two command lines, with and without tyro, offer the same options."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from lifecast.commands.train import Train, train
from lifecast.training.arguments import field_help, options_from, parser
from lifecast.training.options import TrainOptions
from lifecast.training.stream.options import StreamOptions


def test_options_arrive(tmp_path):
    line = f"fine --data {tmp_path} --out run --init a.safetensors b.safetensors --minutes 2.5 --precision bf16"
    options = options_from([*line.split(), "--predicted-normals", "--batch", "3"])
    assert options == TrainOptions(
        stage="fine", data=tmp_path, out=Path("run"), init=(Path("a.safetensors"), Path("b.safetensors")),
        minutes=2.5, precision="bf16", predicted_normals=True, batch=3,
    )  # fmt: skip


def test_options_of_a_stream_arrive(tmp_path):
    assets = tmp_path / "assets"
    assets.mkdir()
    line = (
        f"normals --stream --out run --pool {tmp_path}/p --uses 2 --pool-gib 0.5 --without-garments --assets {assets}"
    )
    options = options_from(line.split())
    streaming = StreamOptions(pool=tmp_path / "p", uses=2, pool_gib=0.5, without_garments=(), assets=(assets,))
    assert options == TrainOptions(stage="normals", out=Path("run"), stream=True, streaming=streaming)
    assert tyro.cli(Train, args=line.split()) == Train(
        stage="normals", out=Path("run"), stream=True, streaming=streaming
    )


@pytest.mark.parametrize("line", ["fine", "other --data d --out o", "fine --data d --out o --batch two"])
def test_what_cannot_be_is_a_usage_error(line, capsys):
    with pytest.raises(SystemExit) as caught:
        options_from(line.split())
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_every_option_has_its_help_and_both_commands_have_the_same(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    fields = {field.name: field.default for field in dataclasses.fields(TrainOptions)}
    assert set(field_help(TrainOptions)) == set(fields)
    assert {field.name: field.default for field in dataclasses.fields(Train)} == fields
    said = " ".join(parser().format_help().split())
    with pytest.raises(SystemExit):
        tyro.cli(train, prog="lifecast train", args=["--help"])
    with_tyro = " ".join(re.sub("[│╭╰─╮╯]", " ", capsys.readouterr().out).split())
    flat = field_help(TrainOptions) | field_help(StreamOptions)
    del flat["streaming"]  # holds the options of a stream, which stand among the others
    for name, help_text in flat.items():
        assert help_text in said.replace("- ", "-"), name
        assert help_text in with_tyro, name


def test_training_starts_without_what_a_rented_machine_lacks():
    """Nothing on the way to `train` imports tyro, trimesh, embree or xatlas."""
    code = (
        "import sys\n"
        "for name in ('tyro', 'trimesh', 'embreex', 'xatlas', 'igl', 'scipy'): sys.modules[name] = None\n"
        "import lifecast.training.__main__, lifecast.training.loop, lifecast.training.validation\n"
        "import lifecast.scans.dataset, lifecast.scans.augmentation\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
