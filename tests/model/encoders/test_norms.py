import pytest
import torch
from torch import nn
from torch.nn import functional

from lifecast.model.encoders import norms
from lifecast.model.encoders.norms import GroupNorm, channel_moments, instance_norm


def picture(dtype=torch.float64, shape=(2, 8, 12, 9)):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype) * 3 + 2
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("chunk", [1, 200, 1 << 20])
def test_moments_are_means_over_the_pixels(monkeypatch, chunk):
    monkeypatch.setattr(norms, "CHUNK", chunk)
    x = picture()
    mean, variance = channel_moments(x)
    torch.testing.assert_close(mean, x.mean(dim=(2, 3)))
    torch.testing.assert_close(variance, x.var(dim=(2, 3), unbiased=False))


def test_instance_norm_is_pytorchs():
    expected = functional.instance_norm(picture())
    with torch.inference_mode():
        normed = instance_norm(picture())
    torch.testing.assert_close(normed, expected, atol=1e-12, rtol=0)
    assert normed.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(instance_norm(picture().contiguous()), functional.instance_norm(picture().contiguous()))


def test_group_norm_is_pytorchs():
    torch.manual_seed(1)
    mine, theirs = GroupNorm(4, 8).double(), nn.GroupNorm(4, 8).double()
    nn.init.normal_(mine.weight)
    nn.init.normal_(mine.bias)
    theirs.load_state_dict(mine.state_dict())
    x = picture()
    with torch.inference_mode():
        normed = mine(x)
        torch.testing.assert_close(normed, theirs(x), atol=1e-12, rtol=0)
        assert normed.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(x, picture())  # what it was given is still needed
    assert mine(x).requires_grad


def test_large_maps_are_normed_to_single_precision():
    """PyTorch's channels_last kernel errs by 5e-5 and more here."""
    x = picture(torch.float32, (1, 32, 256, 256))
    norm = GroupNorm(4, 32)
    with torch.inference_mode():
        error = (norm(x).double() - functional.group_norm(x.double(), 4)).abs().max()
    assert error < 5e-6
