"""Where joints are in the poses that have names."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lifecast.body.fitted_body import shipped_body
from lifecast.body.rig.named_poses import named_pose


@pytest.mark.parametrize(("pose", "down"), [("t", 0.0), ("a", 45.0)])
def test_arms_are_straight_and_as_far_down_as_the_name_says(pose: str, down: float) -> None:
    body = shipped_body()
    shape = torch.tensor(np.random.default_rng(1).normal(size=(1, 24)), dtype=torch.float32)
    rest = body.rest(shape, torch.zeros(1, len(body.actions)))
    rotations = named_pose(rest.joints[0].numpy(), pose)  # type: ignore[arg-type]
    posed = body.posed(rest, torch.from_numpy(rotations)[None])
    place = dict(zip(body.joints, posed.joints[0].numpy(), strict=True))
    for side, sign in (("L", 1), ("R", -1)):
        outward = np.array([sign * np.cos(np.radians(down)), -np.sin(np.radians(down)), 0])
        for start, end in (("upperarm01", "lowerarm01"), ("lowerarm01", "wrist"), ("wrist", "finger3-1")):
            way = place[f"{end}.{side}"] - place[f"{start}.{side}"]
            if start == "lowerarm01":  # the joint in the forearm's middle lies beside the line
                assert way @ outward / np.linalg.norm(way) > 0.99
            else:
                np.testing.assert_allclose(way / np.linalg.norm(way), outward, atol=1e-4)
        palm_edge = place[f"finger2-1.{side}"] - place[f"finger5-1.{side}"]
        assert palm_edge[2] > 0.02  # palms look down: the index finger is in front
        for start, end in (("upperleg01", "lowerleg01"), ("lowerleg01", "foot")):
            way = place[f"{end}.{side}"] - place[f"{start}.{side}"]
            np.testing.assert_allclose(way / np.linalg.norm(way), [0, -1, 0], atol=1e-4)
    np.testing.assert_allclose(place["head"], rest.joints[0, body.joints.index("head")], atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-5)
