"""Colours spread over a surface from given ones: a screened Poisson problem.

It is on the mesh's graph. The colours x of the unknown vertices minimise

    sum over edges  w_ij |x_i - x_j - d_ij|^2  +  sum over vertices  s_i |x_i - p_i|^2

with the given vertices held, p a guess for the rest and s how much it is believed; a guess is felt over
1 / sqrt(s) edges. d is zero but where steps are wanted. Solved by conjugate gradients with a second, coarse level of
clustered vertices, so that large empty regions need hardly more steps than small ones.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

ENOUGH = 0.5
"""Stop when no colour is off by more than this, of 255, in the preconditioner's estimate (the mean is far below)."""
DAMPING = 0.66
"""Of the Jacobi steps that smooth the coarse basis: 4/3 over the largest eigenvalue, 2, of D^-1 A."""


def edge_graph(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """Make the symmetric 0/1 adjacency of `count` vertices, (V, V) float32 CSR.

    It holds each edge once a direction.
    """
    start = faces[:, [0, 1, 2]].ravel()
    end = faces[:, [1, 2, 0]].ravel()
    ones = np.ones(len(start), np.float32)
    graph = sparse.coo_matrix((ones, (start, end)), shape=(count, count)).tocsr()
    graph = (graph + graph.T).tocsr()  # an open edge comes in one direction only
    graph.data[:] = 1
    return graph


def clusters(vertices: np.ndarray, normals: np.ndarray, width: float) -> np.ndarray:
    """Number each vertex's cluster, (V,): a cube of side `width` and an octant of directions.

    The two sides of a thin part stay apart.
    """
    cell = np.floor((vertices - vertices.min(0)) / width).astype(np.int64)  # (V, 3)
    size = cell.max(0) + 1
    octant = (normals > 0) @ np.array([1, 2, 4])
    key = ((cell[:, 0] * size[1] + cell[:, 1]) * size[2] + cell[:, 2]) * 8 + octant
    return np.unique(key, return_inverse=True)[1]


def diffuse(
    graph: sparse.csr_matrix,
    groups: np.ndarray,
    values: np.ndarray,
    given: np.ndarray,
    belief: np.ndarray,
    pull: np.ndarray | None = None,
    steps: int = 30,
) -> np.ndarray:
    """Fill the unknown vertices: (V, C) float32.

    graph: (V, V) symmetric, edge weights. groups: (V,) cluster numbers for the coarse level. values: (V, C), the
    colours of the `given` (V,) bool vertices, a guess elsewhere. belief: (V,) >= 0 the s_i of the guesses. pull: (V, C)
    sums of w_ij d_ij over each vertex's edges; None: zero. Vertices that neither a given nor a believed one is
    connected with get the mean of those.
    """
    result = np.array(values, np.float32)
    unknown = np.flatnonzero(~given)
    if len(unknown) == 0:
        return result
    support = given.astype(np.float64) + belief
    if not support.any():
        return result
    mean = np.average(values, axis=0, weights=support)
    belief = belief.astype(np.float32)[unknown]
    guess = np.where(belief[:, None] > 0, values[unknown], mean).astype(np.float32)
    belief = belief + np.float32(1e-5)
    rows = graph[unknown]
    degree = np.asarray(rows.sum(1)).ravel()
    inner = rows[:, unknown].tocsr()
    held = np.flatnonzero(given)
    target = rows[:, held] @ result[held] + belief[:, None] * guess
    if pull is not None:
        target += pull[unknown]
    system = (sparse.diags(degree + belief) - inner).astype(np.float32).tocsr()
    group = np.unique(groups[unknown], return_inverse=True)[1]
    result[unknown] = Model(system, group).solve(target.astype(np.float32), guess, steps)
    return result


class Model:
    """Conjugate gradients with a coarse problem as their preconditioner.

    Smoothed aggregation, Vanek et al. 1996.
    """

    def __init__(self, system: sparse.csr_matrix, group: np.ndarray) -> None:
        """system: (N, N) positive definite, a graph's Laplacian plus a diagonal; group: (N,) cluster numbers."""
        count = len(group)
        self.system = system
        self.diagonal = system.diagonal()[:, None]
        members = sparse.csr_matrix(
            (np.ones(count, np.float32), (np.arange(count), group)), shape=(count, group.max() + 1)
        )
        smoother = sparse.diags((DAMPING / self.diagonal[:, 0]).astype(np.float32))
        self.prolong = (members - smoother @ (system @ members)).tocsr()
        self.restrict = self.prolong.T.tocsr()
        self.coarse = splu(
            (self.restrict @ system @ self.prolong).astype(np.float64).tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    def approximate(self, residual: np.ndarray) -> np.ndarray:
        """Approximate system^-1 residual, (N, C) float32.

        It is one damped Jacobi step plus the coarse solution.
        """
        coarse = self.coarse.solve((self.restrict @ residual).astype(np.float64))
        result: np.ndarray = DAMPING * residual / self.diagonal + self.prolong @ coarse.astype(np.float32)
        return result

    def solve(self, target: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
        """Solve for all columns of `target` (N, C) together.

        Until the estimated error is below `ENOUGH` or after `steps`.
        """
        x = start.copy()
        residual = target - self.system @ x
        ready = self.approximate(residual)
        direction = ready.copy()
        power = np.einsum("nc,nc->c", residual, ready)
        for _ in range(steps):
            if np.abs(ready).max() < ENOUGH:
                break
            moved = self.system @ direction
            step = power / np.maximum(np.einsum("nc,nc->c", direction, moved), 1e-30)
            x += step * direction
            residual -= step * moved
            ready = self.approximate(residual)
            before, power = power, np.einsum("nc,nc->c", residual, ready)
            direction = ready + (power / np.maximum(before, 1e-30)) * direction
        return x
