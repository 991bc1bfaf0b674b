"""The architectures that come with lifecast, and the inference options that each is meant to be used with.

architecture = PRESETS["compact"]
options = INFERENCE["compact"]
"""

from __future__ import annotations

import dataclasses

from lifecast.model.config import Architecture, DepthConfig, LevelConfig, MapsConfig, PoseLifterConfig
from lifecast.model.encoders.config import GeneratorConfig, HourglassConfig, UNetConfig
from lifecast.model.inference_options import PLAIN, InferenceOptions

PAPER = Architecture(
    name="paper",
    maps=MapsConfig(GeneratorConfig(filters=64, downsamplings=4, blocks=9), size=512),
    coarse=LevelConfig(
        image_size=512,
        encoder=HourglassConfig(stacks=4, depth=2, pooled=True),
        features=256,
        mlp=(1024, 512, 256, 128, 1),
        skips=(2, 3, 4),
        embedding_layer=2,
    ),
    fine=LevelConfig(
        image_size=1024,
        encoder=HourglassConfig(stacks=1, depth=4, pooled=False),
        features=16,
        mlp=(512, 256, 128, 1),
        skips=(1, 2),
        condition="embedding",
    ),
    depth_scale=1.28,
)
"""Sections 3 and 4 of the paper: 387 million parameters."""

PIFUHD = dataclasses.replace(
    PAPER,
    name="pifuhd",
    align_corners=True,
    padding="zeros",
    antialias=False,
    framing="pifuhd",
)
"""`paper` under the conventions of the authors' released checkpoint."""

_CORRECTING = UNetConfig(
    widths=(32, 64, 128, 128), blocks=(1, 2, 3, 3), first_stride=2, norm="none", pretrained="mobilenet_v2"
)

COMPACT = Architecture(
    name="compact",
    maps=MapsConfig(
        UNetConfig(widths=(32, 64, 128, 224, 320), blocks=(0, 1, 2, 5, 4), first_stride=2, output_stride=2),
        size=1024,
        mask=True,
        pose_channels=True,
        pose_lifter=PoseLifterConfig(),
        depth=DepthConfig(
            network=UNetConfig(widths=(24, 48, 96, 160, 224), blocks=(0, 1, 2, 3, 2), first_stride=2, output_stride=8),
            refine=UNetConfig(widths=(16, 32, 48), blocks=(1, 1, 2), first_stride=2, output_stride=2),
            size=128,
            features=True,
        ),
        global_size=256,
        detail=_CORRECTING,
        detail_unit=True,
        close_up=_CORRECTING,
    ),
    coarse=LevelConfig(
        image_size=256,
        encoder=UNetConfig(widths=(24, 48, 96, 128, 144), blocks=(0, 1, 1, 2, 3), first_stride=2, output_stride=2),
        features=32,
        mlp=(192, 128, 64, 32, 1),
        skips=(1, 2, 3),
        embedding_layer=2,
        depth_features=True,
    ),
    fine=LevelConfig(
        image_size=512,
        encoder=UNetConfig(widths=(16, 32, 64, 96), blocks=(0, 1, 2, 2), first_stride=2, output_stride=2),
        features=16,
        mlp=(128, 64, 32, 1),
        skips=(1, 2),
        condition="embedding",
        depth_features=True,
    ),
    mask_input=True,
    depth_input=True,
    # z spans about +-0.2; at this scale the MLP resolved a centimetre in 255 steps where scale 1 took 405.
    depth_scale=8.0,
)
"""The same design made slim: trains on modest hardware, runs on a laptop, ships inside the package."""

TINY = Architecture(
    name="tiny",
    maps=MapsConfig(UNetConfig(widths=(8, 16, 24, 32), blocks=(1, 1, 1, 1)), size=128, mask=True),
    coarse=LevelConfig(
        image_size=128,
        encoder=UNetConfig(widths=(16, 24, 32, 48), blocks=(1, 1, 1, 1), first_stride=2, output_stride=2),
        features=24,
        mlp=(64, 48, 32, 1),
        skips=(1, 2),
        embedding_layer=2,
        depth_head=True,
    ),
    fine=LevelConfig(
        image_size=256,
        encoder=UNetConfig(widths=(8, 16, 24), blocks=(1, 1, 1), first_stride=2, output_stride=2),
        features=8,
        mlp=(48, 32, 1),
        skips=(1,),
        condition="embedding",
    ),
    mask_input=True,
)
"""For tests, in seconds on a CPU. `tiny-depth-maps-detail` has everything that `compact` has."""

PRESETS: dict[str, Architecture] = {preset.name: preset for preset in (PAPER, PIFUHD, COMPACT, TINY)}
"""The base presets; `lifecast.model.ablations.preset_named` also knows every ablation of them."""

INFERENCE: dict[str, InferenceOptions] = {
    "paper": PLAIN,
    "pifuhd": PLAIN,
    "compact": InferenceOptions(
        mirror=True,
        close_ups=True,
        parsing=True,
        integrate=256,
        body=True,
        back_folds=1.5,
        silhouette=True,
        relief=True,
    ),
    "tiny": PLAIN,
}
"""By base preset: what it is used with where nothing else is chosen."""
