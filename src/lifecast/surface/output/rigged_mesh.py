"""A mesh with a skeleton: what leaves the program to be animated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecast.surface.output.coloured_mesh import ColouredMesh


@dataclass(frozen=True)
class RiggedMesh:
    """A coloured mesh, and joints that move it by linear blend skinning.

    Joint `j` at rest has the axes of the model (x to the person's left, y up, z forward) and turns about them against
    its parent, as in `lifecast.body.kinematics`: its node in glTF is the offset from its parent's place at rest, and a
    rotation.
    """

    mesh: ColouredMesh
    """In metres, in the pose that `pose` says."""
    joints: tuple[str, ...]
    """(J,) names, as `lifecast.body.names` has them; a parent comes before its children."""
    parents: tuple[int, ...]
    """(J,) -1 for the root."""
    rest: np.ndarray
    """(J, 3) float32: where the joints are at rest, metres."""
    pose: np.ndarray
    """(J, 4, 4) float32: what takes each joint's neighbourhood from rest to the pose in which the mesh stands."""
    influences: np.ndarray
    """(V, 4) uint16: the joints that move each vertex, the strongest first."""
    weights: np.ndarray
    """(V, 4) float32, each row sums to 1."""
    notes: tuple[str, ...] = ()
    """What of the skeleton moves nothing, in words for the user."""

    def __post_init__(self) -> None:
        joints, count = len(self.joints), len(self.mesh.vertices)
        if len(self.parents) != joints or self.rest.shape != (joints, 3) or self.pose.shape != (joints, 4, 4):
            raise ValueError(f"{joints} joints, parents {len(self.parents)}, rest {self.rest.shape}, {self.pose.shape}")
        if any(not -1 <= parent < k for k, parent in enumerate(self.parents)):
            raise ValueError("a joint's parent must come before it")
        if self.influences.shape != (count, 4) or self.weights.shape != (count, 4):
            raise ValueError(f"influences {self.influences.shape}, weights {self.weights.shape}, {count} vertices")
        if self.influences.max() >= joints or np.abs(self.weights.sum(1) - 1).max() > 1e-3 or self.weights.min() < 0:
            raise ValueError("influences name joints that there are not, or weights that do not sum to 1")
