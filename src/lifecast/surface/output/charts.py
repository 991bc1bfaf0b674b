"""Texture charts for a dense surface.

xatlas cuts its charts by growing them face by face, which is slow for a surface of hundreds of thousands of faces. So
it is cut here, into connected pieces that face the same of six directions and are projected along it: what is visible
in the photograph becomes an undistorted copy of it. xatlas then only packs them, as coarse outlines of square cells,
which takes it a fifth of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xatlas
from scipy import sparse
from scipy.sparse import csgraph

from lifecast.surface.colour.visibility import pixel_of
from lifecast.surface.raster import rasterize

DIRECTIONS = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32)
PREFERENCE = np.array([1.5, 1.5, 1, 1, 1, 1], np.float32)
"""Front and back take what leans to the sides: fewer, larger charts where the photograph is."""
AXES = np.array([[0, 1], [0, 1], [2, 1], [2, 1], [0, 2], [0, 2]])
SIGN = np.array([1, -1, -1, 1, -1, 1], np.float32)
"""Of the first axis, so that a chart is the surface from outside (xatlas may turn or mirror it when it packs)."""


@dataclass(frozen=True)
class ChartCutting:
    """Constants of a texture's charts."""

    steepest: float = 0.15
    """A face whose cosine to its direction is below this takes another one (a texel would stretch sevenfold)."""
    smoothing: int = 3
    """Rounds in which faces follow their neighbours."""
    cell: float = 0.02
    """View units of a cell of the outlines that are packed."""
    gutter: int = 3
    """Texels of 1024 between outlines."""
    layers: int = 4
    """How often hidden layers are cut out at most."""
    few: float = 0.002
    """Share of the faces: so few hidden ones do not merit another round."""
    overlap_size: int = 512
    """Texels along each side of the search for hidden layers, ..."""
    overlap_gap: float = 0.024
    """... and its tolerance in view units; the steepest face rises by 0.02 in a texel."""


CHART_CUTTING = ChartCutting()


@dataclass(frozen=True)
class Charts:
    """A surface cut into charts that lie side by side in the unit square."""

    vertex: np.ndarray
    """(W,) int64: which of the surface's vertices each one is (a vertex on a seam comes several times)."""
    faces: np.ndarray
    """(F, 3) int32 into the W vertices, in the surface's own order."""
    uv: np.ndarray
    """(W, 2) float32 in [0, 1], origin at the lower left."""
    piece: np.ndarray
    """(W,) int64: the chart's number."""

    @property
    def count(self) -> int:
        """Number of charts."""
        return int(self.piece.max()) + 1


def cut_charts(vertices: np.ndarray, faces: np.ndarray, constants: ChartCutting = CHART_CUTTING) -> Charts:
    """Cut and pack the charts of a surface: vertices (V, 3) float32 view space, faces (F, 3)."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    pairs = neighbouring_faces(faces, len(vertices))
    direction = face_directions(normals, pairs, constants)
    piece = connected(pairs, direction)
    charts = pack(vertices, faces, direction, piece, constants)
    # a connected piece may still overlap itself in projection (a fold, a spiral): the hidden layer is cut out
    for _ in range(constants.layers):
        hidden = overlapped(vertices, faces, direction, piece, charts, constants)
        if hidden.mean() <= constants.few:
            break
        piece = connected(pairs, piece * 2 + hidden)
        charts = pack(vertices, faces, direction, piece, constants)
    return charts


def neighbouring_faces(faces: np.ndarray, count: int) -> np.ndarray:
    """Find the pairs of faces that share an edge, (E, 2)."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    key = edges[:, 0].astype(np.int64) * count + edges[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    return np.stack([order[same] // 3, order[same + 1] // 3], 1)


def face_directions(normals: np.ndarray, pairs: np.ndarray, constants: ChartCutting = CHART_CUTTING) -> np.ndarray:
    """Choose which of `DIRECTIONS` each face is projected along, (F,).

    Its own best, then what its neighbours agree on.
    """
    count = len(normals)
    cosine = normals @ DIRECTIONS.T  # (F, 6)
    own = cosine * PREFERENCE
    allowed = cosine > constants.steepest
    direction: np.ndarray = own.argmax(1)
    both = (np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]]))
    graph = sparse.coo_matrix((np.ones(len(both[0]), np.float32), both), shape=(count, count)).tocsr()
    for _ in range(constants.smoothing):
        votes = np.zeros((count, 6), np.float32)
        votes[np.arange(count), direction] = 1
        votes = graph @ votes
        votes += graph @ votes  # the neighbours' neighbours
        score = np.where(allowed, votes / 6 + 0.5 * own, -9)
        direction = score.argmax(1)
    return direction


def connected(pairs: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Number the connected pieces of equal label, (F,)."""
    same = pairs[label[pairs[:, 0]] == label[pairs[:, 1]]]
    graph = sparse.coo_matrix((np.ones(len(same), bool), (same[:, 0], same[:, 1])), shape=(len(label), len(label)))
    result: np.ndarray = csgraph.connected_components(graph, directed=False)[1]
    return result


def project(points: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Project points (N, 3) to the plane of their directions (N,): (N, 2).

    Counter-clockwise against the direction.
    """
    index = np.arange(len(points))
    plane = np.stack([points[index, AXES[direction, 0]], points[index, AXES[direction, 1]]], 1)
    plane[:, 0] *= SIGN[direction]
    return plane


def overlapped(
    vertices: np.ndarray,
    faces: np.ndarray,
    direction: np.ndarray,
    piece: np.ndarray,
    charts: Charts,
    constants: ChartCutting = CHART_CUTTING,
) -> np.ndarray:
    """Find the faces (F,) bool that lie under another face of their own chart."""
    size = constants.overlap_size
    along = (vertices @ DIRECTIONS.T)[charts.vertex, of_each(piece, direction)[charts.piece]]
    flat = np.concatenate([charts.uv * 2 - 1, along[:, None]], 1).astype(np.float32)
    raster = rasterize(torch.tensor(flat), torch.tensor(charts.faces).long(), size, facing="both")
    middle = flat[charts.faces].mean(1)
    column, row = pixel_of(middle, size)
    result: np.ndarray = raster.depth.numpy()[row, column] > middle[:, 2] + constants.overlap_gap
    return result


def of_each(piece: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Pick the value (F,) of any face of each piece, (P,).

    It is for what all faces of a piece have in common.
    """
    each = np.zeros(int(piece.max()) + 1, value.dtype)
    each[piece] = value
    return each


def pack(
    vertices: np.ndarray,
    faces: np.ndarray,
    direction: np.ndarray,
    piece: np.ndarray,
    constants: ChartCutting = CHART_CUTTING,
) -> Charts:
    """Split the vertices along the seams and lay the pieces out with xatlas."""
    cell = constants.cell
    key, inverse = np.unique(piece[:, None].astype(np.int64) * len(vertices) + faces, return_inverse=True)
    vertex, chart = key % len(vertices), key // len(vertices)
    split = inverse.reshape(-1, 3).astype(np.int32)
    plane = project(vertices[vertex], of_each(piece, direction)[chart])  # (W, 2)
    cells = outline_cells(plane, chart, split, cell)  # (C, 3): chart, column, row

    # the cells' corners; the charts far apart, because xatlas takes what touches for one chart
    corner = (cells[:, None] + np.array([[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]])).reshape(-1, 3)
    corner, quad = np.unique(corner, axis=0, return_inverse=True)
    quad = quad.reshape(-1, 4)
    reach = int(cells[:, 1:].max()) + 8
    row_length = int(np.ceil(np.sqrt(chart.max() + 1)))
    apart = corner[:, 1:] + np.stack([corner[:, 0] % row_length, corner[:, 0] // row_length], 1) * reach
    atlas = xatlas.Atlas()
    triangles = np.concatenate([quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]])
    atlas.add_uv_mesh((apart * cell).astype(np.float32), triangles.astype(np.uint32))
    options = xatlas.PackOptions()
    options.resolution, options.padding, options.rotate_charts_to_axis = 1024, constants.gutter, False
    atlas.generate(xatlas.ChartOptions(), options)
    mapping, _, packed = atlas[0]
    place = np.zeros((len(corner), 2))
    place[mapping] = packed * (np.array([atlas.width, atlas.height]) / max(atlas.width, atlas.height))

    # one cell of each chart says where the chart went: moved, scaled and perhaps turned
    first = np.unique(cells[:, 0], return_index=True)[1]
    origin, right, up = (place[quad[first, k]] for k in (0, 1, 3))
    local = plane / cell - low_corner(plane, cell) / cell - cells[first, 1:][chart]  # (W, 2) in cells
    uv = origin[chart] + local[:, :1] * (right - origin)[chart] + local[:, 1:] * (up - origin)[chart]
    return Charts(vertex, split, uv.astype(np.float32), chart)


def low_corner(plane: np.ndarray, cell: float = CHART_CUTTING.cell) -> np.ndarray:
    """Find where cell (0, 0) begins, (2,), of cells `cell` view units wide.

    It is a cell below the lowest point, which leaves the outlines a border of one cell.
    """
    result: np.ndarray = (np.floor(plane.min(0) / cell) - 1) * cell
    return result


def outline_cells(
    plane: np.ndarray, chart: np.ndarray, faces: np.ndarray, width: float = CHART_CUTTING.cell
) -> np.ndarray:
    """Find square cells that cover each chart: (C, 3) int, chart, column, row.

    They are `width` view units wide. They are unique, ordered by chart. Each face covers the cells of its bounding box;
    neighbours share a cell, so a chart's cells hang together.
    """
    cell = np.floor((plane - low_corner(plane, width)) / width).astype(np.int64)[faces]  # (F, 3, 2)
    low, high = cell.min(1), cell.max(1)
    extent = high - low + 1
    count = extent[:, 0] * extent[:, 1]
    face = np.repeat(np.arange(len(faces)), count)
    local = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count)
    column, row = low[face, 0] + local % extent[face, 0], low[face, 1] + local // extent[face, 0]
    size = int(high.max()) + 1
    key = np.unique((chart[faces[face, 0]] * size + column) * size + row)
    return np.stack([key // size**2, key // size % size, key % size], 1)
