import pytest
import torch
from torch.nn import functional

from lifecast.model.encoders.bicubic import bicubic_double


def reference(x):
    return functional.interpolate(x, scale_factor=2, mode="bicubic", align_corners=True)


@pytest.mark.parametrize("shape", [(1, 8, 16, 16), (2, 3, 32, 48), (1, 5, 64, 16), (1, 4, 128, 128), (1, 4, 24, 16)])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_it_is_pytorchs_interpolation(shape, layout):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = x.contiguous(memory_format=layout)
    doubled = bicubic_double(x)
    torch.testing.assert_close(doubled, reference(x), atol=1e-12, rtol=0)
    assert doubled.is_contiguous(memory_format=layout)


def test_single_precision_loses_nothing_more_than_rounding():
    x = torch.randn(1, 4, 128, 128, generator=torch.Generator().manual_seed(0)).contiguous(
        memory_format=torch.channels_last
    )
    error = (bicubic_double(x) - reference(x.double())).abs().max()
    pytorchs = (reference(x) - reference(x.double())).abs().max()  # of positions in single precision, mostly
    assert error < 1.1 * pytorchs


def test_gradients_pass():
    x = torch.randn(1, 2, 16, 16, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    x.requires_grad_(True)
    bicubic_double(x).square().sum().backward()
    expected = torch.autograd.grad(reference(x).square().sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)
