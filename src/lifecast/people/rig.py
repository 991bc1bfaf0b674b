"""Posing: bone rotations to bone transforms (forward kinematics), and linear blend skinning.

A pose gives every bone a rotation *relative to its parent, about the axes of the rest body* (x to the person's left,
y up, z forward), so the identity is the rest pose and a BVH file's rotations mean the same as ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def bone_transforms(
    parents: Sequence[int], heads: NDArray[np.float64], rotations: Mapping[int, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Forward kinematics.

    Parameters
    ----------
    parents : the parent of each bone, -1 for the root; a parent comes before its children.
    heads : (B, 3) rest position of each bone's joint.
    rotations : bone -> (3, 3) rotation against its parent, about the rest axes; the others keep the rest pose.

    Returns
    -------
    (B, 3, 4) affine transforms that take a rest point to its posed place.
    """
    out = np.empty((len(parents), 3, 4))
    for bone, parent in enumerate(parents):
        linear, shift = (np.eye(3), np.zeros(3)) if parent < 0 else (out[parent, :, :3], out[parent, :, 3])
        turn = rotations.get(bone)
        if turn is None:
            out[bone, :, :3], out[bone, :, 3] = linear, shift
        else:
            out[bone, :, :3] = linear @ turn
            out[bone, :, 3] = linear @ (heads[bone] - turn @ heads[bone]) + shift
    return out


def skin(vertices: NDArray[np.float32], weights: sp.csr_matrix, transforms: NDArray[np.float64]) -> NDArray[np.float32]:
    """Blend (V, 3) rest vertices linearly, by (V, B) weights and (B, 3, 4) transforms -> (V, 3)."""
    blended = np.asarray(weights @ transforms.reshape(len(transforms), 12)).reshape(-1, 3, 4)  # (V, 3, 4)
    posed = np.einsum("vij,vj->vi", blended[:, :, :3], vertices.astype(np.float64)) + blended[:, :, 3]
    result: NDArray[np.float32] = posed.astype(np.float32)
    return result


def global_to_local(
    parents: Sequence[int], globals_: Mapping[int, NDArray[np.float64]]
) -> dict[int, NDArray[np.float64]]:
    """Convert world rotations of some bones to rotations against their parents.

    Bones left out follow their parent.
    """
    world: list[NDArray[np.float64]] = []
    local: dict[int, NDArray[np.float64]] = {}
    for bone, parent in enumerate(parents):
        above = np.eye(3) if parent < 0 else world[parent]
        here = globals_.get(bone)
        if here is None:
            world.append(above)
        else:
            local[bone] = above.T @ here
            world.append(here)
    return local
