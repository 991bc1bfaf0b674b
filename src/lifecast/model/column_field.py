"""Nets as a field that is queried fast: what depends on the image alone is computed once.

All points on one line of sight share their image features, and so they share what the first layer and the skip
layers of an MLP make of these: a linear map, which commutes with bilinear interpolation. It is therefore applied
once to every texel of the feature map. A point then starts from the bilinear blend of four rows of that table (or a
cubic spline of sixteen) plus its depth times one more row, gathered by `embedding_bag` in a single pass (four rows of
1280 channels: 1 microsecond a point on one core), and no line of sight has to be found again between batches.

What is left of the paper's two MLPs is 1.08 of 1.46 million multiplications a point: the coarse layers after its
embedding are never run (the fine net does not need them), and the three products of the embedding are one.

Mind the allocator: glibc gives blocks above 32 MB back to the system when they are freed, and the next chunk faults
every page in again, which costs five times the pass that fills them. Chunks are kept small enough never to reach that.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifecast.model.mlp import LEAKY_SLOPE, PixelAlignedMLP
from lifecast.model.model import Model, Prediction
from lifecast.model.occupancy import OccupancyNet
from lifecast.model.pixel_aligned import inside_box, texel_grid
from lifecast.space.field import OUTSIDE_LOGIT
from lifecast.space.spline import framed, spline_coefficients, spline_taps

CHUNK_BYTES = 12 << 20
"""The widest activation of one chunk."""

TABLE_BYTES = 384 << 20
"""A feature map whose table would be larger is sampled first and multiplied a point at a time."""


class Taps:
    """The texels around each point and their weights, on maps of one size.

    Bilinear ones are four, and the result equals `lifecast.model.pixel_aligned.sample_features`: same grid, same
    padding. Smooth ones are sixteen, of a cubic spline, and belong to a table of its coefficients (`space.spline`); at
    texels' centres both give the texel.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        align_corners: bool,
        padding: Literal["zeros", "border"],
        smooth: bool = False,
    ) -> None:
        self.height, self.width = size
        self.align_corners = align_corners
        self.padding = padding
        self.smooth = smooth

    def rows(self, maps: Tensor) -> Tensor:
        """Make a table (R, C) of maps (C, height, width).

        A row is a texel, or a coefficient of the splines.
        """
        return (spline_coefficients(maps) if self.smooth else maps).flatten(1).T

    def __call__(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """View points (N, 3) -> rows (N, 4 or 16) int64 of the table (R, C), weights (N, 4 or 16).

        Texels outside the map have row R, where zero padding is wanted.
        """
        grid = texel_grid(points[None], self.height, self.width, align_corners=self.align_corners)[0]  # (N, 2)
        size = grid.new_tensor([self.width, self.height])
        place = (grid + 1) / 2 * (size - 1) if self.align_corners else ((grid + 1) * size - 1) / 2
        inside = torch.minimum(place.clamp_min(0), size - 1)
        if self.smooth:
            taps, weights = spline_taps(inside, (self.height, self.width))
            if self.padding == "zeros":
                # Beyond the outermost centres the map falls to 0 within a texel, as bilinear taps let it.
                weights = weights * (1 - (place - inside).abs()).clamp_min(0).prod(-1, keepdim=True)
            return taps, weights
        if self.padding == "border":
            place = inside
        low = place.floor()
        share = place - low  # (N, 2)
        column, row = low.long().unbind(-1)
        columns = torch.stack((column, column + 1, column, column + 1), dim=-1)  # (N, 4)
        rows = torch.stack((row, row, row + 1, row + 1), dim=-1)
        across, down = share[:, :1], share[:, 1:]  # (N, 1)
        weights = torch.cat(
            ((1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down), dim=-1
        )
        taps = rows * self.width + columns
        absent = (columns < 0) | (columns >= self.width) | (rows < 0) | (rows >= self.height)
        return taps.masked_fill(absent, self.height * self.width), weights


class SplitMLP:
    """A `PixelAlignedMLP` taken apart.

    Each layer's output is a sum of two shares: of the MLP's input, and of the running value.

    Parameters
    ----------
    mlp: the network.
    last: the layer to stop after; its activation (or, for the last one, the logit) is the result.
    """

    def __init__(self, mlp: PixelAlignedMLP, last: int) -> None:
        layers: list[nn.Linear] = [layer for layer in mlp.layers if isinstance(layer, nn.Linear)][: last + 1]
        self.ends_in_logit = last == len(mlp.layers) - 1
        self.running: list[Tensor] = []
        """For each layer, (running width, width), transposed weights; none (0, width) for the first."""
        self.slices: list[slice | None] = []
        """For each layer, its columns of `input_weights`; None for a layer without the input."""
        self.biases: list[Tensor] = []
        self.widths = [layer.out_features for layer in layers]
        from_input: list[Tensor] = []
        start = 0
        for index, layer in enumerate(layers):
            weight = layer.weight.detach().float()
            own = weight.shape[1] if index == 0 else weight.shape[1] - self.widths[index - 1]
            self.running.append(weight[:, : weight.shape[1] - own].T.contiguous())
            self.biases.append(layer.bias.detach().float())
            if own:
                from_input.append(weight[:, weight.shape[1] - own :])
                self.slices.append(slice(start, start + self.widths[index]))
                start += self.widths[index]
            else:
                self.slices.append(None)
        self.input_weights = torch.cat(from_input).T.contiguous()
        """(inputs, sum of the widths of the layers with the input)."""
        self.input_biases = torch.cat(
            [bias for bias, columns in zip(self.biases, self.slices, strict=True) if columns is not None]
        )
        """Their biases (same sum), for whoever computes their share."""

    def __call__(self, share: Tensor) -> Tensor:
        """The layers on the input's share (N, sum of widths), which is overwritten -> (N, width of the last)."""
        running = share
        last = len(self.widths) - 1
        for index, (columns, weight) in enumerate(zip(self.slices, self.running, strict=True)):
            if columns is None:
                running = torch.addmm(self.biases[index], running, weight)
            elif index == 0:
                running = share[:, columns]
            else:
                running = share[:, columns].addmm_(running, weight)
            if index != last or not self.ends_in_logit:
                functional.leaky_relu_(running, LEAKY_SLOPE)
        return running


class TableShare:
    """The share of (features, depth), from a table of one row a texel.

    Depth is linear, so it is one more row.
    """

    def __init__(self, mlp: SplitMLP, features: Tensor, taps: Taps, depth_scale: float) -> None:
        channels = len(features)
        weights = mlp.input_weights  # (channels + 1, width)
        self.taps = taps
        self.width = weights.shape[1]
        flat = taps.rows(features.detach()).to(weights.dtype)
        texels = len(flat)
        self.table = torch.empty(texels + 2, self.width, dtype=weights.dtype, device=weights.device)
        torch.addmm(mlp.input_biases, flat, weights[:channels], out=self.table[:texels])
        self.table[texels] = mlp.input_biases  # features of zero, outside the map
        self.table[texels + 1] = weights[channels] * depth_scale

    def __call__(self, points: Tensor, embedding: Tensor | None) -> Tensor:
        """Points (N, 3) -> (N, width)."""
        rows, weights = self.taps(points)
        rows = functional.pad(rows, (0, 1), value=len(self.table) - 1)  # (N, 5)
        weights = torch.cat((weights, points[:, 2:]), dim=-1).to(self.table.dtype)
        return functional.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weights)


class SampledShare:
    """The share of features with embedding, depth or both, by one product.

    The product is with the point's whole input.
    """

    def __init__(
        self, mlp: SplitMLP, features: Tensor, taps: Taps, depth_scale: float, depth_conditioned: bool
    ) -> None:
        channels = len(features)
        self.taps = taps
        self.weights, self.biases = mlp.input_weights, mlp.input_biases
        self.inputs, self.width = self.weights.shape
        self.channels = channels
        self.depth_scale, self.depth_conditioned = depth_scale, depth_conditioned
        flat = taps.rows(features.detach())
        self.table = torch.zeros(len(flat) + 1, channels, dtype=self.weights.dtype, device=self.weights.device)
        self.table[:-1] = flat

    def __call__(self, points: Tensor, embedding: Tensor | None) -> Tensor:
        """Points (N, 3), embedding (N, E) or None for a net without -> (N, width)."""
        rows, weights = self.taps(points)
        features = functional.embedding_bag(
            rows, self.table, mode="sum", per_sample_weights=weights.to(self.table.dtype)
        )
        parts = [features] if embedding is None else [features, embedding]
        if self.depth_conditioned:
            parts.append(points[:, 2:].to(features) * self.depth_scale)
        joined = torch.cat(parts, dim=-1)  # (N, inputs)
        return torch.addmm(self.biases, joined, self.weights)


class SampledMap:
    """A map of one channel (1, h, w), sampled as feature maps are."""

    def __init__(
        self, values: Tensor, *, align_corners: bool, padding: Literal["zeros", "border"], smooth: bool = False
    ) -> None:
        size = (values.shape[1], values.shape[2])
        self.taps = Taps(size, align_corners=align_corners, padding=padding, smooth=smooth)
        # A spline through the values would overshoot where they turn; with the values as coefficients it does not.
        held = values.detach().float()
        self.table = functional.pad((framed(held) if smooth else held).reshape(-1), (0, 1))  # (R + 1,)

    def __call__(self, points: Tensor) -> Tensor:
        """Points (N, 3) -> (N,)."""
        rows, weights = self.taps(points)
        return (self.table[rows] * weights).sum(-1)


class ColumnField:
    """One picture's features under a model's MLPs, as a `lifecast.space.field.Field`.

    Equals `Model.occupancy` within float32's rounding, unless it is smooth; what the architecture puts outside of its
    box is -12.

    Parameters
    ----------
    model: its MLPs are copied, in float32; features in half precision are fine.
    prediction: what `model` computed; without fine features the coarse net alone is queried.
    bound: (B, 1, s, s), what is added to logits along each line of sight (`model.silhouette`).
    index: which image of the batch.
    smooth: read features and bound by cubic splines. Bilinear features have a crease at every texel, and so has a
        surface of them.
    """

    def __init__(
        self,
        model: Model,
        prediction: Prediction,
        bound: Tensor | None = None,
        index: int = 0,
        *,
        smooth: bool = False,
    ) -> None:
        architecture = model.architecture
        align_corners, padding = architecture.align_corners, architecture.padding
        self.mask_box = architecture.mask_box
        self._device = prediction.coarse_features.device
        fine = model.fine if prediction.fine_features is not None else None
        self.mask_axes = 3 if fine is None else 2
        parts: list[tuple[OccupancyNet, Tensor, int]] = []
        if fine is None or prediction.fine_features is None:
            parts.append((model.coarse, prediction.coarse_features[index], len(architecture.coarse.mlp) - 1))
        else:
            if fine.config.condition == "embedding":
                assert architecture.coarse.embedding_layer is not None, "an architecture refuses such a fine net"
                parts.append((model.coarse, prediction.coarse_features[index], architecture.coarse.embedding_layer))
            parts.append((fine, prediction.fine_features[index], len(fine.config.mlp) - 1))
        self.stages: list[tuple[TableShare | SampledShare, SplitMLP]] = []
        for net, features, last in parts:
            mlp = SplitMLP(net.mlp, last)
            taps = Taps(
                (features.shape[1], features.shape[2]),
                align_corners=align_corners,
                padding=padding,
                smooth=smooth,
            )
            table_bytes = features[0].numel() * mlp.input_weights.shape[1] * 4
            share: TableShare | SampledShare
            if net.config.condition == "depth" and table_bytes <= TABLE_BYTES:
                share = TableShare(mlp, features, taps, architecture.depth_scale)
            else:
                share = SampledShare(mlp, features, taps, architecture.depth_scale, net.config.depth_conditioned)
            self.stages.append((share, mlp))
        self.bound: SampledMap | None = None
        if bound is not None:
            self.bound = SampledMap(bound[index], align_corners=align_corners, padding=padding, smooth=smooth)
        self.chunk = max(256, CHUNK_BYTES // (4 * max(share.width for share, _ in self.stages)))

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._device

    @torch.inference_mode()
    def logits(self, points: Tensor) -> Tensor:
        """Compute logits (N,) float32 at view-space points (N, 3)."""
        logits = torch.empty(len(points), device=self._device)
        for part, found in zip(torch.split(points, self.chunk), torch.split(logits, self.chunk), strict=True):
            value: Tensor | None = None
            for share, mlp in self.stages:
                value = mlp(share(part, value))
            assert value is not None
            found.copy_(value.squeeze(-1))
            if self.bound is not None:
                found += self.bound(part)
            if self.mask_box:
                found.masked_fill_(~inside_box(part, self.mask_axes), OUTSIDE_LOGIT)
        return logits

    def occupancy(self, points: Tensor) -> Tensor:
        """Compute the occupancy (N,) in [0, 1] at view-space points (N, 3)."""
        return torch.sigmoid(self.logits(points))
