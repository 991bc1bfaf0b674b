"""Weights files of version 1: written here as lifecast wrote them then, under their names, and loaded."""

import dataclasses
import json
import zlib

import pytest
import torch
from safetensors.torch import save_file

from lifecast.errors import CheckpointError
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import load_checkpoint, read_description
from lifecast.model.config_json import architecture_from_dict, to_dict
from lifecast.model.earlier import translated_architecture, translated_card, translated_name
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import Model
from lifecast.model.presets import COMPACT, INFERENCE, PRESETS

UNET = {"kind": "UNetPreset", "first_stride": 2, "output_stride": 2}
COMPACT_0 = dataclasses.replace(
    COMPACT,
    maps=dataclasses.replace(
        COMPACT.maps,
        size=512,
        detail=UNetConfig(widths=(32, 64, 96), blocks=(2, 4, 5), first_stride=2),
        detail_features=True,
        detail_unit=False,
        close_up=None,
    ),
)
"""The preset when files of version 1 were written."""
INFERENCE_0 = dataclasses.replace(INFERENCE["compact"], sharpen=0.5, back_folds=0.0)
"""What it was used with."""
COMPACT_1 = {
    "kind": "Preset",
    "name": "compact",
    "coarse": {
        "kind": "LevelPreset",
        "image_size": 256,
        "encoder": {**UNET, "widths": [24, 48, 96, 128, 144], "blocks": [0, 1, 1, 2, 3]},
        "features": 32,
        "mlp": [192, 128, 64, 32, 1],
        "skips": [1, 2, 3],
        "condition": "depth",
        "embedding_layer": 2,
        "depth_head": False,
        "depth_features": True,
        "global_feature": None,
    },
    "fine": {
        "kind": "LevelPreset",
        "image_size": 512,
        "encoder": {**UNET, "widths": [16, 32, 64, 96], "blocks": [0, 1, 2, 2]},
        "features": 16,
        "mlp": [128, 64, 32, 1],
        "skips": [1, 2],
        "condition": "embedding",
        "embedding_layer": None,
        "depth_head": False,
        "depth_features": True,
        "global_feature": None,
    },
    "normals": {
        "kind": "NormalPreset",
        "network": {**UNET, "widths": [32, 64, 128, 224, 320], "blocks": [0, 1, 2, 5, 4]},
        "size": 512,
        "fine_size": None,
        "mask": True,
        "limbs": True,
        "lifter": {"kind": "LifterPreset", "width": 256, "blocks": 2, "dropout": 0.1},
        "depth": {
            "kind": "DepthPreset",
            "network": {**UNET, "widths": [24, 48, 96, 160, 224], "blocks": [0, 1, 2, 3, 2], "output_stride": 8},
            "refine": {**UNET, "widths": [16, 32, 48], "blocks": [1, 1, 2]},
            "size": 128,
            "bins": 24,
            "reach": 0.6,
            "trunk": True,
        },
        "integrate": 256,
        "relief": True,
        "hidden_limbs": True,
        "mirror": True,
        "sharpen": 0.5,
        "tilt": 0.5,
        "global_size": 256,
        "enhancer": {**UNET, "widths": [32, 64, 96], "blocks": [2, 4, 5], "output_stride": 1},
        "enhancer_features": True,
    },
    "normal_inputs": "both",
    "mask_input": True,
    "depth_input": True,
    "training": "alternate",
    "depth_scale": 8.0,
    "align_corners": False,
    "padding": "border",
    "mask_box": True,
    "within_mask": True,
    "antialias": True,
    "framing": "lifecast",
}
"""The metadata of `compact` as lifecast shipped it until December 2026."""

NAMES = {
    "normals.unet.": "normals.shared.",
    "depth.coarse.": "normals.depth.glance.",
    "depth.refine.": "normals.depth.refine.",
    "depth.adapter.": "normals.trunk.",
    "pose_lifter.": "normals.lifter.",
    "detail.unet.": "normals.enhancer.",
    "detail.adapter.": "normals.bridge.",
}
"""Beginnings of weights' names now, and in version 1."""
KINDS = {
    "LifterPreset": "PoseLifterConfig",
    "NormalPreset": "MapsConfig",
    **{f"{kind}Preset": f"{kind}Config" for kind in ("Generator", "UNet", "Hourglass", "Depth", "GlobalFeature")},
    "LevelPreset": "LevelConfig",
    "Preset": "Architecture",
}


def earlier_name(name):
    """What a weight was called in version 1."""
    for now, before in NAMES.items():
        if name.startswith(now):
            return before + name[len(now) :]
    return name


CHOICES = ("mirror", "sharpen", "integrate", "tilt", "hidden_limbs", "relief", "silhouette")
"""Inference options that a preset of version 1 said."""


def choices_of(inference):
    """The options that version 1 kept, by their names now; `tilt` is no step any more, `hidden_limbs` is `body`."""
    return {name: getattr(inference, name, 0.5) for name in CHOICES} | {"hidden_limbs": inference.body}


def earlier_values(values, **choices):
    """An architecture's JSON as version 1 had it, with the choices that a preset then made."""
    values = {key: earlier_values(value) if isinstance(value, dict) else value for key, value in values.items()}
    for later in (
        "norm",
        "pretrained",
        "detail_unit",
        "close_up",
        "close_up_size",
        "parsing",
        "parsing_size",
    ):  # none of them
        values.pop(later, None)
    values["kind"] = next(before for before, now in KINDS.items() if now == values["kind"])
    renamed = {
        "NormalPreset": {
            "pose_channels": "limbs",
            "pose_lifter": "lifter",
            "detail": "enhancer",
            "detail_features": "enhancer_features",
        },
        "DepthPreset": {"features": "trunk"},
        "Preset": {"maps": "normals"},
    }.get(values["kind"], {})
    values = {renamed.get(key, key): value for key, value in values.items()}
    if values["kind"] == "Preset" and values["normals"] is not None:
        values["within_mask"] = choices.pop("silhouette", False)
        values["normals"] |= choices
    return values


def crc(data):
    return f"{zlib.crc32(data):08x}"


def write_version_1(path, model, card, values=None):
    """Write what lifecast wrote for this model in version 1; `values`: its preset, by default without any choice."""
    values = values or earlier_values(to_dict(model.architecture))
    state = {earlier_name(name): tensor.contiguous() for name, tensor in model.state_dict().items()}
    checksums = {name: crc(tensor.reshape(-1).view(torch.uint8).numpy().data) for name, tensor in state.items()}
    texts = {"preset": json.dumps(values), "card": json.dumps(card), "checksums": json.dumps(checksums)}
    checksum = crc("\0".join(texts.values()).encode())
    save_file(state, path, {"format": "lifecast", "version": "1", **texts, "checksum": checksum})
    return path


def random_model(name):
    torch.manual_seed(0)
    model = Model(preset_named(name)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.01)  # nothing stays 0
    return model


def test_compact_is_translated_to_its_architecture_and_options():
    values, inference = translated_architecture(COMPACT_1)
    assert architecture_from_dict(values) == COMPACT_0
    assert inference == INFERENCE_0.fitting(COMPACT_0)


def test_what_the_tests_below_write_is_what_was_shipped():
    assert earlier_values(to_dict(COMPACT_0), **choices_of(INFERENCE_0)) == COMPACT_1


@pytest.mark.parametrize("base", [*(PRESETS[name] for name in PRESETS if name != "compact"), COMPACT_0])
def test_every_preset_is_translated(base):
    values, inference = translated_architecture(earlier_values(to_dict(base)))
    assert architecture_from_dict(values) == base
    assert inference == PLAIN


@pytest.mark.parametrize(
    ("name", "inference"),
    [
        ("tiny", InferenceOptions(silhouette=True, sharpen=0.25)),
        (
            "tiny-pose-lifter-depth-maps-detail-depth-features",
            InferenceOptions(mirror=True, integrate=64, body=True, relief=True),
        ),
        ("tiny-no-normals", PLAIN),
        ("tiny-fine-global", PLAIN),
    ],
)
def test_a_file_of_version_1_loads_with_all_of_its_weights(tmp_path, name, inference):
    model, card = random_model(name), {"name": "old", "training": {"levels": {"coarse": {"steps": 3}}}}
    values = earlier_values(to_dict(model.architecture), **choices_of(inference))
    path = write_version_1(tmp_path / "old.safetensors", model, card, values)
    loaded = load_checkpoint(path, expect=model.architecture)
    assert loaded.inference == inference
    assert loaded.card == card
    for weight, tensor in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[weight], tensor), weight
    described = read_description(path)
    assert (described.architecture, described.inference, described.card) == (model.architecture, inference, card)


def test_parts_in_the_history_have_their_names_of_now(tmp_path):
    history = {"lifter": {"steps": 1}, "normals": {"steps": 2}, "depth": 3, "enhancer": 4, "coarse": 5, "fine": 6}
    card = {"licence": "CC0-1.0", "training": {"levels": history, "seed": 1}}
    path = write_version_1(tmp_path / "old.safetensors", random_model("tiny"), card)
    renamed = {"pose_lifter": {"steps": 1}, "normals": {"steps": 2}, "depth": 3, "detail": 4, "coarse": 5, "fine": 6}
    assert load_checkpoint(path).card == {"licence": "CC0-1.0", "training": {"levels": renamed, "seed": 1}}
    for plain in ({}, {"training": {}}, {"metrics": 1}):
        assert translated_card(plain) == plain
    translated_card(card)
    assert next(iter(history)) == "lifter", "the card that is translated is not changed"


@pytest.mark.parametrize("training", [[{"stage": "coarse"}], "long", None])
def test_a_card_may_say_anything_of_the_training(tmp_path, training):
    card = {"training": training}
    path = write_version_1(tmp_path / "old.safetensors", random_model("tiny"), card)
    assert load_checkpoint(path).card == card


def test_parts_are_those_that_the_file_holds(tmp_path):
    for name, parts in (("tiny", ("normals", "coarse", "fine")), ("tiny-no-normals-single-level", ("coarse",))):
        assert read_description(write_version_1(tmp_path / "old.safetensors", random_model(name), {})).parts == parts


def test_names_that_are_none_of_version_1s_stay():
    for name in ("shoes", "coarse.mlp.layers.0.weight", "normals.front.stem.weight", "depth.coarse.head.bias"):
        assert translated_name(name) == name
    assert translated_name("normals.depth.glance.head.bias") == "depth.coarse.head.bias"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": 1}, "Architecture has no field colour"),
        ({"kind": "Network"}, "no part of kind 'Network'"),
        ({"kind": "NormalPreset"}, "MapsConfig has no field"),
    ],
)
def test_a_preset_that_never_was_is_refused_by_file(tmp_path, change, reason):
    model = random_model("tiny")
    values = earlier_values(to_dict(model.architecture)) | change
    path = write_version_1(tmp_path / "odd.safetensors", model, {}, values)
    with pytest.raises(CheckpointError, match=rf"odd\.safetensors: its architecture cannot be used: .*{reason}"):
        load_checkpoint(path)


@pytest.mark.parametrize(("choice", "reason"), [({"integrate": 4}, "at 4 pixels"), ({"sharpen": 9.0}, r"by 9\.0")])
def test_choices_that_cannot_be_are_refused_by_file(tmp_path, choice, reason):
    model = random_model("tiny")
    values = earlier_values(to_dict(model.architecture), **choice)
    path = write_version_1(tmp_path / "odd.safetensors", model, {}, values)
    with pytest.raises(CheckpointError, match=rf"odd\.safetensors: its architecture cannot be used: .*{reason}"):
        load_checkpoint(path)


def test_damage_is_noticed_in_version_1_too(tmp_path):
    path = write_version_1(tmp_path / "old.safetensors", random_model("tiny"), {"name": "old"})
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(CheckpointError, match=r"damaged, weight .* does not match its checksum"):
        load_checkpoint(path)
    assert b'\\"old\\"' in whole
    path.write_bytes(whole.replace(b'\\"old\\"', b'\\"odd\\"'))
    with pytest.raises(CheckpointError, match="metadata does not match their checksum"):
        load_checkpoint(path)
