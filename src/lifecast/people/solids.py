"""Closed meshes of simple kinds: lofts, tubes, rings and cushions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.people.rest_part import Faces, Solid, Vector


def unit(vectors: Vector) -> Vector:
    """Vectors (..., 3) of length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def loft(rings: Vector, uv_scale: float = 1.0) -> Solid:
    """Join rings (R, A, 3) of points to a tube, closed at both ends by a point in the ring's middle.

    The mesh is turned so that its volume is positive.
    """
    count, around = rings.shape[:2]
    ends = np.stack([rings[0].mean(0), rings[-1].mean(0)])
    points = np.concatenate([rings.reshape(-1, 3), ends])
    faces = loft_faces(count, around)
    a, b, c = (points[faces[:, k]] for k in range(3))
    if np.einsum("ij,ij->", a - ends[0], np.cross(b - ends[0], c - ends[0])) < 0:
        faces = faces[:, ::-1].copy()
    k, j = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, around, endpoint=False), indexing="ij")
    uv = np.concatenate([np.stack([j.ravel(), k.ravel()], 1), [[0.5, 0.0], [0.5, 1.0]]]) * uv_scale
    return Solid(points, faces, uv)


def loft_faces(rings: int, around: int) -> Faces:
    """(2 A R, 3) of a tube of rings (R, A) with a point at either end."""
    k, j = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    a, b = k * around + j, k * around + (j + 1) % around
    c, d = a + around, b + around
    tube = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    here = np.arange(around)
    after, last = (here + 1) % around, (rings - 1) * around
    first = np.stack([after, here, np.full(around, rings * around)], -1)
    end = np.stack([last + here, last + after, np.full(around, rings * around + 1)], -1)
    return np.concatenate([tube, first, end]).astype(np.int32)


def ring_faces(rings: int, around: int) -> Faces:
    """(2 A R, 3) of a tube whose last ring joins its first."""
    i, j = np.meshgrid(np.arange(rings), np.arange(around), indexing="ij")
    a, b = i * around + j, (i + 1) % rings * around + j
    c, d = i * around + (j + 1) % around, (i + 1) % rings * around + (j + 1) % around
    faces = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]
    return np.concatenate(faces).astype(np.int32)


def resampled(line: Vector, count: int) -> Vector:
    """(count, 3) points at equal steps along a polyline."""
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(step)])
    return np.stack([np.interp(np.linspace(0, at[-1], count), at, line[:, c]) for c in range(3)], 1)


def tube(line: Vector, facing: Vector, width: float | Vector, height: float | Vector, around: int = 8) -> Solid:
    """A tube along a polyline (R, 3); its section is an oval, `width` across and `height` along `facing` (R, 3)."""
    tangent = unit(np.gradient(line, axis=0))
    side = unit(np.cross(np.broadcast_to(facing, line.shape), tangent))
    up = np.cross(tangent, side)
    turn = np.arange(around) * 2 * np.pi / around
    # Between a circle and a square, so that straps have edges.
    x, y = (np.sign(f) * np.abs(f) ** 0.7 for f in (np.cos(turn), np.sin(turn)))
    half_width = np.broadcast_to(np.asarray(width, float) / 2, len(line))
    half_height = np.broadcast_to(np.asarray(height, float) / 2, len(line))
    rings = (
        line[:, None] + side[:, None] * (half_width[:, None] * x)[..., None]
        + up[:, None] * (half_height[:, None] * y)[..., None]
    )  # fmt: skip
    return loft(rings)


def hoop(line: Vector, facing: Vector, width: float, height: float, around: int = 8) -> Solid:
    """A tube along a closed polyline (R, 3), whose last point is not its first."""
    tangent = unit(np.roll(line, -1, 0) - np.roll(line, 1, 0))
    side = unit(np.cross(np.broadcast_to(facing, line.shape), tangent))
    up = np.cross(tangent, side)
    turn = np.arange(around) * 2 * np.pi / around
    rings = line[:, None] + side[:, None] * (width / 2 * np.cos(turn))[None, :, None]
    rings = rings + up[:, None] * (height / 2 * np.sin(turn))[None, :, None]
    points = rings.reshape(-1, 3)
    faces = ring_faces(len(line), around)
    a, b, c = (points[faces[:, k]] for k in range(3))
    if np.einsum("ij,ij->", a, np.cross(b, c)) < 0:
        faces = faces[:, ::-1].copy()
    k, j = np.meshgrid(np.linspace(0, 1, len(line)), np.linspace(0, 1, around), indexing="ij")
    return Solid(points, faces, np.stack([j.ravel(), k.ravel()], 1))


def cushion(size: tuple[float, float, float], power: float = 4.0, count: int = 24) -> Solid:
    """A box of a size (x, y, z) with round edges, about the origin; a larger power makes sharper edges."""
    rise = np.linspace(-np.pi / 2, np.pi / 2, count + 2)[1:-1]
    turn = np.arange(2 * count) * np.pi / count

    def bent(wave: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.sign(wave) * np.abs(wave) ** (2 / power))

    flat = bent(np.cos(rise))[:, None]
    rings = np.stack([
        size[0] / 2 * flat * bent(np.cos(turn)),
        np.broadcast_to(size[1] / 2 * bent(np.sin(rise))[:, None], (count, 2 * count)),
        size[2] / 2 * flat * bent(np.sin(turn)),
    ], -1)  # fmt: skip
    return loft(rings)
