import dataclasses
import json

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import COMPACT, PAPER, PIFUHD, PRESETS, TINY, LevelConfig, preset_from_dict, to_dict
from lifecast.model.encoders.config import HourglassConfig, UNetConfig
from lifecast.model.encoders.receptive_field import receptive_field
from lifecast.model.model import Model


def meta_model(preset):
    with torch.device("meta"):
        return Model(preset).requires_grad_(False)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_survives_json(preset):
    assert preset_from_dict(json.loads(json.dumps(to_dict(preset)))) == preset


def test_the_paper_has_the_papers_sizes():
    model = meta_model(PAPER)
    assert count(model) == 387_049_625
    assert model.coarse.mlp.layers[0].in_features == 257
    assert [layer.out_features for layer in model.coarse.mlp.layers] == [1024, 512, 256, 128, 1]
    assert model.fine.mlp.layers[0].in_features == 272
    assert [layer.out_features for layer in model.fine.mlp.layers] == [512, 256, 128, 1]


def test_compact_fits_the_package():
    assert 2 * count(meta_model(COMPACT)) <= 48e6  # bytes as float16


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_output_has_the_shape_that_the_preset_says(preset):
    model = meta_model(preset)
    size = preset.image_size
    encoded = model.encode(torch.empty(2, 3, size, size, device="meta"))
    assert encoded.normals.front.shape == (2, 3, preset.normals.size, preset.normals.size)
    assert encoded.normals.back.shape == encoded.normals.front.shape
    coarse = preset.coarse
    assert encoded.coarse_features.shape == (2, coarse.map_channels, coarse.feature_size, coarse.feature_size)
    fine = preset.fine
    assert encoded.fine_features.shape == (2, fine.map_channels, fine.feature_size, fine.feature_size)
    assert model.occupancy(encoded, torch.empty(2, 7, 3, device="meta")).shape == (2, 7)


def test_feature_maps_of_the_two_shipped_designs():
    assert (PAPER.coarse.feature_size, PAPER.coarse.features) == (128, 256)
    assert (PAPER.fine.feature_size, PAPER.fine.features) == (512, 16)
    assert (COMPACT.coarse.feature_size, COMPACT.coarse.map_channels) == (128, 32 + 2)
    assert (COMPACT.fine.feature_size, COMPACT.fine.features) == (256, 16)


@pytest.mark.parametrize("preset", [PAPER, PIFUHD, COMPACT], ids=["paper", "pifuhd", "compact"])
def test_the_coarse_level_sees_the_whole_image_from_every_texel_and_the_fine_level_does_not(preset):
    """Section 3.1: holistic reasoning needs it; section 3.2: the fine level does without."""
    model = meta_model(preset)
    coarse = receptive_field(model.coarse.encoder, preset.input_channels, preset.coarse.image_size)
    assert coarse >= 2 * preset.coarse.image_size - 1
    fine = receptive_field(model.fine.encoder, preset.input_channels, preset.fine.image_size)
    assert fine < 2 * preset.fine.image_size - 1


def test_the_tiny_coarse_level_sees_the_whole_image_from_the_middle_only_and_its_fine_level_from_nowhere():
    """Enough for people in the middle of their pictures, and what makes it tiny."""
    model = meta_model(TINY)
    coarse = receptive_field(model.coarse.encoder, TINY.input_channels, TINY.coarse.image_size)
    assert TINY.coarse.image_size <= coarse < 2 * TINY.coarse.image_size - 1
    fine = receptive_field(model.fine.encoder, TINY.input_channels, TINY.fine.image_size)
    assert fine < TINY.fine.image_size


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Network"},
        {"colour": 3},
        {"coarse": {"kind": "UNetConfig", "widths": [8], "blocks": [1], "depth": 2}},
        {"coarse": {"kind": "UNetConfig"}},
    ],
    ids=["unknown kind", "unknown field", "unknown field of a part", "missing fields"],
)
def test_json_of_something_else_is_refused(change):
    with pytest.raises(UsageError):
        preset_from_dict(to_dict(TINY) | change)


def test_a_part_is_not_a_preset():
    with pytest.raises(UsageError, match="part of a preset"):
        preset_from_dict(to_dict(TINY.coarse))


UNET = UNetConfig(widths=(8, 16), blocks=(1, 1))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: UNetConfig(widths=(8, 16), blocks=(1,)), "block counts"),
        (lambda: UNetConfig(widths=(8, 16), blocks=(1, 1), output_stride=4), "no output at 4"),
        (lambda: HourglassConfig(stacks=1, depth=1, pooled=True, width=128, groups=32), "groups"),
        (lambda: LevelConfig(64, UNET, 8, (16, 2), ()), "end in 1 value"),
        (lambda: LevelConfig(64, UNET, 8, (16, 1), (2,)), "skips"),
        (lambda: LevelConfig(64, UNET, 8, (16, 1), (), embedding_layer=1), "hidden layer"),
        (lambda: LevelConfig(65, UNET, 8, (16, 1), ()), "multiple of 2"),
        (lambda: dataclasses.replace(TINY, normals=None), "need a normal network"),
        (lambda: dataclasses.replace(PAPER, mask_input=True), "predicts the mask"),
        (
            lambda: dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, embedding_layer=None)),
            "embedding_layer",
        ),
        (
            lambda: dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, condition="embedding")),
            "no embedding to stand on",
        ),
        (
            lambda: dataclasses.replace(COMPACT.normals, enhancer=None, global_size=None),
            "enhancer_features are for an enhancer",
        ),
        (
            lambda: preset_named("tiny-depth-maps-trunk"),
            r"texels of 16 pixels, and the normal U-Net's way up has strides \[1, 2, 4, 8\]",
        ),
        (lambda: preset_named("compact-no-depth-maps-trunk"), "no depth network"),
        (lambda: preset_named("compact-no-lifter-hidden-limbs"), "made of lifted landmarks"),
        (
            lambda: dataclasses.replace(COMPACT.normals, enhancer=UNetConfig((12, 24), (0, 1))),
            r"4 pixels apart, and the enhancer has stages at strides \[1, 2\]",
        ),
    ],
)
def test_presets_that_cannot_work_are_refused_with_the_reason(make, reason):
    with pytest.raises(UsageError, match=reason):
        make()


def test_an_older_file_has_no_trunk():
    values = to_dict(COMPACT)
    del values["normals"]["depth"]["trunk"]
    assert preset_from_dict(values) == dataclasses.replace(preset_named("compact-no-trunk"), name="compact")
    assert COMPACT.normals.trunk_stages() == (3, 2)
    assert tuple(meta_model(COMPACT).normals.trunk.weight.shape) == (96, 224, 1, 1)


def test_an_older_file_has_no_features_for_its_enhancer():
    values = to_dict(COMPACT)
    del values["normals"]["enhancer_features"]
    assert preset_from_dict(values) == dataclasses.replace(
        COMPACT, normals=dataclasses.replace(COMPACT.normals, enhancer_features=False)
    )
    model = meta_model(COMPACT).normals
    assert COMPACT.normals.bridged_stage() == 1
    assert tuple(model.bridge.weight.shape) == (64, 32, 1, 1)
