import dataclasses

import torch
from torch.nn import functional

from lifecast.networks.normal_network import GlobalGenerator, NormalNetworks
from lifecast.networks.preset import TINY, GeneratorPreset, NormalPreset

GENERATOR = GeneratorPreset(filters=4, downsamplings=2, blocks=1)


def test_the_shared_network_gives_unit_normals_under_its_mask():
    torch.manual_seed(0)
    network = NormalNetworks(TINY.normals).eval()
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    maps = network(image)
    bare = network(image, masked=False)
    for masked, unit in ((maps.front, bare.front), (maps.back, bare.back)):
        assert masked.shape == (2, 3, 64, 64)
        torch.testing.assert_close(unit.norm(dim=1), torch.ones(2, 64, 64))
        torch.testing.assert_close(masked, unit * maps.mask)
    torch.testing.assert_close(maps.mask, torch.sigmoid(maps.mask_logit))
    assert not torch.allclose(maps.front, maps.back)


def test_without_a_mask_the_normals_stay_unit_length():
    network = NormalNetworks(dataclasses.replace(TINY.normals, mask=False))
    maps = network(torch.rand(1, 3, 32, 32))
    assert maps.mask is None
    torch.testing.assert_close(maps.front.norm(dim=1), torch.ones(1, 32, 32))


def test_the_generators_tanh_is_used_as_it_is():
    torch.manual_seed(0)
    network = NormalNetworks(NormalPreset(GENERATOR, size=32))
    image = torch.rand(1, 3, 32, 32)
    maps = network(image)
    assert torch.equal(maps.front, torch.tanh(network.front(image)))
    assert torch.equal(maps.back, torch.tanh(network.back(image)))
    assert maps.mask is None
    assert NormalNetworks(NormalPreset(GENERATOR, size=32, mask=True))(image).mask.shape == (1, 1, 32, 32)


def test_a_generator_pads_by_reflection_where_pix2pixhd_does():
    """Stem, residual blocks and head reflect; downsamplings pad with zeros: written out, layer by layer."""
    torch.manual_seed(0)
    generator = GlobalGenerator(3, 3, GENERATOR).double()
    x = torch.randn(1, 3, 16, 16, dtype=torch.float64)

    def norm(y):
        mean, var = y.mean((2, 3), keepdim=True), y.var((2, 3), keepdim=True, unbiased=False)
        return (y - mean) / (var + 1e-5).sqrt()

    def reflected(y, conv, pad):
        return functional.conv2d(functional.pad(y, (pad,) * 4, mode="reflect"), conv.weight, conv.bias)

    y = norm(reflected(x, generator.stem, 3)).clamp(min=0)
    for conv in generator.down:
        y = norm(functional.conv2d(y, conv.weight, conv.bias, stride=2, padding=1)).clamp(min=0)
    block = generator.blocks[0]
    y = y + norm(reflected(norm(reflected(y, block.conv1, 1)).clamp(min=0), block.conv2, 1))
    for conv in generator.up:
        y = functional.conv_transpose2d(y, conv.weight, conv.bias, stride=2, padding=1, output_padding=1)
        y = norm(y).clamp(min=0)
    torch.testing.assert_close(generator(x), reflected(y, generator.head, 3))
