"""What tests of a body's parts share: the mean body, large enough that a coarse lattice has its fingers."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.body.fitted_body import FittedBody, shipped_body

SCALE = 4.0
"""View units a metre: a hand fills most of the view."""


@pytest.fixture(scope="session")
def large_body() -> FittedBody:
    """The mean body at rest, its left hand's knuckles in the middle of the view, with left hand and face fitted."""
    body = shipped_body()
    turns = np.tile(np.eye(3, dtype=np.float32), (len(body.joints), 1, 1))
    nothing = np.zeros(24, np.float32), np.zeros(len(body.actions), np.float32), turns
    knuckle = FittedBody(*nothing, np.zeros(3, np.float32), SCALE).posed[1][body.joints.index("finger3-1.L")]
    return FittedBody(*nothing, -knuckle, SCALE, frozenset({"hand.L", "face"}))
