"""pix2pixHD's global generator (Wang et al. 2018): the paper's normal networks (section 3.3)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from lifecast.model.encoders.config import GeneratorConfig
from lifecast.model.encoders.norms import instance_norm


class GeneratorBlock(nn.Module):
    """A residual block of two reflection-padded 3x3 convolutions.

    Convolution, instance norm, ReLU, convolution, instance norm; the input is added.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block's output: (B, width, h, w) -> the same."""
        y = functional.relu(instance_norm(self.conv1(x)), inplace=True)
        return instance_norm(self.conv2(y)).add_(x)


class GlobalGenerator(nn.Module):
    """pix2pixHD's global generator (Wang et al. 2018), without the tanh.

    (B, inputs, H, W) -> (B, outputs, H, W).
    """

    def __init__(self, inputs: int, outputs: int, config: GeneratorConfig) -> None:
        super().__init__()
        width = config.filters
        self.stem = nn.Conv2d(inputs, width, 7, padding=3, padding_mode="reflect")
        self.down = nn.ModuleList()
        for _ in range(config.downsamplings):
            # Zero padding here: only the 7x7 and the residual convolutions are reflection-padded.
            self.down.append(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1))
            width *= 2
        self.blocks = nn.ModuleList(GeneratorBlock(width) for _ in range(config.blocks))
        self.up = nn.ModuleList()
        for _ in range(config.downsamplings):
            self.up.append(nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1))
            width //= 2
        self.head = nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect")

    def forward(self, image: Tensor) -> Tensor:
        """Generate (B, outputs, H, W) from (B, inputs, H, W).

        Sides must be multiples of 2^downsamplings and give the residual blocks at least 2 texels.
        """
        x = functional.relu(instance_norm(self.stem(image)), inplace=True)  # (B, filters, H, W)
        for down in self.down:
            x = functional.relu(instance_norm(down(x)), inplace=True)
        for block in self.blocks:
            x = block(x)
        for up in self.up:
            x = functional.relu(instance_norm(up(x)), inplace=True)
        output: Tensor = self.head(x)  # (B, outputs, H, W)
        return output
