import argparse
import collections
import os
import pathlib

import pytest
import torch

from lifecast.commands.convert import Convert, convert
from lifecast.errors import CheckpointError, UsageError
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.config import Architecture, GeneratorConfig, HourglassConfig, LevelConfig, MapsConfig
from lifecast.model.inference_options import PLAIN
from lifecast.model.model import Model
from lifecast.model.pifuhd.names import official_state
from lifecast.model.pifuhd.pickle_file import convert_official, read_official
from lifecast.model.presets import PIFUHD

SMALL = Architecture(
    name="pifuhd",
    maps=MapsConfig(GeneratorConfig(filters=2, downsamplings=2, blocks=2)),
    coarse=LevelConfig(512, HourglassConfig(1, 1, pooled=True), 4, (16, 12, 8, 6, 1), (2, 3, 4), embedding_layer=2),
    fine=LevelConfig(1024, HourglassConfig(1, 1, pooled=False), 2, (12, 8, 1), (1, 2), condition="embedding"),
    depth_scale=1.28,
    align_corners=True,
    padding="zeros",
    antialias=False,
    framing="pifuhd",
)
"""The released network with fewer parts."""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Model(SMALL)


@pytest.fixture(scope="module")
def content(model):
    """What the authors' program saves: options of both levels, weights under their names."""
    options = argparse.Namespace(name="fine", gpu_ids=[0], loadSizeBig=1024, lr=1e-3, debug=False, seed=None)
    coarse = argparse.Namespace(name="coarse", loadSize=512, z_size=200.0, merge_layer=2, mlp_dim=[5, 16])
    state = collections.OrderedDict(official_state(model))
    return {"opt": options, "opt_netG": coarse, "model_state_dict": state}


def save(path, content, legacy=True):
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "zip"])
def test_a_released_file_becomes_a_weights_file(model, content, tmp_path, legacy):
    source = save(tmp_path / "pifuhd.pt", content, legacy)
    convert(Convert(source, tmp_path / "pifuhd.safetensors"))
    converted = load_checkpoint(tmp_path / "pifuhd.safetensors")
    card = converted.card
    assert converted.model.architecture == SMALL
    assert converted.inference == PLAIN
    for name, weight in model.state_dict().items():
        assert torch.equal(converted.model.state_dict()[name], weight)
    assert card["licence"] == "CC BY-NC 4.0"
    assert "PIFuHD" in card["source"]
    assert card["file"] == "pifuhd.pt"
    assert len(card["sha256"]) == 64


def test_conventions_come_from_the_options(content, tmp_path):
    coarse = argparse.Namespace(**vars(content["opt_netG"]) | {"z_size": 128.0, "merge_layer": 2})
    convert_official(save(tmp_path / "a.pt", content | {"opt_netG": coarse}), tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors").model.architecture.depth_scale == 2.0
    coarse = argparse.Namespace(**vars(content["opt_netG"]) | {"z_size": "far"})
    with pytest.raises(CheckpointError, match=r"a\.pt.*opt_netG\.z_size is 'far'"):
        convert_official(save(tmp_path / "a.pt", content | {"opt_netG": coarse}), tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()


class MakeFolder:
    """A payload: unpickling it would run a program."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "zip"])
def test_a_program_in_the_file_is_refused_named_and_never_run(content, tmp_path, legacy):
    witness = tmp_path / "ran"
    path = save(tmp_path / "evil.pt", content | {"opt": MakeFolder(witness)}, legacy)
    with pytest.raises(CheckpointError, match=r"evil\.pt: refused, it wants to load \w+\.mkdir"):
        read_official(path)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (pathlib.PurePosixPath("x"), "pathlib"),
        (argparse.ArgumentParser, "argparse.ArgumentParser"),
        (os.path.join, "join"),
        (collections.OrderedDict(a=1), "OrderedDict"),
        (torch.zeros(2), "Tensor"),
        (torch.float32, "dtype"),
        ({"deep": [1, {2}]}, "set"),
    ],
    ids=["path", "class", "function", "ordered dict", "tensor", "dtype", "set"],
)
def test_options_that_are_not_plain_are_refused_and_named(content, tmp_path, value, named):
    path = save(tmp_path / "odd.pt", content | {"opt": argparse.Namespace(fine=1, strange=value)})
    with pytest.raises(CheckpointError, match=r"odd\.pt: refused") as refused:
        read_official(path)
    assert named in str(refused.value)


@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "zip"])
def test_a_truncated_file_is_refused_wherever_it_ends(content, tmp_path, legacy):
    few = dict(list(content["model_state_dict"].items())[:6])
    whole = save(tmp_path / "whole.pt", content | {"model_state_dict": few}, legacy).read_bytes()
    path = tmp_path / "part.pt"
    for length in [0, 1, 10, 40, 100, 200, 400, 700, 1000, 1500, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"part\.pt: (truncated or damaged|not a file of torch\.save)"):
            read_official(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_damaged_pickles_are_refused_whatever_they_make_the_unpickler_raise(content, tmp_path):
    few = dict(list(content["model_state_dict"].items())[:2])
    whole = save(tmp_path / "whole.pt", content | {"model_state_dict": few}).read_bytes()
    end = whole.index(b"model_state_dict") + 400
    path = tmp_path / "damaged.pt"
    generator = torch.Generator().manual_seed(0)
    reasons = []
    for place, flip in torch.randint(1, 256, (300, 2), generator=generator).tolist():
        damaged = bytearray(whole)
        damaged[place * end // 256] ^= flip
        path.write_bytes(damaged)
        try:
            read_official(path)  # a flip inside a name or a number changes no structure
        except CheckpointError as error:
            reasons.append(str(error))
    assert len(reasons) > 100
    assert all("damaged.pt" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda c: [1, 2], "holds a list"),
        (lambda c: c["model_state_dict"], "lacks opt, opt_netG, model_state_dict"),
        (lambda c: c | {"optimizer": 1}, "has optimizer besides"),
        (lambda c: c | {"opt": {"a": 1}}, "its opt is a dict"),
        (lambda c: c | {"model_state_dict": [1]}, "model_state_dict is a list"),
        (lambda c: c | {"model_state_dict": {"a": 1}}, "'a', a int, not a tensor"),
    ],
)
def test_files_of_something_else_are_refused_with_the_reason(content, tmp_path, make, reason):
    with pytest.raises(CheckpointError, match=reason):
        read_official(save(tmp_path / "other.pt", make(content)))


def test_another_networks_weights_are_refused_by_file_and_key(content, tmp_path):
    state = {name: w for name, w in content["model_state_dict"].items() if not name.startswith("netG.netB")}
    path = save(tmp_path / "other.pt", content | {"model_state_dict": state})
    with pytest.raises(CheckpointError, match=r"other\.pt.*netG\.netB\.model\.1\.weight is missing"):
        convert_official(path, tmp_path / "other.safetensors")
    state = content["model_state_dict"] | {"mlp.norms.0.weight": torch.ones(12)}
    path = save(tmp_path / "other.pt", content | {"model_state_dict": state})
    with pytest.raises(CheckpointError, match=r"other\.pt.*mlp\.norms\.0\.weight"):
        convert_official(path, tmp_path / "other.safetensors")
    assert not (tmp_path / "other.safetensors").exists()


def test_renamed_and_missing_files_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_official(tmp_path / "nothing.pt")
    (tmp_path / "photo.pt").write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    with pytest.raises(CheckpointError, match=r"photo\.pt: not a file of torch\.save"):
        read_official(tmp_path / "photo.pt")
    (tmp_path / "archive.pt").write_bytes(b"PK\x03\x04 some other zip archive")
    with pytest.raises(CheckpointError, match=r"archive\.pt"):
        read_official(tmp_path / "archive.pt")


def test_the_output_must_be_a_weights_file(tmp_path):
    with pytest.raises(UsageError, match=r"^output .* ends in \.safetensors"):
        convert(Convert(tmp_path / "pifuhd.pt", tmp_path / "pifuhd.pt"))


def test_the_released_conventions_are_kept():
    assert (PIFUHD.align_corners, PIFUHD.depth_scale, PIFUHD.framing) == (True, 1.28, "pifuhd")
    assert (PIFUHD.padding, PIFUHD.mask_box, PIFUHD.antialias) == ("zeros", True, False)
