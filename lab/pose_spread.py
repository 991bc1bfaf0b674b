"""Measure how far people's joints turn in drawn poses; print the table of src/lifecast/body/fit/pose_spread.py.

    python lab/pose_spread.py POSES ASSETS          # folders of motion clips and of MakeHuman's assets

Four thousand poses of forty bodies are drawn as made people take them. Both sides count as the left one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from lifecast.body.fit.pose_groups import CHAINS, LIMB_JOINTS
from lifecast.body.model import Body, joints_of_bones
from lifecast.body.names import FINGERS
from lifecast.people.appearance import draw_build
from lifecast.people.body import body_model
from lifecast.people.figure import Figure
from lifecast.people.pose_library import PoseLibrary
from lifecast.people.stances import draw_pose

BUILDS, POSES = 40, 4000
LEAST = 0.05
"""Radians: what a joint varies by at the least."""
WIDER = 1.25
"""Photographs have more poses than are drawn."""
EXTREME = 0.001
"""Share of poses beyond a limit on either side."""


def main(poses: Path, assets: Path) -> None:
    body, model = Body(), body_model()
    library = PoseLibrary.read(poses, (assets,))
    owner, _ = joints_of_bones(model.bones, model.parents, body.joints)
    rng = np.random.default_rng(5)
    builds = [draw_build(rng) for _ in range(BUILDS)]
    rests = [model.rest(build.phenotype, build.local, {}) for build in builds]
    turns = np.tile(np.eye(3), (POSES, len(body.joints), 1, 1))
    for pose in turns:
        figure = Figure(model.bones, model.parents, rests[int(rng.integers(BUILDS))])
        draw_pose(figure, library, rng)
        for bone, turn in sorted(figure.rotations().items()):
            if model.bones[bone] in body.joints:
                pose[owner[bone]] = pose[owner[bone]] @ turn
    vectors = Rotation.from_matrix(turns.reshape(-1, 3, 3)).as_rotvec().reshape(POSES, -1, 3)
    fingers = [f"finger{finger}-{joint}" for finger in FINGERS for joint in (1, 2, 3)]
    for stem in (*CHAINS, *LIMB_JOINTS, *fingers):
        if stem in CHAINS:
            found = vectors[:, [body.joints.index(joint) for joint in CHAINS[stem]]].mean(1)
            found = np.concatenate([found, found * [1, -1, -1]])
        else:
            left, right = (vectors[:, body.joints.index(f"{stem}.{side}")] for side in "LR")
            found = np.concatenate([left, right * [1, -1, -1]])
        sys.stdout.write(f'    "{stem}": {row(found)},\n')


def row(found: np.ndarray) -> str:
    """One joint's row."""
    mean = found.mean(0)
    values, axes = np.linalg.eigh(np.cov(found.T))
    deviations = WIDER * np.maximum(np.sqrt(np.maximum(values, 0)), LEAST)[::-1]
    axes = axes[:, ::-1].T
    along = (found - mean) @ axes.T / deviations
    low, high = (np.quantile(along, share, axis=0) for share in (EXTREME, 1 - EXTREME))
    margin = 0.1 / deviations
    rows = "), (".join(_numbers(one) for one in axes * deviations[:, None])
    return (
        f"Spread(\n        ({_numbers(mean)}), (({rows})),\n"
        f"        ({_numbers(low - margin)}), ({_numbers(high + margin)}),\n    )"
    )  # fmt: skip


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
