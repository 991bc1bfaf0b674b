"""The lifter against a slow, obvious reference; what it leaves as it is."""

from __future__ import annotations

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import PoseLifterConfig
from lifecast.model.heads.pose_lifter import LIFTED, PoseLifter, lift
from lifecast.model.model import Model
from lifecast.space.limb_map import limb_map
from lifecast.space.skeleton import mirrored_landmarks


def random_lifter(seed: int = 0) -> PoseLifter:
    torch.manual_seed(seed)
    lifter = PoseLifter(PoseLifterConfig(width=16, blocks=2, dropout=0.1)).eval()
    for parameter in lifter.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return lifter


def random_landmarks(count: int, seed: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    landmarks = torch.randn(count, 33, 4, generator=draw) * 0.3
    landmarks[..., 3] = torch.rand(count, 33, generator=draw)
    return landmarks


def as_mirrored(landmarks: torch.Tensor) -> torch.Tensor:
    """Left and right exchanged, x turned round; landmark by landmark."""
    names = "nose", "eye in", "eye", "eye out", "ear", "mouth", "shoulder", "elbow", "wrist", "pinky", "index", "thumb"
    names += "hip", "knee", "ankle", "heel", "toe"
    order = [("nose", 0)]
    order += [(name, side) for side in (0, 1) for name in names[1:4]]  # both eyes' three, one eye after the other
    order += [(name, side) for name in names[4:] for side in (0, 1)]
    out = torch.empty_like(landmarks)
    for place, (name, side) in enumerate(order):
        out[:, place] = landmarks[:, order.index((name, 1 - side if name != "nose" else 0))]
    return torch.cat((-out[..., :1], out[..., 1:]), dim=-1)


def slow_lift(lifter: PoseLifter, landmarks: torch.Tensor) -> torch.Tensor:
    """The mean of what is made of a person and of the mirrored person."""
    return (one_way(lifter, landmarks) + as_mirrored(one_way(lifter, as_mirrored(landmarks)))) / 2


def one_way(lifter: PoseLifter, landmarks: torch.Tensor) -> torch.Tensor:
    """One person after the other, layer by layer, as the docstrings say it."""
    weights = dict(lifter.named_parameters())

    def layer(values: torch.Tensor, linear: str, norm: str) -> torch.Tensor:
        values = weights[f"{linear}.weight"] @ values + weights[f"{linear}.bias"]
        values = (values - values.mean()) / (values.var(unbiased=False) + 1e-5).sqrt()
        return (values * weights[f"{norm}.weight"] + weights[f"{norm}.bias"]).clamp_min(0)

    out = landmarks.clone()
    for person in range(len(landmarks)):
        values = layer(2 * landmarks[person].reshape(-1), "first.0", "first.1")
        for block in range(lifter.config.blocks):
            first = layer(values, f"blocks.{block}.0", f"blocks.{block}.1")
            values = values + layer(first, f"blocks.{block}.4", f"blocks.{block}.5")
        step = weights["last.weight"] @ values + weights["last.bias"]
        for place, landmark in enumerate(LIFTED):
            out[person, landmark, :3] += step[3 * place : 3 * place + 3] / 4
    return out


def test_it_does_what_the_slow_reference_does() -> None:
    lifter, landmarks = random_lifter(), random_landmarks(5)
    torch.testing.assert_close(lift(lifter, landmarks), slow_lift(lifter, landmarks).detach(), atol=1e-5, rtol=1e-5)


def test_a_mirrored_person_is_lifted_to_the_mirrored_place() -> None:
    lifter, landmarks = random_lifter(), random_landmarks(4)
    torch.testing.assert_close(lift(lifter, mirrored_landmarks(landmarks)), mirrored_landmarks(lift(lifter, landmarks)))
    assert torch.equal(mirrored_landmarks(landmarks), as_mirrored(landmarks))


def test_a_fresh_one_moves_nothing() -> None:
    landmarks = random_landmarks(3)
    assert torch.equal(lift(PoseLifter(PoseLifterConfig()).eval(), landmarks), landmarks)


def test_visibilities_other_landmarks_and_views_without_anybody_stay() -> None:
    landmarks = random_landmarks(4)
    landmarks[2] = 0
    lifted = lift(random_lifter(), landmarks)
    others = [landmark for landmark in range(33) if landmark not in LIFTED]
    assert torch.equal(lifted[..., 3], landmarks[..., 3])
    assert torch.equal(lifted[:, others], landmarks[:, others])
    assert torch.equal(lifted[2], landmarks[2])
    assert (lifted[0, list(LIFTED), :3] != landmarks[0, list(LIFTED), :3]).all()


def test_half_precision_changes_nothing() -> None:
    lifter, landmarks = random_lifter(), random_landmarks(3)
    plain = lift(lifter, landmarks)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(lift(lifter, landmarks), plain)


def test_all_that_limb_maps_are_drawn_from_is_lifted() -> None:
    landmarks = random_landmarks(1)[0]
    drawn = limb_map(landmarks, 32)
    for landmark in range(33):
        moved = landmarks.clone()
        moved[landmark, :3] += 0.1
        assert (landmark in LIFTED) == (not torch.equal(limb_map(moved, 32), drawn)), landmark


def test_a_model_lifts_landmarks_where_its_architecture_says_so() -> None:
    landmarks = random_landmarks(2)
    architecture = preset_named("tiny-pose-lifter")
    assert architecture.maps is not None
    model = Model(architecture).eval()
    assert model.pose_lifter is not None
    assert torch.equal(model.lifted(landmarks), landmarks)  # a fresh lifter
    torch.nn.init.constant_(model.pose_lifter.last.bias, 0.5)
    assert torch.equal(model.lifted(landmarks), lift(model.pose_lifter, landmarks))
    assert not torch.equal(model.lifted(landmarks), landmarks)
    without = Model(preset_named("tiny-pose"))
    assert without.pose_lifter is None
    assert without.lifted(landmarks) is landmarks


def test_a_lifter_without_pose_channels_is_refused() -> None:
    with pytest.raises(UsageError, match="no pose channels"):
        preset_named("tiny-lifter")
