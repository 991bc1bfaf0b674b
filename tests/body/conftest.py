"""Anny's own bodies, posed as ours are: what the body's tests compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lifecast.body.anny_source import load_anny
from lifecast.body.model import joints_of_bones
from lifecast.body.names import JOINT_NAMES
from lifecast.people.appearance import Build

AXES = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float64)
"""Takes Anny's axes (z up) to ours."""


@dataclass(frozen=True)
class Posed:
    """One body of Anny's, in our axes."""

    vertices: NDArray[np.float64]
    """(19158, 3)"""
    heads: NDArray[np.float64]
    """(163, 3) where its bones turn about, posed."""


class Reference:
    """Anny's model, in double precision."""

    def __init__(self, joints: Sequence[str]) -> None:
        self.model = load_anny().double().eval()
        self.owner, _ = joints_of_bones(self.model.bone_labels, self.model.bone_parents, joints)
        self.parents = [int(parent) for parent in self.model.bone_parents]

    def posed(self, build: Build, rotations: NDArray[np.float64], translation: Sequence[float]) -> Posed:
        """Pose a build by (J, 3, 3) rotations of our joints; a bone of Anny's that follows a joint stays stiff.

        Toes are not turned by Anny about the middle that ours turn about: their rotations must be identities.
        """
        shaped: dict[str, Mapping[str, float]] = {
            "phenotype_kwargs": build.phenotype, "local_changes_kwargs": build.local,
            "facial_actions": build.expression,
        }  # fmt: skip
        world: list[NDArray[np.float64]] = []
        for bone, parent in enumerate(self.parents):
            if parent < 0:
                world.append(rotations[self.owner[bone]])
            elif self.owner[bone] == self.owner[parent]:
                world.append(world[parent])
            else:
                world.append(world[parent] @ rotations[self.owner[bone]])
        with torch.inference_mode():
            rest = self.model(**shaped)["rest_bone_poses"][0].numpy()
            turned = np.tile(np.eye(4), (len(world), 1, 1))
            turned[:, :3, :3] = np.einsum("yx,nyz,zw,nwk->nxk", AXES, np.array(world), AXES, rest[:, :3, :3])
            turned[0, :3, 3] = rest[0, :3, 3] + AXES.T @ np.asarray(translation)
            out = self.model(pose_parameters=torch.from_numpy(turned)[None], pose_parameterization="world-orient",
                             **shaped)  # fmt: skip
        return Posed(out["vertices"][0].numpy() @ AXES.T, out["bone_poses"][0, :, :3, 3].numpy() @ AXES.T)


@pytest.fixture
def reference() -> Reference:
    """Anny's model."""
    pytest.importorskip("anny")
    return Reference(list(JOINT_NAMES))
