"""Relief: moves a surface along the lines of sight until it has the normal maps' folds.

The occupancy field is asked on a lattice and learned from points around surfaces, so its level is smoother than the
normal maps that are its input. What is narrower than `Relief.reach` is therefore taken from the maps: the mesh's depth
map is integrated anew along the map's slopes (`space.integration`), and the difference, millimetres, moves the visible
vertices. The other side is the same for a camera behind the person, and the back map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lifecast.space.integration import INTEGRATION, integrated
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.colour.visibility import HALF_TURN, lines_of_sight
from lifecast.surface.extract.surface import Surface
from lifecast.surface.raster import rasterize


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
    facing: tuple[float, float] = (0.05, 0.35)
    """Normals' z from which vertices move at all, and from which they do wholly: slopes at the silhouette have no
    bound."""
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
    # For a camera behind the person the mesh is turned by half a circle about the vertical, and the map mirrored.
    behind = (back * back.new_tensor(HALF_TURN)[:, None, None]).flip(-1)
    moves = relief(vertices, faces, normals, front, mask, constants)
    moves = moves - relief(vertices * HALF_TURN, faces, normals * HALF_TURN, behind, mask.flip(-1), constants)
    moved = vertices.copy()
    moved[:, 2] += moves
    bent = vertex_normals(moved, faces)
    kept = (moves == 0)[:, None]
    return surface._replace(vertices=moved, normals=np.where(kept, normals, bent).astype(np.float32))


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
    step = 2 / size
    sight = lines_of_sight(vertices, faces, normals, size)
    first = torch.from_numpy(sight.first)
    points, triangles = torch.tensor(vertices).float(), torch.tensor(faces).long()
    last = rasterize(points, triangles, size, facing="away", keep="farthest").depth
    covered = torch.isfinite(first) & torch.isfinite(last)
    cover = covered * mask.float().cpu()
    rows, columns = (covered.any(dim).nonzero()[:, 0] for dim in (1, 0))
    moves = torch.zeros(size, size)
    if len(rows):
        box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        rough = torch.where(covered, first, torch.zeros(()))[box]
        follow = replace(
            INTEGRATION,
            stay=(step / constants.reach) ** 2,
            jump=constants.jump * 512 / size,
            iterations=constants.iterations,
        )
        map_box = normal_map.float().cpu()[:, box[0], box[1]]
        found = integrated(rough[None], map_box[None], cover[box][None], step, follow)[0]
        farthest = (constants.of_thickness * (first - last)[box]).clamp(0, constants.farthest)
        farthest = torch.where(covered[box], farthest, torch.zeros(()))
        moves[box] = (found - rough).clamp(-farthest, farthest)
    at = points[:, :2] * points.new_tensor([1.0, -1.0])
    read = functional.grid_sample(moves[None, None], at[None, None], align_corners=False)[0, 0, 0].numpy()
    grazing, full = constants.facing
    facing = np.clip((normals[:, 2] - grazing) / (full - grazing), 0, 1)
    return np.where(sight.visible, read * facing, 0).astype(np.float32)
