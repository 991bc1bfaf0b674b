"""Finer triangles where they are wanted: chosen ones are split in four, neighbours so that no crack opens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Split(NamedTuple):
    """A mesh some of whose edges got a new vertex in the middle."""

    faces: NDArray[np.int32]
    """(G, 3): the old vertices are 0 .. V - 1, the new ones follow."""
    edges: NDArray[np.int64]
    """(E, 2) the old vertices at the ends of each new vertex's edge."""


def split_faces(faces: NDArray[np.integer], chosen: NDArray[np.bool_]) -> Split:
    """Split every chosen face in four by the middles of its edges.

    A neighbour is split in two, three or four, as many of its edges as it shares with chosen ones: a closed mesh stays
    closed. faces: (F, 3); chosen: (F,).
    """
    count = int(faces.max()) + 1 if len(faces) else 0
    ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], -1).astype(np.int64), axis=2)  # (F, 3, 2)
    key = ends[..., 0] * count + ends[..., 1]  # edge k of a face runs from corner k to corner k + 1
    marked = np.unique(key[chosen])
    place = np.searchsorted(marked, key)
    is_split = np.zeros(key.shape, bool)
    within = place < len(marked)
    is_split[within] = marked[place[within]] == key[within]
    middle = np.where(is_split, count + place, -1)
    pieces = [faces[~is_split.any(1)]]
    for halves in (1, 2, 3):
        own = is_split.sum(1) == halves
        corners, middles = _turned(faces[own], middle[own], halves)
        pieces += _pieces(corners, middles, halves)
    edges = np.stack([marked // max(count, 1), marked % max(count, 1)], 1)
    return Split(np.concatenate(pieces).astype(np.int32), edges)


def _turned(
    corners: NDArray[np.integer], middles: NDArray[np.integer], halves: int
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Turn each triangle so that its first edges are the split ones (of two, these are edges 0 and 1)."""
    if halves == 3 or not len(corners):
        return corners, middles
    there = middles >= 0
    # One split edge: begin with it. Two: begin behind the one that is not.
    first = there.argmax(1) if halves == 1 else (there.argmin(1) + 1) % 3
    order = (first[:, None] + np.arange(3)) % 3
    return np.take_along_axis(corners, order, 1), np.take_along_axis(middles, order, 1)


def _pieces(corners: NDArray[np.integer], middles: NDArray[np.integer], halves: int) -> list[NDArray[np.integer]]:
    """Cut triangles (N, 3) whose first `halves` edges have middles."""
    (a, b, c), (ab, bc, ca) = corners.T, middles.T
    if halves == 1:
        cut = [(a, ab, c), (ab, b, c)]
    elif halves == 2:
        cut = [(ab, b, bc), (a, ab, bc), (a, bc, c)]
    else:
        cut = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return [np.stack(piece, 1) for piece in cut]


def curved_middles(
    vertices: NDArray[np.floating], normals: NDArray[np.floating], edges: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Compute the middles (E, 3) of edges (E, 2) that are curves, not straight.

    They stand square on the normals at their ends: those of PN triangles (Vlachos et al. 2001).
    vertices, normals: (V, 3), unit.
    """
    first, last = vertices[edges[:, 0]], vertices[edges[:, 1]]
    along = last - first
    rise = (along * normals[edges[:, 0]]).sum(1, keepdims=True) * normals[edges[:, 0]]
    fall = (along * normals[edges[:, 1]]).sum(1, keepdims=True) * normals[edges[:, 1]]
    return np.asarray((first + last) / 2 - (rise - fall) / 8, np.float32)
