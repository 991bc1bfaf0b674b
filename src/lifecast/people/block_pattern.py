"""Block patterns: the close-fitting garments of the assets made ready to be loosened for any body.

In tailoring, a block is the pattern from which looser garments are drafted. One is made for each sheet of cloth of a
garment (a coat and the shirt modelled beneath it are two), once and on the reference body: clean surface, edges of 9 to
12 mm, hidden linings and patches left out. Its points are fixed combinations of the base mesh's, so it fits everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.body import RestBody
from lifecast.people.body_marks import Landmarks
from lifecast.people.manifold import coincident, manifold, weld_polygons
from lifecast.people.mhclo import Fit
from lifecast.people.remesh import even_edges
from lifecast.people.shells import Outside
from lifecast.people.surface_mesh import adjacency
from lifecast.people.tailor import Sheet, Tailor, border_edges, components, weld

Points = NDArray[np.float32]

TINY = 0.0012
"""Metres: vertices that are nearer to each other are one. Cloth need not show the thickness of its own hem."""
COARSE = 0.016
"""Metres: subdivision makes edges at most this long, remeshing then makes them even."""
SHORTEST, LONGEST = 0.0095, 0.0158
"""Metres: edges outside of this are collapsed or split, which leaves most between 9 and 12 mm."""
PATCH = 0.25
"""Metres: loose sheets smaller than this (pockets, flaps, bows) are left out: nothing would hold them."""
FRONT = 0.3
"""Square metres: a second sheet smaller than this does not go round the body."""
SWIM = ("swimsuit", "bikini-top", "bikini-bottom")
CLOSE = 0.014
"""Metres off the skin at which a border is hardly held to it any more."""


@dataclass(frozen=True)
class BlockPattern:
    """One sheet of a garment, before it is placed on a body."""

    name: str
    kind: str
    fit: Fit
    matrix: sp.csr_matrix
    """(V, C) combinations of the garment file's vertices."""
    faces: NDArray[np.int32]
    """(F, 3) counter-clockwise from outside."""
    corner_uv: NDArray[np.float32]
    """(F, 3, 2) places in the garment's own texture."""
    piece: NDArray[np.int32]
    """(F,) the chart of the texture."""
    seams: NDArray[np.int32]
    """(S, 2) inner edges between charts."""
    hems: NDArray[np.int32]
    """(H, 2) border edges."""
    attached: NDArray[np.float32]
    """(V,) as in `Garment`."""
    held: NDArray[np.float32]
    """(V,) metres to the nearest vertex that is attached; at most 0.3."""
    along: NDArray[np.float32]
    """(V, 3) unit vectors down the trunk and legs, and along the arms to the wrist."""
    average: sp.csr_matrix
    """(V, V) averages a vertex's neighbours, those ahead and behind along the limb more than those beside."""
    order: int
    """0 for the innermost sheet of the garment, 1 for the one over it, and so on."""

    def place(self, rest: RestBody) -> Points:
        """The block (V, 3) as it was fitted, on a rest body, metres."""
        placed: Points = (self.matrix @ self.fit.place(rest.vertices)).astype(np.float32)
        return placed


def block_patterns(
    tailor: Tailor, marks: Landmarks, name: str, kind: str, fit: Fit,
    faces: NDArray[np.int32], face_uv: NDArray[np.int32], uv: NDArray[np.float32],
) -> list[BlockPattern]:  # fmt: skip
    """Make the block patterns of a garment, from the innermost sheet to the outermost.

    `faces` and `face_uv` are quads (F, 4) of the fit's vertices and of `uv`. All of it left out gives an empty list.
    """
    placed = fit.place(tailor.rest.vertices)
    faces, face_uv = weld_polygons(faces, face_uv, coincident(placed, TINY))
    if not len(faces):
        return []
    sheet = tailor.sheet(fit, faces, face_uv, uv, COARSE)
    sheet = _clean(tailor, sheet, placed)
    sheets = _sheets(sheet, placed, kind)
    found = []
    for one in sheets:
        even = _smooth_borders(even_edges(one, one.matrix @ placed, SHORTEST, LONGEST))
        height = Outside(tailor, (even.matrix @ placed).astype(np.float32), even.faces).height
        found.append((float(height.mean()), even))
    found.sort(key=lambda pair: pair[0])
    blocks = [
        _finish(tailor, marks, name if len(found) == 1 else f"{name}-{n + 1}", kind, fit, even, n)
        for n, (_, even) in enumerate(found)
    ]
    sizes = [_area(block.place(tailor.rest), block.faces) for block in blocks]
    # What is drawn only where it shows (a shirt front, a lapel) would fall off.
    return [
        replace(block, attached=np.ones_like(block.attached), held=np.zeros_like(block.held))
        if size < FRONT and size < max(sizes) and kind not in SWIM else block
        for block, size in zip(blocks, sizes, strict=True)
    ]  # fmt: skip


def _clean(tailor: Tailor, sheet: Sheet, placed: Points) -> Sheet:
    """A surface that looks outward, without what no one sees."""
    for _ in range(2):  # what was covered may have held sheets together
        surface = manifold(sheet.matrix @ placed, sheet.faces)
        sheet = Sheet(sheet.matrix[surface.origin], surface.faces, surface.corners(sheet.corner_uv))
        points = (sheet.matrix @ placed).astype(np.float32)
        turn = Outside(tailor, points, sheet.faces).inside_out()
        sheet.faces[turn] = sheet.faces[turn][:, [0, 2, 1]]
        sheet.corner_uv[turn] = sheet.corner_uv[turn][:, [0, 2, 1]]
        hidden = Outside(tailor, points, sheet.faces).hidden()
        sheet = Sheet(sheet.matrix, sheet.faces[~hidden], sheet.corner_uv[~hidden]).compact()
    return sheet


def _smooth_borders(sheet: Sheet, rounds: int = 4) -> Sheet:
    """Straighten the zigzag that a hem is left with where its turned-in edge was taken off."""
    edges = border_edges(sheet.faces)
    count = sheet.matrix.shape[0]
    once = np.bincount(edges.ravel(), minlength=count) == 2  # no two borders meet here
    inner = edges[once[edges].all(1)]
    graph = sp.coo_matrix((np.ones(len(inner)), (inner[:, 0], inner[:, 1])), (count, count)).tocsr()
    graph = graph + graph.T
    full = np.asarray(graph.sum(1)).ravel() == 2
    smooth = sp.diags(np.where(full, 0.5, 1.0)) + sp.diags(np.where(full, 0.25, 0.0)) @ graph
    matrix = sheet.matrix
    for _ in range(rounds):
        matrix = (smooth @ matrix).tocsr()
    return Sheet(matrix, sheet.faces, sheet.corner_uv)


def _sheets(sheet: Sheet, placed: Points, kind: str) -> list[Sheet]:
    """The connected sheets that are large enough; of swimwear all that are no scraps."""
    points = sheet.matrix @ placed
    if not len(sheet.faces):
        return []
    number = components(sheet.faces, len(points))[sheet.faces[:, 0]]
    least = 0.08 if kind in SWIM else PATCH
    out = []
    for n in range(number.max() + 1):
        rows = number == n
        size = np.ptp(points[np.unique(sheet.faces[rows])], axis=0) if rows.any() else np.zeros(3)
        if size.max() >= least:
            out.append(Sheet(sheet.matrix, sheet.faces[rows], sheet.corner_uv[rows]).compact())
    return out


def _area(points: Points, faces: NDArray[np.int32]) -> float:
    a, b, c = points[faces].swapaxes(0, 1)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _finish(
    tailor: Tailor, marks: Landmarks, name: str, kind: str, fit: Fit, sheet: Sheet, order: int
) -> BlockPattern:  # fmt: skip
    points = (sheet.matrix @ fit.place(tailor.rest.vertices)).astype(np.float32)
    faces = sheet.faces
    border = border_edges(faces)
    split, split_of, _ = weld(faces, sheet.corner_uv)
    piece = components(split, len(split_of))[split[:, 0]].astype(np.int32)
    chart_border = np.sort(split_of[border_edges(split)], axis=1)
    seams = np.unique(chart_border, axis=0)
    count = len(points)
    key = np.sort(border, axis=1).astype(np.int64) @ np.array([count, 1])
    seams = seams[~np.isin(seams.astype(np.int64) @ np.array([count, 1]), key)]
    on_arm = _arm_share(tailor, fit, sheet)
    attached = _attached(tailor, marks, kind, points, border, on_arm)
    grip = np.flatnonzero(attached > 0.5)
    held = np.full(count, 0.3) if not len(grip) else cKDTree(points[grip]).query(points)[0].clip(0, 0.3)
    along = _along(marks, points, on_arm)
    return BlockPattern(
        name, kind, fit, sheet.matrix, faces, sheet.corner_uv, piece, seams.astype(np.int32), border, attached,
        held.astype(np.float32), along, _average(points, faces, along), order,
    )  # fmt: skip


def _arm_share(tailor: Tailor, fit: Fit, sheet: Sheet) -> NDArray[np.float64]:
    """(V,) how far skinning counts each vertex to an arm, 0 .. 1."""
    weights = fit.skin_weights(tailor.model.weights)
    arm = sum(np.asarray(weights[:, tailor.arm[side]].sum(1)).ravel() for side in (1, -1))
    share: NDArray[np.float64] = np.clip(np.asarray(sheet.matrix @ arm), 0, 1)
    return share


def _along(marks: Landmarks, points: Points, on_arm: NDArray[np.float64]) -> NDArray[np.float32]:
    axis = (marks.wrist - marks.shoulder) / np.linalg.norm(marks.wrist - marks.shoulder)
    arm = np.tile(axis, (len(points), 1))
    arm[:, 0] *= np.where(points[:, 0] < 0, -1, 1)
    mixed = on_arm[:, None] * arm + (1 - on_arm[:, None]) * np.array([0, -1.0, 0])
    unit: NDArray[np.float32] = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _average(points: Points, faces: NDArray[np.int32], along: NDArray[np.float32]) -> sp.csr_matrix:
    graph = adjacency(faces, len(points)).tocoo()
    way = points[graph.col] - points[graph.row]
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    graph.data = np.einsum("ex,ex->e", way, along[graph.row]).astype(np.float64) ** 2 + 0.05
    weights = graph.tocsr()
    return (sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-12)) @ weights).tocsr()


def _attached(
    tailor: Tailor, marks: Landmarks, kind: str, points: Points, border: NDArray[np.int32],
    on_arm: NDArray[np.float64],
) -> NDArray[np.float32]:  # fmt: skip
    """Compute (V,): 1 at waistbands, straps and elastic edges, half at collars, 0 where cloth hangs freely."""
    if kind == "belt":
        return np.ones(len(points), np.float32)
    top = float(points[:, 1].max())
    shoulder = float(marks.shoulder[1])
    rim = np.unique(border)
    attached = np.zeros(len(points))
    if len(rim):
        grip = np.exp(-((tailor.tree.query(points[rim])[0] / CLOSE) ** 2))
        height = points[rim, 1]
        if kind in (*SWIM, "bodysuit"):
            wanted = np.ones(len(rim))
        elif kind in ("bottom", "shorts", "skirt") or top < shoulder - 0.03:  # a waistband, or a top edge on the chest
            wanted = _top_rims(points, border, rim) * (on_arm[rim] < 0.3)
            grip = np.maximum(grip, 0.9)  # it is cut to hold, however far off its author drew it
        else:  # collars: borders round the neck
            wanted = 0.5 * ((height > shoulder) & (np.abs(points[rim, 0]) < 0.5 * marks.shoulder[0]))
        gap, near = cKDTree(points[rim]).query(points)
        attached = (wanted * grip)[near] * np.exp(-((gap / 0.018) ** 2))
    high = points[:, 1] > max(shoulder, top - 0.03)
    for side in (-1, 1):  # straps: little cloth lies on the shoulder
        strap = high & (points[:, 0] * side > 0.02) & (on_arm < 0.5)
        if kind not in ("bottom", "shorts", "skirt", "coat") and strap.any() and np.ptp(points[strap, 0]) < 0.055:
            attached[strap] = 1
    return np.clip(attached, 0, 1).astype(np.float32)


def _top_rims(points: Points, border: NDArray[np.int32], rim: NDArray[np.int32]) -> NDArray[np.float64]:
    """(R,) 1 for vertices of the rim on a wide border that reaches the garment's top: a waistband, no pocket."""
    a, b = border.T
    number = components(np.stack([a, b, b], 1), len(points))[rim]
    wanted = np.zeros(len(rim))
    for n in np.unique(number):
        loop = points[rim[number == n]]
        if np.ptp(loop[:, 0]) > 0.15 and loop[:, 1].max() > points[:, 1].max() - 0.03:
            wanted[(number == n) & (points[rim, 1] > loop[:, 1].max() - 0.12)] = 1
    return wanted
