"""The weights of the authors' released model in our networks: their names, their order, their architecture.

The file is data: names and shapes of its tensors, and a few plain options. `official_state` gives a model's weights
under these names (764 for the full size, 8 of them second names of the same tensor), in the file's order;
`architecture_of_state` reads the architecture off the shapes; `model_state` is the way back.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from lifecast.errors import CheckpointError, UsageError
from lifecast.model.config import Architecture, LevelConfig, MapsConfig
from lifecast.model.encoders.config import GeneratorConfig, HourglassConfig
from lifecast.model.encoders.generator import GlobalGenerator
from lifecast.model.encoders.hourglass import HourglassEncoder, ResidualUnit, Stack
from lifecast.model.mlp import PixelAlignedMLP
from lifecast.model.model import Model
from lifecast.model.occupancy import OccupancyNet
from lifecast.model.presets import PIFUHD

LICENCE = "CC BY-NC 4.0"
PROVENANCE = "the PIFuHD authors' released checkpoint (Saito et al., CVPR 2020), Facebook, Inc. and its affiliates"

NORMAL_INPUTS: dict[int, Literal["none", "front", "both"]] = {3: "none", 6: "front", 9: "both"}
"""Which normal maps are inputs of the encoders, by their input channels."""

Names = Iterator[tuple[str, str]]
"""Pairs of the released file's name and ours, in the file's order; a second name of a tensor follows the first."""


def _both(official: str, ours: str, bias: bool = True) -> Names:
    yield f"{official}.weight", f"{ours}.weight"
    if bias:
        yield f"{official}.bias", f"{ours}.bias"


def _unit_names(unit: ResidualUnit, official: str, ours: str) -> Names:
    for index in (1, 2, 3):
        yield from _both(f"{official}.conv{index}", f"{ours}.conv{index}", bias=False)
    for index in (1, 2, 3):
        yield from _both(f"{official}.bn{index}", f"{ours}.norm{index}")
    yield from _both(f"{official}.bn4", f"{ours}.shortcut_norm")
    if unit.shortcut is not None:
        yield from _both(f"{official}.downsample.0", f"{ours}.shortcut_norm")
        yield from _both(f"{official}.downsample.2", f"{ours}.shortcut", bias=False)


def _hourglass_names(hourglass: Any, depth: int, official: str, ours: str) -> Names:
    """The number in the file's names is the remaining depth: the outermost is the largest."""
    yield from _unit_names(hourglass.upper, f"{official}.b1_{depth}", f"{ours}.upper")
    yield from _unit_names(hourglass.descend, f"{official}.b2_{depth}", f"{ours}.descend")
    if depth > 1:
        yield from _hourglass_names(hourglass.inner, depth - 1, official, f"{ours}.inner")
    else:
        yield from _unit_names(hourglass.inner, f"{official}.b2_plus_1", f"{ours}.inner")
    yield from _unit_names(hourglass.ascend, f"{official}.b3_{depth}", f"{ours}.ascend")


def _encoder_names(encoder: HourglassEncoder, official: str, ours: str) -> Names:
    yield from _both(f"{official}.conv1", f"{ours}.stem")
    yield from _both(f"{official}.bn1", f"{ours}.stem_norm")
    yield from _unit_names(encoder.unit1, f"{official}.conv2", f"{ours}.unit1")
    yield from _unit_names(encoder.unit2, f"{official}.conv3", f"{ours}.unit2")
    yield from _unit_names(encoder.unit3, f"{official}.conv4", f"{ours}.unit3")
    for index, stack in enumerate(encoder.stacks):
        assert isinstance(stack, Stack)
        inside = f"{ours}.stacks.{index}"
        yield from _hourglass_names(
            stack.hourglass, encoder.config.depth, f"{official}.m{index}", f"{inside}.hourglass"
        )
        yield from _unit_names(stack.top, f"{official}.top_m_{index}", f"{inside}.top")
        yield from _both(f"{official}.conv_last{index}", f"{inside}.end")
        yield from _both(f"{official}.bn_end{index}", f"{inside}.end_norm")
        yield from _both(f"{official}.l{index}", f"{inside}.feature")
        if stack.onward is not None:
            yield from _both(f"{official}.bl{index}", f"{inside}.onward")
            yield from _both(f"{official}.al{index}", f"{inside}.feature_onward")


def _mlp_names(mlp: PixelAlignedMLP, official: str, ours: str) -> Names:
    for index in range(len(mlp.layers)):
        yield from _both(f"{official}.filters.{index}", f"{ours}.layers.{index}")


def _generator_names(generator: GlobalGenerator, official: str, ours: str) -> Names:
    """One flat list of layers in the file: padding, convolution, norm, ReLU are counted alike."""
    layer = 1
    yield from _both(f"{official}.model.{layer}", f"{ours}.stem")
    for index in range(len(generator.down)):
        layer += 3
        yield from _both(f"{official}.model.{layer}", f"{ours}.down.{index}")
    layer += 3
    for index in range(len(generator.blocks)):
        yield from _both(f"{official}.model.{layer}.conv_block.1", f"{ours}.blocks.{index}.conv1")
        yield from _both(f"{official}.model.{layer}.conv_block.5", f"{ours}.blocks.{index}.conv2")
        layer += 1
    for index in range(len(generator.up)):
        yield from _both(f"{official}.model.{layer}", f"{ours}.up.{index}")
        layer += 3
    yield from _both(f"{official}.model.{layer + 1}", f"{ours}.head")


def _net_names(net: OccupancyNet, official: str, ours: str) -> Names:
    if not isinstance(net.encoder, HourglassEncoder):
        raise UsageError(f"{net.architecture.name} has no hourglass encoders: the released format cannot hold it")
    yield from _encoder_names(net.encoder, f"{official}image_filter", f"{ours}.encoder")
    yield from _mlp_names(net.mlp, f"{official}mlp", f"{ours}.mlp")


def official_names(model: Model) -> list[tuple[str, str]]:
    """List (the released file's name, ours) of every weight.

    They are in that file's order, second names included. UsageError where the model has parts that the released format
    has no names for.
    """
    if model.fine is None or model.normals is None or model.normals.front is None or model.normals.back is None:
        raise UsageError(f"{model.architecture.name} lacks a part of the released model: fine net or generators")
    names = [*_net_names(model.fine, "", "fine"), *_net_names(model.coarse, "netG.", "coarse")]
    names += _generator_names(model.normals.front, "netG.netF", "normals.front")
    names += _generator_names(model.normals.back, "netG.netB", "normals.back")
    return names


def _official_shape(name: str, tensor: Tensor) -> Tensor:
    """Our linear layers are 1x1 convolutions there: (out, in) -> (out, in, 1)."""
    return tensor.unsqueeze(2) if "mlp.filters." in name and tensor.ndim == 2 else tensor


def official_state(model: Model) -> dict[str, Tensor]:
    """Rename the model's weights to the released names, in their order.

    Second names share the tensor.
    """
    state = model.state_dict()
    return {official: _official_shape(official, state[ours]) for official, ours in official_names(model)}


def _one(state: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    if name not in state:
        raise CheckpointError(f"not the released two-level network: it has no {name}")
    return tuple(state[name].shape)


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """One more than the largest number that `pattern`'s group takes among the names (0 without any)."""
    return max((int(found[1]) + 1 for name in state if (found := re.match(pattern, name))), default=0)


def _mlp_of_state(state: Mapping[str, Tensor], prefix: str) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Input width, layer widths and skips of an MLP, off its weights' shapes."""
    count = _count(state, rf"{re.escape(prefix)}\.filters\.(\d+)\.weight$")
    shapes = [_one(state, f"{prefix}.filters.{index}.weight") for index in range(max(count, 1))]
    inputs = shapes[0][1]
    widths = tuple(shape[0] for shape in shapes)
    skips = []
    for index in range(1, count):
        extra = shapes[index][1] - widths[index - 1]
        if extra not in (0, inputs):
            raise CheckpointError(
                f"{prefix}.filters.{index}.weight takes {shapes[index][1]} values: neither the {widths[index - 1]} "
                f"of the layer before nor these with the {inputs} of the input again"
            )
        if extra:
            skips.append(index)
    return inputs, widths, tuple(skips)


def _encoder_of_state(state: Mapping[str, Tensor], prefix: str, pooled: bool) -> tuple[HourglassConfig, int, int]:
    """Hourglass architecture, input channels and features, off the weights' shapes."""
    escaped = re.escape(prefix)
    encoder = HourglassConfig(
        stacks=_count(state, rf"{escaped}\.m(\d+)\."),
        depth=_count(state, rf"{escaped}\.m0\.b1_(\d+)\.") - 1,
        pooled=pooled,
        width=_one(state, f"{prefix}.conv4.downsample.2.weight")[0],
        stem=_one(state, f"{prefix}.conv1.weight")[0],
    )
    return encoder, _one(state, f"{prefix}.conv1.weight")[1], _one(state, f"{prefix}.l0.weight")[0]


def _generator_of_state(state: Mapping[str, Tensor], prefix: str) -> GeneratorConfig:
    """Generator architecture: every third layer from the 4th on is a downsampling, until the residual blocks begin."""
    filters = _one(state, f"{prefix}.model.1.weight")[0]
    downsamplings = 0
    while f"{prefix}.model.{4 + 3 * downsamplings}.weight" in state:
        downsamplings += 1
    first = 4 + 3 * downsamplings
    last = _count(state, rf"{re.escape(prefix)}\.model\.(\d+)\.conv_block\.")
    return GeneratorConfig(filters=filters, downsamplings=downsamplings, blocks=max(0, last - first))


def architecture_of_state(
    state: Mapping[str, Tensor],
    image_sizes: tuple[int, int] = (PIFUHD.coarse.image_size, PIFUHD.image_size),
    depth_scale: float = PIFUHD.depth_scale,
    embedding_layer: int = 2,
) -> Architecture:
    """Read the architecture off the shapes of weights under the released names.

    `image_sizes` (of the coarse and of the fine net), `depth_scale` and `embedding_layer` do not follow from shapes.
    CheckpointError where a part is missing or fits no such network.
    """
    if norms := [name for name in state if "mlp.norms" in name]:
        raise CheckpointError(
            f"its MLPs have group norms ({norms[0]} and {len(norms) - 1} more), which the released model has not "
            "and this converter does not support"
        )
    try:
        coarse, channels, coarse_features = _encoder_of_state(state, "netG.image_filter", pooled=True)
        fine, _, fine_features = _encoder_of_state(state, "image_filter", pooled=False)
        _, coarse_mlp, coarse_skips = _mlp_of_state(state, "netG.mlp")
        _, fine_mlp, fine_skips = _mlp_of_state(state, "mlp")
        if channels not in NORMAL_INPUTS:
            raise CheckpointError(f"netG.image_filter.conv1.weight takes {channels} channels, not 3, 6 or 9")
        return dataclasses.replace(
            PIFUHD,
            maps=MapsConfig(_generator_of_state(state, "netG.netF"), size=image_sizes[0]),
            normal_inputs=NORMAL_INPUTS[channels],
            coarse=LevelConfig(
                image_sizes[0], coarse, coarse_features, coarse_mlp, coarse_skips, embedding_layer=embedding_layer
            ),
            fine=LevelConfig(image_sizes[1], fine, fine_features, fine_mlp, fine_skips, condition="embedding"),
            depth_scale=depth_scale,
        )
    except (UsageError, IndexError) as error:
        raise CheckpointError(f"not the released two-level network: {error}") from error


def model_state(state: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Tensor]:
    """Rename released weights to the state dict of `Model(architecture)`.

    No weight is copied. CheckpointError where a weight is missing, superfluous, of another shape or kind, or where the
    two names of one tensor disagree.
    """
    with torch.device("meta"):
        model = Model(architecture)
    wanted = official_state(model)
    problems = [f"{name} is missing" for name in wanted if name not in state]
    problems += [f"{name} is not part of it" for name in state if name not in wanted]
    for name in wanted:
        if name in state and state[name].shape != wanted[name].shape:
            problems.append(f"{name} has shape {tuple(state[name].shape)}, not {tuple(wanted[name].shape)}")
        elif name in state and not state[name].is_floating_point():
            problems.append(f"{name} is {state[name].dtype}, not floating point")
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(f"not the released two-level network: {'; '.join(problems[:3])}{more}")
    shapes = {name: parameter.shape for name, parameter in model.state_dict().items()}
    found: dict[str, Tensor] = {}
    for official, name in official_names(model):
        if name not in found:
            found[name] = state[official].reshape(shapes[name])
        elif not torch.equal(found[name], state[official].reshape(shapes[name])):
            raise CheckpointError(f"{official} differs from the weight that it is a second name of")
    return {name: found[name] for name in shapes}
