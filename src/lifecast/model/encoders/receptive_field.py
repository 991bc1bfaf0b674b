"""How many image pixels one texel of a convolutional network's output depends on, found without computing.

The network runs once on the meta device (shapes only, no memory); every convolution, pooling and resizing on the way
widens the field of its input. Norms depend on the whole image through their two statistics; that is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from lifecast.errors import UsageError

CUBIC_TAPS, LINEAR_TAPS = 4, 2


class Field(NamedTuple):
    """What one texel depends on along one axis."""

    pixels: float
    """Image pixels, first to last."""
    jump: float
    """Image pixels between neighbouring texels."""

    def through(self, taps: float, scale: float) -> Field:
        """Extend the field by an operation on `taps` neighbours.

        Its output has `scale` times as many texels.
        """
        return Field(self.pixels + (taps - 1) * self.jump, self.jump / scale)


def _pair(value: Any) -> int:
    """The last of a per-axis setting."""
    return int(value[-1] if isinstance(value, Sequence) else value)


def _taps_and_scale(
    function: Callable[..., Any], given: Tensor, result: Tensor, args: Any, kwargs: Any
) -> tuple[float, float]:
    """How many neighbours `function` reads along an axis, and by how much it enlarges."""
    scale = result.shape[-1] / given.shape[-1]
    if function in (torch.conv2d, functional.conv2d):
        dilation = _pair(args[5]) if len(args) > 5 else _pair(kwargs.get("dilation", 1))
        return (args[1].shape[-1] - 1) * dilation + 1, 1 / (_pair(args[3]) if len(args) > 3 else 1)
    if function in (torch.conv_transpose2d, functional.conv_transpose2d):
        stride = _pair(args[3])
        return math.ceil(args[1].shape[-1] / stride), stride
    if function in (functional.avg_pool2d, functional.max_pool2d, torch.max_pool2d):
        return _pair(args[1]), scale
    if function in (functional.pixel_shuffle, torch.pixel_shuffle):
        return 1, scale
    if function is functional.interpolate:
        taps = CUBIC_TAPS if kwargs.get("mode") == "bicubic" else LINEAR_TAPS
        return (taps / scale if scale < 1 else taps), scale
    return 1, 1


class _Propagation(TorchFunctionMode):
    """Carries a `Field` from each operation's inputs to its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[int, Field] = {}
        self.alive: list[Tensor] = []  # keeps ids from being used again

    def mark(self, tensor: Tensor, field: Field) -> None:
        """Record what the texels of `tensor` depend on."""
        self.fields[id(tensor)] = field
        self.alive.append(tensor)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        flat: list[Any] = []
        for arg in args:
            flat += arg if isinstance(arg, (list, tuple)) else [arg]
        fields = [(tensor, self.fields[id(tensor)]) for tensor in flat if id(tensor) in self.fields]
        if not fields or not isinstance(result, Tensor) or result.ndim != 4:
            return result
        if len({field.jump for _, field in fields}) > 1:
            raise UsageError(f"maps of different strides meet in {func}")
        given, field = max(fields, key=lambda pair: pair[1].pixels)
        self.mark(result, field.through(*_taps_and_scale(func, given, result, args, kwargs)))
        return result


def receptive_field(network: nn.Module, channels: int, size: int) -> int:
    """Compute the receptive field: pixels, along one axis, of one output texel.

    The texel is of the last output, if there are several. network: takes (1, channels, size, size), gives a map or a
    list of maps. Its parameters may be on any device; it is moved to the meta device, so hand over a network built
    there.
    """
    propagation = _Propagation()
    network = network.to("meta")
    image = torch.empty(1, channels, size, size, device="meta")
    propagation.mark(image, Field(1, 1))
    with torch.no_grad(), propagation:
        output = network(image)
    last = output[-1] if isinstance(output, list) else output
    return round(propagation.fields[id(last)].pixels)
