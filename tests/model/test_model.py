"""The model beside its heads: sizes, windows, masks, the box, gradients, and what is set up for inference."""

import copy
import dataclasses

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import GeneratorConfig, HourglassConfig, MapsConfig
from lifecast.model.model import Model
from lifecast.model.pixel_aligned import window_fractions
from lifecast.model.presets import PRESETS
from lifecast.space.maps import Maps, under_mask
from lifecast.space.resizing import resize_image, resize_map

TINY = PRESETS["tiny"]
SMALL = {"width": 32, "stem": 8, "groups": 4}
HOURGLASSES = dataclasses.replace(
    TINY,
    maps=MapsConfig(GeneratorConfig(filters=4, downsamplings=3, blocks=2), size=128),
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
def detailed():
    """A model with depth and detail heads that are not the identity."""
    torch.manual_seed(0)
    model = Model(preset_named("tiny-depth-maps-detail")).eval()
    torch.nn.init.normal_(model.detail.unet.head.weight, std=0.1)
    torch.nn.init.normal_(model.depth.refine.head.weight, std=0.1)
    return model


@pytest.fixture(scope="module")
def image():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module")
def points():
    return torch.rand(2, 50, 3, generator=torch.Generator().manual_seed(2)) * 1.8 - 0.9


def test_a_smaller_image_scales_every_size(model, detailed):
    prediction = model(torch.zeros(1, 3, 128, 128))
    assert prediction.maps.fine.front.shape[-1] == 64
    assert prediction.coarse_features.shape[-1] == 32
    assert prediction.fine_features.shape[-1] == 64
    prediction = detailed(torch.zeros(1, 3, 128, 128))
    assert prediction.maps.coarse.front.shape[-1] == 32
    assert prediction.maps.fine.front.shape[-1] == 64
    assert prediction.maps.fine.depth.shape[-1] == 16


def test_a_picture_need_not_be_square(detailed):
    """Training cuts batches to where people are."""
    prediction = detailed(torch.zeros(1, 3, 192, 256))
    assert prediction.maps.coarse.front.shape[-2:] == (48, 64)
    assert prediction.maps.fine.front.shape[-2:] == (96, 128)
    assert prediction.maps.fine.depth.shape[-2:] == (24, 32)
    assert prediction.coarse_features.shape[-2:] == (48, 64)
    assert prediction.fine_features.shape[-2:] == (96, 128)


def test_a_part_of_an_image_is_queried_where_it_lies(model, image, points):
    """`extent` says which part of the whole the image shows, to both nets."""
    extent = torch.tensor([[0.25, 0.1, 0.5, 0.5], [0.0, 0.5, 0.5, 0.5]])
    with torch.no_grad():
        found, whole = model(image, points, extent=extent), model(image, points)
        logit, embedding = model.coarse.query(whole.coarse_features, points, extent)
        assert torch.equal(found.coarse_logits[0], logit)
        assert torch.equal(found.fine_logit, model.fine.query(whole.fine_features, points, embedding, extent))
    assert torch.equal(found.fine_features, whole.fine_features)
    assert not torch.allclose(found.coarse_logits[0], whole.coarse_logits[0])


@pytest.mark.parametrize("side", [256, 128])
def test_the_fine_net_gets_the_window_alone_and_the_coarse_net_everything(model, image, points, side):
    """By hand: picture and enlarged maps cut out, encoded, and points found in the cut."""
    image = resize_image(image, side)
    window = torch.tensor([[64, 32, 128, 128], [0, 96, 128, 128]]) * side // 256
    with torch.no_grad():
        found, whole = model(image, points, window=window), model(image, points)
        maps = whole.maps.fine
        parts = [image, *(resize_map(values, side) for values in (maps.front, maps.back, maps.mask))]
        cut = [
            torch.stack([one[:, y : y + h, x : x + w] for one, (x, y, w, h) in zip(part, window.tolist(), strict=True)])
            for part in parts
        ]
        features = model.fine.encode(*cut)[-1]
        _, embedding = model.coarse.query(whole.coarse_features, points)
        logit = model.fine.query(features, points, embedding, window_fractions(window, side))
    assert torch.equal(found.coarse_features, whole.coarse_features)
    assert torch.equal(found.fine_features, features)
    assert torch.equal(found.fine_logit, logit)


def test_windows_are_of_the_image_whatever_the_fine_nets_size(image, points):
    """An image twice as large as the fine net's: window and features in its pixels, halved."""
    large = dataclasses.replace(TINY, maps=dataclasses.replace(TINY.maps, size=512))
    torch.manual_seed(0)
    model = Model(large).eval()
    image = torch.nn.functional.interpolate(image, 512)
    window = torch.tensor([[128, 64, 256, 256]]).expand(2, 4)
    with torch.no_grad():
        found = model(image, points, given=(maps := model(image, until="maps").maps), window=window)
        parts = [resize_image(image, 256), *(resize_map(v, 256) for v in maps.fine[:3])]
        features = model.fine.encode(*(part[..., 32:160, 64:192] for part in parts))[-1]
    assert torch.equal(found.fine_features, features)


def test_a_window_as_large_as_the_image_is_none(model, image, points):
    with torch.no_grad():
        found = model(image, points, window=torch.tensor([[0, 0, 256, 256]]).expand(2, 4))
        assert torch.equal(found.fine_logit, model(image, points).fine_logit)


@pytest.mark.parametrize("size", [128, 256, 40])
def test_a_given_mask_takes_the_place_of_the_predicted_one(detailed, image, size):
    """Normals of both nets are put under it, depths are predicted from these, detail is computed around it."""
    mask = torch.zeros(2, 1, size, size)
    mask[..., size // 4 : size * 3 // 4, size // 3 : size * 2 // 3] = 1
    with torch.no_grad():
        free, masked = (detailed(image, mask=m, until="maps").maps for m in (None, mask))
        coarse = under_mask(free.coarse, mask)
        assert torch.equal(masked.coarse.front, coarse.front)
        assert torch.equal(masked.coarse.mask, resize_image(mask, 64))
        assert torch.equal(masked.fine.mask, resize_image(mask, 128))
        assert torch.equal(masked.coarse.depth, detailed.depth(resize_image(image, 64), coarse).depth)
        assert not torch.allclose(masked.coarse.depth, free.coarse.depth)
    assert masked.fine.depth is masked.coarse.depth
    inside = masked.fine.mask[:, 0] > 0
    assert float(masked.fine.front.norm(dim=1)[~inside].max()) == 0
    length = masked.fine.front.norm(dim=1)
    torch.testing.assert_close(length, masked.fine.mask[:, 0], atol=1e-5, rtol=1e-5)


def test_the_detail_head_computes_the_window_of_the_given_mask(detailed, image):
    mask = torch.zeros(2, 1, 128, 128)
    mask[..., 40:60, 70:80] = 1
    sizes = []
    handle = detailed.detail.unet.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[-2:]))
    with torch.no_grad():
        detailed(image, mask=mask, until="maps")
        detailed(image, until="maps")
    handle.remove()
    assert sizes[0][0] < 48
    assert sizes[0][1] < 40
    assert sizes[1] == (128, 128), "an untrained head predicts people everywhere"


@pytest.mark.parametrize("until", ["normals", "depth", "coarse_maps", "maps"])
def test_without_the_mask_normals_are_of_unit_length_and_depths_the_same(detailed, image, until):
    """The depth head gets masked normals in any case, as in use."""
    with torch.no_grad():
        masked, bare = (detailed(image, until=until, masked=m).maps for m in (True, False))
    for with_mask, without in zip(masked, bare, strict=True):
        assert torch.equal(with_mask.mask, without.mask)
        torch.testing.assert_close(without.front * without.mask, with_mask.front)
        torch.testing.assert_close(without.back.norm(dim=1), torch.ones_like(without.back[:, 0]))
        assert (until == "normals") == (without.depth is None)
        if until != "normals":
            assert torch.equal(with_mask.depth, without.depth)


@pytest.mark.parametrize(
    "until",
    [
        "normals",
        "depth",
        "coarse_maps",
        "maps",
        "detail",
    ],
)
def test_a_given_mask_changes_no_normals_that_are_wanted_without_one(detailed, image, until):
    """Only the mask is another one, and where the detail head computes anything."""
    mask = torch.zeros(2, 1, 256, 256)
    mask[..., 64:192, 80:176] = 1
    with torch.no_grad():
        free, found = (detailed(image, until=until, masked=False, mask=m).maps for m in (None, mask))
    assert torch.equal(found.coarse.front, free.coarse.front)
    for maps in found:
        torch.testing.assert_close(maps.mask, resize_image(mask, maps.front.shape[-1]))
        torch.testing.assert_close(maps.front.norm(dim=1), torch.ones_like(maps.front[:, 0]))


def test_the_mask_alone_is_the_normal_heads(detailed, image):
    with torch.no_grad():
        maps = detailed(resize_image(image, 64), until="normals").maps.fine
        assert torch.equal(detailed.find_mask(image), maps.mask)
    assert Model(preset_named("tiny-no-normals")).find_mask(image) is None
    assert Model(HOURGLASSES).find_mask(image) is None


def test_outside_of_the_box_nothing_is_occupied(model, image):
    with torch.no_grad():
        prediction = model(image[:1])
        coarse = prediction._replace(fine_features=None)
        points = torch.tensor([[[0.0, 0.0, 0.0], [1.01, 0, 0], [0, -1.01, 0], [0, 0, 1.01]]])
        assert (model.occupancy(coarse, points) > 0).tolist() == [[True, False, False, False]]
        # The fine net's box has no front and back (as in the released model).
        assert (model.occupancy(prediction, points) > 0).tolist() == [[True, False, False, True]]
        unboxed = copy.deepcopy(model)
        unboxed.architecture = dataclasses.replace(TINY, mask_box=False)
        assert (unboxed.occupancy(prediction, points) > 0).all()


def test_a_bound_is_added_to_the_logits_along_each_line_of_sight(model, image, points):
    bound = -8 * torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        prediction = model(image, points)
        lowered = model.coarse.sample(bound, points)[..., 0]
        for found, logit in (
            (prediction, prediction.fine_logit),
            (prediction._replace(fine_features=None), prediction.coarse_logits[-1]),
        ):
            wanted = torch.sigmoid(logit + lowered)
            torch.testing.assert_close(model.occupancy(found, points, bound), wanted)
    assert lowered.min() < -4


def gradients(model):
    return {
        name
        for name, part in model.named_children()
        if any(p.grad is not None and p.grad.abs().max() > 0 for p in part.parameters())
    }


def test_gradients_reach_every_part_that_a_loss_depends_on(image, points):
    torch.manual_seed(5)
    model = Model(TINY)
    prediction = model(image, points)
    prediction.coarse_logits[0].sum().backward(retain_graph=True)
    assert gradients(model) == {"normals", "coarse"}
    model.zero_grad()
    model.occupancy(prediction, points).sum().backward()
    assert gradients(model) == {"normals", "coarse", "fine"}
    model.zero_grad()
    truth = Maps(*(torch.zeros(2, c, 256, 256) for c in (3, 3, 1)))
    model(image, points, given=truth).fine_logit.sum().backward()
    assert gradients(model) == {"coarse", "fine"}


def test_every_stack_of_an_hourglass_is_there_for_the_loss(points):
    level = dataclasses.replace(TINY.coarse, encoder=HourglassConfig(stacks=3, depth=1, pooled=True, **SMALL))
    model = Model(dataclasses.replace(TINY, coarse=level))
    prediction = model(torch.zeros(2, 3, 256, 256), points)
    assert len(prediction.coarse_stacks) == len(prediction.coarse_logits) == 3
    assert prediction.coarse_stacks[-1] is prediction.coarse_features


@pytest.mark.parametrize("architecture", [TINY, HOURGLASSES], ids=["u-nets", "hourglasses"])
def test_set_up_for_inference_it_predicts_the_same(architecture, image, points):
    torch.manual_seed(6)
    model = Model(architecture)
    with torch.no_grad():
        expected = model.eval().double()(image.double())
        occupancy = model.occupancy(expected, points.double())
    fast = model.float().for_inference()
    assert fast is model
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    with torch.inference_mode():
        found = fast(image)
        torch.testing.assert_close(found.maps.fine.front, expected.maps.fine.front.float(), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found.fine_features, expected.fine_features.float(), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(fast.occupancy(found, points), occupancy.float(), atol=1e-4, rtol=1e-4)


def test_normals_at_another_size_share_the_weights(model, image):
    finer = model.with_normals_at(256)
    assert finer.architecture.maps.fine_size == 256
    assert not finer.training
    for mine, theirs in zip(model.parameters(), finer.parameters(), strict=True):
        assert mine is theirs
    with torch.no_grad():
        prediction = finer(image)
        assert prediction.maps.fine.front.shape[-1] == 256
        assert torch.equal(prediction.coarse_features, model(image).coarse_features)
        # Maps that are given for the fine net are its input, however it would predict them.
        given = Maps(torch.zeros(2, 3, 256, 256), torch.zeros(2, 3, 256, 256), torch.zeros(2, 1, 256, 256))
        expected = model.fine.encode(image, given.front, given.back, given.mask)[-1]
        assert torch.equal(finer(image, given=given).fine_features, expected)
        assert torch.equal(finer.with_normals_at(None)(image).fine_features, model(image).fine_features)
    with pytest.raises(UsageError, match="predicts no normals"):
        Model(preset_named("tiny-no-normals")).with_normals_at(256)
