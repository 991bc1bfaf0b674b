"""Turning shells the right way round: the winding number and the normals need faces that look outward."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifecast.scans.grouping import face_components, merged_by_place


def orient_outward(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> int:
    """Reverse, in place, the faces of every closed shell that is inside out, or of all if the whole person is.

    Open shells (garments, hair) have no inside of their own; they stay as they are, unless the signed volume of
    everything together is negative, as in scans exported with the other winding order.

    Returns
    -------
    int
        How many faces were reversed.
    """
    shared = merged_by_place(vertices)[faces]  # (F, 3)
    count = int(shared.max()) + 1
    corners = vertices[faces].astype(np.float64)
    volume = np.einsum("ni,ni->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    flipped = np.zeros(len(faces), bool)
    if volume.sum() < 0:
        flipped[:] = True
        volume = -volume
    shell = face_components(shared, count)
    shells = int(shell.max()) + 1
    starts = shared.ravel().astype(np.int64)
    ends = np.roll(shared, -1, axis=1).ravel().astype(np.int64)
    # A shell is closed and consistently wound when its directed edges cancel: each runs once in either direction.
    sign = np.where(starts < ends, 1, -1)
    edge = np.minimum(starts, ends) * count + np.maximum(starts, ends)
    _, first, which = np.unique(edge, return_index=True, return_inverse=True)
    unbalanced = np.bincount(which, weights=sign) != 0
    open_shell = np.zeros(shells, bool)
    open_shell[np.repeat(shell, 3)[first[unbalanced]]] = True
    inverted = ~open_shell & (np.bincount(shell, weights=volume, minlength=shells) < 0)
    flipped ^= inverted[shell]
    faces[flipped] = faces[flipped][:, ::-1]
    return int(flipped.sum())
