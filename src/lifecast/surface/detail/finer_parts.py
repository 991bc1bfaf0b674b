"""Finer triangles at head and hands: lips, eyelids and fingers do not fit into the lattice's cells.

The lattice is as fine everywhere as the person's trunk needs. Around the fitted body's head and hands its triangles are
split before the relief steps move their vertices, and new vertices are put onto the field's level, which is asked
around them. What the lattice did not separate stays joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from lifecast.body.fitted_body import FittedBody
from lifecast.body.part_mesh import part_vertices
from lifecast.space.field import Field
from lifecast.surface.detail.relief import with_moved_vertices
from lifecast.surface.extract.subdivide import curved_middles, split_faces
from lifecast.surface.extract.surface import Surface


@dataclass(frozen=True)
class FinerParts:
    """Constants of the step `finer_parts`. Lengths are in metres of the body."""

    parts: tuple[tuple[str, float], ...] = (("head", 0.05), ("wrist.L", 0.02), ("wrist.R", 0.02))
    """Joints that the parts hang on, and how far from the body's skin the surface still belongs to them: a head has
    hair."""
    times: int = 1
    """How often triangles are split: each time their edges are half as long."""
    searched: float = 0.5
    """Of an edge's length: how far from its curved middle the level is looked for."""


FINER_PARTS = FinerParts()


def with_finer_parts(surface: Surface, field: Field, body: FittedBody, constants: FinerParts = FINER_PARTS) -> Surface:
    """Split the triangles of a surface at head and hands.

    The surface is in view space; `field` is what it was extracted from.
    """
    if not len(surface.faces):
        return surface
    inside = near_parts(surface.vertices, body, constants)
    for _ in range(constants.times):
        split = split_faces(surface.faces, inside[surface.faces].all(1))
        if not len(split.edges):
            return surface
        vertices = np.concatenate(
            [surface.vertices, curved_middles(surface.vertices, surface.normals, split.edges)]
        ).astype(np.float32)
        normals = surface.normals[split.edges].sum(1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        surface = surface._replace(
            vertices=vertices,
            faces=split.faces,
            normals=np.concatenate([surface.normals, normals]).astype(np.float32),
        )
        length = np.linalg.norm(vertices[split.edges[:, 1]] - vertices[split.edges[:, 0]], axis=1)
        moved = vertices.copy()
        moved[-len(length) :] = onto_level(field, vertices[-len(length) :], normals, constants.searched * length)
        surface = with_moved_vertices(surface, moved)
        inside = np.concatenate([inside, inside[split.edges].all(1)])
    return surface


def near_parts(vertices: np.ndarray, body: FittedBody, constants: FinerParts = FINER_PARTS) -> np.ndarray:
    """Decide which vertices belong to head and hands of a fitted body, (V,) bool.

    vertices: (V, 3) in view space.
    """
    inside = np.zeros(len(vertices), bool)
    for joint, reach in constants.parts:
        skin = body.posed[0][part_vertices(joint)]
        margin = reach * body.scale
        boxed = ((vertices > skin.min(0) - margin) & (vertices < skin.max(0) + margin)).all(1).nonzero()[0]
        distance, _ = cKDTree(skin).query(vertices[boxed], distance_upper_bound=margin)
        inside[boxed[np.isfinite(distance)]] = True
    return inside


def onto_level(
    field: Field, points: np.ndarray, normals: np.ndarray, reach: np.ndarray, level: float = 0.5
) -> np.ndarray:
    """Move points (N, 3) along their normals (N, 3) to where the field's occupancy is `level`.

    They move by at most `reach` (N,), and stay where the level is farther off. The field is asked three times a point.
    """
    start, along = torch.from_numpy(points).to(field.device), torch.from_numpy(normals).float().to(field.device)
    most = torch.from_numpy(reach).float().to(field.device)
    threshold = float(torch.logit(torch.tensor(level, dtype=torch.float64)))

    def asked(steps: Tensor) -> Tensor:
        return field.logits(start + steps[:, None] * along).float() - threshold

    here = asked(torch.zeros_like(most))
    far = torch.where(here > 0, most, -most)  # from inside outward, from outside inward
    there = asked(far)
    crosses = (here > 0) != (there > 0)
    step = torch.where(crosses, far * here / torch.where(crosses, here - there, 1), 0)
    # Once more between the two on whose sides the level lies: a field is no straight line.
    between = asked(step)
    same = (between > 0) == (here > 0)
    low, high = torch.where(same, step, 0), torch.where(same, far, step)
    at_low, at_high = torch.where(same, between, here), torch.where(same, there, between)
    crosses &= (at_low > 0) != (at_high > 0)
    step = torch.where(crosses, low + (high - low) * at_low / torch.where(crosses, at_low - at_high, 1), step)
    found: np.ndarray = (start + step[:, None] * along).cpu().numpy()
    return found
