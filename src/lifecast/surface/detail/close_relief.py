"""The relief of head and hands: what `relief` does by the maps of the whole picture, by those of the close-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lifecast.space.close_up import CLOSE_UPS, CloseUpMaps, CloseUps, inside_share
from lifecast.surface.detail.relief import RELIEF, Relief, relief_of_both_sides, with_moved_vertices
from lifecast.surface.extract.surface import Surface


def with_close_relief(
    surface: Surface,
    close_ups: Sequence[CloseUpMaps],
    constants: Relief = RELIEF,
    squares: CloseUps = CLOSE_UPS,
) -> Surface:
    """Move a surface's vertices to the relief of the close-ups' normal maps.

    Those inside of their squares. Their number and the faces stay. Vertices are in view space.
    """
    for one in close_ups:
        moves = close_moves(surface.vertices, surface.faces, surface.normals, one, constants, squares)
        if moves.any():
            moved = surface.vertices.copy()
            moved[:, 2] += moves
            surface = with_moved_vertices(surface, moved)
    return surface


def close_moves(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    one: CloseUpMaps,
    constants: Relief = RELIEF,
    squares: CloseUps = CLOSE_UPS,
) -> np.ndarray:
    """Compute how far each vertex moves along z by one close-up, (V,) view units.

    vertices, normals: (V, 3); faces: (F, 3).
    """
    moves = np.zeros(len(vertices), np.float32)
    placed = one.square.to_square(vertices)
    corners = placed[faces][..., :2]  # (F, 3, 2)
    near = ((corners.max(1) > -1) & (corners.min(1) < 1)).all(1)  # faces that may cover a pixel of the square
    if not near.any():
        return moves
    kept, local = np.unique(faces[near], return_inverse=True)
    points, triangles = placed[kept], local.reshape(-1, 3)
    half = one.square.half
    first, last = constants.behind
    close = replace(
        constants,
        reach=constants.reach / half,
        farthest=constants.farthest / half,
        behind=(first / half, last / half),
    )
    found = relief_of_both_sides(points, triangles, normals[kept], one.front[0], one.back[0], one.mask[0, 0], close)
    moves[kept] = found * half * inside_share(points, squares.border)
    return moves
