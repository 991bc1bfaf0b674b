import torch
from torch.nn import functional

from lifecast.model.config import GeneratorConfig
from lifecast.model.encoders.generator import GlobalGenerator


def test_it_pads_by_reflection_where_pix2pixhd_does():
    """Stem, residual blocks and head reflect; downsamplings pad with zeros: written out, layer by layer."""
    torch.manual_seed(0)
    generator = GlobalGenerator(3, 3, GeneratorConfig(filters=4, downsamplings=2, blocks=1)).double()
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
