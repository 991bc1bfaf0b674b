"""The depth head against its composition by hand: a distribution over depths, its mean, a correction."""

import dataclasses

import pytest
import torch
from torch.nn import functional

from lifecast.model.ablations import preset_named
from lifecast.model.heads.depth import REFINED_UNIT, DepthHead
from lifecast.space.maps import Maps
from lifecast.space.resizing import resize_image

POSED = preset_named("tiny-depth-maps-pose").maps
WITH_FEATURES = preset_named("tiny-depth-maps-detail-depth-features").maps


def random_head(config):
    """A head whose correction and adapter are not 0."""
    torch.manual_seed(2)
    head = DepthHead(config).eval()
    torch.nn.init.normal_(head.refine.head.weight, std=0.1)
    if head.adapter is not None:
        torch.nn.init.normal_(head.adapter.weight, std=0.5)
        torch.nn.init.normal_(head.adapter.bias, std=0.5)
    return head


def random_maps(size, batch=2):
    front, back = (functional.normalize(torch.randn(batch, 3, size, size), dim=1) for _ in range(2))
    return Maps(front, back, torch.rand(batch, 1, size, size))


def composed(head, image, maps, pose=None, skip=None):
    """Depth and logits, written out; image and maps at the head's own side."""
    parts = [image, maps.front, maps.back, maps.mask]
    if head.maps_config.pose_channels:
        parts.insert(1, torch.zeros(len(image), 6, *image.shape[-2:]) if pose is None else pose)
    inputs = torch.cat(parts, dim=1)
    logits = head.coarse(inputs, skip).unflatten(1, (2, -1))
    shares = logits.softmax(2)
    reach, bins = head.config.reach, head.config.bins
    mean = sum(shares[:, :, k] * (2 * k / (bins - 1) - 1) * reach for k in range(bins))
    correction = head.refine(torch.cat((inputs, resize_image(mean, image.shape[-1]) / REFINED_UNIT), dim=1))
    return resize_image(mean, correction.shape[-1]) + REFINED_UNIT * correction, logits


@pytest.mark.parametrize("pose_is_given", [True, False])
def test_depth_is_the_mean_of_a_distribution_and_a_correction(pose_is_given):
    head = random_head(POSED)
    image, maps = torch.rand(2, 3, 64, 64) * 2 - 1, random_maps(64)
    pose = torch.rand(2, 6, 64, 64) if pose_is_given else None
    with torch.no_grad():
        found = head(resize_image(image, 128), maps, pose)
        depth, logits = composed(head, resize_image(resize_image(image, 128), 64), maps, pose)
    assert found.depth.shape == (2, 2, 32, 32)
    assert found.logits.shape == (2, 2, head.config.bins, 8, 8)
    torch.testing.assert_close(found.logits, logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.depth, depth, atol=1e-5, rtol=1e-5)


def test_a_pose_changes_the_depths():
    head = random_head(POSED)
    image, maps = torch.rand(1, 3, 128, 128), random_maps(64, 1)
    with torch.no_grad():
        apart = head(image, maps, torch.rand(1, 6, 32, 32)).depth - head(image, maps).depth
    assert apart.abs().max() > 1e-3


def test_the_correction_begins_at_nothing():
    torch.manual_seed(2)
    head = DepthHead(POSED).eval()
    image, maps = torch.randn(2, 3, 128, 128), random_maps(64)
    with torch.no_grad():
        found = head(image, maps)
        torch.testing.assert_close(found.depth, resize_image(head.expected(found.logits), 32), atol=1e-6, rtol=1e-5)
        head.refine.head.bias.fill_(0.8)
        torch.testing.assert_close(head(image, maps).depth, found.depth + 0.1, atol=1e-6, rtol=1e-5)


def test_a_certain_distribution_is_its_depth():
    head = DepthHead(dataclasses.replace(POSED, depth=dataclasses.replace(POSED.depth, bins=5, reach=0.8)))
    logits = torch.full((1, 2, 5, 1, 1), -100.0)
    logits[0, 0, 4], logits[0, 1, 1] = 100.0, 100.0
    torch.testing.assert_close(head.expected(logits)[0, :, 0, 0], torch.tensor([0.8, -0.4]))


def test_features_of_the_normal_head_are_added_where_texels_are_as_large():
    """By hand: its decoder features at an eighth of its picture, through a 1x1 convolution, at the head's stage."""
    assert WITH_FEATURES.depth_adapter_stages() == (3, 2)
    head = random_head(WITH_FEATURES)
    image, maps = torch.rand(2, 3, 64, 64) * 2 - 1, random_maps(64)
    features = {3: torch.randn(2, 32, 8, 8), 2: torch.randn(2, 24, 16, 16)}
    with torch.no_grad():
        found = head(image, maps, features=features)
        skip = functional.conv2d(features[3], head.adapter.weight, head.adapter.bias)
        depth, logits = composed(head, image, maps, skip=skip)
        bare = head(image, maps)
    torch.testing.assert_close(found.depth, depth, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.logits, logits, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found.logits, bare.logits)
    torch.testing.assert_close(bare.depth, composed(head, image, maps)[0], msg="true maps have no features")


def test_a_fresh_head_makes_nothing_of_the_features():
    torch.manual_seed(3)
    head = DepthHead(WITH_FEATURES).eval()
    image, maps = torch.rand(1, 3, 64, 64), random_maps(64, 1)
    with torch.no_grad():
        found = head(image, maps, features={3: torch.randn(1, 32, 8, 8)})
        assert torch.equal(found.depth, head(image, maps).depth)
