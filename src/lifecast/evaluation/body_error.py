"""How far a fitted body is from a made person's true one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.errors import DataError
from lifecast.evaluation.benchmark import Item
from lifecast.evaluation.raster import raster
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MAIN_JOINTS = tuple(
    f"{joint}.{side}"
    for joint in ("upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")
    for side in ("L", "R")
)
"""Shoulders, elbows, wrists, hips, knees and ankles."""
ENDS = ("wrist.L", "wrist.R", "foot.L", "foot.R")
"""Joints that are looked at where the picture hides them."""
HIDDEN_CM = 8.0
"""A joint is hidden where the surface before it is nearer to the camera by this: flesh and clothes are thinner."""
DEPTH_SIZE = 512
"""Pixels of the map of first surfaces."""


class TrueBody(NamedTuple):
    """A made person's body in the view space of one picture."""

    vertices: Floats
    """(V, 3), those of `Body`."""
    joints: Floats
    """(J, 3)"""


def read_true_body(root: Path, item: Item) -> TrueBody | None:
    """Pose the recorded body of a prepared person; None of scans and of people made before.

    Raises
    ------
    DataError
        The record cannot be used.
    """
    path = root / item.person / "person.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if record.get("body") is None:
        return None
    from lifecast.people.body_record import posed_points

    try:
        points = posed_points(record["body"])
        origin, scale = np.array(record["origin"], np.float64).reshape(3), float(record["scale"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: has no readable 'body' ({error}); run `lifecast prepare` again") from error
    rotation, shift = np.array(item.rotation).reshape(3, 3), np.array([*item.shift, 0.0])
    vertices, joints = (
        (one[0].double().numpy() - origin) * scale @ rotation.T + shift for one in (points.vertices, points.joints)
    )
    return TrueBody(vertices, joints)


def body_figures(fitted: FittedBody, true: TrueBody, surface: Triangles) -> dict[str, float]:
    """Measure a fitted body in cm at 180 cm height.

    `body_vertices_cm`: mean distance of the skin's vertices from their true places, both pelvises put onto each other.
    `body_joints_depth_cm`: mean error along z of `MAIN_JOINTS`, the median of their differences taken off, as for the
    pose lifter. `body_hidden_cm`: mean distance of the wrists and ankles that the true `surface` hides, and
    `body_hidden_depth_cm` their error along z, each as above; absent where it hides none.
    """
    vertices, joints = (np.asarray(one, np.float64) for one in fitted.posed)
    body = shipped_body()
    pelvis = body.joints.index("root")
    off = CM_PER_UNIT * (vertices - joints[pelvis] - (true.vertices - true.joints[pelvis]))
    apart = CM_PER_UNIT * (joints - joints[pelvis] - (true.joints - true.joints[pelvis]))
    main = [body.joints.index(name) for name in MAIN_JOINTS]
    depth = apart[:, 2] - np.median(apart[main, 2])
    figures = {
        "body_vertices_cm": float(np.linalg.norm(off[:SKIN_VERTICES], axis=1).mean()),
        "body_joints_depth_cm": float(np.abs(depth[main]).mean()),
    }
    ends = np.array([body.joints.index(name) for name in ENDS])
    ends = ends[hidden(true.joints[ends], surface)]
    if len(ends):
        figures["body_hidden_cm"] = float(np.linalg.norm(apart[ends], axis=1).mean())
        figures["body_hidden_depth_cm"] = float(np.abs(depth[ends]).mean())
    return figures


def hidden(points: Floats, surface: Triangles) -> NDArray[np.bool_]:
    """Decide which points (N, 3) in view space lie behind another part of the surface, (N,)."""
    first = raster(surface, DEPTH_SIZE).depth
    at = np.stack([points[:, 0] + 1, 1 - points[:, 1]], 1) * DEPTH_SIZE / 2
    column, row = np.clip(at.astype(int), 0, DEPTH_SIZE - 1).T
    before = np.nan_to_num(first[row, column], nan=-np.inf) - points[:, 2]
    return np.asarray(CM_PER_UNIT * before > HIDDEN_CM)
