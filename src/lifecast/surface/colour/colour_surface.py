"""Colour for every vertex of a reconstructed surface, from its one photograph.

What is visible takes the photograph's own colour, straight through the orthographic camera. Near the outline, at
grazing angles and next to an occluding part the photograph is trusted less; what is hidden gets a guess
(`hidden`), without the light that the front was taken in (`light`); and both are joined by diffusion over the surface
(`diffusion`), which keeps the guess's own steps, so that a waistline stays a line on the back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from lifecast.surface.colour.body_parts import BodyParts
from lifecast.surface.colour.diffusion import clusters, diffuse, edge_graph, steps_kept
from lifecast.surface.colour.evened import even_photograph
from lifecast.surface.colour.head import Head, find_head
from lifecast.surface.colour.hidden import HIDDEN_CLOTH, HiddenCloth, dress_hidden
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
    reach: float = 0.015
    """View units (2 cm) over which a guess is felt against what surrounds it."""
    contrast: float = 20.0
    """Distance in 0..255 RGB of two neighbours' guesses at which their edge carries 1/e."""
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
    sources: np.ndarray | None = None
    """(V, 2) float32, x and y in view space: where in the photograph the vertex's cloth is from, nan for nowhere."""


def colour_surface(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray | None = None,
    head: Head | None = None,
    joints: np.ndarray | None = None,
    constants: Colouring = COLOURING,
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
    hidden = dress_hidden(vertices, normals, graph, sight, trust, even, head, body, constants.hidden)
    colours = join(vertices, faces, normals, own, trust, hidden.guess, hidden.found.astype(np.float32), constants)
    return SurfaceColours(
        (colours + 0.5).clip(0, 255).astype(np.uint8), sight.visible, trust, hidden.parts, hidden.sources
    )


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


def join(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    own: np.ndarray,
    trust: np.ndarray,
    guess: np.ndarray,
    belief: np.ndarray,
    constants: Colouring = COLOURING,
) -> np.ndarray:
    """Join the photograph's colours `own` (V, 3) and the guesses (V, 3): (V, 3).

    The result is smooth where neither is trusted.
    """
    given = trust >= 0.999
    graph = edge_graph(faces, len(vertices))
    edge = mean_edge(vertices, faces)
    contrast = neighbour_contrast(graph, guess, (belief > 0) & ~given)
    graph.data[:] = np.where(np.isfinite(contrast), np.maximum(0.02, np.exp(-contrast / constants.contrast**2)), 1)
    # in the diffusion's terms: a guess with s = (edge / reach)^2 is felt over `reach`
    held = trust / (1 - trust + 1e-3)
    guessed = belief * (edge / constants.reach) ** 2
    believed = held + guessed
    share = np.divide(held, believed, out=np.zeros_like(held), where=believed > 0)[:, None]
    values = share * own + (1 - share) * guess
    pull = steps_kept(graph, guess, (belief > 0) & ~given)
    groups = clusters(vertices, normals, constants.cluster * edge)
    return diffuse(graph, groups, values, given, believed, pull)


def mean_edge(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Compute the mean edge length, from a sample of the faces."""
    some = faces[:: max(1, len(faces) // 20000)]
    return float(np.linalg.norm(vertices[some[:, 0]] - vertices[some[:, 1]], axis=1).mean()) + 1e-12


def neighbour_contrast(graph: sparse.csr_matrix, guess: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    """Compute the squared distance (nnz,) of the guesses (V, 3) at the ends of each graph entry.

    It is inf unless both are `guessed` (V,). float32.
    """
    start = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    both = np.flatnonzero(guessed[start] & guessed[graph.indices])
    contrast = np.full(graph.nnz, np.inf, np.float32)
    contrast[both] = ((guess[start[both]] - guess[graph.indices[both]]) ** 2).sum(1)
    return contrast
