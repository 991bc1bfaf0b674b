"""The rows of the paper's Table 1, Figures 3 and 5, and what goes beyond them, made of any base preset.

    ablation(PRESETS["compact"], "fine-only", "no-normals")     # preset "compact-fine-only-no-normals"
    preset_named("compact-fine-only-no-normals")                # the same, by its name

A switch that does not apply to a preset (normals for the fine net of an architecture that has none) is a UsageError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, DepthConfig, LevelConfig, MapsConfig, PoseLifterConfig
from lifecast.model.encoders.config import GlobalFeatureConfig, HourglassConfig, UNetConfig
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.presets import INFERENCE, PRESETS


def _fine_net(preset: Architecture) -> LevelConfig:
    if preset.fine is None:
        raise UsageError(f"preset {preset.name} has no fine net to change")
    return preset.fine


def _maps(preset: Architecture) -> MapsConfig:
    if preset.maps is None:
        raise UsageError(f"preset {preset.name} has no normal network to change")
    return preset.maps


def _fine_only(preset: Architecture) -> Architecture:
    """The fine encoder as the only net, on absolute depth, over the full resolution (4.1, 1)."""
    net = replace(_fine_net(preset), condition="depth", embedding_layer=None)
    return replace(preset, coarse=net, fine=None)


def _fine_global(preset: Architecture) -> Architecture:
    """`fine-only` with a jointly learned global feature of a ResNet-34 (4.1, 2)."""
    alone = _fine_only(preset)
    if isinstance(alone.coarse.encoder, HourglassConfig):
        vector = GlobalFeatureConfig(features=256, size=512, width=64)
    elif alone.image_size >= 512:
        vector = GlobalFeatureConfig(features=64, size=256, width=32)
    else:
        vector = GlobalFeatureConfig(features=8, size=64, width=8, blocks=(1, 1, 1, 1))
    return replace(alone, coarse=replace(alone.coarse, global_feature=vector))


def _single_level(preset: Architecture) -> Architecture:
    """The coarse net alone: PIFu with normals (4.1, 3)."""
    _fine_net(preset)
    return replace(preset, fine=None)


def _joint(preset: Architecture) -> Architecture:
    """Both nets trained end to end (4.1, 4); unswitched presets train them alternately (4.1, 5)."""
    _fine_net(preset)
    return replace(preset, training="joint")


def _absolute_depth(preset: Architecture) -> Architecture:
    """The fine net on absolute depth in place of the 3D embedding (Fig. 3)."""
    return replace(preset, fine=replace(_fine_net(preset), condition="depth"))


def _no_normals(preset: Architecture) -> Architecture:
    """No predicted normals, hence no predicted mask or depth either (section 3.3's comparison)."""
    _maps(preset)
    return replace(_without_depth(preset), maps=None, normal_inputs="none", mask_input=False)


def _front_normals(preset: Architecture) -> Architecture:
    """Both nets get the front normal map only (Fig. 5)."""
    _maps(preset)
    return replace(preset, normal_inputs="front")


def _fine_normals(preset: Architecture) -> Architecture:
    """The fine net gets normals predicted at its own resolution, not enlarged ones."""
    return replace(preset, maps=replace(_maps(preset), fine_size=_fine_net(preset).image_size))


def _mask(preset: Architecture) -> Architecture:
    """The predicted mask is an input of both nets."""
    return replace(preset, maps=replace(_maps(preset), mask=True), mask_input=True)


def _no_mask(preset: Architecture) -> Architecture:
    """The predicted mask is no input of the nets."""
    return replace(preset, mask_input=False)


def _without_depth(preset: Architecture) -> Architecture:
    """No predicted depth maps: the coarse net learns depth by itself, as in the paper."""
    fine = preset.fine and replace(preset.fine, depth_features=False)
    normals = preset.maps and replace(preset.maps, depth=None)
    coarse = replace(preset.coarse, depth_features=False)
    return replace(preset, maps=normals, coarse=coarse, fine=fine, depth_input=False)


def _depth_maps(preset: Architecture) -> Architecture:
    """Depth maps are predicted too, and are inputs of both nets."""
    small = UNetConfig(widths=(8, 16, 24, 32), blocks=(0, 1, 1, 1), first_stride=2, output_stride=8)
    refine = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, output_stride=2)
    normals = _maps(preset)
    normals = replace(normals, depth=DepthConfig(small, refine, size=normals.size // 2))
    coarse = replace(preset.coarse, depth_features=True, depth_head=False)
    return replace(preset, maps=normals, coarse=coarse, depth_input=True)


def _detail(preset: Architecture) -> Architecture:
    """The normal head gets the picture at half its size, and a detail head brings the maps to full size."""
    normals = _maps(preset)
    if not isinstance(normals.network, UNetConfig):
        raise UsageError(f"preset {preset.name} has no U-Net that a detail head could stand on")
    detail = UNetConfig(widths=normals.network.widths[:3], blocks=(0, 1, 1))
    changed = replace(normals, global_size=normals.size // 2, detail=detail, detail_features=True)
    return replace(preset, maps=changed)


def _close_up(preset: Architecture) -> Architecture:
    """A close-up head corrects the finest maps around head and hands."""
    normals = _maps(preset)
    if not isinstance(normals.network, UNetConfig):
        raise UsageError(f"preset {preset.name} has no U-Net whose maps a close-up head could correct")
    widths = normals.network.widths[:3]
    head = UNetConfig(widths=(*widths, widths[2]), blocks=(1, 2, 3, 3), first_stride=2, norm="none")
    return replace(preset, maps=replace(normals, close_up=head))


def _no_close_up(preset: Architecture) -> Architecture:
    """The finest maps stay as the heads of the whole picture made them."""
    normals = _maps(preset)
    if normals.close_up is None:
        raise UsageError(f"preset {preset.name} has no close-up head to leave out")
    return replace(preset, maps=replace(normals, close_up=None))


def _parsing(preset: Architecture) -> Architecture:
    """A parsing head tells the parts of the dressed person apart, front and back."""
    normals = _maps(preset)
    if not isinstance(normals.network, UNetConfig):
        raise UsageError(f"preset {preset.name} has no U-Net whose maps a parsing head could stand on")
    widths = normals.network.widths[:4]
    head = UNetConfig(widths=widths, blocks=(0, 1, 1, 3), first_stride=2, output_stride=1, norm="none")
    return replace(preset, maps=replace(normals, parsing=head, parsing_size=normals.normals_size))


def _pretrained(preset: Architecture) -> Architecture:
    """The heads beyond the normal head get the features of a network that knows ImageNet."""
    normals = _maps(preset)
    heads = {
        name: replace(head, pretrained="mobilenet_v2")
        for name, head in (
            ("detail", normals.detail),
            ("close_up", normals.close_up),
            ("parsing", normals.parsing),
        )
        if head is not None and head.first_stride == 2
    }
    if not heads:
        raise UsageError(f"preset {preset.name} has no detail, close-up or parsing head that pretrained features fit")
    return replace(preset, maps=replace(normals, **heads))  # type: ignore[arg-type]


def _no_detail(preset: Architecture) -> Architecture:
    """The normal head gets the picture in one piece, as in the paper, at twice the size that it has with one."""
    normals = _maps(preset)
    if not isinstance(normals.network, UNetConfig) or normals.detail is None:
        raise UsageError(f"preset {preset.name} has no detail head to leave out")
    size = min(normals.size, 2 * normals.normals_size)
    return replace(preset, maps=replace(normals, detail=None, detail_features=False, global_size=None, size=size))


def _depth_features(preset: Architecture, features: bool) -> Architecture:
    normals = _maps(preset)
    if normals.depth is None:
        raise UsageError(f"preset {preset.name} has no depth network")
    return replace(preset, maps=replace(normals, depth=replace(normals.depth, features=features)))


def _with_depth_features(preset: Architecture) -> Architecture:
    """The depth head gets the normal head's decoder features too."""
    return _depth_features(preset, True)


def _no_depth_features(preset: Architecture) -> Architecture:
    """The depth head gets picture, maps and pose alone."""
    return _depth_features(preset, False)


def _pose(preset: Architecture) -> Architecture:
    """The map heads are conditioned on the pose that BlazePose finds."""
    return replace(preset, maps=replace(_maps(preset), pose_channels=True))


def _lifter(preset: Architecture) -> Architecture:
    """That pose is moved to the joints by a pose lifter."""
    return replace(preset, maps=replace(_maps(preset), pose_lifter=PoseLifterConfig()))


def _no_lifter(preset: Architecture) -> Architecture:
    """That pose is as BlazePose has it."""
    return replace(preset, maps=replace(_maps(preset), pose_lifter=None))


def _no_pose(preset: Architecture) -> Architecture:
    """The map heads get the picture alone, as in the paper."""
    return replace(preset, maps=replace(_maps(preset), pose_channels=False, pose_lifter=None))


SWITCHES: dict[str, Callable[[Architecture], Architecture]] = {
    "fine-only": _fine_only,
    "fine-global": _fine_global,
    "single-level": _single_level,
    "joint": _joint,
    "absolute-depth": _absolute_depth,
    "no-normals": _no_normals,
    "front-normals": _front_normals,
    "fine-normals": _fine_normals,
    "mask": _mask,
    "no-mask": _no_mask,
    "depth-maps": _depth_maps,
    "no-depth-maps": _without_depth,
    "depth-features": _with_depth_features,
    "no-depth-features": _no_depth_features,
    "pose": _pose,
    "no-pose": _no_pose,
    "lifter": _lifter,
    "no-lifter": _no_lifter,
    "detail": _detail,
    "no-detail": _no_detail,
    "close-up": _close_up,
    "no-close-up": _no_close_up,
    "parsing": _parsing,
    "pretrained": _pretrained,
}
"""Each switch by its name; its docstring says which row it makes."""

TABLE_ROWS: tuple[tuple[str, ...], ...] = (
    ("fine-only",),
    ("fine-global",),
    ("single-level",),
    ("joint",),
    (),
)
"""Table 1's five rows as switches: a base preset itself is the last, two nets trained alternately."""


def ablation(base: Architecture, *switches: str) -> Architecture:
    """Apply switches to `base` in order; its name gets them appended."""
    preset = base
    for switch in switches:
        if switch not in SWITCHES:
            raise UsageError(f"no ablation {switch!r}; choose from: {', '.join(SWITCHES)}")
        changed = SWITCHES[switch](preset)
        if changed == preset:
            raise UsageError(f"the switch {switch!r} changes nothing in preset {preset.name}")
        preset = dataclasses.replace(changed, name=f"{preset.name}-{switch}")
    return preset


def inference_for(architecture: Architecture) -> InferenceOptions:
    """Choose the inference options of an architecture.

    They are those of the preset that its name begins with, if they fit it.
    """
    name = architecture.name
    base = next((base for base in INFERENCE if name == base or name.startswith(f"{base}-")), None)
    return (PLAIN if base is None else INFERENCE[base]).fitting(architecture)


def preset_named(name: str) -> Architecture:
    """Find a base preset, or one with switches: 'compact', 'paper-joint-front-normals'.

    UsageError if there is none.
    """
    if name in PRESETS:
        return PRESETS[name]
    for base_name, base in PRESETS.items():
        if name.startswith(f"{base_name}-"):
            rest = name[len(base_name) + 1 :]
            switches = []
            while rest:
                switch = next((s for s in SWITCHES if rest == s or rest.startswith(f"{s}-")), None)
                if switch is None:
                    break
                switches.append(switch)
                rest = rest[len(switch) + 1 :]
            if not rest:
                return ablation(base, *switches)
    raise UsageError(
        f"no preset {name!r}; base presets: {', '.join(PRESETS)}; each may be followed by "
        f"-SWITCH, of: {', '.join(SWITCHES)}"
    )
