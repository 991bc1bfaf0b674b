"""Colour for every vertex of a reconstructed surface, from its one photograph.

What is visible takes the photograph's own colour, straight through the orthographic camera. Near the outline, at
grazing angles and next to an occluding part the photograph is trusted less; what is hidden is copied from what is
visible of the same part (`hidden`), without the light that the front was taken in (`light`), which fades out from the
visible into the copied by diffusion over the surface (`diffusion`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from lifecast.surface.colour.body_parts import BodyParts
from lifecast.surface.colour.diffusion import clusters, diffuse, edge_graph
from lifecast.surface.colour.evened import even_photograph
from lifecast.surface.colour.head import Head, find_head
from lifecast.surface.colour.hidden import HIDDEN_CLOTH, Hidden, HiddenCloth, dress_hidden
from lifecast.surface.colour.light import LIGHT_ESTIMATE, LightEstimate, find_light
from lifecast.surface.colour.photograph import RIM, Photograph, outline_mask, prepare_photograph
from lifecast.surface.colour.visibility import LinesOfSight, lines_of_sight


@dataclass(frozen=True)
class Colouring:
    """Constants of a surface's colours."""

    grazing: tuple[float, float] = (0.3, 0.6)
    """Cosine between normal and line of sight: no trust below the first, full trust from the second on."""
    lit: float = 0.5
    """Trust from which on a vertex's colour counts for the light."""
    reach: float = 0.03
    """View units (4 cm) over which the photograph's light fades out into what was copied."""
    seam: float = 0.02
    """View units (2.5 cm) between the sources of neighbours from which on a seam is between them."""
    cluster: float = 4.0
    """Edge lengths across a cluster of the diffusion's coarse problem."""
    light: LightEstimate = LIGHT_ESTIMATE
    hidden: HiddenCloth = HIDDEN_CLOTH


COLOURING = Colouring()


class SurfaceColours(NamedTuple):
    """The colours of a surface's vertices."""

    colours: np.ndarray
    """(V, 3) uint8 sRGB."""
    visible: np.ndarray
    """(V,) bool: the vertex is visible to the camera."""
    trust: np.ndarray
    """(V,) float32 in [0, 1]: how much of the colour is the photograph's own."""
    parts: np.ndarray | None = None
    """(V,) uint8 `parts.Part`: what the vertex belongs to."""


def colour_surface(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray | None = None,
    head: Head | None = None,
    joints: np.ndarray | None = None,
    constants: Colouring = COLOURING,
    parsing: np.ndarray | None = None,
) -> SurfaceColours:
    """Colour a surface with the photograph it was reconstructed from.

    Parameters
    ----------
    vertices: (V, 3) float32 view space, faces: (F, 3) int, outward counter-clockwise, normals: (V, 3) float32 unit.
    image: (S, S, 3) uint8 sRGB, the square crop that spans [-1, 1] in x and y; any S, not only the networks'.
    mask: (S, S) float in [0, 1], the person; without it the outline of the mesh itself is taken.
    head: where the head is; without it `find_head` looks for the head of an upright figure.
    joints: (33, 4) BlazePose's landmarks in view space, lifted, and their visibility; without them no limb is told from
    what is behind it.
    parsing: (2, P, h, w) float32, probabilities of the parts (`space.parsing`) on front and back of the same crop;
    without it parts are told by colours and joints.

    Raises `PhotoError` if the mask holds nobody.
    """
    vertices, normals = np.asarray(vertices, np.float32), np.asarray(normals, np.float32)
    if len(vertices) == 0:
        return SurfaceColours(np.zeros((0, 3), np.uint8), np.zeros(0, bool), np.zeros(0, np.float32))
    size = image.shape[0]
    sight = lines_of_sight(vertices, faces, normals, min(max(size, 512), 1024))
    if mask is None:
        mask = outline_mask(sight.first, size)
    photo = prepare_photograph(image, mask)
    trust = photograph_trust(vertices, normals, photo, sight, constants.grazing)
    own = photo.sample(vertices)  # (V, 3)

    head = head or find_head(vertices)
    trusted = trust > constants.lit
    light = find_light(vertices[trusted], normals[trusted], own[trusted], constants=constants.light)
    even = even_photograph(photo, sight, light)
    body = None if joints is None else BodyParts(joints, sight.first)
    graph = edge_graph(faces, len(vertices))
    edge = mean_edge(vertices, faces)
    hidden = dress_hidden(vertices, normals, graph, edge, sight, trust, even, head, body, constants.hidden, parsing)
    pull = seams_closed(graph, hidden, constants.seam)
    left = light_left(vertices, normals, graph, edge, own - even.sample(vertices), trust, pull, constants)
    copied = hidden.copied + left
    colours = np.where(trust[:, None] >= 0.999, own, trust[:, None] * own + (1 - trust[:, None]) * copied)
    return SurfaceColours((colours + 0.5).clip(0, 255).astype(np.uint8), sight.visible, trust, hidden.parts)


def photograph_trust(
    vertices: np.ndarray,
    normals: np.ndarray,
    photo: Photograph,
    sight: LinesOfSight,
    grazing: tuple[float, float] = COLOURING.grazing,
) -> np.ndarray:
    """Compute how far the photograph is the vertex's own colour, (V,) float32.

    1 for what faces the camera freely.
    """
    facing = ((normals[:, 2] - grazing[0]) / (grazing[1] - grazing[0])).clip(0, 1)
    rim = ((photo.inside(vertices) - RIM) / RIM).clip(0, 1)
    result: np.ndarray = (sight.clear * facing * rim).astype(np.float32)
    return result


def light_left(
    vertices: np.ndarray,
    normals: np.ndarray,
    graph: sparse.csr_matrix,
    edge: float,
    left: np.ndarray,
    trust: np.ndarray,
    pull: np.ndarray,
    constants: Colouring = COLOURING,
) -> np.ndarray:
    """Let the light that the photograph's colours still have fade out.

    Into what was copied: (V, 3). edge: the mean edge length; left: (V, 3) by which the photograph's own colours differ
    from evened ones. What is copied has none far off, and meets the photograph without a step; lines between parts stay
    lines, since light alone is smooth.
    """
    given = trust >= 0.999
    # in the diffusion's terms: nothing with s = (edge / reach)^2 is felt over `reach`
    held = trust / (1 - trust + 1e-3)
    nothing = np.float32((edge / constants.reach) ** 2)
    share = (held / (held + nothing))[:, None]
    groups = clusters(vertices, normals, constants.cluster * edge)
    return diffuse(graph, groups, (share * left).astype(np.float32), given, held + nothing, pull)


def seams_closed(graph: sparse.csr_matrix, hidden: Hidden, jump: float) -> np.ndarray:
    """Sum for each vertex, (V, 3), the steps that close the seams within copied cloth."""
    start = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    end = graph.indices
    with np.errstate(invalid="ignore"):
        apart = np.abs(hidden.sources[start] - hidden.sources[end]).max(1) > jump
    seam = np.flatnonzero(apart & (hidden.pieces[start] == hidden.pieces[end]) & (hidden.pieces[start] >= 0))
    pull = np.zeros_like(hidden.copied)
    np.add.at(pull, start[seam], hidden.copied[end[seam]] - hidden.copied[start[seam]])
    return pull


def mean_edge(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Compute the mean edge length, from a sample of the faces."""
    some = faces[:: max(1, len(faces) // 20000)]
    return float(np.linalg.norm(vertices[some[:, 0]] - vertices[some[:, 1]], axis=1).mean()) + 1e-12
