"""The occupancy nets by themselves: what joins the features, windows of them, and what is refused."""

import dataclasses

import pytest
import torch
from torch import nn

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.model import Model
from lifecast.model.occupancy import FineNet
from lifecast.model.pixel_aligned import window_fractions
from lifecast.model.presets import PRESETS
from lifecast.space.resizing import resize_map

TINY = PRESETS["tiny"]


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


def test_the_embedding_has_the_width_that_the_architecture_says(model, points):
    logit, embedding = model.coarse.query(torch.rand(2, 24, 64, 64), points)
    assert logit.shape == (2, 50)
    assert embedding.shape == (2, 50, TINY.embedding_width)


def test_depth_is_scaled_as_the_architecture_says(model):
    scaled = Model(dataclasses.replace(TINY, depth_scale=1.28))
    scaled.load_state_dict(model.state_dict())
    features = torch.zeros(1, 24, 64, 64)  # the same everywhere: only depth tells points apart
    points = torch.tensor([[[0.1, 0.2, 0.5]]])
    deeper = points * torch.tensor([1, 1, 1.28])
    torch.testing.assert_close(scaled.coarse.query(features, points), model.coarse.query(features, deeper))


def test_a_coarse_depth_head_reads_two_depths_off_the_features(model):
    features = torch.rand(2, 24, 64, 64)
    wanted = nn.functional.conv2d(features, model.coarse.depth_head.weight, model.coarse.depth_head.bias)
    assert torch.equal(model.coarse.predict_depth(features), wanted)
    assert wanted.shape == (2, 2, 64, 64)
    without = Model(dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, depth_head=False)))
    with pytest.raises(UsageError, match="no depth head"):
        without.coarse.predict_depth(features)


def test_predicted_depths_are_among_the_features_in_the_scale_of_the_nets_own_depth(image):
    torch.manual_seed(7)
    model = Model(dataclasses.replace(preset_named("tiny-depth-maps"), depth_scale=8.0)).eval()
    small, depth = image[..., :128, :128], torch.rand(2, 2, 128, 128)
    with torch.no_grad():
        features = model.coarse.encode(small, small, small, small[:, :1], depth)[-1]
        inputs = torch.cat((small, small, small, small[:, :1], 8 * depth), dim=1)
        torch.testing.assert_close(features[:, :-2], model.coarse.encoder(inputs))
    torch.testing.assert_close(features[:, -2:], 8 * resize_map(depth, features.shape[-1]))


def test_a_window_of_the_features_is_queried_as_the_whole(model, image, points):
    with torch.no_grad():
        maps = [torch.zeros(2, c, 256, 256) for c in (3, 3, 1)]
        whole = model.fine.encode(image, *maps)[-1]  # (2, 8, 128, 128)
        embedding = torch.rand(2, 50, TINY.embedding_width)
        window = torch.tensor([[64, 32, 128, 128]]).expand(2, 4)
        part = whole[:, :, 16:80, 32:96]
        inside = points * 0.25 + torch.tensor([0.0, 0.25, 0.0])  # x in +-0.23, y in 0.02 to 0.48
        expected = model.fine.query(whole, inside, embedding)
        found = model.fine.query(part, inside, embedding, window=window_fractions(window, 256))
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_an_encoded_window_has_the_features_of_the_whole_away_from_its_edge(image):
    """Group norm's statistics are the window's, so the encoder is compared with its norms taken out."""
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
        found = model.fine.query(part, points, embedding, window=window_fractions(window, 256))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_gradients_of_a_frozen_embedding_reach_the_fine_net_alone(image, points):
    """Alternate training: the coarse net is trained first, and the fine net then on its embedding."""
    torch.manual_seed(5)
    model = Model(TINY)
    maps = [torch.zeros(2, c, 256, 256) for c in (3, 3, 1)]
    features = torch.rand(2, 24, 64, 64)
    _, embedding = model.coarse.query(features, points)
    fine = model.fine.encode(image, *maps)[-1]

    def trained(embedding):
        model.zero_grad()
        model.fine.query(fine, points, embedding).sum().backward(retain_graph=True)
        return {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}

    assert trained(embedding.detach()) == {"fine"}
    assert trained(embedding) == {"coarse", "fine"}


def test_missing_and_misfitting_maps_are_named(model, image):
    small = image[..., :128, :128]
    with pytest.raises(UsageError, match="front normals"):
        model.coarse.encode(small)
    with pytest.raises(UsageError, match="back normals"):
        model.coarse.encode(small, small)
    with pytest.raises(UsageError, match="mask"):
        model.coarse.encode(small, small, small)
    with pytest.raises(UsageError, match="do not fit"):
        model.coarse.encode(small, image, small, small[:, :1])
    odd = torch.zeros(1, 3, 72, 72)
    with pytest.raises(UsageError, match="multiples of 16"):
        model.coarse.encode(odd, odd, odd, odd[:, :1])
    with pytest.raises(UsageError, match="3D embedding"):
        model.fine.query(torch.zeros(1, 8, 16, 16), torch.zeros(1, 4, 3), None)
    with pytest.raises(UsageError, match="the depths are an input"):
        Model(preset_named("tiny-depth-maps")).coarse.encode(small, small, small, small[:, :1])
    appended = dataclasses.replace(preset_named("tiny-depth-maps"), depth_input=False)
    with pytest.raises(UsageError, match="appends depths to its features"):
        Model(appended).coarse.encode(small, small, small, small[:, :1])
    with pytest.raises(UsageError, match="no fine net"):
        FineNet(preset_named("tiny-single-level"))
