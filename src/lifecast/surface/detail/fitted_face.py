"""The fitted face's relief: nose, lips, chin and eye sockets on the surface of the head.

Networks learn a face's depth last: millimetres in a whole body. Where the face was visible and its points were fitted,
the posed head says how deep each of its points lies. Visible vertices move along the lines of sight by the difference
between head and surface, less what that difference is at the face's rim, carried inward: so the face gets the head's
relief, its rim does not move, and there is no step between them. What is finer than `FittedFace.finest` stays the
surface's own. The rim crosses the forehead below the hairline: the hair is the networks'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import ConvexHull
from torch import Tensor
from torch.nn import functional

from lifecast.body.face_vertices import FACE_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.part_mesh import part_vertices
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.colour.visibility import lines_of_sight
from lifecast.surface.extract.surface import Surface
from lifecast.surface.raster import rasterize


@dataclass(frozen=True)
class FittedFace:
    """Constants of the step `fitted_face`. Lengths are in metres of the body."""

    inset: float = 0.012
    """How far inside the outline of the face points the face's rim lies: nearer to it a face turns away, and the
    smallest shift across the picture is a large difference in depth."""
    rim: float = 0.006
    """Width of the face's rim."""
    forehead: float = 0.6
    """Where the rim crosses the forehead: 0 is the eyes' height, 1 the top of the face points."""
    finest: float = 0.0022
    """Standard deviation of the smoothing that takes the surface's own finest relief out of the move."""
    farthest: float = 0.03
    """A vertex moves so far at most; a face that is farther off in most places was fitted wrongly and is left out."""
    facing: tuple[float, float] = (0.05, 0.3)
    """Normals' z from which vertices move at all, and from which they do wholly."""
    side: float = 0.16
    """Half the side of the square that is drawn around the face."""
    pixel: float = 0.0012
    """Of that square."""
    eyes: tuple[int, ...] = (33, 133, 263, 362)
    """Corners of the eyes, numbers of face points."""
    top: int = 10
    """The face's top, at the hairline."""


FITTED_FACE = FittedFace()


def with_face(
    surface: Surface, body: FittedBody, mask: Tensor | None = None, constants: FittedFace = FITTED_FACE
) -> Surface:
    """Move a surface's vertices to the relief of the fitted face; as it is if none was fitted.

    surface: in view space; mask (S, S): in [0, 1], where the person is.
    """
    if "face" not in body.fitted or not len(surface.faces):
        return surface
    moves = face_moves(surface, body, mask, constants)
    if not moves.any():
        return surface
    moved = surface.vertices.copy()
    moved[:, 2] += moves
    around = np.zeros(len(moves), bool)
    around[surface.faces[(moves != 0)[surface.faces].any(1)]] = True  # whose normals may have changed
    near = surface.faces[around[surface.faces].any(1)]
    bent = np.where(around[:, None], vertex_normals(moved, near, "area"), surface.normals)
    return surface._replace(vertices=moved, normals=bent.astype(np.float32))


def face_moves(
    surface: Surface, body: FittedBody, mask: Tensor | None = None, constants: FittedFace = FITTED_FACE
) -> np.ndarray:
    """Compute how far each vertex moves toward the camera, (V,) in view units.

    0 for all vertices but those of the visible face.
    """
    scale, points = body.scale, body.posed[0]
    face = points[list(FACE_VERTICES)]  # (468, 3)
    middle, half = (face[:, :2].min(0) + face[:, :2].max(0)) / 2, constants.side * scale
    size = round(2 * half / (constants.pixel * scale))
    pixel = 2 * half / size

    def framed(values: np.ndarray) -> np.ndarray:
        """View space to that of the square, depth on the same scale."""
        centred = np.concatenate([values[:, :2] - middle, values[:, 2:]], 1) / half
        return centred.astype(np.float32)

    own = framed(surface.vertices)
    inside = (np.abs(own[:, :2]) < 1.0).all(1)
    faces = surface.faces[inside[surface.faces].all(1)]
    moves = np.zeros(len(own), np.float32)
    if not len(faces):
        return moves
    used, renamed = np.unique(faces, return_inverse=True)
    sight = lines_of_sight(own[used], renamed.reshape(-1, 3), surface.normals[used], size)
    first = torch.from_numpy(sight.first)
    target = _head_depth(framed(points), size)
    rim = constants.rim * scale
    depth = _depth_in_face(framed(face), size, constants) * half - constants.inset * scale
    both = torch.isfinite(first) & torch.isfinite(target)
    if mask is not None:
        both &= _window(mask, middle, half, size) > 0.5
    if not bool((both & (depth > rim)).any()):
        return moves
    limit = constants.farthest * scale
    away = torch.where(both, target - first, torch.zeros(())) * half  # view units
    away = without_rim(away, both & (depth >= 0), both & (depth >= 0) & (depth < rim))
    if float((away.abs() > limit).sum()) > 0.5 * float(both.sum()):
        return moves
    smooth = ndimage.gaussian_filter(away.numpy().clip(-limit, limit), constants.finest * scale / pixel)
    faded = torch.from_numpy(smooth) * _smooth((depth / (2 * rim)).clamp(0, 1))
    at = torch.from_numpy(own[used, :2] * np.array([1, -1], np.float32))[None, None]
    read = functional.grid_sample(faded[None, None], at, align_corners=False)[0, 0, 0].numpy()
    grazing, full = constants.facing
    facing = ((surface.normals[used, 2] - grazing) / (full - grazing)).clip(0, 1)
    moves[used] = np.where(sight.visible, read * facing, 0)
    return moves


def _head_depth(vertices: np.ndarray, size: int) -> Tensor:
    """(size, size) depth of a head's skin and eyes, -inf beside it. vertices: of the body, framed."""
    body = shipped_body()
    own = torch.from_numpy(part_vertices("neck03"))
    faces = torch.cat([body.faces[body.parts[part]] for part in ("skin", "left_eye", "right_eye")])
    depth = rasterize(torch.from_numpy(vertices), faces[own[faces].all(1)], size).depth.numpy()
    # The gap between the lips would be a crack.
    closed = ndimage.grey_closing(depth, 3)
    return torch.from_numpy(np.where(np.isfinite(depth), closed, depth))


def _depth_in_face(face: np.ndarray, size: int, constants: FittedFace) -> Tensor:
    """(size, size) how far inside the face's outline each pixel of the square lies, framed units, negative outside.

    The outline is the hull of the points, cut off across the forehead. face: (468, 3) framed points.
    """
    hull = ConvexHull(face[:, :2])
    centres = (torch.arange(size) * 2 + 1) / size - 1
    x, y = centres[None], -centres[:, None]
    lines = torch.from_numpy(hull.equations).float()[:, :, None, None]  # (L, 3, 1, 1)
    within = -(lines[:, 0] * x + lines[:, 1] * y + lines[:, 2]).amax(0)
    eyes, top = face[list(constants.eyes), :2].mean(0), face[constants.top, :2]
    height = max(float(np.linalg.norm(top - eyes)), 1e-9)
    up = (top - eyes) / height
    over = (x - float(eyes[0])) * float(up[0]) + (y - float(eyes[1])) * float(up[1])
    # Across the forehead the outline lies where it is to be, without the inset.
    inset = constants.inset / constants.side
    return torch.minimum(within, constants.forehead * height - over + inset)


def without_rim(values: Tensor, region: Tensor, rim: Tensor) -> Tensor:
    """Subtract from a region's values those at its rim, carried inward; 0 outside it.

    values (S, S); region and rim (S, S) bool, the rim inside the region. Carried inward: the mean of the rim's values,
    weighted by the inverse square of the distance.
    """
    found = torch.zeros_like(values)
    places, edge = region.nonzero().float(), rim.nonzero().float()  # (N, 2), (M, 2)
    if len(edge):
        weights = 1 / (torch.cdist(places, edge) ** 2 + 0.25)  # (N, M)
        found[region] = values[region] - weights @ values[rim] / weights.sum(1)
    return found


def _smooth(share: Tensor) -> Tensor:
    return share * share * (3 - 2 * share)


def _window(mask: Tensor, middle: np.ndarray, half: float, size: int) -> Tensor:
    """The part (size, size) of a picture's mask (S, S) that a square around a point of view space shows."""
    centres = ((torch.arange(size) * 2 + 1) / size - 1) * half
    x, y = (centres + float(middle[0])).expand(size, size), (float(-middle[1]) + centres)[:, None].expand(size, size)
    grid = torch.stack([x, y], -1)[None]
    return functional.grid_sample(mask.float().cpu()[None, None], grid, align_corners=False)[0, 0]
