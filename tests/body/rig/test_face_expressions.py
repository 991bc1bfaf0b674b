"""Expressions carried over to a surface: exact on the body's own skin, and nothing far from its face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.rig.body_in_metres import BodyInMetres, body_in_metres
from lifecast.body.rig.face_expressions import (
    EXPRESSIONS,
    FACE_EXPRESSIONS,
    expression_moves,
    expression_offsets,
)
from lifecast.surface.output.vrm import PRESETS

METRES = 1.2


@pytest.fixture(scope="module")
def body() -> FittedBody:
    """A body with its head turned, two thirds of whose mouth are open already."""
    parts = shipped_body()
    still = np.tile(np.eye(3, dtype=np.float32), (len(parts.joints), 1, 1))
    angle = 0.5
    turn = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    still[parts.joints.index("head")] = turn
    expression = np.zeros(len(parts.actions), np.float32)
    expression[parts.actions.index("jawOpen")] = 0.5
    return FittedBody(np.zeros(24, np.float32), expression, still, np.zeros(3, np.float32), 0.9, frozenset({"face"}))


@pytest.fixture(scope="module")
def posed(body: FittedBody) -> BodyInMetres:
    return body_in_metres(body, METRES, np.zeros(3))


def on_the_skin(posed: BodyInMetres, moves: dict[str, np.ndarray], neighbours: int) -> dict[str, np.ndarray]:
    joints, weights = shipped_body().influences(61)
    return expression_offsets(
        posed.skin, joints[:SKIN_VERTICES].numpy(), weights[:SKIN_VERTICES].numpy(), posed.pose, posed.skin_rest, moves,
        replace(FACE_EXPRESSIONS, neighbours=neighbours, least=0.0),
    )  # fmt: skip


def test_every_expression_is_vrms_and_made_of_the_bodys_actions() -> None:
    assert set(EXPRESSIONS) <= PRESETS
    for actions in EXPRESSIONS.values():
        assert set(actions) <= set(shipped_body().actions)
        assert all(0 < strength <= 1 for strength in actions.values())


@pytest.mark.parametrize("name", ["aa", "blink", "happy"])
def test_the_bodys_own_skin_moves_as_the_body_does(body: FittedBody, posed: BodyInMetres, name: str) -> None:
    offsets = on_the_skin(posed, expression_moves(body, METRES), neighbours=1)[name]
    expression = body.expression.copy()
    for action, strength in EXPRESSIONS[name].items():
        row = shipped_body().actions.index(action)
        expression[row] = max(expression[row], strength)
    wanted = body_in_metres(replace(body, expression=expression), METRES, np.zeros(3)).skin - posed.skin
    assert np.linalg.norm(wanted, axis=1).max() > 0.002
    # A joint of the face may move with it, which is the rig's, not the expression's.
    assert np.quantile(np.linalg.norm(offsets - wanted, axis=1), 0.99) < 3e-4


def test_an_action_that_the_face_shows_already_is_not_done_twice(body: FittedBody) -> None:
    jaw = shipped_body().expressions[: SKIN_VERTICES * 3, shipped_body().actions.index("jawOpen")]
    whole = np.linalg.norm(jaw.numpy().reshape(-1, 3), axis=1).max() * 0.9 * METRES
    found = expression_moves(body, METRES, {"aa": {"jawOpen": 0.7}, "closed": {"jawOpen": 0.3}})
    assert np.linalg.norm(found["aa"], axis=1).max() == pytest.approx(0.2 * whole, rel=1e-3)
    assert not found["closed"].any()


def test_what_is_not_near_the_face_or_of_the_head_stays(body: FittedBody, posed: BodyInMetres) -> None:
    moves = expression_moves(body, METRES)
    mouth = int(np.linalg.norm(moves["aa"], axis=1).argmax())
    head, hand = (shipped_body().joints.index(name) for name in ("head", "wrist.L"))
    blended = posed.pose[head]
    ahead = blended[:3, :3] @ np.array([0, 0, 1])
    points = posed.skin_rest[mouth] @ blended[:3, :3].T + blended[:3, 3] + np.array([0.0, 0.012, 0.05])[:, None] * ahead
    influences = np.zeros((3, 4), np.uint16)
    influences[:, 0] = head
    weights = np.zeros((3, 4), np.float32)
    weights[:, 0] = 1
    offsets = expression_offsets(points, influences, weights, posed.pose, posed.skin_rest, moves)["aa"]
    lengths = np.linalg.norm(offsets, axis=1)
    assert lengths[0] > lengths[1] > lengths[2] == 0
    influences[:, 0] = hand
    still = expression_offsets(points, influences, weights, posed.pose, posed.skin_rest, moves)["aa"]
    assert not still.any()
