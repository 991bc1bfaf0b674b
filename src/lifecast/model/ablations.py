"""The rows of the paper's Table 1, Figures 3 and 5, and what goes beyond them, made of any base preset.

    ablation(PRESETS["compact"], "fine-only", "no-normals")     # preset "compact-fine-only-no-normals"
    preset_named("compact-fine-only-no-normals")                # the same, by its name

A switch that does not apply to a preset (normals for the fine level of a network that has none) is a UsageError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace

from lifecast.errors import UsageError
from lifecast.model.config import (
    PRESETS,
    Architecture,
    DepthConfig,
    GlobalFeatureConfig,
    HourglassConfig,
    LevelConfig,
    MapsConfig,
    PoseLifterConfig,
    UNetConfig,
)


def _fine_level(preset: Architecture) -> LevelConfig:
    if preset.fine is None:
        raise UsageError(f"preset {preset.name} has no fine level to change")
    return preset.fine


def _normals(preset: Architecture) -> MapsConfig:
    if preset.normals is None:
        raise UsageError(f"preset {preset.name} has no normal network to change")
    return preset.normals


def _fine_only(preset: Architecture) -> Architecture:
    """The fine encoder as the only level, on absolute depth, over the full resolution (4.1, 1)."""
    level = replace(_fine_level(preset), condition="depth", embedding_layer=None)
    return replace(preset, coarse=level, fine=None)


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
    """The coarse level alone: PIFu with normals (4.1, 3)."""
    _fine_level(preset)
    return replace(preset, fine=None)


def _joint(preset: Architecture) -> Architecture:
    """Both levels trained end to end (4.1, 4); unswitched presets train them alternately (4.1, 5)."""
    _fine_level(preset)
    return replace(preset, training="joint")


def _absolute_depth(preset: Architecture) -> Architecture:
    """The fine level on absolute depth in place of the 3D embedding (Fig. 3)."""
    return replace(preset, fine=replace(_fine_level(preset), condition="depth"))


def _no_normals(preset: Architecture) -> Architecture:
    """No predicted normals, hence no predicted mask or depth either (section 3.3's comparison)."""
    _normals(preset)
    return replace(_without_depth(preset), normals=None, normal_inputs="none", mask_input=False, within_mask=False)


def _front_normals(preset: Architecture) -> Architecture:
    """The levels see the front normal map only (Fig. 5)."""
    _normals(preset)
    return replace(preset, normal_inputs="front")


def _fine_normals(preset: Architecture) -> Architecture:
    """The fine level sees normals predicted at its own resolution, not enlarged ones."""
    return replace(preset, normals=replace(_normals(preset), fine_size=_fine_level(preset).image_size))


def _mask(preset: Architecture) -> Architecture:
    """The levels see the predicted mask."""
    return replace(preset, normals=replace(_normals(preset), mask=True), mask_input=True)


def _no_mask(preset: Architecture) -> Architecture:
    """The levels do not see the predicted mask."""
    return replace(preset, mask_input=False)


def _without_depth(preset: Architecture) -> Architecture:
    """No predicted depth maps: the coarse level learns depth by itself, as in the paper."""
    fine = preset.fine and replace(preset.fine, depth_features=False)
    normals = preset.normals and replace(preset.normals, depth=None, integrate=None, tilt=0.0, hidden_limbs=False)
    coarse = replace(preset.coarse, depth_features=False)
    return replace(preset, normals=normals, coarse=coarse, fine=fine, depth_input=False)


def _depth_maps(preset: Architecture) -> Architecture:
    """The normal networks predict depth maps too, and both levels see them."""
    small = UNetConfig(widths=(8, 16, 24, 32), blocks=(0, 1, 1, 1), first_stride=2, output_stride=8)
    refine = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, output_stride=2)
    normals = _normals(preset)
    normals = replace(normals, depth=DepthConfig(small, refine, size=normals.size // 2))
    coarse = replace(preset.coarse, depth_features=True, depth_head=False)
    return replace(preset, normals=normals, coarse=coarse, depth_input=True)


def _enhancer(preset: Architecture) -> Architecture:
    """The normal networks see the picture at half their size, and an enhancer brings the maps to full size."""
    normals = _normals(preset)
    if not isinstance(normals.network, UNetConfig):
        raise UsageError(f"preset {preset.name} has no U-Net that an enhancer could stand on")
    enhancer = UNetConfig(widths=normals.network.widths[:3], blocks=(0, 1, 1))
    told = replace(normals, global_size=normals.size // 2, enhancer=enhancer, enhancer_features=True)
    return replace(preset, normals=told)


def _no_enhancer(preset: Architecture) -> Architecture:
    """The normal networks see the picture at its full size, in one piece, as in the paper."""
    normals = _normals(preset)
    if not isinstance(normals.network, UNetConfig) or normals.enhancer is None:
        raise UsageError(f"preset {preset.name} has no enhancer to leave out")
    return replace(preset, normals=replace(normals, enhancer=None, enhancer_features=False, global_size=None))


def _told_of_trunk(preset: Architecture, told: bool) -> Architecture:
    normals = _normals(preset)
    if normals.depth is None:
        raise UsageError(f"preset {preset.name} has no depth network")
    return replace(preset, normals=replace(normals, depth=replace(normals.depth, trunk=told)))


def _trunk(preset: Architecture) -> Architecture:
    """The depth network is given the normal U-Net's features too."""
    return _told_of_trunk(preset, True)


def _no_trunk(preset: Architecture) -> Architecture:
    """The depth network sees picture, maps and pose alone."""
    return _told_of_trunk(preset, False)


def _limbs(preset: Architecture) -> Architecture:
    """The normal networks are told the pose that BlazePose sees."""
    return replace(preset, normals=replace(_normals(preset), limbs=True))


def _lifter(preset: Architecture) -> Architecture:
    """That pose is moved to where the joints are thought to be."""
    return replace(preset, normals=replace(_normals(preset), lifter=PoseLifterConfig()))


def _no_lifter(preset: Architecture) -> Architecture:
    """That pose is told as BlazePose has it."""
    return replace(preset, normals=replace(_normals(preset), lifter=None, hidden_limbs=False))


def _hidden_limbs(preset: Architecture) -> Architecture:
    """Limbs that the picture hides are made of the lifted landmarks when used."""
    return replace(preset, normals=replace(_normals(preset), hidden_limbs=True))


def _no_hidden_limbs(preset: Architecture) -> Architecture:
    """The surface is the networks' alone."""
    return replace(preset, normals=replace(_normals(preset), hidden_limbs=False))


def _integration(preset: Architecture) -> Architecture:
    """Depth maps follow the normal maps when used."""
    normals = _normals(preset)
    return replace(preset, normals=replace(normals, integrate=normals.global_size or normals.size))


def _no_integration(preset: Architecture) -> Architecture:
    """Depth maps stay as the depth network gave them."""
    return replace(preset, normals=replace(_normals(preset), integrate=None, tilt=0.0))


def _relief(preset: Architecture) -> Architecture:
    """The finest surface is given the folds of the normal maps when used."""
    return replace(preset, normals=replace(_normals(preset), relief=True))


def _no_relief(preset: Architecture) -> Architecture:
    """The finest surface is the field's alone, as in the paper."""
    return replace(preset, normals=replace(_normals(preset), relief=False))


def _sharp(preset: Architecture) -> Architecture:
    """The folds of the fine level's normal maps are deepened when used."""
    return replace(preset, normals=replace(_normals(preset), sharpen=0.5))


def _no_sharp(preset: Architecture) -> Architecture:
    """The fine level's normal maps are as predicted."""
    return replace(preset, normals=replace(_normals(preset), sharpen=0.0))


def _tilt(preset: Architecture) -> Architecture:
    """The fine level's normal maps take on the broad slopes of the integrated depths when used."""
    return replace(preset, normals=replace(_normals(preset), tilt=0.5))


def _no_tilt(preset: Architecture) -> Architecture:
    """Integrated depths leave the normal maps as they are."""
    return replace(preset, normals=replace(_normals(preset), tilt=0.0))


def _no_limbs(preset: Architecture) -> Architecture:
    """The normal networks see the picture alone, as in the paper."""
    return replace(preset, normals=replace(_normals(preset), limbs=False, lifter=None, hidden_limbs=False))


def _silhouette(preset: Architecture) -> Architecture:
    """Occupancy falls to 0 beyond the person's mask."""
    return replace(preset, within_mask=True)


def _no_silhouette(preset: Architecture) -> Architecture:
    """Occupancy beyond the person's mask is what the levels make of it."""
    return replace(preset, within_mask=False)


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
    "trunk": _trunk,
    "no-trunk": _no_trunk,
    "limbs": _limbs,
    "no-limbs": _no_limbs,
    "lifter": _lifter,
    "no-lifter": _no_lifter,
    "hidden-limbs": _hidden_limbs,
    "no-hidden-limbs": _no_hidden_limbs,
    "integration": _integration,
    "no-integration": _no_integration,
    "relief": _relief,
    "no-relief": _no_relief,
    "sharp": _sharp,
    "no-sharp": _no_sharp,
    "tilt": _tilt,
    "no-tilt": _no_tilt,
    "silhouette": _silhouette,
    "no-silhouette": _no_silhouette,
    "enhancer": _enhancer,
    "no-enhancer": _no_enhancer,
}
"""Each switch by its name; its docstring says which row it makes."""

TABLE_ROWS: tuple[tuple[str, ...], ...] = (
    ("fine-only",),
    ("fine-global",),
    ("single-level",),
    ("joint",),
    (),
)
"""Table 1's five rows as switches: a base preset itself is the last, two levels trained alternately."""


def ablation(base: Architecture, *switches: str) -> Architecture:
    """`base` with the switches applied in order; its name gets them appended."""
    preset = base
    for switch in switches:
        if switch not in SWITCHES:
            raise UsageError(f"no ablation {switch!r}; choose from: {', '.join(SWITCHES)}")
        changed = SWITCHES[switch](preset)
        if changed == preset:
            raise UsageError(f"the switch {switch!r} changes nothing in preset {preset.name}")
        preset = dataclasses.replace(changed, name=f"{preset.name}-{switch}")
    return preset


def preset_named(name: str) -> Architecture:
    """A base preset, or one with switches: 'compact', 'paper-joint-front-normals'. UsageError if there is none."""
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
