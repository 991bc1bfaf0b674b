import copy
import dataclasses

import pytest
import torch
from torch import nn

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import TINY, MapsConfig
from lifecast.model.encoders.config import GeneratorConfig, HourglassConfig
from lifecast.model.heads.normals import Maps, sharpened
from lifecast.model.model import Model
from lifecast.model.pixel_aligned import window_fractions
from lifecast.space.integration import tilted
from lifecast.space.resizing import resize_image, resize_map

SMALL = {"width": 32, "stem": 8, "groups": 4}
HOURGLASSES = dataclasses.replace(
    TINY,
    normals=MapsConfig(GeneratorConfig(filters=4, downsamplings=3, blocks=2), size=128),
    coarse=dataclasses.replace(TINY.coarse, encoder=HourglassConfig(2, 1, pooled=True, **SMALL)),
    fine=dataclasses.replace(TINY.fine, encoder=HourglassConfig(1, 2, pooled=False, **SMALL)),
    mask_input=False,
)
"""The paper's kinds of networks, as small as `tiny`."""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Model(TINY).eval()


@pytest.fixture(scope="module")
def image():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module")
def points():
    return torch.rand(2, 50, 3, generator=torch.Generator().manual_seed(2)) * 1.8 - 0.9


def test_occupancy_is_the_levels_put_together(model, image, points):
    """The pipeline by hand: normals at 128, coarse level at 128, fine level at 256 on the coarse embedding."""
    with torch.no_grad():
        encoded = model.encode(image)
        small = resize_image(image, 128)
        maps = model.predict_normals(small)
        coarse = model.coarse.encode(small, maps.front, maps.back, maps.mask)[-1]
        large = [resize_map(values, 256) for values in (maps.front, maps.back, maps.mask)]
        fine = model.fine.encode(image, *large)[-1]
        logit, embedding = model.coarse.query(coarse, points)
        assert embedding.shape == (2, 50, TINY.embedding_width)
        torch.testing.assert_close(model.coarse_occupancy(encoded, points), torch.sigmoid(logit))
        expected = torch.sigmoid(model.fine.query(fine, points, embedding))
        torch.testing.assert_close(model.occupancy(encoded, points), expected)
        assert torch.equal(encoded.normals.front, maps.front)


def test_given_normals_replace_predicted_ones(model, image):
    torch.manual_seed(3)
    truth = Maps(torch.rand(2, 3, 256, 256), torch.rand(2, 3, 256, 256), torch.rand(2, 1, 256, 256))
    with torch.no_grad():
        encoded = model.encode(image, normals=truth)
        expected = model.fine.encode(image, truth.front, truth.back, truth.mask)[-1]
    assert encoded.normals is truth
    assert torch.equal(encoded.fine_features, expected)


def test_a_smaller_image_scales_every_size(model):
    encoded = model.encode(torch.zeros(1, 3, 128, 128))
    assert encoded.normals.front.shape[-1] == 64
    assert encoded.coarse_features.shape[-1] == 32
    assert encoded.fine_features.shape[-1] == 64


def test_the_callers_small_image_is_what_the_coarse_level_sees(model, image):
    small = torch.zeros(2, 3, 128, 128)
    with torch.no_grad():
        given, usual = model.encode(image, small), model.encode(image)
        maps = model.predict_normals(small)
        assert torch.equal(given.normals.front, maps.front)
        assert torch.equal(given.coarse_features, model.coarse.encode(small, maps.front, maps.back, maps.mask)[-1])
    assert not torch.allclose(given.coarse_features, usual.coarse_features)


def test_outside_of_the_box_nothing_is_occupied(model, image):
    with torch.no_grad():
        encoded = model.encode(image[:1])
        points = torch.tensor([[[0.0, 0.0, 0.0], [1.01, 0, 0], [0, -1.01, 0], [0, 0, 1.01]]])
        assert (model.coarse_occupancy(encoded, points) > 0).tolist() == [[True, False, False, False]]
        # The fine level's box has no front and back (as in the released model).
        assert (model.occupancy(encoded, points) > 0).tolist() == [[True, False, False, True]]
        unboxed = copy.deepcopy(model)
        unboxed.preset = dataclasses.replace(TINY, mask_box=False)
        assert (unboxed.occupancy(encoded, points) > 0).all()


def test_depth_is_scaled_as_the_preset_says(model):
    scaled = Model(dataclasses.replace(TINY, depth_scale=1.28))
    scaled.load_state_dict(model.state_dict())
    features = torch.zeros(1, 24, 64, 64)  # the same everywhere: only depth tells points apart
    points = torch.tensor([[[0.1, 0.2, 0.5]]])
    deeper = points * torch.tensor([1, 1, 1.28])
    torch.testing.assert_close(scaled.coarse.query(features, points), model.coarse.query(features, deeper))


def test_a_coarse_depth_head_reads_two_depths_off_the_features(model):
    assert model.coarse.predict_depth(torch.zeros(2, 24, 64, 64)).shape == (2, 2, 64, 64)
    without = Model(dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, depth_head=False)))
    with pytest.raises(UsageError, match="no depth head"):
        without.coarse.predict_depth(torch.zeros(2, 24, 64, 64))


def test_a_window_of_the_features_answers_as_the_whole(model, image, points):
    with torch.no_grad():
        maps = [torch.zeros(2, c, 256, 256) for c in (3, 3, 1)]
        whole = model.fine.encode(image, *maps)[-1]  # (2, 8, 128, 128)
        embedding = torch.rand(2, 50, TINY.embedding_width)
        window = torch.tensor([[64, 32, 128, 128]]).expand(2, 4)
        part = whole[:, :, 16:80, 32:96]
        inside = points * 0.25 + torch.tensor([0.0, 0.25, 0.0])  # x in +-0.23, y in 0.02 to 0.48
        expected = model.fine.query(whole, inside, embedding)
        answered = model.fine.query(part, inside, embedding, window=window_fractions(window, 256))
        torch.testing.assert_close(answered, expected, atol=1e-5, rtol=0)


def test_an_encoded_window_answers_as_the_whole_away_from_its_edge(image):
    """Group norm's statistics depend on what is shown, so the encoder is compared with its norms taken out."""
    torch.manual_seed(4)
    model = Model(preset_named("tiny-no-normals")).eval()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.GroupNorm):
                setattr(module, name, nn.Identity())
    window = torch.tensor([[64, 32, 160, 160]]).expand(2, 4)
    with torch.no_grad():
        whole = model.fine.encode(image)[-1]
        part = model.fine.encode(image[:, :, 32:192, 64:224])[-1]
        assert not torch.allclose(part, whole[:, :, 16:96, 32:112])  # the window's edge does show
        points = torch.rand(2, 50, 3) * 0.2 + torch.tensor([0.03, 0.03, 0.0])  # its middle
        embedding = torch.rand(2, 50, TINY.embedding_width)
        expected = model.fine.query(whole, points, embedding)
        answered = model.fine.query(part, points, embedding, window=window_fractions(window, 256))
    torch.testing.assert_close(answered, expected, atol=1e-5, rtol=1e-5)


def gradients(model):
    return {
        name
        for name, part in (("normals", model.normals), ("coarse", model.coarse), ("fine", model.fine))
        if any(p.grad is not None and p.grad.abs().max() > 0 for p in part.parameters())
    }


def test_gradients_reach_the_levels_that_answer(image, points):
    torch.manual_seed(5)
    model = Model(TINY)
    maps = [torch.zeros(2, c, 128, 128) for c in (3, 3, 1)]
    coarse = model.coarse.encode(image[..., ::2, ::2], *maps)[-1]
    logit, embedding = model.coarse.query(coarse, points)
    logit.sum().backward(retain_graph=True)
    assert gradients(model) == {"coarse"}

    model.zero_grad()
    maps = [torch.zeros(2, c, 256, 256) for c in (3, 3, 1)]
    fine = model.fine.encode(image, *maps)[-1]
    model.fine.query(fine, points, embedding.detach()).sum().backward(retain_graph=True)
    assert gradients(model) == {"fine"}

    model.zero_grad()
    model.fine.query(fine, points, embedding).sum().backward()
    assert gradients(model) == {"coarse", "fine"}

    model.zero_grad()
    model.occupancy(model.encode(image), points).sum().backward()
    assert gradients(model) == {"normals", "coarse", "fine"}


def test_every_stack_of_an_hourglass_is_there_for_the_loss():
    level = dataclasses.replace(
        TINY.coarse, encoder=HourglassConfig(stacks=3, depth=1, pooled=True, width=32, stem=8, groups=4)
    )
    model = Model(dataclasses.replace(TINY, coarse=level))
    encoded = model.encode(torch.zeros(1, 3, 256, 256))
    assert len(encoded.coarse_stacks) == 3
    assert encoded.coarse_stacks[-1] is encoded.coarse_features


@pytest.mark.parametrize("preset", [TINY, HOURGLASSES], ids=["u-nets", "hourglasses"])
def test_set_up_for_inference_it_answers_the_same(preset, image, points):
    torch.manual_seed(6)
    model = Model(preset)
    with torch.no_grad():
        expected = model.eval().double().encode(image.double())
        occupancy = model.occupancy(expected, points.double())
    fast = model.float().for_inference()
    assert fast is model
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    with torch.inference_mode():
        encoded = fast.encode(image)
        torch.testing.assert_close(encoded.normals.front, expected.normals.front.float(), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(encoded.fine_features, expected.fine_features.float(), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(fast.occupancy(encoded, points), occupancy.float(), atol=1e-4, rtol=1e-4)


def test_normals_at_another_size_share_the_weights(model, image):
    finer = model.with_normals_at(256)
    assert finer.preset.normals.fine_size == 256
    assert not finer.training
    for mine, theirs in zip(model.parameters(), finer.parameters(), strict=True):
        assert mine is theirs
    with torch.no_grad():
        assert finer.encode(image).normals.front.shape[-1] == 256
        # Maps given for the fine level are used, however it would predict them.
        given = Maps(torch.zeros(2, 3, 256, 256), torch.zeros(2, 3, 256, 256), torch.zeros(2, 1, 256, 256))
        expected = model.fine.encode(image, given.front, given.back, given.mask)[-1]
        assert torch.equal(finer.encode(image, fine_normals=given).fine_features, expected)
        assert torch.equal(finer.with_normals_at(None).encode(image).fine_features, model.encode(image).fine_features)


def test_missing_and_misfitting_maps_are_named(model, image):
    small = image[..., :128, :128]
    with pytest.raises(UsageError, match="front normals"):
        model.coarse.encode(small)
    with pytest.raises(UsageError, match="mask"):
        model.coarse.encode(small, small, small)
    with pytest.raises(UsageError, match="do not fit"):
        model.coarse.encode(small, image, small, small[:, :1])
    odd = torch.zeros(1, 3, 72, 72)
    with pytest.raises(UsageError, match="multiples of 16"):
        model.coarse.encode(odd, odd, odd, odd[:, :1])
    with pytest.raises(UsageError, match="3D embedding"):
        model.fine.query(torch.zeros(1, 8, 16, 16), torch.zeros(1, 4, 3), None)
    with pytest.raises(UsageError, match="predicts no normals"):
        Model(preset_named("tiny-no-normals")).predict_normals(image)


def test_the_coarse_level_is_fed_the_glance_and_the_fine_level_the_enhanced_maps(image, points):
    """And both see the depths; the coarse level has them among its features, in the scale of its own depth."""
    torch.manual_seed(7)
    model = Model(dataclasses.replace(preset_named("tiny-depth-maps-enhancer"), depth_scale=8.0)).eval()
    torch.nn.init.normal_(model.normals.enhancer.head.weight, std=0.1)
    with torch.no_grad():
        small = resize_image(image, 128)
        glance, enhanced = model.normals.both(small)
        encoded = model.encode(image)
        assert torch.equal(encoded.normals.front, enhanced.front)
        maps = [resize_map(v, 128) for v in (glance.front, glance.back, glance.mask, glance.depth)]
        coarse = model.coarse.encode(small, *maps)[-1]
        torch.testing.assert_close(encoded.coarse_features, coarse)
        torch.testing.assert_close(coarse[:, -2:], 8 * resize_map(maps[3], coarse.shape[-1]))
        maps = [resize_map(v, 256) for v in (enhanced.front, enhanced.back, enhanced.mask, enhanced.depth)]
        torch.testing.assert_close(encoded.fine_features, model.fine.encode(image, *maps)[-1])
        given = [v._replace(front=-v.front) for v in model.predict_maps(image)]
        turned = model.encode(image, normals=given[0], fine_normals=given[1])
        assert torch.equal(turned.normals.front, -enhanced.front)
        assert not torch.allclose(turned.coarse_features, encoded.coarse_features)


def test_depths_that_are_missing_are_named(image):
    model = Model(preset_named("tiny-depth-maps"))
    small = image[..., :128, :128]
    with pytest.raises(UsageError, match="depths"):
        model.coarse.encode(small, small, small, small[:, :1])


@pytest.mark.parametrize("name", ["tiny", "tiny-depth-maps-enhancer"])
def test_a_preset_that_looks_at_the_mirrored_picture_too_does_not_know_left_from_right(name, image):
    torch.manual_seed(8)
    preset = preset_named(name)
    preset = dataclasses.replace(preset, normals=dataclasses.replace(preset.normals, mirror=True))
    model = Model(preset).eval()
    known = (torch.rand(2, 1, 64, 64) > 0.5).float()
    with torch.no_grad():
        for mask in (None, known):
            plain = model.predict_maps(image, known=mask)
            turned = model.predict_maps(image.flip(-1), known=None if mask is None else mask.flip(-1))
            for maps, others in zip(plain, turned, strict=True):
                torch.testing.assert_close(maps.front[:, 0], -others.front[:, 0].flip(-1), atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(maps.front[:, 1:], others.front[:, 1:].flip(-1), atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(maps.mask, others.mask.flip(-1), atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(maps.front.norm(dim=1, keepdim=True), maps.mask, atol=1e-4, rtol=1e-3)
                if maps.depth is not None:
                    torch.testing.assert_close(maps.depth, others.depth.flip(-1), atol=1e-5, rtol=1e-4)


def with_and_without(preset, **in_use):
    """Two models of the same random weights, the second with fields of `preset.normals` that count when it is used."""
    plain = Model(preset).eval()
    changed = Model(dataclasses.replace(preset, normals=dataclasses.replace(preset.normals, **in_use))).eval()
    changed.load_state_dict(plain.state_dict())
    return plain, changed


def test_only_what_the_fine_level_is_fed_is_sharpened(image):
    torch.manual_seed(9)
    plain, sharp = with_and_without(preset_named("tiny-depth-maps-enhancer"), sharpen=0.5)
    with torch.no_grad():
        (coarse, fine), (same, changed) = plain.predict_maps(image), sharp.predict_maps(image)
    assert torch.equal(coarse.front, same.front)
    assert torch.equal(coarse.back, same.back)
    assert torch.equal(changed.front, sharpened(fine.front, 0.5))
    assert torch.equal(changed.back, sharpened(fine.back, 0.5))
    assert torch.equal(changed.mask, fine.mask)
    assert not torch.equal(changed.front, fine.front)


def test_a_preset_cannot_sharpen_by_just_anything():
    preset = preset_named("tiny")
    with pytest.raises(UsageError, match=r"sharpened by -0\.1"):
        dataclasses.replace(preset.normals, sharpen=-0.1)


def test_a_preset_tilts_normals_toward_depths_that_it_integrates(image):
    torch.manual_seed(10)
    preset = preset_named("tiny-depth-maps-enhancer-integration")
    plain, tilting = with_and_without(preset, tilt=0.5)
    known = torch.ones(2, 1, 256, 256)
    with torch.no_grad():
        (coarse, fine), (same, changed) = (model.predict_maps(image, known=known) for model in (plain, tilting))
    assert torch.equal(coarse.front, same.front)
    assert torch.equal(fine.depth, changed.depth)
    assert torch.equal(changed.front, tilted(fine.front, fine.depth[:, 0], fine.mask, 1.0, 0.5))
    assert torch.equal(changed.back, tilted(fine.back, fine.depth[:, 1], fine.mask, -1.0, 0.5))
    with pytest.raises(UsageError, match="integrates none"):
        dataclasses.replace(preset.normals, tilt=0.5, integrate=None)
    with pytest.raises(UsageError, match=r"tilted by 1\.5"):
        dataclasses.replace(preset.normals, tilt=1.5)
