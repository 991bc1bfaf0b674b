"""Shaping a body: from phenotype, local changes and facial actions to vertices and joints.

    shapes = BodyShapes(read_body_file())
    coefficients = shapes.coefficients([{"gender": 0.0, "age": 0.7}], [{}], [{"jawOpen": 0.3}])
    vertices = shapes.vertices(coefficients[0])        # (19158, 3) metres, y up, front toward +z
    heads = shapes.heads @ vertices

Vertices are linear in the coefficients: one for each dense component and each sparse shape of the body's file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from lifecast.body.body_file import BodyFile, mirrored
from lifecast.body.phenotype import phenotype_weights
from lifecast.scans.cores import torch_on_one_thread

LOCAL, DECREASE, ACTION = "local_change:", "local_change:-", "facial_action:"
"""How the labels of sparse shapes begin that are not a phenotype's. A local change is two shapes, one for what is above
0 and, with `DECREASE`, one for what is below."""

People = Sequence[Mapping[str, float]]


class BodyShapes:
    """The shapes of a body's file, ready to be added up.

    Below, there are V vertices, B bones, K dense and M sparse shapes.
    """

    def __init__(self, file: BodyFile) -> None:
        self.file = file
        self.names = file.names
        arrays = file.arrays
        self.actions = [label.removeprefix(ACTION) for label in self.names.sparse if label.startswith(ACTION)]
        self.changes = [
            label.removeprefix(LOCAL)
            for label in self.names.sparse
            if label.startswith(LOCAL) and not label.startswith(DECREASE)
        ]
        self.dense_count = len(arrays["dense_scale"])
        self._sparse_column = {label: self.dense_count + k for k, label in enumerate(self.names.sparse)}
        self.vertex_count = len(arrays["mirror"])
        bones = len(self.names.bones)
        self.heads = _averages(arrays["head_vertices"], arrays["head_start"], (bones, self.vertex_count))
        """(B, V): vertices -> where each bone turns about."""
        self.tails = _averages(arrays["tail_vertices"], arrays["tail_start"], (bones, self.vertex_count))
        """(B, V): vertices -> each bone's other end."""

    def coefficients(self, phenotypes: People, local: People, expressions: People) -> NDArray[np.float64]:
        """Compute the coefficients (P, K + M) of P people.

        Parameters
        ----------
        phenotypes : see `phenotype_weights`.
        local : local changes by name, -1 .. 1; those left out are 0.
        expressions : facial actions by name, 0 .. 1; those left out are 0.

        Raises
        ------
        ValueError
            Something has no such name, or an age is below 1/3.
        """
        arrays, names = self.file.arrays, self.names
        dense = phenotype_weights(phenotypes, names.dense) @ arrays["dense_projection"] - arrays["dense_offset"]
        of_phenotype = [k for k, label in enumerate(names.sparse) if not label.startswith((LOCAL, ACTION))]
        sparse = np.zeros((len(phenotypes), len(names.sparse)))
        sparse[:, of_phenotype] = phenotype_weights(phenotypes, [names.sparse[k] for k in of_phenotype])
        out = np.concatenate([dense, sparse], axis=1)
        for row, (changes, actions) in enumerate(zip(local, expressions, strict=True)):
            for name, value in changes.items():
                out[row, self._named(LOCAL + name, "local change", self.changes)] = max(value, 0.0)
                out[row, self._named(DECREASE + name, "local change", self.changes)] = max(-value, 0.0)
            for name, value in actions.items():
                out[row, self._named(ACTION + name, "facial action", self.actions)] = value
        return out

    def _named(self, label: str, kind: str, names: list[str]) -> int:
        """The column of a sparse shape."""
        if label not in self._sparse_column:
            raise ValueError(f"no {kind} {label.rpartition(':')[2]!r}; there are: {', '.join(names)}")
        return self._sparse_column[label]

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """(V, 3) what the shapes are added to."""
        arrays = self.file.arrays
        return mirrored(arrays["mean"], arrays["half"], arrays["mirror"])

    def combined(self, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        """Add up shapes without the mean: (N, K + M) coefficients -> (V, 3, N) metres.

        The type stays the same. On one thread, so that the sums are the same on any number of cores.
        """
        arrays = self.file.arrays
        dense, sparse = rows[:, : self.dense_count], rows[:, self.dense_count :]
        half = self._half(dense)
        for axis, moves in enumerate(self._even):
            _add(half[:, axis], moves, sparse)
        out = mirrored(half, arrays["half"], arrays["mirror"])
        for axis, moves in enumerate(self._uneven):
            _add(out[:, axis], moves, sparse)
        return out

    def _half(self, dense: NDArray[np.floating]) -> NDArray[np.floating]:
        """Add up dense components on one half of the mesh: (N, K) -> (H, 3, N)."""
        arrays, fine = self.file.arrays, len(self.file.arrays["dense16"])
        out = np.zeros((len(arrays["half"]), 3, len(dense)), dense.dtype)
        if not dense.any():
            return out
        by_component = dense.T[:, None, :] * arrays["dense_scale"].astype(dense.dtype)[..., None]  # (K, 3, N)
        with torch_on_one_thread():
            for axis in range(3):
                for name, of in (("dense16", slice(None, fine)), ("dense8", slice(fine, None))):
                    shapes = torch.from_numpy(arrays[name][:, :, axis].astype(dense.dtype))
                    out[:, axis] += (shapes.T @ torch.from_numpy(by_component[of, axis].copy())).numpy()
        return out

    @cached_property
    def _even(self) -> list[sp.csr_matrix]:
        """Along each axis (M, H): how far those sparse shapes move one half that are the same left and right."""
        arrays = self.file.arrays
        place = np.zeros(self.vertex_count, np.int32)
        place[arrays["half"]] = np.arange(len(arrays["half"]))
        return self._moves(arrays["sparse_mirrored"] == 1, place[arrays["sparse_vertices"]], len(arrays["half"]))

    @cached_property
    def _uneven(self) -> list[sp.csr_matrix]:
        """Along each axis (M, V): how far the other sparse shapes move the vertices."""
        arrays = self.file.arrays
        vertices = arrays["sparse_vertices"].astype(np.int32)
        return self._moves(arrays["sparse_mirrored"] == 0, vertices, self.vertex_count)

    def _moves(self, chosen: NDArray[np.bool_], columns: NDArray[np.int32], width: int) -> list[sp.csr_matrix]:
        """Matrices of the chosen sparse shapes; the rows of others are empty."""
        arrays = self.file.arrays
        count = np.diff(arrays["sparse_start"])
        ours = np.repeat(chosen, count)
        start = np.concatenate([[0], np.cumsum(count * chosen)])
        moves = arrays["sparse_moves"][ours] * np.repeat(arrays["sparse_scale"], count * chosen)[:, None]
        return [sp.csr_matrix((moves[:, axis], columns[ours], start), (len(count), width)) for axis in range(3)]

    def vertices(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the vertices (V, 3) of one body by its K + M coefficients, in metres, y up."""
        return self.mean + self.combined(coefficients[None])[..., 0]

    @cached_property
    def weights(self) -> sp.csr_matrix:
        """(V, B) skinning weights; rows sum to 1."""
        arrays = self.file.arrays
        start = arrays["weight_start"]
        matrix = sp.csr_matrix(
            (arrays["weights"].astype(np.float64), arrays["weight_bones"].astype(np.int32), start),
            (self.vertex_count, len(self.names.bones)),
        )
        return (sp.diags(1.0 / np.asarray(matrix.sum(1)).ravel()) @ matrix).tocsr()


def _add(total: NDArray[np.floating], moves: sp.csr_matrix, coefficients: NDArray[np.floating]) -> None:
    """Add moves (M, V) times coefficients (N, M) to (V, N) in place."""
    used = np.flatnonzero(coefficients.any(0) & (np.diff(moves.indptr) > 0))
    if len(used):
        total += moves[used].T.astype(total.dtype) @ np.ascontiguousarray(coefficients[:, used].T)


def _averages(vertices: NDArray[np.uint16], start: NDArray[np.int32], shape: tuple[int, int]) -> sp.csr_matrix:
    """Rows that average the listed vertices."""
    count = np.diff(start)
    return sp.csr_matrix((np.repeat(1.0 / count, count), vertices.astype(np.int32), start), shape)
