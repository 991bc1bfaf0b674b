"""Architectures that cannot work, and what follows from those that can."""

import dataclasses

import pytest

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import DepthConfig, GeneratorConfig, HourglassConfig, LevelConfig, MapsConfig, UNetConfig
from lifecast.model.presets import COMPACT, PAPER, TINY

UNET = UNetConfig(widths=(8, 16), blocks=(1, 1))
GENERATORS = GeneratorConfig(filters=4, downsamplings=2, blocks=1)


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
        (lambda: DepthConfig(UNET, UNET, bins=1), "at least 2"),
        (lambda: DepthConfig(UNET, UNET, reach=0.0), "reach above 0"),
        (lambda: MapsConfig(GENERATORS, mask=True, depth=DepthConfig(UNET, UNET)), "need a U-Net"),
        (lambda: MapsConfig(UNET, depth=DepthConfig(UNET, UNET)), "predicts normals and the mask"),
        (lambda: MapsConfig(GENERATORS, pose_channels=True), "inputs of a U-Net"),
        (lambda: dataclasses.replace(COMPACT.maps, pose_channels=False), "there are no pose channels"),
        (lambda: MapsConfig(UNET, detail=UNET), "global_size of that one's picture"),
        (lambda: MapsConfig(GENERATORS, global_size=256, detail=UNET), "needs a U-Net before it"),
        (lambda: MapsConfig(UNET, global_size=256), "need a detail head"),
        (
            lambda: MapsConfig(UNET, global_size=256, detail=dataclasses.replace(UNET, output_stride=2)),
            "ends at the picture's own size, not at stride 2",
        ),
        (
            lambda: dataclasses.replace(COMPACT.maps, detail=None, detail_features=True, global_size=None, size=256),
            "detail_features are for a detail head",
        ),
        (
            lambda: dataclasses.replace(COMPACT.maps, detail=UNetConfig((12, 24), (0, 1)), detail_features=True),
            r"8 pixels apart, and the detail head has stages at strides \[1, 2\]",
        ),
        (
            lambda: preset_named("tiny-depth-maps-depth-features"),
            r"texels of 16 pixels, and the normal head's decoder has strides \[1, 2, 4, 8\]",
        ),
        (lambda: preset_named("compact-no-depth-maps-depth-features"), "no depth network"),
        (lambda: dataclasses.replace(TINY, maps=None), "need map heads"),
        (lambda: dataclasses.replace(PAPER, mask_input=True), "predict the mask"),
        (lambda: dataclasses.replace(TINY, depth_input=True), "predict depth"),
        (
            lambda: dataclasses.replace(TINY, fine=dataclasses.replace(TINY.fine, depth_features=True)),
            "predict depth",
        ),
        (
            lambda: dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, embedding_layer=None)),
            "embedding_layer",
        ),
        (
            lambda: dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, condition="embedding")),
            "no embedding to stand on",
        ),
    ],
)
def test_architectures_that_cannot_work_are_refused_with_the_reason(make, reason):
    with pytest.raises(UsageError, match=reason):
        make()


@pytest.mark.parametrize(
    ("architecture", "sides"),
    [
        (COMPACT, {"normals": 256, "depth": 256, "detail": 1024, "coarse_maps": 256, "maps": 1024, "coarse": 256}),
        (PAPER, {"normals": 512, "coarse_maps": 512, "maps": 1024, "coarse": 512}),
        (TINY, {"normals": 128, "coarse_maps": 128, "maps": 256, "coarse": 128}),
        (preset_named("tiny-fine-normals"), {"normals": 128, "coarse_maps": 128, "maps": 256, "coarse": 128}),
        (preset_named("paper-no-normals"), {"coarse": 512}),
        (preset_named("paper-fine-only-no-normals"), {"coarse": 1024}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_pass_is_given_the_picture_that_its_parts_need(architecture, sides):
    for until, side in sides.items():
        assert architecture.picture_side(until) == side, until
    assert architecture.picture_side("fine") == architecture.image_size


def test_given_maps_need_no_picture_of_the_heads():
    large_heads = dataclasses.replace(TINY, maps=dataclasses.replace(TINY.maps, size=256))
    assert large_heads.picture_side("coarse") == 256
    assert large_heads.picture_side("coarse", given=True) == 128


@pytest.mark.parametrize(
    ("name", "until", "reason"),
    [
        ("tiny-no-normals", "normals", "predicts no normals"),
        ("tiny-no-normals", "maps", "predicts no normals"),
        ("tiny", "depth", "has no depth head"),
        ("tiny-depth-maps", "detail", "has no detail head"),
    ],
)
def test_a_pass_until_a_part_that_is_not_there_is_refused(name, until, reason):
    with pytest.raises(UsageError, match=f"architecture {name} {reason}"):
        preset_named(name).picture_side(until)


def test_input_channels_follow_the_maps():
    assert PAPER.input_channels == 9
    assert preset_named("paper-front-normals").input_channels == 6
    assert preset_named("paper-no-normals").input_channels == 3
    assert COMPACT.input_channels == 12
    assert preset_named("compact-no-mask").input_channels == 11
    assert preset_named("compact-no-mask-no-depth-maps").input_channels == 9
    assert preset_named("paper-mask").input_channels == 10
