"""A fitted body in metres."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.measured_body import MeasuredBody


@pytest.fixture
def measured() -> MeasuredBody:
    """The mean body, 0.8 view units a metre, in a model of 1.25 metres a unit."""
    body = shipped_body()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    angle = 0.4
    turns[body.joints.index("upperarm01.L")] = [
        [np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1],
    ]  # fmt: skip
    fitted = FittedBody(
        np.zeros(24, np.float32), np.zeros(len(body.actions), np.float32), turns, np.array([0.1, 0, 0], np.float32), 0.8
    )
    return MeasuredBody(fitted, 1.25, (0.1, -0.7, 0.0))


def test_lengths_are_those_of_the_body_at_rest(measured: MeasuredBody) -> None:
    rest = shipped_body().mean.reshape(-1, 3).numpy()
    lengths = measured.lengths
    assert measured.scale == pytest.approx(1.0)
    assert lengths["height"] == pytest.approx(float(np.ptp(rest[:13380, 1])), abs=1e-4)
    assert 0.40 < lengths["inseam"] / lengths["height"] < 0.50
    assert 0.95 < lengths["arm_span"] / lengths["height"] < 1.08
    assert 0.13 < lengths["foot"] / lengths["height"] < 0.17
    arm = [rest[len(shipped_body().vertex_rows) + shipped_body().joints.index(name)] for name in
           ("upperarm01.L", "lowerarm01.L")]  # fmt: skip
    assert lengths["upper_arm"] == pytest.approx(float(np.linalg.norm(arm[0] - arm[1])), abs=1e-4)


def test_parameters_of_the_listing_give_the_mesh(measured: MeasuredBody) -> None:
    listing = json.loads(json.dumps(measured.to_dict()))
    joint = shipped_body().joints.index("wrist.L")
    place = listing["joints"]["wrist.L"]
    np.testing.assert_allclose(place, (measured.fitted.posed[1][joint] - measured.origin) * 1.25, atol=1e-4)
    unposed = (measured.fitted.posed[1][joint] - measured.fitted.offset) / measured.fitted.scale
    np.testing.assert_allclose(place, listing["scale"] * unposed + listing["offset"], atol=1e-4)
    np.testing.assert_allclose(listing["rotation_vectors"]["upperarm01.L"], [0, 0, 0.4], atol=1e-4)
    assert listing["rotation_vectors"]["wrist.L"] == [0, 0, 0]
