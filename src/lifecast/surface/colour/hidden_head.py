"""The sides and the back of a head, which a photograph from the front does not show: where hair ends, and its colours.

A head is known well enough to be painted rather than copied. Around its axis, and from the ears up and down, hair ends
where hair usually does: at the temples, behind the ears, at the nape, or further down as far as the front shows it
(`head.hair_share`). Hidden skin is as smooth as skin: a membrane between the skin that is visible next to it, drawn to
the usual colour of the face. Hidden hair is strands from the crown down, in the colours of the visible hair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

from lifecast.space.parsing import Part
from lifecast.surface.colour.body_parts import BodyParts, Zone
from lifecast.surface.colour.head import BACK_OF_HEAD, BackOfHead, Head

Floats = np.ndarray


@dataclass(frozen=True)
class HiddenHead:
    """Constants of hidden heads."""

    on: bool = True
    """Off: the head is copied from the photograph like cloth."""
    hairline: tuple[tuple[float, float], ...] = (
        (-0.4, -0.6), (-0.25, -0.45), (-0.1, -0.32), (0.02, -0.25), (0.14, 0.0), (0.22, 0.3), (0.32, 0.6), (0.45, 1.0),
    )  # fmt: skip
    """Where hair begins before, at the ears, and behind: heights over the ears in heads, and how far before the ears
    (negative: behind them), in halves of the head's depth."""
    nape: float = 0.08
    """Heads that short hair ends higher a half depth beside the middle of the nape than on it."""
    uneven: float = 0.05
    """Half depths by which single locks go farther or less far, standard deviation."""
    covered_ears: float = 0.3
    """The same at and under the ears, where the outline beside them is hair."""
    ear: tuple[float, float] = (-0.08, 0.1)
    """Heights over the ears' middle, in heads, between which the outline says whether they are covered."""
    locks: float = 1.35
    """Half depths of the head from its axis that long hair reaches: beyond it are shoulders."""
    skin_like: float = 40.0
    """Distance in 0..255 RGB from the face's usual colour up to which visible skin passes its own on."""
    drawn: float = 0.05
    """View units (6 cm) over which hidden skin is drawn to the face's usual colour."""
    neck: float = 1.1
    """Half depths of the head from its axis that the neck reaches: beyond it are shoulders."""
    strand: tuple[float, ...] = (0.003, 0.008, 0.025)
    """View units across a strand of hair and across locks of two sizes; ten times as long along."""
    contrast: float = 0.9
    """Share of the visible hair's spread of colours that the hidden one has."""
    hair_like: float = 45.0
    """Distance in 0..255 RGB from the hair's usual colour up to which visible hair counts: what glints, or is skin
    between strands, does not."""
    soft: int = 3
    """Rings of vertices over which hidden hair and skin blend."""
    away: float = -0.3
    """How far the face looks toward the camera (a cosine) under which the photograph shows the back of the head."""
    least: int = 40
    """Visible vertices of a part under which nothing is known of its colours."""


HIDDEN_HEAD = HiddenHead()
SPREAD = 0.06
"""Share of brightness by which hair of one colour varies."""


class HeadFrame(NamedTuple):
    """A head's own axes."""

    centre: Floats
    """(3,) the middle of the head at the height of the ears, view space."""
    facing: Floats
    """(3,) where the face looks, level, of length 1."""
    half_depth: float
    """View units from the middle to the forehead."""
    height: float
    """View units from chin to crown."""

    def of(self, points: Floats) -> Floats:
        """Give points (N, 3) in these axes.

        To the left (half depths), up (heads), forward (half depths).
        """
        off = points - self.centre
        left = np.array([self.facing[2], 0, -self.facing[0]])
        return np.column_stack(
            [off @ left / self.half_depth, off[:, 1] / self.height, off @ self.facing / self.half_depth]
        )


def head_frame(vertices: Floats, head: Head, facing: Floats | None = None) -> HeadFrame | None:
    """Find a head's axes from the surface around it; None where there is no surface.

    vertices (V, 3); facing: where the face looks, level; toward the camera if None.
    """
    facing = np.array([0.0, 0.0, 1.0]) if facing is None or not np.any(facing) else facing
    share = (vertices[:, 1] - head.chin) / head.height
    own = vertices[(share > 0.5) & (share < 0.85) & (np.abs(vertices[:, 0] - head.x) < 1.3 * head.half_width)]
    if len(own) < 20:
        return None
    left = np.array([facing[2], 0, -facing[0]])
    (back, front), (right, far) = (np.percentile(own @ axis, (2, 98)) for axis in (facing, left))
    centre = facing * (back + front) / 2 + left * (right + far) / 2
    centre[1] = head.chin + 0.45 * head.height
    return HeadFrame(centre, facing, max(float(front - back) / 2, 1e-3), head.height)


class SeenHead(NamedTuple):
    """What the photograph shows of a head."""

    frame: HeadFrame
    places: Floats
    """(V, 3) the surface's vertices in the head's own axes."""
    near: np.ndarray
    """(V,) bool: of the head, from under the chin up."""
    neck: np.ndarray
    """(V,) bool: of head or neck."""
    colours: Floats
    """(V, 3) 0..255 of the photograph at the vertices, without its light."""
    usual_skin: Floats
    """(3,) 0..255."""
    usual_hair: Floats
    """(3,) 0..255."""
    covered: tuple[bool, bool]
    """Whether hair covers the right and the left ear."""
    bald: bool


def see_head(
    vertices: Floats, trust: Floats, parts: np.ndarray, colours: Floats, head: Head, hair: Floats | None,
    body: BodyParts | None, constants: HiddenHead = HIDDEN_HEAD, back: BackOfHead = BACK_OF_HEAD,
) -> SeenHead | None:  # fmt: skip
    """Find a head's axes and usual colours.

    None where the photograph shows too little of it.

    vertices: (V, 3) view space; trust: (V,) 1 where the photograph shows them; parts: (V,) `Part`; colours: (V, 3) of
    the photograph there, without its light; hair: its usual colour.
    """
    if body is not None and body.facing[2] < constants.away:
        return None
    frame = head_frame(vertices, head, None if body is None else body.facing)
    if frame is None or hair is None:
        return None
    places = frame.of(vertices)
    left, up, forward = places.T
    own = np.abs(vertices[:, 0] - head.x) < 1.4 * head.half_width
    neck = (np.hypot(left, forward) < constants.neck) & (up > -1.2) & (up <= -0.55)
    if body is not None:
        either = np.flatnonzero((own | neck) & (up > -1.2) & (up < 0.8))
        zone = np.full(len(vertices), -1)
        zone[either] = body.find(vertices[either]).zone
        own &= zone == Zone.HEAD
        neck &= (zone == Zone.HEAD) | ((zone == Zone.TRUNK) & (vertices[:, 1] > body.trunk.shoulders[1]))
    near = own & (up > -0.55) & (up < 0.8)
    neck |= near
    seen = trust >= 0.999
    face = np.flatnonzero(seen & near & (parts == Part.FACE))
    if len(face) < constants.least:
        return None
    upper = face[up[face] > 0]  # no beard
    face = upper if len(upper) >= constants.least else face
    bright = colours[face].sum(1)
    low, high = np.percentile(bright, (30, 85))  # no brows, no glint
    usual = np.median(colours[face[(bright >= low) & (bright <= high)]], axis=0)
    covered = []
    beside = (trust > 0) & near & (up > constants.ear[0]) & (up < constants.ear[1])
    for side in (-left, left):
        rim = beside & (side > 0.6)
        outer = rim & (side > np.percentile(side[rim], 60)) if rim.any() else rim
        to_hair, to_skin = (np.linalg.norm(colours[outer] - one, axis=1) for one in (hair, usual))
        covered.append(bool(outer.any() and (to_hair < to_skin).mean() > 0.5))
    bald = bool(np.linalg.norm(hair - usual) < back.bald)
    return SeenHead(frame, places, near, neck, colours, usual, hair, (covered[0], covered[1]), bald)


def hairy_places(
    places: Floats, share: Floats, covered: tuple[bool, bool], constants: HiddenHead = HIDDEN_HEAD
) -> np.ndarray:
    """Decide which hidden places are hair, (N,) bool.

    Parameters
    ----------
    places: (N, 3) in the head's own axes (`HeadFrame.of`).
    share: (N,) how much of the head is hair at their height (`head.hair_share`).
    covered: whether hair covers the right and the left ear.
    """
    left, up, forward = places.T
    heights, begins = np.array(constants.hairline).T
    locks = constants.uneven * lattice_noise(np.stack([np.arctan2(left, -forward) * 12, up * 3]), 7)
    line = np.interp(up, heights, begins) + locks
    line = np.where((share > 0.5) & (up < heights[0]), constants.covered_ears, line)  # long hair hangs beside the neck
    over = np.array(covered)[(left > 0).astype(int)]
    line = np.where(over, np.maximum(line, constants.covered_ears), line)
    short_ends = up > heights[0] + constants.nape * left**2 + locks / 2
    hairy: np.ndarray = (forward < line) & (short_ends | (share > 0.5))
    return hairy


def bare_places(seen: SeenHead, rows: np.ndarray, parts: np.ndarray, constants: HiddenHead = HIDDEN_HEAD) -> np.ndarray:
    """Decide which vertices (N,) of the head that are not hairy are skin, (N,) bool.

    parts: (N,) what they would be: face, skin, or hair that goes on from what is visible; that stays at the temples and
    over covered ears.
    """
    left, up, _ = seen.places[rows].T
    open_ear = (up < constants.ear[1]) & ~np.array(seen.covered)[(left > 0).astype(int)]
    bare: np.ndarray = (parts == Part.FACE) | ((parts == Part.HAIR) & (seen.bald | open_ear))
    return bare


def paint_head(
    seen: SeenHead, hidden: np.ndarray, parts: np.ndarray, trust: Floats, graph: sparse.csr_matrix, edge: float,
    strange: np.ndarray, constants: HiddenHead = HIDDEN_HEAD,
) -> tuple[np.ndarray, Floats]:  # fmt: skip
    """Paint the skin and hair among `hidden` (N,) vertex numbers.

    Returns vertex numbers (M,) and their colours (M, 3).

    parts: (V,) `Part`; trust: as in `see_head`; graph: (V, V) adjacency; edge: mean edge length, view units;
    strange: (V,) bool, what would be copied from far away: of it all skin is painted, wherever it is.
    """
    shown, colours = trust >= 0.999, seen.colours
    passing = (Part.FACE, Part.SKIN, Part.HAIR) if seen.bald else (Part.FACE, Part.SKIN)
    like = np.linalg.norm(colours - seen.usual_skin, axis=1) < constants.skin_like
    given = shown & like & np.isin(parts, passing)
    skin = hidden[(parts[hidden] == Part.SKIN) & (seen.neck | strange)[hidden]]
    hair = hidden[(parts[hidden] == Part.HAIR) & seen.neck[hidden]]
    visible = colours[shown & seen.near & (parts == Part.HAIR)]
    visible = visible[np.linalg.norm(visible - seen.usual_hair, axis=1) < constants.hair_like]
    painted = np.concatenate([skin, hair])
    found = np.concatenate([
        skin_membrane(graph, skin, given, colours, seen.usual_skin, edge, constants),
        strands(seen.places[hair], seen.frame, visible, seen.usual_hair, constants),
    ])  # fmt: skip
    return painted, blended(graph[painted][:, painted], np.arange(len(painted)) < len(skin), found, constants.soft)


def blended(graph: sparse.csr_matrix, skin: np.ndarray, colours: Floats, rings: int) -> Floats:
    """Smooth colours (M, 3) over the line between skin (M,) and hair.

    It is so many rings of vertices wide; graph: (M, M) adjacency.
    """
    border = (graph @ skin.astype(np.float32) > 0) & ~skin | (graph @ (~skin).astype(np.float32) > 0) & skin
    for _ in range(rings - 1):
        border |= graph @ border.astype(np.float32) > 0
    rows = np.flatnonzero(border)
    near, count = graph[rows], np.maximum(np.asarray(graph[rows].sum(1)), 1)
    for _ in range(rings):
        colours[rows] = (colours[rows] + near @ colours / count) / 2
    return colours


def skin_membrane(
    graph: sparse.csr_matrix, hidden: np.ndarray, given: np.ndarray, colours: Floats, usual: Floats, edge: float,
    constants: HiddenHead = HIDDEN_HEAD,
) -> Floats:  # fmt: skip
    """Compute colours (N, 3) of hidden skin.

    They are harmonic between given vertices, and drawn to the usual colour.

    graph: (V, V) symmetric adjacency; hidden: (N,) vertex numbers; given: (V,) bool, which pass their colours (V, 3)
    on; usual: (3,); edge: the mean edge length, view units.
    """
    if len(hidden) == 0:
        return np.zeros((0, 3), np.float32)
    rows = graph[hidden].astype(np.float64)
    inner = rows[:, hidden]
    outer = rows @ sparse.diags(given.astype(np.float64))
    pull = (edge / constants.drawn) ** 2
    weight = np.asarray(inner.sum(1)).ravel() + np.asarray(outer.sum(1)).ravel() + pull
    system = (sparse.diags(weight) - inner).tocsr()
    scale = sparse.diags(1 / weight)
    wanted = outer @ colours + pull * usual  # (N, 3)
    # Conjugate gradients are soon within a tenth of a grey value: what is some rings away is not felt.
    found = [
        cg(system, wanted[:, k], x0=np.full(len(hidden), usual[k]), rtol=1e-5, maxiter=500, M=scale)[0]
        for k in range(3)
    ]
    return np.stack(found, 1).astype(np.float32)


def strands(
    places: Floats, frame: HeadFrame, colours: Floats, usual: Floats, constants: HiddenHead = HIDDEN_HEAD
) -> Floats:
    """Compute colours (N, 3) of hidden hair at places (N, 3) in the head's own axes.

    colours: (M, 3) of the visible hair; usual: (3,) its usual colour.
    """
    ladder = usual * (1 + SPREAD * np.linspace(-2, 2, 33))[:, None]
    if len(colours) >= constants.least:  # from the darkest tenth to the brightest
        ordered = colours[np.argsort(colours.sum(1), kind="stable")]
        means = np.stack([part.mean(0) for part in np.array_split(ordered, 41)])[4:-4]
        ladder = usual + constants.contrast * (means - np.median(means, axis=0))
    left, up, forward = places.T
    # strands run down from the crown, so what tells one from the next is the direction around the head's axis
    around, along = np.arctan2(left, -forward) * frame.half_depth, up * frame.height
    noise = np.zeros(len(places))
    for k, width in enumerate(constants.strand):
        noise += lattice_noise(np.stack([around / width, along / (10 * width)]), k)
    noise /= np.sqrt(len(constants.strand))
    share = (0.5 + noise / 4).clip(0, 1) * (len(ladder) - 1)
    low = np.minimum(share.astype(int), len(ladder) - 2)
    rest = (share - low)[:, None]
    found: Floats = ladder[low] * (1 - rest) + ladder[low + 1] * rest
    return found.clip(0, 255).astype(np.float32)


def lattice_noise(at: Floats, seed: int) -> Floats:
    """Read smooth noise at places (2, N) of a lattice of random numbers, (N,).

    Its standard deviation is about 1.
    """
    lattice = np.random.default_rng(seed).normal(0, 1.4, (256, 256))
    found: Floats = ndimage.map_coordinates(lattice, at, order=3, mode="grid-wrap", prefilter=False)
    return found
