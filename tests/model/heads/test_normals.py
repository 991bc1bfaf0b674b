import dataclasses

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from lifecast.model.ablations import preset_named
from lifecast.model.config import TINY, MapsConfig
from lifecast.model.encoders.config import GeneratorConfig
from lifecast.model.heads.depth import DepthNetwork
from lifecast.model.heads.normals import (
    GlobalGenerator,
    Maps,
    NormalNetworks,
    Window,
    sharpened,
    under_mask,
    window_around,
)
from lifecast.space.resizing import resize_image

GENERATOR = GeneratorConfig(filters=4, downsamplings=2, blocks=1)


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
    network = NormalNetworks(MapsConfig(GENERATOR, size=32))
    image = torch.rand(1, 3, 32, 32)
    maps = network(image)
    assert torch.equal(maps.front, torch.tanh(network.front(image)))
    assert torch.equal(maps.back, torch.tanh(network.back(image)))
    assert maps.mask is None
    assert NormalNetworks(MapsConfig(GENERATOR, size=32, mask=True))(image).mask.shape == (1, 1, 32, 32)


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


def enhanced_networks():
    torch.manual_seed(0)
    networks = NormalNetworks(preset_named("tiny-depth-maps-enhancer").normals).eval()
    with torch.no_grad():  # they start as the identity
        torch.nn.init.normal_(networks.depth.refine.head.weight, std=0.1)
        torch.nn.init.normal_(networks.enhancer.head.weight, std=0.1)
        torch.nn.init.normal_(networks.bridge.weight, std=0.3)
    return networks


def test_the_enhancer_corrects_the_enlarged_maps_of_a_glance():
    """By hand: the first U-Net at half the size, its outputs enlarged; picture, outputs and, where they are as
    coarse as its own, features to the second; their sum."""
    networks = enhanced_networks()
    image = torch.rand(2, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        small = resize_image(image, 64)
        glance, enhanced = networks.both(image)
        for mine, theirs in zip(glance, networks.glance(small), strict=True):
            assert torch.equal(mine, theirs)
        raw = functional.interpolate(networks.shared(small), size=(128, 128), mode="bilinear", align_corners=False)
        features = networks.shared.features(small)
        torch.testing.assert_close(networks.shared.head(features), networks.shared(small))
        seen = torch.cat((image, raw), 1)
        total = raw + networks.enhancer(seen, networks.bridge(features))
        assert not torch.allclose(total, raw + networks.enhancer(seen)), "the features make a difference"
        mask = torch.sigmoid(total[:, 6:7])
        torch.testing.assert_close(enhanced.front, functional.normalize(total[:, :3], dim=1) * mask)
        torch.testing.assert_close(enhanced.back, functional.normalize(total[:, 3:6], dim=1) * mask)
        assert torch.equal(networks(image).front, enhanced.front)
        seen = torch.cat((small, glance.front, glance.back, glance.mask), 1)
        torch.testing.assert_close(enhanced.depth, networks.depth(seen).depth)
        assert torch.equal(glance.depth, enhanced.depth)
        assert glance.depth.shape == (2, 2, 32, 32)


def test_a_depth_network_with_a_trunk_is_told_what_the_first_network_has_understood():
    """By hand: the U-Net's features at an eighth of its picture, through a 1x1 convolution, to the depth network."""
    torch.manual_seed(3)
    preset = preset_named("tiny-depth-maps-enhancer-trunk").normals
    assert preset.trunk_stages() == (3, 2)
    networks = NormalNetworks(preset).eval()
    small = torch.rand(2, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        begun = networks.glance(small)
        seen = torch.cat((small, begun.front, begun.back, begun.mask), 1)
        torch.testing.assert_close(begun.depth, networks.depth(seen).depth, msg="it begins by being told nothing")
        torch.nn.init.normal_(networks.trunk.weight, std=0.5)
        torch.nn.init.normal_(networks.trunk.bias, std=0.5)
        told = networks.glance(small)
        features = networks.shared.way_up(small)[3]
        assert features.shape == (2, 32, 8, 12)
        by_hand = functional.conv2d(features, networks.trunk.weight, networks.trunk.bias)
        torch.testing.assert_close(told.depth, networks.depth(seen, by_hand).depth)
        assert not torch.allclose(told.depth_logits, begun.depth_logits)
        assert torch.equal(told.front, begun.front)
        image = torch.rand(1, 3, 128, 128) * 2 - 1
        torch.testing.assert_close(networks.both(image)[1].depth, networks.glance(resize_image(image, 64)).depth)
        on_truth = networks.with_depth(begun._replace(depth=None), small)
        torch.testing.assert_close(on_truth.depth, begun.depth, msg="true maps have no features")


def test_the_depth_networks_answer_is_the_mean_of_its_distribution_and_a_correction():
    torch.manual_seed(2)
    preset = preset_named("tiny-depth-maps").normals.depth
    network = DepthNetwork(10, preset).eval()
    seen = torch.randn(2, 10, 64, 64)
    with torch.no_grad():
        maps = network(seen)
        assert maps.logits.shape == (2, 2, preset.bins, 8, 8)
        shares = maps.logits.softmax(2)
        mean = sum(shares[:, :, k] * z for k, z in enumerate(torch.linspace(-preset.reach, preset.reach, preset.bins)))
        # The correction begins at nothing.
        torch.testing.assert_close(maps.depth, resize_image(mean, 32), atol=1e-6, rtol=1e-5)
        network.refine.head.bias.fill_(0.8)
        torch.testing.assert_close(network(seen).depth, maps.depth + 0.1, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("way", ["glance", "plain"])
def test_the_depth_network_sees_masked_maps_whatever_is_asked_for(way):
    torch.manual_seed(0)
    plain = NormalNetworks(preset_named("tiny-depth-maps").normals).eval()
    look = enhanced_networks().glance if way == "glance" else plain
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        masked, bare = look(image), look(image, masked=False)
    assert torch.equal(masked.depth, bare.depth)
    torch.testing.assert_close(bare.front * bare.mask, masked.front)


def test_a_known_mask_takes_the_place_of_the_predicted_one():
    """Unit normals under the known mask, wherever the network itself believed in the person a little; depths see it."""
    torch.manual_seed(0)
    unit_front, unit_back = (functional.normalize(torch.randn(1, 3, 8, 8), dim=1) for _ in range(2))
    believed = torch.rand(1, 1, 8, 8) * 0.9 + 0.05
    known = (torch.rand(1, 1, 8, 8) > 0.5).float()
    masked = under_mask(Maps(unit_front * believed, unit_back * believed, believed), known)
    torch.testing.assert_close(masked.front, unit_front * known)
    torch.testing.assert_close(masked.back, unit_back * known)
    torch.testing.assert_close(masked.mask, known)
    plain = Maps(unit_front, unit_back)
    assert under_mask(plain, known) is plain
    networks = enhanced_networks()
    image, mask = torch.rand(1, 3, 128, 128), torch.zeros(1, 1, 128, 128)
    mask[..., 30:100, 40:80] = 1
    with torch.no_grad():
        glance, enhanced = networks.both(image, known=mask)
        assert not torch.allclose(glance.depth, networks.both(image)[0].depth)
    assert torch.equal(enhanced.mask, mask)
    assert glance.front.abs().sum(1)[:, :10].max() == 0


def test_an_enhancer_begins_by_changing_nothing():
    torch.manual_seed(1)
    networks = NormalNetworks(preset_named("tiny-depth-maps-enhancer").normals).eval()
    image = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        glance, enhanced = networks.both(image, masked=False)
    enlarged = functional.normalize(resize_image(glance.front, 128), dim=1)
    assert functional.cosine_similarity(enlarged, enhanced.front, dim=1).mean() > 0.99


def test_the_first_network_sees_the_size_that_it_is_told():
    networks = enhanced_networks()
    image = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        glance, enhanced = networks.both(image, global_side=64)
    assert glance.front.shape[-1] == 64
    assert enhanced.front.shape[-1] == 256
    assert torch.equal(glance.front, networks.glance(resize_image(image, 64)).front)


@pytest.mark.parametrize("seed", range(20))
def test_a_window_holds_everybody_with_a_margin_and_no_more_than_it_must(seed):
    draw = torch.Generator().manual_seed(seed)
    mask = torch.zeros(2, 1, 32, 48)
    for person in mask:
        top, left = (int(torch.randint(0, side - 3, (), generator=draw)) for side in (32, 48))
        person[:, top : top + 3, left : left + 2] = 0.9
    window = window_around(mask, 128, 192, 8)
    rows, columns = (mask.amax(dim=(0, 1)).amax(dim=axis).nonzero()[:, 0] * 4 for axis in (1, 0))
    for first, end, side, found in ((*window[:2], 128, rows), (*window[2:], 192, columns)):
        assert first % 8 == end % 8 == 0
        assert 0 <= max(0, int(found[0]) - 6) - first < 8
        assert 0 <= end - min(side, int(found[-1]) + 4 + 6) < 8
    picture = torch.rand(2, 3, 128, 192, generator=draw)
    inside = torch.zeros(1, 1, 128, 192)
    inside[..., window.top : window.bottom, window.left : window.right] = 1
    assert torch.equal(window.restored(window.cut(picture), 128, 192), picture * inside)


def test_the_window_of_nobody_is_the_whole_picture():
    assert window_around(torch.zeros(1, 1, 16, 16), 64, 64, 8) == Window(0, 64, 0, 64)


def test_the_enhancer_looks_only_where_somebody_is_when_nothing_is_learned():
    networks = enhanced_networks()
    image = torch.rand(1, 3, 128, 128) * 2 - 1
    networks.shared.head.weight.data.zero_()
    networks.shared.head.bias.data[6] = -20.0  # nobody, but ...
    known = torch.zeros(1, 1, 128, 128)
    known[..., 40:60, 70:80] = 1
    sizes = []
    networks.enhancer.register_forward_hook(lambda _, inputs, __: sizes.append(tuple(inputs[0].shape[-2:])))
    with torch.no_grad():
        networks.both(image, known=known)
    networks.both(image, known=known)
    assert sizes[0][0] < 48
    assert sizes[0][1] < 40
    assert sizes[1] == (128, 128)


def bumpy(size: int) -> torch.Tensor:
    """Normals (1, 3, S, S) of a sheet with folds a few pixels broad, of length 1 within a disc and 0 beyond."""
    down, across = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    tilts = 0.5 * torch.sin(across / 2.5 + down / 9), 0.3 * torch.sin(down / 3.0)
    disc = ((across - size / 2) ** 2 + (down - size / 2) ** 2 < (0.4 * size) ** 2).float()
    return functional.normalize(torch.stack([*tilts, torch.ones(size, size)]), dim=0)[None] * disc


def smoothed(normals: np.ndarray, sigma: float) -> np.ndarray:
    """(S, S, 3), each channel blurred alone; unit length again."""
    radius = int(np.ceil(3 * sigma))
    blurred = ndimage.gaussian_filter(normals, sigma, mode="constant", radius=radius, axes=(0, 1))
    return blurred / np.maximum(np.linalg.norm(blurred, axis=-1, keepdims=True), 1e-6)


@pytest.mark.parametrize(("size", "amount"), [(512, 0.5), (256, 0.5), (512, 1.2)])
def test_sharpening_moves_directions_away_from_the_mean_around_them(size, amount):
    length = torch.rand(1, 1, size, size) * 0.9 + 0.1
    normals = functional.normalize(torch.randn(1, 3, size, size) + torch.tensor([0, 0, 3.0]).view(3, 1, 1), dim=1)
    normals[..., : size // 4, :] = 0
    found = sharpened(normals * length, amount)
    unit = normals[0].permute(1, 2, 0).double().numpy()
    wanted = unit + amount * (unit - smoothed(unit, 1.5 * size / 512))
    wanted /= np.maximum(np.linalg.norm(wanted, axis=-1, keepdims=True), 1e-6)
    wanted = wanted * length[0, 0, ..., None].double().numpy() * (unit != 0).any(-1, keepdims=True)
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), wanted, atol=1e-4)


def test_sharpening_brings_back_folds_that_an_average_has_flattened():
    true = bumpy(512)
    inside = true.norm(dim=1) > 0
    flat = torch.from_numpy(smoothed(true[0].permute(1, 2, 0).numpy(), 1.0)).permute(2, 0, 1)[None] * inside[:, None]

    def error(maps: torch.Tensor) -> float:
        return float((maps - true).norm(dim=1)[inside].mean())

    assert error(sharpened(flat, 0.5)) < 0.7 * error(flat)
    assert torch.equal(sharpened(flat, 0.5).norm(dim=1) == 0, ~inside)


def test_a_flat_map_cannot_be_sharpened():
    flat = functional.normalize(torch.tensor([0.2, -0.4, 0.8]), dim=0).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    torch.testing.assert_close(sharpened(flat, 0.5), flat, atol=1e-5, rtol=1e-4)
