"""The true body of a made person as its card has it: what shapes, poses and places `lifecast.body`'s `Body`.

record = json.loads(card)["body"]
posed_points(record).vertices           # (1, V, 3) metres, y up, in the person's own frame
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lifecast.body.fitted_body import shipped_body
from lifecast.body.model import Body, BodyPoints
from lifecast.people.appearance import Build
from lifecast.people.body import BakedModel, BodyModel
from lifecast.people.motion import Rotations

DIGITS = 5


def body_record(model: BodyModel, build: Build, pose: Rotations, shift: NDArray[np.floating]) -> dict[str, Any] | None:
    """Describe a made person's body in JSON values; None where bodies are Anny's, for lack of the body's file.

    `phenotype`, `local`, `expression`: what shapes it exactly (`Body.rest_of`). `shape`: the components that come
    nearest. `rotations`: of each joint of `Body` against its parent, as rotation vectors. `offset`: metres. `pose` has
    the rotations of the rig's bones, and `shift` (3,) is where the person was moved to.
    """
    if not isinstance(model, BakedModel):
        return None
    body = shipped_body()
    rotations = joint_rotations(body, model, pose)
    return {
        "phenotype": build.phenotype, "local": build.local, "expression": build.expression,
        "shape": _rounded(body.shape_of(build.phenotype, build.local)[0].numpy()),
        "rotations": _rounded(Rotation.from_matrix(rotations).as_rotvec()),
        "offset": _rounded(np.asarray(shift)),
    }  # fmt: skip


def _rounded(values: NDArray[np.floating]) -> Any:
    return np.round(values.astype(np.float64), DIGITS).tolist()


def joint_rotations(body: Body, model: BodyModel, pose: Rotations) -> NDArray[np.float64]:
    """Find the rotation of each joint of `body` against its parent, (J, 3, 3), of a pose of the rig's bones."""
    turned = np.tile(np.eye(3), (len(model.bones), 1, 1))  # of each bone, against the rest
    for bone, parent in enumerate(model.parents):
        above = np.eye(3) if parent < 0 else turned[parent]
        turned[bone] = above @ pose[bone] if bone in pose else above
    ours = turned[[model.bone(_bone_of(name)) for name in body.joints]]
    return np.stack([own if above < 0 else ours[above].T @ own for own, above in zip(ours, body.parents, strict=True)])


def _bone_of(joint: str) -> str:
    """The rig's bone that turns as a joint does; of the toes, the second's."""
    return joint.replace("toes", "toe2-1") if joint.startswith("toes") else joint


def posed_points(record: Mapping[str, Any]) -> BodyPoints:
    """Shape and pose the body of a record: vertices (1, V, 3) and joints (1, J, 3), metres.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is no such record.
    """
    body = shipped_body()
    rest = body.rest_of(record["phenotype"], record["local"], record["expression"])
    vectors = np.array(record["rotations"], np.float64).reshape(len(body.joints), 3)
    rotations = torch.from_numpy(Rotation.from_rotvec(vectors).as_matrix().astype(np.float32))[None]
    return body.posed(rest, rotations, torch.tensor(np.array(record["offset"], np.float32).reshape(1, 3)))
