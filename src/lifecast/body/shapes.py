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
from numpy.typing import NDArray

from lifecast.body.body_file import BodyFile, mirrored, unpacked
from lifecast.body.phenotype import phenotype_weights

LOCAL, DECREASE, ACTION = "local_change:", "local_change:-", "facial_action:"
"""How the labels of sparse shapes begin that are not a phenotype's. A local change is two shapes, one for what is above
0 and, with `DECREASE`, one for what is below."""

People = Sequence[Mapping[str, float]]


class BodyShapes:
    """The shapes of a body's file, ready to be added up; V vertices, B bones, K dense and M sparse shapes."""

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
        return mirrored(arrays["mean"][None], arrays["half"], arrays["mirror"])[0]

    @cached_property
    def dense(self) -> NDArray[np.float32]:
        """(K, V, 3) principal components of the phenotype shapes."""
        arrays = self.file.arrays
        fine = len(arrays["dense16"])
        scale = arrays["dense_scale"]
        half = np.concatenate(
            [unpacked(arrays["dense16"], scale[:fine]), unpacked(arrays["dense8"], scale[fine:])], axis=0
        )
        return mirrored(half, arrays["half"], arrays["mirror"])

    @cached_property
    def sparse(self) -> sp.csr_matrix:
        """(M, 3 V) sparse shapes; column 3 v + axis."""
        arrays = self.file.arrays
        start, mirror = arrays["sparse_start"], arrays["mirror"]
        shape = np.repeat(np.arange(len(start) - 1), np.diff(start))
        vertex = arrays["sparse_vertices"].astype(np.int64)
        moves = arrays["sparse_moves"].astype(np.float32) * arrays["sparse_scale"][shape, None]
        other = mirror[vertex].astype(np.int64)
        twice = arrays["sparse_mirrored"][shape].astype(bool) & (other != vertex)
        shape = np.concatenate([shape, shape[twice]])
        vertex = np.concatenate([vertex, other[twice]])
        moves = np.concatenate([moves, moves[twice] * np.float32([-1, 1, 1])])
        columns = vertex[:, None] * 3 + np.arange(3)
        return sp.csr_matrix(
            (moves.ravel(), (np.repeat(shape, 3), columns.ravel())), (len(start) - 1, 3 * self.vertex_count)
        )

    def vertices(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the vertices (V, 3) of one body by its K + M coefficients, in metres, y up.

        They are summed in the same order on any number of cores.
        """
        dense, sparse = coefficients[: self.dense_count], coefficients[self.dense_count :]
        body = np.einsum("k,kn->n", dense, self.dense.reshape(len(dense), -1))
        used = np.flatnonzero(sparse)
        body += self.sparse[used].T @ sparse[used]
        return self.mean.astype(np.float64) + body.reshape(-1, 3)

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


def _averages(vertices: NDArray[np.uint16], start: NDArray[np.int32], shape: tuple[int, int]) -> sp.csr_matrix:
    """Rows that average the listed vertices."""
    count = np.diff(start)
    return sp.csr_matrix((np.repeat(1.0 / count, count), vertices.astype(np.int32), start), shape)
