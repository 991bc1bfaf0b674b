"""Quick pictures of made people: colour and normals, orthographic, for contact sheets."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import MissingExtra
from lifecast.people.glb import Part

BACKGROUND = 244
CUTS = 6
"""How many transparent layers of hair cards a ray passes before it gives up."""


def draw(
    parts: Sequence[Part],
    size: int = 512,
    yaw: float = 0.0,
    window: tuple[float, float, float] | None = None,
    aspect: float = 1.0,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw colour and normal picture, both (size, size, 3), from `yaw` degrees.

    The person is turned about y. `window` is the centre (x, y) and half the width of what is drawn, in metres; without
    it the person fills the picture, or as much of its width as `aspect` says.
    """
    if importlib.util.find_spec("embreex") is None:
        raise MissingExtra("embreex", "scans", "drawing pictures of people")
    from embreex import rtcore_scene
    from embreex.mesh_construction import TriangleMesh

    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    first = np.cumsum([0] + [len(p.vertices) for p in parts])
    vertices = np.concatenate([p.vertices for p in parts]) @ turn.T
    normals = np.concatenate([p.normals for p in parts]) @ turn.T
    uv = np.concatenate([p.uv for p in parts])
    faces = np.concatenate([p.faces + start for p, start in zip(parts, first[:-1], strict=True)])
    part_of = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts])
    if window is None:
        low, high = vertices.min(0), vertices.max(0)
        half = 0.52 * float(max((high[0] - low[0]) / aspect, high[1] - low[1]))
        window = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, half)
    scene = rtcore_scene.EmbreeScene()
    TriangleMesh(scene, vertices.astype(np.float32), faces.astype(np.int32))

    step = (2 * np.arange(size) + 1) / size - 1
    x, y = np.meshgrid(window[0] + step * window[2], window[1] - step * window[2])
    origin = np.stack([x.ravel(), y.ravel(), np.full(size * size, vertices[:, 2].max() + 1)], 1).astype(np.float32)
    colour = np.full((size * size, 3), BACKGROUND, np.float32)
    normal = np.full((size * size, 3), 127, np.float32)
    alive = np.arange(size * size)
    down = np.array([0, 0, -1], np.float32)
    for _ in range(CUTS):
        hit = scene.run(origin[alive], np.tile(down, (len(alive), 1)), output=True)
        met = hit["primID"] >= 0
        alive, face, u, v, far = alive[met], hit["primID"][met], hit["u"][met], hit["v"][met], hit["tfar"][met]
        if not len(alive):
            break
        share = np.stack([1 - u - v, u, v], 1)[..., None]
        texel = (uv[faces[face]] * share).sum(1)
        direction = (normals[faces[face]] * share).sum(1)
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
        direction *= np.where(direction[:, 2:] < 0, -1, 1)  # the back of a card or of an open garment
        sampled = np.zeros((len(alive), 4), np.float32)
        for k, part in enumerate(parts):
            mine = part_of[face] == k
            if mine.any():
                sampled[mine] = _lookup(part.texture, texel[mine])
        opaque = sampled[:, 3] >= 127.5
        light = 0.35 + 0.65 * np.clip(direction @ np.array([0.3, 0.5, 0.81]), 0, 1)
        colour[alive[opaque]] = sampled[opaque, :3] * light[opaque, None]
        normal[alive[opaque]] = (direction[opaque] + 1) * 127.5
        origin[alive, 2] -= far + 1e-5
        alive = alive[~opaque]
    shape = (size, size, 3)
    return colour.clip(0, 255).astype(np.uint8).reshape(shape), normal.astype(np.uint8).reshape(shape)


def _lookup(texture: NDArray[np.uint8], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) nearest texels; opaque for pictures without alpha."""
    height, width = texture.shape[:2]
    column = np.floor((uv[:, 0] % 1) * width).astype(int).clip(0, width - 1)
    row = np.floor(((1 - uv[:, 1]) % 1) * height).astype(int).clip(0, height - 1)
    texels: NDArray[np.float32] = texture[row, column].astype(np.float32)
    if texels.shape[1] == 3:
        texels = np.concatenate([texels, np.full((len(texels), 1), 255, np.float32)], 1)
    return texels
