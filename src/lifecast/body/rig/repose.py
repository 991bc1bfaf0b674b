"""A mesh from the pose in which it stands to another one, by linear blend skinning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def relative_transforms(start: NDArray[np.floating], end: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute the transforms that take each joint's neighbourhood from one pose to another.

    The poses `start` and `end` and the result are (J, 4, 4).
    """
    result: NDArray[np.float64] = np.asarray(end, np.float64) @ np.linalg.inv(np.asarray(start, np.float64))
    return result


def repose(
    vertices: NDArray[np.floating],
    influences: NDArray[np.integer],
    weights: NDArray[np.floating],
    transforms: NDArray[np.floating],
) -> Floats:
    """Move vertices (V, 3) by the joints that influence them.

    influences, weights: (V, K). transforms: (J, 4, 4), what takes each joint's neighbourhood from where it is to where
    it goes (`relative_transforms`).
    """
    flat = np.asarray(transforms, np.float32)[:, :3].reshape(-1, 12)
    mixed = np.zeros((len(vertices), 12), np.float32)
    for k in range(influences.shape[1]):
        mixed += np.asarray(weights[:, k : k + 1], np.float32) * flat[influences[:, k]]
    affine = mixed.reshape(-1, 3, 4)
    moved: Floats = np.einsum("vxy,vy->vx", affine[..., :3], np.asarray(vertices, np.float32)) + affine[..., 3]
    return moved
