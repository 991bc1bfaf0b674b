"""Where beards and brows grow: fixed places of the base mesh, which hold for every body."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.body import SKIN_VERTICES, BodyModel
from lifecast.people.rest_part import Faces, Vector
from lifecast.people.wavefront import triangles

BEARDS = ("full", "goatee", "moustache")
_BROW = np.array([[0.010, 0.0165], [0.018, 0.0205], [0.028, 0.0225], [0.038, 0.021], [0.047, 0.0155]])
"""A brow's line on the plain body: metres beside the middle and above the eyes."""


@dataclass(frozen=True)
class FaceHair:
    """Facial hair's places on the base mesh."""

    distance: dict[str, Vector]
    """Beard -> (13380,) metres inside its outline on the plain body, negative outside."""
    faces: Faces
    """(F, 3) of the refined lower face."""
    matrix: sp.csr_matrix
    """(V, 13380) the refined vertices as means of the skin's."""
    weights: sp.csr_matrix
    """(V, B) skinning weights of the refined vertices."""
    brow: NDArray[np.int64]
    """(2, 5, 3) skin vertices whose weighted mean is a brow's line: left from the middle outward, then right."""
    brow_share: Vector
    """(2, 5, 3) their weights."""


def refine_triangles(faces: Faces, count: int) -> tuple[sp.csr_matrix, Faces]:
    """Cut each triangle into four; (V', count) which vertices are means of which, and the faces (4 F, 3)."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(np.int64)
    key, inverse = np.unique(edges[:, 0] * count + edges[:, 1], return_inverse=True)
    ends = np.stack([key // count, key % count], 1)
    rows = np.repeat(np.arange(len(key)), 2)
    halves = sp.csr_matrix((np.full(2 * len(key), 0.5), (rows, ends.ravel())), (len(key), count))
    a, b, c = faces.T
    ab, bc, ca = (inverse.ravel() + count).reshape(3, -1)
    fine = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return sp.vstack([sp.identity(count), halves]).tocsr(), fine.astype(np.int32)


@functools.lru_cache(maxsize=2)
def face_hair(model: BodyModel) -> FaceHair:
    """Work out the places on the plain body."""
    plain = model.rest({}, {}, {})
    skin = plain.vertices[:SKIN_VERTICES].astype(np.float64)
    eye = plain.heads[model.bone("eye.L")]
    x, y, z = np.abs(skin[:, 0]), skin[:, 1] - eye[1], skin[:, 2] - eye[2]
    lips = (np.sqrt((x / 0.027) ** 2 + ((y + 0.0685) / 0.0105) ** 2) - 1) * 0.0105
    nose = np.hypot(x / 1.4, y + 0.040) - 0.0105
    cheek = np.interp(z, [-0.06, -0.045, 0.0, 0.02, 0.03], [-0.005, -0.03, -0.052, -0.054, -0.048]) - y
    throat = y - np.interp(z, [-0.06, 0.02], [-0.088, -0.125])
    full = np.minimum.reduce([cheek, throat, z + 0.056, lips, nose])
    goatee = (1 - np.sqrt((x / 0.034) ** 2 + ((y + 0.086) / 0.038) ** 2)) * 0.034
    moustache = np.minimum.reduce([0.036 - x, y + 0.072, -0.0475 - 0.3 * x - y, z + 0.01])
    distance = {
        "full": full, "goatee": np.minimum.reduce([goatee, lips, nose, z + 0.02]),
        "moustache": np.minimum.reduce([moustache, lips, nose]),
    }  # fmt: skip
    inner = (y > -0.05 - 0.03) & (z < -0.01) & (x < 0.03)  # the cavity of the mouth
    faces = triangles(model.mesh.faces[model.mesh.groups["body"]]).astype(np.int32)
    grown = np.maximum.reduce(list(distance.values()))
    faces = faces[(grown[faces] > -0.004).any(1) & ~inner[faces].any(1)]
    matrix, fine = refine_triangles(faces, SKIN_VERTICES)
    used, renamed = np.unique(fine, return_inverse=True)
    matrix = matrix[used].tocsr()
    brow, share = _brow_line(skin, eye)
    return FaceHair(
        distance, renamed.reshape(-1, 3).astype(np.int32), matrix, (matrix @ model.weights[:SKIN_VERTICES]).tocsr(),
        brow, share,
    )  # fmt: skip


def _brow_line(skin: Vector, eye: Vector) -> tuple[NDArray[np.int64], Vector]:
    """The three skin vertices nearest to each point of a brow, seen from the front, and their weights."""
    front = np.flatnonzero(skin[:, 2] > eye[2] - 0.03)
    which, shares = [], []
    for side in (1, -1):
        aim = np.stack([side * _BROW[:, 0], eye[1] + _BROW[:, 1]], 1)
        gap = np.linalg.norm(skin[front][None, :, :2] - aim[:, None], axis=2)
        nearest = np.argsort(gap, axis=1)[:, :3]
        share = 1 / (np.take_along_axis(gap, nearest, 1) + 1e-3)
        which.append(front[nearest])
        shares.append(share / share.sum(1, keepdims=True))
    return np.stack(which), np.stack(shares)
