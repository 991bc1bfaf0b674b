"""Streaks: lines, steps and pits that the networks' texels and the maps' pixels leave on a surface which has none.

Neighbouring vertices' normals must differ as the smooth surface's own do there; what they differ more is a streak.
"""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lifecast.model.column_field import ColumnField
from lifecast.model.model import Model, Prediction
from lifecast.model.presets import PRESETS
from lifecast.space.field import CallableField
from lifecast.surface.detail.relief import with_relief
from lifecast.surface.extract.surface import Surface, extract_surface
from lifecast.surface.raster import rasterize

TEXELS, RESOLUTION = 32, 160
PIXELS = 96


def streaks(surface: Surface, true: np.ndarray, chosen: np.ndarray) -> float:
    """Root mean square over edges between chosen vertices: degrees that normals turn otherwise than the true ones."""
    a = surface.faces.reshape(-1)
    b = np.roll(surface.faces, -1, axis=1).reshape(-1)
    a, b = a[chosen[a] & chosen[b]], b[chosen[a] & chosen[b]]
    off = surface.normals - true
    return float(np.degrees(np.sqrt(((off[a] - off[b]) ** 2).sum(axis=1).mean())))


def bumps(x: Tensor, y: Tensor) -> Tensor:
    """A smooth front: depth at x and y."""
    return 0.2 * torch.cos(4 * x) * torch.cos(3 * y)


def field_of_bumps(smooth: bool) -> ColumnField:
    """A net whose first feature is the depth of the bumps at each texel, and whose logit is that less the point's."""
    config = dataclasses.replace(PRESETS["tiny"], fine=None)
    last = len(config.coarse.mlp) - 1
    config = dataclasses.replace(config, coarse=dataclasses.replace(config.coarse, skips=(*range(1, last + 1),)))
    model = Model(config)
    for layer in model.coarse.mlp.layers:
        assert isinstance(layer, torch.nn.Linear)
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    channels = config.coarse.map_channels
    weight = model.coarse.mlp.layers[last].weight
    with torch.no_grad():
        weight[0, -channels - 1] = 10.0
        weight[0, -1] = -10.0 / config.depth_scale
    centres = (torch.arange(TEXELS) * 2 + 1) / TEXELS - 1
    features = torch.zeros(1, channels, TEXELS, TEXELS)
    features[0, 0] = bumps(centres[None, :], -centres[:, None])
    return ColumnField(model, Prediction(None, (features,)), smooth=smooth)


def test_the_networks_texels_leave_no_streaks() -> None:
    found = {}
    for smooth in (True, False):
        surface = extract_surface(field_of_bumps(smooth), RESOLUTION)
        x, y, z = torch.from_numpy(surface.vertices).double().unbind(1)
        x.requires_grad_(True)
        y.requires_grad_(True)
        front = bumps(x, y)
        down = torch.autograd.grad(front.sum(), (x, y))
        true = functional.normalize(torch.stack((-down[0], -down[1], torch.ones_like(z)), 1), dim=1).numpy()
        chosen = ((x.abs() < 0.6) & (y.abs() < 0.6) & (z > -0.5)).numpy()
        found[smooth] = streaks(surface, true, chosen)
    assert found[True] < 0.2
    assert found[False] > 3 * found[True]  # what bilinear features leave


def person(points: Tensor, scale: float = 1.0) -> Tensor:
    """Logits (N,) of a smooth person at points (N, 3): legs, arms, trunk, head, blended into each other."""
    parts = []
    for a, b, radius in (
        ((-0.09, 0.0, 0.0), (-0.12, -0.64, 0.0), 0.07), ((0.09, 0.0, 0.0), (0.12, -0.64, 0.0), 0.07),
        ((0.0, 0.05, 0.0), (0.0, 0.3, 0.0), 0.15), ((0.0, 0.35, 0.0), (0.0, 0.62, 0.03), 0.09),
        ((-0.15, 0.36, 0.0), (-0.34, 0.0, 0.05), 0.06), ((0.15, 0.36, 0.0), (0.34, 0.0, 0.05), 0.06),
    ):  # fmt: skip
        start, way = points.new_tensor(a), points.new_tensor(b) - points.new_tensor(a)
        along = ((points - start) @ way / (way @ way)).clamp(0, 1)
        parts.append(radius * scale - (points - start - along[:, None] * way).norm(dim=1))
    return torch.logsumexp(40 * torch.stack(parts), 0)


def smooth_person(scale: float = 1.0) -> Surface:
    """The person's surface with its exact normals."""
    surface = extract_surface(CallableField(lambda points: person(points, scale), logits=True), RESOLUTION)
    points = torch.from_numpy(surface.vertices).double().requires_grad_(True)
    (gradient,) = torch.autograd.grad(person(points, scale).sum(), points)
    return surface._replace(normals=-functional.normalize(gradient, dim=1).float().numpy())


def normal_maps(surface: Surface) -> tuple[Tensor, Tensor]:
    """Front and back normals (3, PIXELS, PIXELS)."""
    points, faces = torch.from_numpy(surface.vertices), torch.from_numpy(surface.faces).long()
    maps = []
    for facing, keep in (("camera", "nearest"), ("away", "farthest")):
        seen = rasterize(points, faces, PIXELS, facing=facing, keep=keep)  # type: ignore[arg-type]
        normals = torch.zeros(PIXELS, PIXELS, 3)
        normals[seen.covered] = functional.normalize(seen.interpolate(faces, torch.from_numpy(surface.normals)), dim=1)
        maps.append(normals.permute(2, 0, 1))
    return maps[0], maps[1]


@pytest.mark.parametrize("scale", [1.0, 1.05])
def test_relief_leaves_no_streaks_on_a_smooth_person(scale: float) -> None:
    """Not at the outline either, where maps of a person who is a little wider contradict the surface."""
    smooth = smooth_person()
    found = with_relief(smooth, *normal_maps(smooth_person(scale)))
    assert streaks(found, smooth.normals, np.ones(len(smooth.vertices), bool)) < 0.5
    sides = np.abs(smooth.normals[:, 2]) < 0.4
    assert sides.mean() > 0.2
    assert streaks(found, smooth.normals, sides) < 0.5
