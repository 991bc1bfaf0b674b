"""The fit finds bodies again from what a faultless photograph says of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.fit_body import NotFitted, fit_body
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.errors import UsageError


def fitted(evidence: BodyEvidence, **given: Any) -> FittedBody:
    found = fit_body(evidence, **given)
    assert isinstance(found, FittedBody), found.reason
    return found


def bare(evidence: BodyEvidence) -> BodyEvidence:
    """Only the landmarks."""
    return BodyEvidence(evidence.joints)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_body_is_found_again_within_centimetres(bodies: Any, seed: int) -> None:
    person = bodies.make(seed)
    found = fitted(person.evidence)
    assert bodies.error(found, person.body) < 0.02
    assert found.fitted == {"hand.L", "hand.R", "face"}
    assert found.scale == pytest.approx(person.body.scale, rel=0.06)


def test_landmarks_alone_give_the_pose(bodies: Any, person: Any) -> None:
    found = fitted(bare(person.evidence))
    assert bodies.error(found, person.body) < 0.035
    assert found.fitted == frozenset()


def test_the_same_evidence_gives_the_same_body(person: Any) -> None:
    one, other = fitted(person.evidence), fitted(person.evidence)
    np.testing.assert_array_equal(one.rotations, other.rotations)
    np.testing.assert_array_equal(one.shape, other.shape)


def test_a_given_start_is_where_the_fit_begins(bodies: Any, person: Any) -> None:
    """From the true body the fit stays; a start with crossed arms would not lead there."""
    found = fitted(person.evidence, initial=person.body)
    assert bodies.error(found, person.body) < 0.015


def test_hands_bend_the_fingers(bodies: Any, person: Any) -> None:
    names = shipped_body().joints
    fingers = [k for k, name in enumerate(names) if name.startswith("finger")]

    def off(found: FittedBody) -> float:
        wrists = [names.index(f"wrist.{names[k][-1]}") for k in fingers]
        apart = [one.posed[1][fingers] - one.posed[1][wrists] for one in (found, person.body)]
        return float(np.linalg.norm(apart[0] - apart[1], axis=1).mean()) / person.body.scale

    without = dataclasses.replace(person.evidence, left_hand=None, right_hand=None)
    assert off(fitted(person.evidence)) < 0.01 < off(fitted(without))


def test_depths_place_a_limb_that_the_landmarks_put_too_near(person: Any) -> None:
    """A knee that is lifted 10 cm too far forward comes back under the surface that the depth maps have."""
    knee = shipped_body().joints.index("lowerleg01.L")
    joints = person.evidence.joints.copy()
    joints[25, 2] += 0.08
    wrong = dataclasses.replace(person.evidence, joints=joints)
    off = [
        abs(fitted(one).posed[1][knee, 2] - person.body.posed[1][knee, 2])
        for one in (wrong, dataclasses.replace(wrong, depth=None))
    ]
    assert off[0] < 0.6 * off[1]


def test_the_mask_keeps_the_body_inside(person: Any) -> None:
    """An arm that the landmarks put outside of the mask comes back."""
    joints = person.evidence.joints.copy()
    joints[[13, 15, 17, 19, 21], 0] += 0.06
    wrong = BodyEvidence(joints, mask=person.evidence.mask)
    wrist = shipped_body().joints.index("wrist.L")
    true = person.body.posed[1][wrist, 0]
    off = [fitted(one).posed[1][wrist, 0] - true for one in (wrong, dataclasses.replace(wrong, mask=None))]
    assert off[1] > 0.04
    assert off[0] < 0.75 * off[1]


def test_a_hidden_landmark_counts_for_less(person: Any) -> None:
    wrist = shipped_body().joints.index("wrist.R")
    off = []
    for visibility in (1.0, 0.1):
        joints = person.evidence.joints.copy()
        joints[16, :3] += (0.0, 0.1, 0.05)
        joints[16, 3] = visibility
        off.append(np.linalg.norm((fitted(BodyEvidence(joints)).posed[1] - person.body.posed[1])[wrist]))
    assert off[1] < 0.8 * off[0]


@pytest.mark.parametrize("kind", ["noise", "point", "nobody", "nan"])
def test_nonsense_gives_a_reason(kind: str) -> None:
    rng = np.random.default_rng(3)
    joints = np.ones((33, 4))
    joints[:, :3] = rng.uniform(-0.7, 0.7, (33, 3)) if kind == "noise" else 0.1
    if kind == "nobody":
        joints[:, 3] = 0
    if kind == "nan":
        joints[4, 1] = np.nan
    found = fit_body(BodyEvidence(joints))
    assert isinstance(found, NotFitted)
    assert found.reason


def test_notes_say_what_was_not_seen(person: Any) -> None:
    unseen = ("the body's left hand is at ease: the left wrist is hidden",)
    assert fitted(BodyEvidence(person.evidence.joints, unseen=unseen)).notes == unseen


def test_evidence_of_a_wrong_shape_is_refused() -> None:
    with pytest.raises(UsageError, match=r"left_hand of shape \(20, 3\): give \(21, 3\)"):
        BodyEvidence(np.ones((33, 4)), left_hand=np.ones((20, 3)))
