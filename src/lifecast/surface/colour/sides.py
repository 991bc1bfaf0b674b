"""Cloth for the sides of a body, which a photograph shows too slantingly to copy.

A side continues the cloth that it touches, on the front or on the back, folded over where that begins: a place as far
beyond as the nearest clear place takes the cloth as far before it, measured along the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph


@dataclass(frozen=True)
class Continuing:
    """Constants of sides."""

    passes: int = 6
    """Times that places are averaged with their neighbours': paths along the edges of a mesh zigzag."""
    jump: float = 0.025
    """View units (3 cm) over which neighbours' places are not averaged."""


CONTINUING = Continuing()


class Continued(NamedTuple):
    """Where unclear vertices continue from."""

    start: np.ndarray
    """(N,) the nearest clear vertex along the surface, -1 where there is none."""
    places: np.ndarray
    """(N, 3) beyond it, as far as the vertex lies off."""


def continue_cloth(
    graph: sparse.csr_matrix,
    vertices: np.ndarray,
    normals: np.ndarray,
    clear: np.ndarray,
    wanted: np.ndarray,
    constants: Continuing = CONTINUING,
) -> Continued:
    """Continue the cloth of clear vertices over to the `wanted` ones.

    graph: (V, V) symmetric adjacency; vertices, normals: (V, 3); clear: (V,) bool; wanted: (N,) vertex numbers, not
    clear.
    """
    unclear = ~clear
    rim = np.flatnonzero(clear & (graph @ unclear.astype(np.float32) > 0))
    start = np.full(len(wanted), -1)
    if len(rim) == 0 or len(wanted) == 0:
        return Continued(start, vertices[wanted].copy())
    kept = np.concatenate([rim, np.flatnonzero(unclear)])
    inner = graph[kept][:, kept].tocoo()
    lengths = np.linalg.norm(vertices[kept[inner.row]] - vertices[kept[inner.col]], axis=1) + 1e-9
    lengths = sparse.csr_matrix((lengths, (inner.row, inner.col)), inner.shape)
    away, _, sources = csgraph.dijkstra(
        lengths, directed=True, indices=np.arange(len(rim)), min_only=True, return_predecessors=True
    )
    number = np.full(len(vertices), -1)
    number[kept] = np.arange(len(kept))
    at = number[wanted]
    reached = np.isfinite(away[at])
    start[reached] = rim[sources[at[reached]]]
    places = vertices[wanted].copy()
    own, first = wanted[reached], start[reached]
    back = vertices[first] - vertices[own]
    back -= (back * normals[first]).sum(1, keepdims=True) * normals[first]
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    places[reached] = vertices[first] + back * away[at[reached], None]
    return Continued(start, smoothed(graph[wanted][:, wanted], places, constants))


def smoothed(graph: sparse.csr_matrix, places: np.ndarray, constants: Continuing = CONTINUING) -> np.ndarray:
    """Average places (N, 3) with those of their neighbours (N, N).

    But not over folds where they jump.
    """
    pairs = graph.tocoo()
    for _ in range(constants.passes):
        near = np.abs(places[pairs.row] - places[pairs.col]).max(1) < constants.jump
        links = sparse.csr_matrix((near.astype(np.float32), (pairs.row, pairs.col)), pairs.shape)
        places = (places + links @ places) / (1 + np.asarray(links.sum(1)))
    return places
