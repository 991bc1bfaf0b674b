"""Garments as one set of particles with the constraints that their flat pattern pieces give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.cloth.fabrics import FABRICS
from lifecast.people.garment import Garment

HEM_WEIGHT = 2.0
"""How often heavier a turned-up hem is than the cloth."""
HEM_STIFFNESS = 3.0
"""How often stiffer."""


@dataclass(frozen=True)
class ClothMesh:
    """Particles of one or more garments and what holds them together. N particles, F triangles, in metres and kg."""

    points: NDArray[np.float32]
    """(N, 3) where the garments start."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    flat: NDArray[np.float32]
    """(F, 3, 2) corners in the pattern pieces."""
    garment: NDArray[np.int32]
    """(N,) the number of each particle's garment."""
    mass: NDArray[np.float32]
    """(N,) kg."""
    attached: NDArray[np.float32]
    """(N,) 0 free .. 1 held."""
    lift: NDArray[np.float32]
    """(N,) metres that particles stay farther off what lies beneath."""
    edges: NDArray[np.int32]
    """(E, 2)"""
    length: NDArray[np.float32]
    """(E,) flat lengths."""
    edge_compliance: NDArray[np.float32]
    """(E,) m/N."""
    hinges: NDArray[np.int32]
    """(H, 4) the two ends of an inner edge, then the vertices opposite."""
    hinge_share: NDArray[np.float32]
    """(H, 4) cotangent weights of `kernels.bend`."""
    hinge_compliance: NDArray[np.float32]
    """(H,) 1 / (N/m)."""
    hems: NDArray[np.int32]
    seams: NDArray[np.int32]
    garments: tuple[Garment, ...]
    refinement: sp.csr_matrix | None = None
    """(N, N_coarse) that makes a refined mesh's particles of those it was refined from."""


def cloth_mesh(garments: Sequence[Garment]) -> ClothMesh:
    """Build the particles and constraints of garments, inner ones first."""
    starts = np.cumsum([0, *(len(g.points) for g in garments)])
    joined = [
        np.concatenate([np.asarray(getattr(g, name)) + start for g, start in zip(garments, starts, strict=False)])
        for name in ("faces", "hems", "seams")
    ]
    return _constrained(
        tuple(garments), np.concatenate([g.points for g in garments]), joined[0],
        np.concatenate([g.flat for g in garments]),
        np.repeat(np.arange(len(garments)), [len(g.points) for g in garments]).astype(np.int32),
        np.concatenate([g.attached for g in garments]), np.concatenate([g.lift for g in garments]),
        joined[1], joined[2], None,
    )  # fmt: skip


def refined(mesh: ClothMesh) -> ClothMesh:
    """Halve all edges: every triangle becomes four."""
    matrix, faces, edges = midpoint_subdivision(mesh.faces, len(mesh.points))
    a, b, c = (mesh.flat[:, k] for k in range(3))
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    flat = np.stack([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], 1)
    lines = [_halved(line, edges, len(mesh.points)) for line in (mesh.hems, mesh.seams)]
    return _constrained(
        mesh.garments, (matrix @ mesh.points).astype(np.float32), faces, flat.reshape(-1, 3, 2).astype(np.float32),
        np.concatenate([mesh.garment, mesh.garment[edges[:, 0]]]),
        (matrix @ mesh.attached).astype(np.float32), (matrix @ mesh.lift).astype(np.float32),
        lines[0], lines[1], matrix,
    )  # fmt: skip


def midpoint_subdivision(
    faces: NDArray[np.int32], count: int
) -> tuple[sp.csr_matrix, NDArray[np.int32], NDArray[np.int32]]:
    """Split each triangle into four at its edges' midpoints.

    Returns
    -------
    The matrix (count + E, count) that makes the new vertices, the faces (4 F, 3; those of triangle f are rows 4 f to
    4 f + 3: at its first, second and third corner, and the middle one), and the edges (E, 2) whose midpoints are the
    vertices count to count + E - 1.
    """
    edges, _, number, _ = _edges(faces, count)
    ab, bc, ca = (number.reshape(-1, 3) + count).T
    a, b, c = faces.T
    quarters = [np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    rows = np.repeat(np.arange(len(edges)), 2)
    halves = sp.csr_matrix((np.full(2 * len(edges), 0.5), (rows, edges.ravel())), (len(edges), count))
    matrix = sp.vstack([sp.identity(count), halves]).tocsr()
    return matrix, np.stack(quarters, 1).reshape(-1, 3).astype(np.int32), edges.astype(np.int32)


def first_parent(refinement: sp.csr_matrix) -> NDArray[np.int32]:
    """Return for each particle (N,) of a refined mesh one of those that it was made from."""
    parent: NDArray[np.int32] = refinement.indices[refinement.indptr[:-1]]
    return parent


def _edges(
    faces: NDArray[np.int32], count: int
) -> tuple[NDArray[np.int32], NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]:
    """Number the edges of triangles: (E, 2) ends, lower first, sorted.

    Also the first side that is each edge, the edge of each side (3 F,: ab, bc and ca of each face), and how many sides
    each edge is.
    """
    pairs = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1).astype(np.int64)
    keys, first, number, times = np.unique(
        pairs[:, 0] * count + pairs[:, 1], return_index=True, return_inverse=True, return_counts=True
    )
    return np.stack([keys // count, keys % count], 1).astype(np.int32), first, number.ravel(), times


def _halved(lines: NDArray[np.int32], edges: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The two halves of each of `lines`; `edges` are sorted as `midpoint_subdivision` returns them."""
    if not len(lines):
        return lines
    size = np.int64(edges.max()) + 1
    line = np.sort(lines, axis=1).astype(np.int64)
    keys = edges[:, 0] * size + edges[:, 1]
    middle = np.searchsorted(keys, line[:, 0] * size + line[:, 1]) + count
    return np.concatenate([np.stack([line[:, 0], middle], 1), np.stack([middle, line[:, 1]], 1)]).astype(np.int32)


def _constrained(
    garments: tuple[Garment, ...], points: NDArray[np.float32], faces: NDArray[np.int32], flat: NDArray[np.float32],
    garment: NDArray[np.int32], attached: NDArray[np.float32], lift: NDArray[np.float32],
    hems: NDArray[np.int32], seams: NDArray[np.int32],
    refinement: sp.csr_matrix | None,
) -> ClothMesh:  # fmt: skip
    count = len(points)
    side = flat[:, [1, 2, 0]].astype(np.float64) - flat  # (F, 3, 2): ab, bc, ca
    long = np.linalg.norm(side, axis=2)
    area = np.abs(side[:, 0, 0] * side[:, 1, 1] - side[:, 0, 1] * side[:, 1, 0]) / 2
    fabric = [FABRICS[g.fabric] for g in garments]

    def of(name: str, at: NDArray[np.int32]) -> NDArray[np.float64]:
        return np.array([getattr(f, name) for f in fabric], float)[garment[at]]

    hem = np.zeros(count, bool)
    hem[hems.ravel()] = True
    weight = area * of("density", faces[:, 0])
    mass = np.bincount(faces.ravel(), np.repeat(weight / 3, 3), count) * np.where(hem, HEM_WEIGHT, 1)

    # Every edge with its one or two triangles: rows of the same edge follow each other after sorting.
    edges, first, number, times = _edges(faces, count)
    length = np.bincount(number, long.ravel()) / times
    about = np.bincount(number, np.repeat(area, 3))
    # Direction to the grain: 1 along or across it, 0 on the bias.
    upright = (side / np.maximum(long, 1e-9)[..., None]).reshape(-1, 2)[first]
    straight = (upright[:, 0] ** 2 - upright[:, 1] ** 2) ** 2
    compliance = straight / of("stretch", edges[:, 0]) + (1 - straight) / of("shear", edges[:, 0])
    both = hem[edges].all(1)
    compliance *= length**2 / about / np.where(both, HEM_STIFFNESS, 1)

    order = np.argsort(number, kind="stable")
    at = np.concatenate([[0], np.cumsum(times)])[:-1]
    inner = np.flatnonzero(times == 2)
    one, two = order[at[inner]], order[at[inner] + 1]  # rows of ab, bc, ca of all faces
    hinges = np.stack([edges[inner, 0], edges[inner, 1], *(faces[r // 3, (r + 2) % 3] for r in (one, two))], 1)
    cot = [_cotangents(flat[r // 3], r % 3, faces[r // 3, r % 3] == edges[inner, 0]) for r in (one, two)]
    (c01, c03), (c02, c04) = cot
    share = np.stack([c03 + c04, c01 + c02, -c01 - c03, -c02 - c04], 1)
    # Over the edges of a mesh, |K x|^2 / (A0 + A1) sums up to the integral of the squared mean curvature vector.
    rigid = of("bending", hinges[:, 0]) / (area[one // 3] + area[two // 3])
    rigid *= np.where(hem[hinges[:, :2]].any(1), HEM_STIFFNESS, 1)
    return ClothMesh(
        points.astype(np.float32), faces.astype(np.int32), flat, garment, mass.astype(np.float32),
        attached.astype(np.float32), lift.astype(np.float32), edges.astype(np.int32), length.astype(np.float32),
        compliance.astype(np.float32),
        hinges.astype(np.int32), share.astype(np.float32), (1 / rigid).astype(np.float32), hems, seams, garments,
        refinement,
    )  # fmt: skip


def _cotangents(
    flat: NDArray[np.float32], side: NDArray[np.integer], forward: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cotangents of a triangle's angles at the first and second end of its `side`, which may run backward."""
    rows = np.arange(len(flat))
    a, b, c = (flat[rows, (side + k) % 3].astype(np.float64) for k in range(3))

    def cotangent(p: NDArray[np.float64], q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
        u, v = q - p, r - p
        cross = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
        found: NDArray[np.float64] = np.clip((u * v).sum(1) / np.maximum(cross, 1e-12), -10, 10)
        return found

    at_a, at_b = cotangent(a, b, c), cotangent(b, a, c)
    return np.where(forward, at_a, at_b), np.where(forward, at_b, at_a)
