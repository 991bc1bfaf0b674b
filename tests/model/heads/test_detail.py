"""The detail head against its composition by hand, and the window that it computes."""

import pytest
import torch
from torch.nn import functional

from lifecast.model.ablations import preset_named
from lifecast.model.heads.detail import DetailHead
from lifecast.model.heads.normals import NormalHead
from lifecast.model.window import window_around

CONFIG = preset_named("tiny-detail").maps


@pytest.fixture
def heads():
    """A normal head, and a detail head that is no longer the identity."""
    torch.manual_seed(0)
    normals, detail = NormalHead(CONFIG).eval(), DetailHead(CONFIG).eval()
    torch.nn.init.normal_(detail.unet.head.weight, std=0.1)
    torch.nn.init.normal_(detail.adapter.weight, std=0.3)
    return normals, detail


@pytest.fixture
def image():
    return torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(1)) * 2 - 1


def enlarged(raw, size):
    return functional.interpolate(raw, size=size, mode="bilinear", align_corners=False)


def test_it_corrects_the_enlarged_outputs_of_the_normal_head(heads, image):
    """By hand: picture and enlarged outputs in; where texels are as large as theirs, the features; the sum."""
    normals, detail = heads
    with torch.no_grad():
        output = normals(image[..., ::2, ::2])
        raw = enlarged(output.raw, (128, 128))
        skip = detail.adapter(output.features[min(output.features)])
        assert skip.shape[-2:] == (64, 64)
        inputs = torch.cat((image, raw), dim=1)
        wanted = raw + detail.unet(inputs, skip)
        torch.testing.assert_close(detail(image, output), wanted)
        assert not torch.allclose(wanted, raw + detail.unet(inputs)), "the features make a difference"


def test_a_fresh_one_changes_nothing(image):
    torch.manual_seed(1)
    normals, detail = NormalHead(CONFIG).eval(), DetailHead(CONFIG).eval()
    with torch.no_grad():
        output = normals(image[..., ::2, ::2])
        assert torch.equal(detail(image, output), enlarged(output.raw, (128, 128)))


def test_the_picture_may_be_of_another_proportion_to_the_normal_heads(heads, image):
    """Four times as wide, where the architecture says twice: the features are enlarged to the stage's texels."""
    normals, detail = heads
    with torch.no_grad():
        output = normals(image[..., ::4, ::4])
        raw = enlarged(output.raw, (128, 128))
        skip = enlarged(detail.adapter(output.features[min(output.features)]), (64, 64))
        torch.testing.assert_close(detail(image, output), raw + detail.unet(torch.cat((image, raw), dim=1), skip))


def test_in_evaluation_only_the_window_around_the_person_is_computed(heads, image):
    """By hand: the parts cut out, corrected alone and put back; beyond, the enlarged outputs."""
    normals, detail = heads
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., 20:30, 35:40] = 1
    top, bottom, left, right = window_around(mask, 128, 128, detail.unet.stride)
    assert bottom - top < 48
    assert right - left < 40
    with torch.no_grad():
        output = normals(image[..., ::2, ::2])
        wanted = enlarged(output.raw, (128, 128))
        skip = detail.adapter(output.features[min(output.features)])
        inputs = torch.cat((image, wanted), dim=1)[..., top:bottom, left:right]
        part = detail.unet(inputs, skip[..., top // 2 : bottom // 2, left // 2 : right // 2])
        wanted[..., top:bottom, left:right] += part
        torch.testing.assert_close(detail(image, output, mask), wanted)


@pytest.mark.parametrize("gradients", [True, False])
def test_in_training_all_of_the_picture_is_computed_and_in_evaluation_the_window(heads, image, gradients):
    normals, detail = heads
    mask = torch.zeros(2, 1, 64, 64)
    mask[..., 20:30, 35:40] = 1
    sizes = []
    detail.unet.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape)))
    with torch.set_grad_enabled(gradients):
        output = normals(image[..., ::2, ::2])
        detail.train()(image, output, mask)
        detail.eval()(image, output, mask)
        detail(image, output)
    window = window_around(mask, 128, 128, detail.unet.stride)
    cut = (window.bottom - window.top, window.right - window.left)
    assert [size[-2:] for size in sizes] == [(128, 128), cut, (128, 128)]
