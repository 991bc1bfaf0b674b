"""Sewing: pieces are cut, placed around the body, and joined along their seams into one garment.

Two curves that are sewn together get equally many points, which become shared vertices; the curves may differ in
length, which eases or gathers the longer one. Which end meets which follows from where the pieces are placed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.errors import LifecastError
from lifecast.people.garment import Garment
from lifecast.people.patterns.measures import Measures
from lifecast.people.patterns.panel import Flat, Panel, curve_length, cut, mirrored
from lifecast.people.patterns.placement import fair, settle

Place = Callable[[Flat], NDArray[np.float64]]
"""Takes a piece's flat points (N, 2) to their start around the body (N, 3)."""
Curve = tuple[str, str]
"""A piece's name and the name of one of its boundary curves."""

FLIP = np.array([-1.0, 1.0])
FLIP_3D = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class _Piece:
    outline: Mapping[str, Flat]
    place: Place
    lines: Sequence[Flat]
    attached: float
    lift: float
    mirror_of: str | None = None


class Sewing:
    """A garment in the making.

    `edge` is the length of a triangle's edge, metres.
    """

    def __init__(self, edge: float = 0.011) -> None:
        self.edge = edge
        self._pieces: dict[str, _Piece] = {}
        self._seams: list[tuple[Curve, Curve]] = []
        self._hidden: set[Curve] = set()
        self._faired: list[Curve] = []
        self._hems: list[Curve] = []

    def piece(
        self, name: str, outline: Mapping[str, Flat], place: Place, lines: Sequence[Flat] = (), attached: float = 0.0,
        lift: float = 0.0,
    ) -> None:  # fmt: skip
        """Add a piece.

        `lines` are stitched onto it, `attached` holds all of it to what lies beneath, `lift` (metres) keeps it off.
        """
        self._pieces[name] = _Piece(outline, place, lines, attached, lift)

    def pair(
        self, name: str, outline: Mapping[str, Flat], place: Place, lines: Sequence[Flat] = (), attached: float = 0.0,
        lift: float = 0.0, left_lines: Sequence[Flat] = (),
    ) -> None:  # fmt: skip
        """Add a piece of the left side as `name left`, and its mirror image as `name right`.

        `left_lines` are stitched onto the left one only.
        """
        self.piece(f"{name} left", outline, place, [*lines, *left_lines], attached, lift)
        self._pieces[f"{name} right"] = _Piece(
            mirrored(outline), lambda flat: place(flat * FLIP) * FLIP_3D, [path * FLIP for path in lines], attached,
            lift, mirror_of=f"{name} left",
        )  # fmt: skip

    def sew(self, a: Curve, b: Curve, hidden: bool = False) -> None:
        """Join two boundary curves; a hidden seam does not show as a groove, such as the fold of a collar."""
        self._seams.append((a, b))
        if hidden:
            self._hidden.add(a)

    def sew_pair(self, a: Curve, b: Curve, fair: bool = False) -> None:
        """Join two curves of the left side, and those of the right side.

        `fair`: the two pieces are placed by different tubes, so that their start is smoothed around the seam.

        A piece that was added by itself has curves that end in `left` and `right`.
        """

        for one, two in zip(self.sides(a), self.sides(b), strict=True):
            self.sew(one, two)
            if fair:
                self._faired.append(one)

    def sides(self, curve: Curve) -> list[Curve]:
        """Name a curve of the left side and its counterpart."""
        piece, name = curve
        return [
            (f"{piece} {side}", name) if f"{piece} {side}" in self._pieces else (piece, f"{name} {side}")
            for side in ("left", "right")
        ]

    def hem(self, *curves: Curve) -> None:
        """Turn up the cloth along boundary curves."""
        self._hems.extend(curves)

    def hem_pair(self, *curves: Curve) -> None:
        """Turn up the cloth along curves of both sides."""
        for curve in curves:
            self.hem(*self.sides(curve))

    def length(self, curve: Curve) -> float:
        """Measure a boundary curve, metres."""
        return curve_length(self._pieces[curve[0]].outline[curve[1]])

    def _counts(self) -> dict[Curve, int]:
        """Equal point counts for curves that are sewn together."""
        group: dict[Curve, set[Curve]] = {}
        for a, b in self._seams:
            for piece, curve in (a, b):
                if piece not in self._pieces or curve not in self._pieces[piece].outline:
                    raise LifecastError(f"a seam names the curve {curve!r} of the piece {piece!r}: there is none")
            joined = group.get(a, {a}) | group.get(b, {b})
            for curve_ in joined:
                group[curve_] = joined
        return {
            curve: max(2, round(max(self.length(c) for c in joined) / self.edge) + 1) for curve, joined in group.items()
        }

    def _cut(self) -> list[Panel]:
        """Cut every piece; equal ones and mirror images are triangulated once."""
        counts = self._counts()
        panels: dict[str, Panel] = {}
        used: dict[str, dict[str, int]] = {}
        alike: dict[tuple[int, str], Panel] = {}
        for key, piece in self._pieces.items():
            own = used[key] = {curve: count for (of, curve), count in counts.items() if of == key}
            if piece.mirror_of and used[piece.mirror_of] == own:
                panels[key] = panels[piece.mirror_of].mirrored(key, len(piece.lines))
                continue
            same = (id(piece.outline), repr((sorted(own.items()), [id(path) for path in piece.lines])))
            if same not in alike:
                alike[same] = cut(key, piece.outline, self.edge, own, piece.lines)
            panels[key] = replace(alike[same], name=key)
        return list(panels.values())

    def garment(
        self, name: str, part: str, layer: int, fabric: str, measures: Measures, clearance: float, rounds: int = 20
    ) -> Garment:
        """Cut, place and join the pieces.

        The start keeps `clearance` metres from the skin, after `rounds` of relaxing toward the flat lengths.
        """
        panels = self._cut()
        placed = [self._pieces[panel.name].place(panel.points) for panel in panels]
        first = np.cumsum([0] + [len(panel.points) for panel in panels])
        at = {panel.name: k for k, panel in enumerate(panels)}
        total = int(first[-1])
        points = np.concatenate(placed)

        def vertices(curve: Curve) -> NDArray[np.int64]:
            k = at[curve[0]]
            index: NDArray[np.int64] = panels[k].curves[curve[1]] + first[k]
            return index

        left, right = [], []
        for a, b in self._seams:
            one, two = vertices(a), vertices(b)
            straight = np.linalg.norm(points[one] - points[two], axis=1).sum()
            crossed = np.linalg.norm(points[one] - points[two[::-1]], axis=1).sum()
            left.append(one)
            right.append(two if straight <= crossed else two[::-1])
        count, label = total, np.arange(total)
        if left:
            joins = (np.concatenate(left), np.concatenate(right))
            graph = sp.coo_matrix((np.ones(len(joins[0])), joins), (total, total))
            count, label = sp.csgraph.connected_components(graph, directed=False)
        members = np.bincount(label, minlength=count)
        points = np.stack([np.bincount(label, points[:, k], minlength=count) / members for k in range(3)], 1)

        faces = label[np.concatenate([panel.faces + first[k] for k, panel in enumerate(panels)])]
        flat = np.concatenate([panel.points[panel.faces] for panel in panels])
        piece_of = np.repeat(np.arange(len(panels)), [len(panel.faces) for panel in panels])
        folded = (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2]) | (faces[:, 2] == faces[:, 0])
        faces, flat, piece_of = faces[~folded], flat[~folded], piece_of[~folded]

        attached, lift = np.zeros(count), np.zeros(count)
        for k, panel in enumerate(panels):
            own_vertices = label[first[k] : first[k] + len(panel.points)]
            piece = self._pieces[panel.name]
            attached[own_vertices] = np.maximum(attached[own_vertices], piece.attached)
            lift[own_vertices] = np.maximum(lift[own_vertices], piece.lift)
        sewn = [_steps(label[vertices(a)]) for a, _ in self._seams if a not in self._hidden]
        stitched = [label[steps + first[k]] for k, panel in enumerate(panels) for steps in panel.lines]
        seams = _once(sewn + stitched)
        hems = _once([_steps(label[vertices(curve_)]) for curve_ in self._hems])
        faired = np.concatenate([np.zeros(0, np.int64), *[label[vertices(curve_)] for curve_ in self._faired]])
        points = fair(points, faces, faired)
        start = settle(points, faces, flat, measures, clearance + lift, rounds)
        return Garment(
            name=name, part=part, layer=layer, fabric=fabric, points=start.astype(np.float32),
            faces=faces.astype(np.int32), flat=flat.astype(np.float32), piece=piece_of.astype(np.int32),
            attached=attached.astype(np.float32), seams=seams, hems=hems,
            lift=lift.astype(np.float32),
        )  # fmt: skip


def _steps(path: NDArray[np.int64]) -> NDArray[np.int64]:
    """A path's edges (n - 1, 2)."""
    return np.stack([path[:-1], path[1:]], 1)


def _once(edges: Sequence[NDArray[np.int64]]) -> NDArray[np.int32]:
    """Join lists of edges (n, 2) to one (N, 2) in which each occurs once."""
    joined = np.sort(np.concatenate([np.zeros((0, 2), np.int64), *edges]), 1)
    return np.unique(joined[joined[:, 0] != joined[:, 1]], axis=0).astype(np.int32)
