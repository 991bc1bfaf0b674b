"""The normal head: what its outputs are read as, and what it is conditioned on."""

import dataclasses

import pytest
import torch

from lifecast.model.ablations import preset_named
from lifecast.model.config import GeneratorConfig, MapsConfig
from lifecast.model.heads.normals import NormalHead, conditioned
from lifecast.model.presets import PRESETS
from lifecast.space.resizing import resize_image

TINY = PRESETS["tiny"]
GENERATOR = GeneratorConfig(filters=4, downsamplings=2, blocks=1)


def test_a_unets_normals_are_of_unit_length_under_the_mask():
    torch.manual_seed(0)
    head = NormalHead(TINY.maps).eval()
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    raw = head(image).raw
    assert raw.shape == (2, 7, 64, 64)
    maps, bare = head.read(raw), head.read(raw, masked=False)
    for masked, unit, channels in ((maps.front, bare.front, raw[:, :3]), (maps.back, bare.back, raw[:, 3:6])):
        torch.testing.assert_close(unit, channels / channels.norm(dim=1, keepdim=True))
        torch.testing.assert_close(masked, unit * maps.mask)
    assert torch.equal(maps.mask_logit, raw[:, 6:])
    torch.testing.assert_close(maps.mask, torch.sigmoid(maps.mask_logit))
    assert torch.equal(bare.mask, maps.mask)
    assert (maps.depth, maps.depth_logits) == (None, None)


def test_without_a_mask_the_normals_stay_unit_length():
    head = NormalHead(dataclasses.replace(TINY.maps, mask=False))
    maps = head.read(head(torch.rand(1, 3, 32, 32)).raw)
    assert maps.mask is None
    torch.testing.assert_close(maps.front.norm(dim=1), torch.ones(1, 32, 32))


def test_outputs_and_features_are_the_unets():
    torch.manual_seed(0)
    config = PRESETS["compact"].maps
    head = NormalHead(config).eval()
    image, pose = torch.rand(1, 3, 64, 32), torch.rand(1, 6, 64, 32)
    with torch.no_grad():
        output = head(image, pose)
        inputs = torch.cat((image, pose), dim=1)
        assert torch.equal(output.raw, head.unet(inputs))
        assert output.raw.shape == (1, 7, 32, 16)  # at the output stride
        features = head.unet.decoder_features(inputs)
    assert output.features.keys() == features.keys()
    assert all(torch.equal(output.features[stage], features[stage]) for stage in features)


@pytest.mark.parametrize("masked", [True, False])
def test_the_generators_tanh_is_used_as_it_is(masked):
    torch.manual_seed(0)
    head = NormalHead(MapsConfig(GENERATOR, size=32))
    image = torch.rand(1, 3, 32, 32)
    output = head(image)
    assert output.features == {}
    maps = head.read(output.raw, masked)
    assert torch.equal(maps.front, torch.tanh(head.front(image)))
    assert torch.equal(maps.back, torch.tanh(head.back(image)))
    assert maps.mask is None


def test_a_generators_mask_is_the_front_ones_fourth_channel():
    torch.manual_seed(0)
    head = NormalHead(MapsConfig(GENERATOR, size=32, mask=True))
    image = torch.rand(1, 3, 32, 32)
    maps, front = head.read(head(image).raw), head.front(image)
    assert torch.equal(maps.mask_logit, front[:, 3:])
    assert torch.equal(maps.mask, torch.sigmoid(front[:, 3:]))
    assert torch.equal(maps.front, torch.tanh(front[:, :3]))
    assert torch.equal(maps.back, torch.tanh(head.back(image)))


def test_pose_channels_follow_the_picture_at_its_size():
    config = preset_named("tiny-pose").maps
    image, pose = torch.rand(2, 3, 64, 64), torch.rand(2, 6, 16, 16, dtype=torch.float64)
    inputs = conditioned(image, pose, config)
    assert inputs.dtype == torch.float32
    assert torch.equal(inputs[:, :3], image)
    torch.testing.assert_close(inputs[:, 3:], resize_image(pose.float(), 64))
    # A picture may be cut to a part that is not square; the pose is then cut alike.
    assert conditioned(image[:, :, :32], pose[:, :, :8], config).shape == (2, 9, 32, 64)


def test_no_pose_is_all_zeros_and_no_channel_of_an_architecture_without():
    image = torch.rand(2, 3, 64, 64)
    inputs = conditioned(image, None, preset_named("tiny-pose").maps)
    assert torch.equal(inputs, torch.cat((image, torch.zeros(2, 6, 64, 64)), dim=1))
    assert conditioned(image, torch.rand(2, 6, 16, 16), TINY.maps) is image


def test_a_pose_changes_the_normals_of_a_head_that_is_conditioned_on_it():
    torch.manual_seed(0)
    image, pose = torch.rand(1, 3, 64, 64) * 2 - 1, torch.rand(1, 6, 32, 32)
    head, without = NormalHead(preset_named("tiny-pose").maps).eval(), NormalHead(TINY.maps).eval()
    with torch.no_grad():
        assert not torch.allclose(head(image, pose).raw, head(image).raw, atol=1e-3)
        assert torch.equal(head(image, torch.zeros_like(pose)).raw, head(image).raw)
        assert torch.equal(without(image, pose).raw, without(image).raw)
