"""Limbs behind a slab of a body: which are made, of what, and that they join it."""

import numpy as np
import pytest
import torch

from lifecast.space.field import CallableField
from lifecast.space.maps import Maps
from lifecast.surface.detail.hidden_limbs import CHAINS, HIDDEN_LIMBS, Bones, WithLimbs, hidden_limbs
from lifecast.surface.extract.surface import extract_surface

ELBOW, WRIST, INDEX = 13, 15, 19
HALF, THICK = 0.3, 0.1
"""Half of the slab's side, and of its thickness."""


def slab_maps(size: int = 64) -> Maps:
    """A square body in the middle of the picture, a fifth of a unit thick."""
    side = (torch.arange(size) * 2 + 1) / size - 1
    mask = ((side[None] < HALF) & (side[None] > -HALF) & (side[:, None] < HALF) & (side[:, None] > -HALF)).float()
    depth = torch.stack([torch.full((size, size), THICK), torch.full((size, size), -THICK)])
    normals = torch.zeros(1, 3, size, size)
    return Maps(normals, normals, mask[None, None], None, depth[None])


def standing() -> torch.Tensor:
    """Landmarks of somebody with every joint in the slab, and seen."""
    joints = torch.zeros(33, 4)
    joints[:, 3] = 1.0
    return joints


def arm_behind() -> torch.Tensor:
    """The left forearm goes from an elbow at the slab's edge to a wrist behind its middle that nobody sees."""
    joints = standing()
    joints[ELBOW] = torch.tensor([0.25, 0.1, 0.0, 0.9])
    joints[WRIST] = torch.tensor([0.05, -0.05, -0.2, 0.1])
    joints[INDEX] = torch.tensor([0.0, -0.05, -0.2, 0.1])
    return joints


def slab(points: torch.Tensor) -> torch.Tensor:
    """Logits of the slab."""
    return -60 * (points.abs() - torch.tensor([HALF, HALF, THICK])).amax(-1)


def slow_distance(bones: Bones, point: np.ndarray) -> float:
    """By the definition, for one point."""
    found = np.inf
    for start, end, (first, last) in zip(*(values.double().numpy() for values in bones), strict=True):
        along = end - start
        share = min(1.0, max(0.0, float((point - start) @ along) / float(along @ along)))
        found = min(found, float(np.linalg.norm(point - start - share * along)) - (first + share * (last - first)))
    return found


def random_bones(count: int = 5) -> Bones:
    draw = torch.Generator().manual_seed(3)
    starts, ends = torch.rand(2, count, 3, generator=draw) - 0.5
    return Bones(starts, ends, 0.02 + 0.05 * torch.rand(count, 2, generator=draw))


def test_distances_are_those_of_round_cones() -> None:
    bones = random_bones()
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(4)) * 1.6 - 0.8
    found = bones.distance(points)
    slow = [slow_distance(bones, point) for point in points.double().numpy()]
    np.testing.assert_allclose(found.numpy(), slow, atol=2e-6)
    # Many balls along each bone: the nearest of their surfaces is at most a little nearer.
    shares = torch.linspace(0, 1, 400)[:, None, None]
    places = bones.starts + shares * (bones.ends - bones.starts)  # (400, K, 3)
    radii = bones.radii[:, 0] + shares[..., 0] * (bones.radii[:, 1] - bones.radii[:, 0])  # (400, K)
    balls = ((points[:, None, None] - places).norm(dim=-1) - radii).flatten(1).amin(1)
    assert float((found - balls).min()) > -2e-3
    assert float((found - balls).max()) < 0.006


def test_nothing_is_made_where_everything_is_seen() -> None:
    assert hidden_limbs(standing(), slab_maps()) is None
    seen = arm_behind()
    seen[:, 3] = 1.0
    assert hidden_limbs(seen, slab_maps()) is None


@pytest.mark.parametrize(
    "place", [(0.05, -0.05, THICK - 0.9 * HIDDEN_LIMBS.under), (0.6, 0.0, -0.2)], ids=["at the front", "beside"]
)
def test_a_guessed_wrist_that_is_not_behind_the_body_is_let_be(place: tuple[float, float, float]) -> None:
    joints = arm_behind()
    joints[WRIST, :3] = torch.tensor(place)
    assert hidden_limbs(joints, slab_maps()) is None


def test_maps_without_depths_or_mask_hide_nothing_that_could_be_known() -> None:
    assert hidden_limbs(arm_behind(), slab_maps()._replace(depth=None)) is None
    assert hidden_limbs(arm_behind(), slab_maps()._replace(mask=None)) is None


def test_a_hidden_wrist_makes_a_forearm_and_a_hand() -> None:
    joints = arm_behind()
    bones = hidden_limbs(joints, slab_maps())
    assert bones is not None
    assert len(bones.starts) == 2
    torch.testing.assert_close(bones.starts, joints[[ELBOW, WRIST], :3])
    torch.testing.assert_close(bones.ends[0], joints[WRIST, :3])
    # The hand goes on beyond the index finger's knuckle.
    beyond = joints[INDEX, :3] + CHAINS[0].beyond * (joints[INDEX, :3] - joints[WRIST, :3])
    torch.testing.assert_close(bones.ends[1], beyond)
    torch.testing.assert_close(bones.radii[0], torch.tensor(CHAINS[0].radii[1:3]))


def test_with_the_elbow_hidden_too_the_upper_arm_is_made() -> None:
    joints = arm_behind()
    joints[ELBOW] = torch.tensor([0.2, 0.1, -0.15, 0.2])
    bones = hidden_limbs(joints, slab_maps())
    assert bones is not None
    assert len(bones.starts) == 3
    torch.testing.assert_close(bones.ends[:2], joints[[ELBOW, WRIST], :3])


@pytest.mark.parametrize("lifted", [0.5, -0.5])
def test_a_limb_begins_in_the_body(lifted: float) -> None:
    joints = arm_behind()
    joints[ELBOW, 2] = lifted
    bones = hidden_limbs(joints, slab_maps())
    assert bones is not None
    assert abs(float(bones.starts[0, 2])) == pytest.approx(THICK - CHAINS[0].radii[1], abs=1e-6)
    assert np.sign(float(bones.starts[0, 2])) == np.sign(lifted)


def test_each_hidden_leg_is_made_of_its_own_joints() -> None:
    joints = standing()
    for knee, ankle, toe, x in ((25, 27, 31, 0.1), (26, 28, 32, -0.1)):
        joints[knee] = torch.tensor([x, 0.0, 0.0, 0.8])
        joints[ankle] = torch.tensor([x, 0.0, -0.4, 0.1])
        joints[toe] = torch.tensor([x, -0.05, -0.4, 0.1])
    bones = hidden_limbs(joints, slab_maps())
    assert bones is not None
    torch.testing.assert_close(bones.starts, joints[[25, 27, 26, 28], :3])
    torch.testing.assert_close(bones.ends, joints[[27, 31, 28, 32], :3])


def test_a_joined_field_has_the_odds_of_both() -> None:
    bones = hidden_limbs(arm_behind(), slab_maps())
    assert bones is not None
    points = torch.rand(4000, 3, generator=torch.Generator().manual_seed(5)) - 0.5
    found = WithLimbs(CallableField(slab, logits=True), bones).logits(points)
    odds = slab(points).double().exp() + (-HIDDEN_LIMBS.steepness * bones.distance(points).double()).exp()
    close = odds.log() > -6
    assert 0 < int(close.sum()) < len(points)
    # Beyond the reach of a limb its odds are left out.
    torch.testing.assert_close(found[close].double(), odds.log()[close], atol=0.15, rtol=0)
    far = bones.distance(points) > HIDDEN_LIMBS.reach / HIDDEN_LIMBS.steepness
    assert torch.equal(found[far], slab(points)[far])


def test_the_surface_gets_the_arm_in_one_piece() -> None:
    bones = hidden_limbs(arm_behind(), slab_maps())
    assert bones is not None
    body = CallableField(slab, logits=True)
    bare, whole = (extract_surface(field, 96) for field in (body, WithLimbs(body, bones)))
    radius = CHAINS[0].radii[2]
    assert float(bare.vertices[:, 2].min()) == pytest.approx(-THICK, abs=0.01)
    assert float(whole.vertices[:, 2].min()) == pytest.approx(-0.2 - radius, abs=0.012)
    assert whole.islands_dropped == 0


def test_limbs_end_at_the_silhouette() -> None:
    bones = hidden_limbs(arm_behind(), slab_maps())
    assert bones is not None

    def bound(points: torch.Tensor) -> torch.Tensor:
        return torch.where(points[:, 0] > 0.05, 0.0, -30.0)

    field = WithLimbs(CallableField(lambda points: slab(points) + bound(points), logits=True), bones, bound)
    assert float(extract_surface(field, 96).vertices[:, 0].min()) > 0.02
