"""A texture for a surface: the photograph at its own resolution, vertex colours elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from lifecast.space.resizing import resize_image
from lifecast.surface.colour.colour_surface import SurfaceColours
from lifecast.surface.colour.photograph import Photograph, mesh_outline, prepare_photograph
from lifecast.surface.output.charts import CHART_CUTTING, ChartCutting, Charts, cut_charts
from lifecast.surface.output.normal_texture import (
    Folds,
    close_normals,
    encoded,
    folded_normals,
    map_trust,
    tangents,
    unit,
)
from lifecast.surface.raster import Raster, rasterize


class Textured(NamedTuple):
    """A surface cut along its charts' seams, and its texture."""

    vertex: np.ndarray
    """(W,) int64: which of the surface's vertices each vertex of the textured mesh is; `vertices[vertex]` and
    `normals[vertex]` are the textured mesh's own."""
    faces: np.ndarray
    """(F, 3) int32 into the W vertices."""
    uv: np.ndarray
    """(W, 2) float32 in [0, 1], origin at the lower left."""
    texture: np.ndarray
    """(T, T, 3) uint8 sRGB."""
    normal_texture: np.ndarray | None = None
    """(T / 2, T / 2, 3) uint8 (`normal_texture`), where normal maps were given; (T, T, 3) with close-ups."""


def bake_texture(
    vertices: np.ndarray,
    faces: np.ndarray,
    coloured: SurfaceColours,
    image: np.ndarray,
    mask: np.ndarray | None = None,
    size: int = 2048,
    constants: ChartCutting = CHART_CUTTING,
    folds: Folds | None = None,
) -> Textured:
    """Cut a surface into charts and paint them.

    vertices: (V, 3) float32 view space, faces: (F, 3); coloured: what `colour_surface` made of them and of the same
    image (S, S, 3) uint8 and mask (S, S) or None. size: texels of the square texture's side. folds: what a normal
    texture is made of; None: there is none.
    """
    vertices = np.asarray(vertices, np.float32)
    charts = cut_charts(vertices, faces, constants)
    if mask is None:
        mask = mesh_outline(vertices, faces, image.shape[0])
    photo = prepare_photograph(image, mask)
    flat = np.concatenate([charts.uv * 2 - 1, np.zeros((len(charts.uv), 1), np.float32)], 1)
    corners = torch.tensor(charts.faces).long()
    raster = rasterize(torch.tensor(flat), corners, size, facing="both")
    # NumPy and PyTorch work outside of the interpreter's lock: colours and folds are drawn beside each other.
    with ThreadPoolExecutor(1) as beside:
        drawn = None
        if folds is not None:
            drawn = beside.submit(fold_texture, raster, flat, corners, vertices, charts, folds)
        texels = paint_texels(
            raster, corners, vertices[charts.vertex], coloured.colours[charts.vertex], coloured.trust[charts.vertex],
            photo,
        )  # fmt: skip
        texture = np.zeros((size, size, 4), np.float32)
        covered = raster.covered.numpy()
        texture[covered, :3] = texels
        texture[covered, 3] = 1
        filled = fill_gaps(texture)
        fine = None if drawn is None else drawn.result()
    return Textured(charts.vertex, charts.faces, charts.uv, filled, fine)


def fold_texture(
    raster: Raster, flat: np.ndarray, faces: torch.Tensor, vertices: np.ndarray, charts: Charts, folds: Folds
) -> np.ndarray:
    """Draw the normal texture: (T / 2, T / 2, 3) uint8, (T, T, 3) with close-ups.

    The maps of a whole person have fewer pixels than half of the colours' texels. Close-ups have more, so the triangles
    that they show are drawn once more, at full size, into the enlarged texture. raster: (T, T) of the charts; flat:
    (W, 3) their corners; vertices: (V, 3) view space, which the charts were cut of.
    """
    size = len(raster.face)
    frames = frames_of(vertices, charts, folds)
    half = rasterize(torch.tensor(flat), faces, size // 2, facing="both")
    canvas = np.zeros((size // 2, size // 2, 4), np.float32)
    inside = half.covered
    canvas[inside.numpy(), :3] = fold_texels(half, inside, faces, frames, folds)
    canvas[inside.numpy(), 3] = 1
    coarse = fill_gaps(canvas)
    if not folds.close_ups:
        return coarse
    enlarged = resize_image(torch.from_numpy(coarse).permute(2, 0, 1)[None].float(), size)
    fine: np.ndarray = enlarged[0].permute(1, 2, 0).round().byte().numpy()
    squares = [np.abs(one.square.to_square(frames.points)[:, :2]).max(1) for one in folds.close_ups]
    close = np.min(squares, 0) < 1  # (W,)
    seen = torch.from_numpy(close)[faces].any(1)  # (F,)
    inside = raster.covered & seen[raster.face]
    fine[inside.numpy()] = fold_texels(raster, inside, faces, frames, folds)
    return fine


class Frames(NamedTuple):
    """What a normal texture needs of each of the W vertices of the charts."""

    points: np.ndarray
    """(W, 3) view space."""
    normals: np.ndarray
    """(W, 3) unit."""
    tangent: np.ndarray
    """(W, 3)."""
    sign: np.ndarray
    """(W,) of the bitangent."""
    trust: np.ndarray
    """(W, 2) of front map and back map, in [0, 1]."""


def frames_of(vertices: np.ndarray, charts: Charts, folds: Folds) -> Frames:
    """Compute tangent frames and trust of the charts' vertices; vertices: (V, 3) view space."""
    trust = map_trust(vertices, charts.vertex[charts.faces], folds.normals, len(folds.front), folds.constants)
    points, normals = vertices[charts.vertex], folds.normals[charts.vertex]
    tangent, sign = tangents(points, charts.faces, charts.uv, normals)
    return Frames(points, normals, tangent, sign, trust[charts.vertex])


def fold_texels(raster: Raster, inside: torch.Tensor, faces: torch.Tensor, frames: Frames, folds: Folds) -> np.ndarray:
    """Draw those N of the raster's covered texels that are `inside` (T, T) bool: (N, 3) uint8."""
    corners, weights = faces[raster.face[inside]].numpy(), raster.weights[inside].numpy()  # (N, 3) each
    points, normals, tangent, sign, believed = (
        blend(corners, weights, values if values.ndim == 2 else values[:, None]) for values in frames
    )
    across = unit(normals, normals)
    wanted = folded_normals(points, across, believed, folds.front, folds.back)
    for close_up in folds.close_ups:
        wanted = close_normals(points, wanted, believed, close_up)
    return encoded(wanted, normals, tangent, sign[:, 0], folds.constants.steepest)


def paint_texels(
    raster: Raster, faces: torch.Tensor, vertices: np.ndarray, colours: np.ndarray, trust: np.ndarray, photo: Photograph
) -> np.ndarray:
    """Paint the raster's N covered texels: colours (N, 3) float32.

    Photograph and vertex colours are mixed by the trust.
    """
    hit = raster.covered
    corners = faces[raster.face[hit]].numpy()  # (N, 3)
    weights = raster.weights[hit].numpy()  # (N, 3)
    share = np.einsum("nk,nk->n", weights, trust[corners])
    result = np.empty((len(share), 3), np.float32)
    plain = share < 0.999
    result[plain] = blend(corners[plain], weights[plain], colours.astype(np.float32))
    visible = share > 0.001
    own = photo.sample(blend(corners[visible], weights[visible], vertices[:, :2]))
    mix = np.where(share[visible] > 0.999, 1, share[visible])[:, None]
    result[visible] = np.where(mix == 1, own, mix * own + (1 - mix) * result[visible])
    return result


def blend(corners: np.ndarray, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average values (V, C) at corners (N, 3) by barycentric weights (N, 3): (N, C) float32."""
    result: np.ndarray = weights[:, :1] * values[corners[:, 0]]
    for k in (1, 2):
        result += weights[:, k : k + 1] * values[corners[:, k]]
    return result


def fill_gaps(texture: np.ndarray) -> np.ndarray:
    """Continue the charts into the gaps between them.

    Filtering and mipmaps then bring in no foreign colour. texture: (T, T, 4) float32, colours 0..255 and 1 where there
    is one, T even. Halving pictures of the colours that are there fill the gaps from coarse to fine. Returns (T, T, 3)
    uint8.
    """
    return (push_pull(texture)[..., :3] + 0.5).clip(0, 255).astype(np.uint8)


def push_pull(texture: np.ndarray) -> np.ndarray:
    """Fill every texel of a texture (T, T, 4), weights included, from its half.

    Recursion ends if all are filled, or at an odd size.
    """
    height, width = texture.shape[:2]
    missing = texture[..., 3] == 0
    if not missing.any():
        return texture
    if height % 2 or width % 2 or min(height, width) == 1:
        drawn = texture[~missing]
        texture[missing] = drawn.mean(0) if len(drawn) else (127.5, 127.5, 127.5, 1)
        return texture
    half = texture[0::2, 0::2] + texture[1::2, 0::2] + texture[0::2, 1::2] + texture[1::2, 1::2]
    half /= np.maximum(half[..., 3:], 1)  # a gap's texel is all 0, so the weight becomes 1 where there was any
    half = push_pull(half)
    row, column = np.nonzero(missing)
    texture[row, column] = half[row // 2, column // 2]
    return texture
