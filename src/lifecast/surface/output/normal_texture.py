"""A normal texture for a surface: the folds of the normal maps that are finer than its triangles.

It is glTF's: each texel is a normal in the frame of tangent, bitangent and normal, green up in the picture. The frames
are the usual ones (Mikkelsen 2008); the file says the tangents, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lifecast.space.close_up import CLOSE_UPS, Square, inside_share
from lifecast.surface.colour.visibility import HALF_TURN, lines_of_sight

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NormalTexture:
    """Constants of the step `normal_texture`."""

    facing: tuple[float, float] = (0.3, 0.6)
    """Vertices' normals toward a map's camera from which its normals are taken, and from which wholly: near the
    silhouette maps and surface are pixels apart."""
    steepest: float = 0.2
    """Least third component of a texel: a normal that leans further from the surface is turned back to it."""


NORMAL_TEXTURE = NormalTexture()


@dataclass(frozen=True)
class CloseUpFolds:
    """The normal maps of a close-up (`space.close_up`)."""

    square: Square
    front: Floats
    """(s, s, 3) in view space's directions, 0 outside the person."""
    back: Floats


@dataclass(frozen=True)
class Folds:
    """What a normal texture is made of."""

    normals: Floats
    """(V, 3) unit: the surface's vertices'."""
    front: Floats
    """(s, s, 3) in view space, 0 outside the person."""
    back: Floats
    """Likewise, seen through the person."""
    constants: NormalTexture = NORMAL_TEXTURE
    close_ups: tuple[CloseUpFolds, ...] = ()
    """Finer maps of parts of the surface."""


def map_trust(
    vertices: Floats, faces: np.ndarray, normals: Floats, size: int, constants: NormalTexture = NORMAL_TEXTURE
) -> Floats:
    """Find how far front map and back map are to be believed at each vertex, (V, 2) in [0, 1].

    Where the vertex is visible from the map's camera, and turned to it. vertices: (V, 3) view space; faces: (F, 3);
    normals: (V, 3) unit; size: pixels of the maps.
    """
    least, full = constants.facing
    trust = []
    for turn in (np.ones(3, np.float32), HALF_TURN):
        turned = normals * turn
        sight = lines_of_sight(vertices * turn, faces, turned, size)
        trust.append(sight.visible * np.clip((turned[:, 2] - least) / (full - least), 0, 1))
    return np.stack(trust, 1).astype(np.float32)


def sampled(normal_map: Floats, points: Floats) -> Floats:
    """Read a normal map (s, s, 3) at view-space points (N, 2 or 3), bilinearly.

    Returns (N, 3), vectors of any length.
    """
    picture = torch.from_numpy(np.ascontiguousarray(normal_map.transpose(2, 0, 1)))[None]
    at = torch.from_numpy(points[:, :2] * np.array([1, -1], np.float32))[None, None]
    read: Tensor = functional.grid_sample(picture, at, mode="bilinear", padding_mode="border", align_corners=False)
    return np.asarray(read[0, :, 0].T.numpy(), np.float32)


def folded_normals(points: Floats, normals: Floats, trust: Floats, front: Floats, back: Floats) -> Floats:
    """Mix the maps' normals into a surface's by their trust, (N, 3) unit.

    points, normals: (N, 3), view space; trust: (N, 2) of front and back; front, back: (s, s, 3), 0 outside the person.
    """
    mixed = normals.copy()
    for k, normal_map in enumerate((front, back)):
        rows = np.flatnonzero(trust[:, k] > 0)
        if not len(rows):
            continue
        found = sampled(normal_map, points[rows])
        length = np.linalg.norm(found, axis=1, keepdims=True)
        share = trust[rows, k, None] * (length > 0.5)
        mixed[rows] += share * (found / np.maximum(length, 1e-6) - normals[rows])
    return unit(mixed, normals)


def close_normals(points: Floats, normals: Floats, trust: Floats, close_up: CloseUpFolds) -> Floats:
    """Mix a close-up's normals into a surface's, as `folded_normals` does.

    (N, 3) unit; points (N, 3) in view space.
    """
    placed = close_up.square.to_square(points)
    share = inside_share(placed, CLOSE_UPS.border)
    rows = np.flatnonzero(share > 0)
    mixed = normals.copy()
    mixed[rows] = folded_normals(
        placed[rows], normals[rows], trust[rows] * share[rows, None], close_up.front, close_up.back
    )
    return mixed


def unit(vectors: Floats, otherwise: Floats) -> Floats:
    """Normalise vectors (N, 3); where one vanishes, take `otherwise` (N, 3)."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Floats = np.where(length > 1e-4, vectors / np.maximum(length, 1e-6), otherwise).astype(np.float32)
    return result


def tangents(vertices: Floats, faces: np.ndarray, uv: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """Find the vertices' tangents (W, 3) and the signs of their bitangents (W,).

    Tangents are unit vectors at right angles to the normals.

    A triangle's tangent is the direction in which u grows; a vertex has the mean of its triangles', weighted by their
    angles there. The bitangent is sign * cross(normal, tangent). vertices, normals: (W, 3); faces: (F, 3); uv: (W, 2),
    v up.
    """
    corners, flat = vertices[faces], uv[faces]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = (flat[:, 1] - flat[:, 0]).T, (flat[:, 2] - flat[:, 0]).T
    orientation = np.sign(u1 * v2 - u2 * v1).astype(np.float32)
    along = orientation[:, None] * (v2[:, None] * one - v1[:, None] * two)  # (F, 3), u grows
    sums, signs = np.zeros((len(vertices), 3)), np.zeros(len(vertices))
    for k in range(3):
        ahead = unit(corners[:, (k + 1) % 3] - corners[:, k], along)
        behind = unit(corners[:, (k + 2) % 3] - corners[:, k], along)
        angle = np.arccos(np.clip((ahead * behind).sum(1), -1, 1))
        at = faces[:, k]
        flattened = along - (along * normals[at]).sum(1, keepdims=True) * normals[at]
        weighted = angle[:, None] * unit(flattened, flattened)
        for axis in range(3):
            sums[:, axis] += np.bincount(at, weighted[:, axis], len(vertices))
        signs += np.bincount(at, orientation * angle, len(vertices))
    # A vertex whose triangles cancel out has any tangent.
    other = np.eye(3, dtype=np.float32)[np.abs(normals).argmin(1)]
    other = unit(np.cross(normals, other).astype(np.float32), other)
    tangent = unit(sums.astype(np.float32), other)
    tangent = unit(tangent - (tangent * normals).sum(1, keepdims=True) * normals, other)
    return tangent, np.where(signs < 0, -1, 1).astype(np.float32)


def encoded(wanted: Floats, normals: Floats, tangent: Floats, sign: Floats, steepest: float = 0.2) -> NDArray[np.uint8]:
    """Convert normals to the frames of texels, as glTF's normal texture stores them.

    wanted: (N, 3) unit. normals, tangent: (N, 3) and sign: (N,), interpolated between vertices; the first two are
    brought to unit length. A third component below `steepest` becomes it. Returns (N, 3) uint8.
    """
    normals = unit(normals, normals)
    tangent = unit(tangent - (tangent * normals).sum(1, keepdims=True) * normals, tangent)
    bitangent = np.sign(sign)[:, None] * np.cross(normals, tangent)
    local = np.stack([(wanted * axis).sum(1) for axis in (tangent, bitangent, normals)], 1)
    flat = local[:, 2] < steepest
    inward = np.linalg.norm(local[flat, :2], axis=1, keepdims=True)
    local[flat, :2] *= np.sqrt(1 - steepest**2) / np.maximum(inward, 1e-6)
    local[flat, 2] = steepest
    return np.round((local.astype(np.float32) * 0.5 + 0.5) * 255).clip(0, 255).astype(np.uint8)
