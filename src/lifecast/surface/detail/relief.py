"""Relief: moves a surface along the lines of sight until it has the normal maps' folds.

The occupancy field is asked on a lattice and learned from points around surfaces, so its level is smoother than the
normal maps that are its input. What is narrower than `Relief.reach` is therefore taken from the maps: the
difference between the map's slopes and the mesh's is integrated (`space.integration`) to a map of moves, millimetres,
for the visible vertices. The other side is the same for a camera behind the person, and the back map.

Nothing is cut off between a vertex and the next, which light would show as a line or a pit: moves are read from the map
by cubic splines, bounds are approached gradually, and a vertex behind the first surface moves less the farther behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lifecast.space.integration import INTEGRATION, agreeing, differences, lesser, solve, wanted_differences
from lifecast.space.mesh_normals import vertex_normals
from lifecast.space.spline import spline_coefficients, spline_sample
from lifecast.surface.colour.visibility import HALF_TURN
from lifecast.surface.extract.surface import Surface
from lifecast.surface.raster import rasterize, to_pixels


@dataclass(frozen=True)
class Relief:
    """Constants of the step `relief`."""

    reach: float = 0.0175
    """View units (2.2 cm): relief of about this width and less is the normal map's, what is broader is the field's."""
    jump: float = 0.005
    """View units from pixel to pixel beyond which a step in depth is an edge, at a map of 512 pixels."""
    farthest: float = 0.006
    """View units (8 mm) that a vertex moves at most, ..."""
    of_thickness: float = 0.25
    """... and the share of the body's thickness there: the two sides of a finger must not meet."""
    facing: tuple[float, float] = (0.3, 0.8)
    """Normals' z from which vertices move at all, and from which they do wholly: slopes at the silhouette have no
    bound, and a move there shows from the side as a ridge."""
    behind: tuple[float, float] = (0.004, 0.016)
    """View units behind the first surface from which vertices move less, and from which they do not move."""
    iterations: int = 24
    """Steps of conjugate gradients a round."""


RELIEF = Relief()


def with_relief(
    surface: Surface, front: Tensor, back: Tensor, mask: Tensor | None = None, constants: Relief = RELIEF
) -> Surface:
    """Move a surface's vertices to the relief of its normal maps.

    Their number and the faces stay.

    Parameters
    ----------
    surface
        In view space.
    front, back
        (3, S, S) normals in view space, of any length, the picture's whole; 0 where there are none.
    mask
        (S, S) in [0, 1], where the maps are to be believed; without it wherever they are not 0.
    """
    if not len(surface.faces):
        return surface
    if mask is None:
        mask = (front.norm(dim=0) > 0).float()
    vertices, faces, normals = surface.vertices, surface.faces, surface.normals
    moved = vertices.copy()
    moved[:, 2] += relief_of_both_sides(vertices, faces, normals, front, back, mask, constants)
    return with_moved_vertices(surface, moved)


def with_moved_vertices(surface: Surface, moved: np.ndarray) -> Surface:
    """Give a surface other vertices (V, 3), and normals that turn as far as the mesh's do.

    The normals themselves are not the mesh's: the field's are smoother.
    """
    faces = surface.faces
    turned = vertex_normals(moved, faces, "area") - vertex_normals(surface.vertices, faces, "area")
    bent = surface.normals + turned
    bent /= np.maximum(np.linalg.norm(bent, axis=1, keepdims=True), 1e-12)
    return surface._replace(vertices=moved, normals=bent.astype(np.float32))


def relief_of_both_sides(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    front: Tensor,
    back: Tensor,
    mask: Tensor,
    constants: Relief = RELIEF,
) -> np.ndarray:
    """Compute how far each vertex moves along z by the front map and the back map.

    (V,) view units. Arguments as in `relief` and `with_relief`.
    """
    # For a camera behind the person the mesh is turned by half a circle about the vertical, and the map mirrored.
    behind = (back * back.new_tensor(HALF_TURN)[:, None, None]).flip(-1)
    moves = relief(vertices, faces, normals, front, mask, constants)
    moves -= relief(vertices * HALF_TURN, faces, normals * HALF_TURN, behind, mask.flip(-1), constants)
    return moves


def relief(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    normal_map: Tensor,
    mask: Tensor,
    constants: Relief = RELIEF,
) -> np.ndarray:
    """Compute how far each vertex moves toward a camera at +z, (V,) view units.

    0 for vertices that are hidden from it. vertices: (V, 3) view space; faces: (F, 3), outward counter-clockwise;
    normals: (V, 3) unit; normal_map (3, S, S): the normal map of that camera; mask (S, S): where it is believed.
    """
    size = normal_map.shape[-1]
    points, triangles = torch.tensor(vertices).float(), torch.tensor(faces).long()
    directions = torch.tensor(normals).float()
    front = rasterize(points, triangles, size)
    last = rasterize(points, triangles, size, facing="away", keep="farthest").depth
    covered = front.covered & torch.isfinite(last)
    rows, columns = (covered.any(dim).nonzero()[:, 0] for dim in (1, 0))
    if not len(rows):
        return np.zeros(len(vertices), np.float32)
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    own = torch.zeros(size, size, 3)
    own[front.covered] = front.interpolate(triangles, directions)
    grazing, full = constants.facing
    # From pixel to pixel along an outline slopes leap: there none is believed.
    cover = covered * mask.float().cpu() * _gradual((own[:, :, 2] - grazing) / (full - grazing))
    depth = torch.where(covered, front.depth, 0)
    thickness = torch.where(covered, front.depth - last, 0)
    moves = move_map(
        depth[box], thickness[box], own[box].permute(2, 0, 1), normal_map.float().cpu()[:, box[0], box[1]], cover[box],
        2 / size, constants,
    )  # fmt: skip
    # A spline through values that end in 0 swings beyond their end; there it is 0.
    near = functional.max_pool2d(functional.pad(moves.abs()[None], (1, 2, 1, 2)), 3, 1, 1) > 0
    places = to_pixels(points, size) - 0.5 - points.new_tensor([box[1].start, box[0].start])
    extent = places.new_tensor([moves.shape[1] - 1, moves.shape[0] - 1])
    read = spline_sample(spline_coefficients(moves[None]) * near, torch.minimum(places.clamp_min(0), extent))[:, 0]
    turned = _gradual((directions[:, 2] - grazing) / (full - grazing))
    return np.asarray(read * turned * _shown(points, front.depth, constants), np.float32)


def move_map(
    depth: Tensor,
    thickness: Tensor,
    own: Tensor,
    wanted: Tensor,
    cover: Tensor,
    step: float,
    constants: Relief = RELIEF,
) -> Tensor:
    """Compute how far a surface moves at each pixel (h, w), view units.

    Only the difference of the two normals' slopes is integrated, so that where they agree nothing moves, however coarse
    the pixels are for the surface's bends.

    Parameters
    ----------
    depth, thickness
        (h, w) of the surface, 0 where there is none.
    own, wanted
        (3, h, w) the surface's own normals, and those it shall have.
    cover
        (h, w) in [0, 1], where both are believed.
    step
        View units from pixel to pixel.
    """
    jump = constants.jump * 256 * step
    there, sure_there = wanted_differences(own[None], step)
    aimed, sure = wanted_differences(wanted[None], step)
    extra = (aimed[0] - there[0], aimed[1] - there[1])
    # Where depth leaps in place of following its normals, one part ends before another.
    trust = agreeing(lesser(cover[None] * sure * sure_there), differences(depth[None]), there, jump)
    stay = torch.full_like(depth[None], (step / constants.reach) ** 2)
    moves = nowhere = torch.zeros_like(stay)
    for _ in range(INTEGRATION.rounds):
        weights = agreeing(trust, differences(moves), extra, jump)
        moves = solve(moves, nowhere, stay, weights, extra, constants.iterations)
    bound = (constants.of_thickness * thickness).clamp(0, constants.farthest)
    return bound * torch.tanh(moves[0] / bound.clamp_min(1e-9))


def _shown(points: Tensor, first: Tensor, constants: Relief) -> Tensor:
    """Decide how visible points (N, 3) are behind a map of first depths (size, size): (N,) in [0, 1]."""
    size = first.shape[0]
    # The least depth around: a steep surface is not behind itself.
    least = -functional.max_pool2d(-first[None], 3, 1, 1)[0]
    column, row = to_pixels(points, size).floor().long().clamp(0, size - 1).unbind(-1)
    nearer, wholly = constants.behind
    return _gradual((points[:, 2] - least[row, column] + wholly) / (wholly - nearer))


def _gradual(share: Tensor) -> Tensor:
    """Rise from 0 at shares of 0 to 1 at 1, level at both ends."""
    share = share.clamp(0, 1)
    return share * share * (3 - 2 * share)
