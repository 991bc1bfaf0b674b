"""Front and back normal maps from one image (section 3.3).

The paper: two pix2pixHD global generators, their tanh outputs used as they are. Compact: one U-Net for both sides and
the person's mask, its vectors made unit length and multiplied by the mask, so that maps look like the training
truth (0 outside). A depth network (`depth_network`) may stand on these maps. With an enhancer the U-Net sees a small
picture, and a second, thin one brings its maps to full size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lifecast.model.config import GeneratorConfig, MapsConfig, UNetConfig
from lifecast.model.encoders.norms import instance_norm
from lifecast.model.encoders.unet import UNet
from lifecast.model.heads.depth import DepthNetwork
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.space import limb_map
from lifecast.space.resizing import resize_image
from lifecast.space.smoothing import smoothed


class Maps(NamedTuple):
    """Normals in view space, in [-1, 1], and the person's mask where the network predicts one."""

    front: Tensor
    """(B, 3, S, S) normals of the first surface that a line of sight meets."""
    back: Tensor
    """(B, 3, S, S) normals of the last one, seen through the person: same pixel, same line of sight."""
    mask: Tensor | None = None
    """(B, 1, S, S) probability of the person."""
    mask_logit: Tensor | None = None
    """(B, 1, S, S): what the mask is the sigmoid of, for the loss."""
    depth: Tensor | None = None
    """(B, 2, s, s) view z of the first and of the last surface, where it is predicted; anything outside of the person.
    Of its own, smaller size."""
    depth_logits: Tensor | None = None
    """(B, 2, K, h, w): the distribution behind it, for the loss."""


def under_mask(maps: Maps, known: Tensor) -> Maps:
    """Maps under a known mask (B, 1, H, W) in place of the predicted one; as they are where none was predicted.

    A network that predicts a mask has multiplied its unit normals by it: they are brought back to unit length first.
    """
    if maps.mask is None:
        return maps
    known = resize_image(known.to(maps.mask), maps.mask.shape[-1])  # (B, 1, S, S)
    front, back = functional.normalize(maps.front, dim=1) * known, functional.normalize(maps.back, dim=1) * known
    return maps._replace(front=front, back=back, mask=known, mask_logit=None)


WINDOW_MARGIN = 1 / 32
"""Least share of the picture's width that is kept around the person; `training.trim` cuts batches so."""
WINDOW_MASK = 0.02
"""Probability of the person from which a pixel counts as theirs."""


class Window(NamedTuple):
    """A part of a picture: rows `top` to `bottom`, columns `left` to `right`, the ends not included."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, maps: Tensor, stride: int = 1) -> Tensor:
        """This part of maps (B, C, H / stride, W / stride)."""
        return maps[..., self.top // stride : self.bottom // stride, self.left // stride : self.right // stride]

    def restored(self, maps: Tensor, height: int, width: int) -> Tensor:
        """Maps of this part in a whole picture's size, 0 elsewhere."""
        return functional.pad(maps, (self.left, width - self.right, self.top, height - self.bottom))


def window_around(mask: Tensor, height: int, width: int, multiple: int) -> Window:
    """The smallest window of a (height, width) picture whose sides and corners are multiples of `multiple`, and that
    holds everybody in mask (B, 1, h, w) with a margin; the whole picture where nobody is."""
    present = (mask > WINDOW_MASK).any(dim=0)[0]  # (h, w)
    margin = max(1, round(width * WINDOW_MARGIN))

    def along(seen: Tensor, side: int) -> tuple[int, int]:
        found = seen.nonzero()[:, 0]
        if not len(found):
            return 0, side
        first = max(0, int(found[0]) * side // len(seen) - margin) // multiple * multiple
        end = -(-int(found[-1] + 1) * side // len(seen)) + margin
        return first, min(side, -(-end // multiple) * multiple)

    return Window(*along(present.any(dim=1), height), *along(present.any(dim=0), width))


def mirrored(maps: Maps) -> Maps:
    """The maps of the mirrored picture: columns reversed, and x of the normals."""

    def turned(values: Tensor | None) -> Tensor | None:
        return None if values is None else values.flip(-1)

    sign = maps.front.new_tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)
    return Maps(
        maps.front.flip(-1) * sign, maps.back.flip(-1) * sign,
        turned(maps.mask), turned(maps.mask_logit), turned(maps.depth), turned(maps.depth_logits),
    )  # fmt: skip


def averaged(one: Maps, other: Maps) -> Maps:
    """The mean of two predictions of one picture: of mask and depths, and of the normals' directions."""

    def mean(a: Tensor | None, b: Tensor | None) -> Tensor | None:
        return None if a is None or b is None else (a + b) / 2

    mask = mean(one.mask, other.mask)
    front, back = (functional.normalize(a + b, dim=1, eps=1e-6) for a, b in zip(one[:2], other[:2], strict=True))
    if mask is not None:
        front, back = front * mask, back * mask
    return Maps(front, back, mask, mean(one.mask_logit, other.mask_logit), mean(one.depth, other.depth))


SHARPENED_WITHIN = 1.5
"""Pixels at a map of 512: standard deviation of the smoothing that `sharpened` takes the opposite of."""


def sharpened(normals: Tensor, amount: float) -> Tensor:
    """Normal maps (B, 3, S, S) with deeper folds: unsharp masking of their directions, each moved away from the mean
    direction around it by `amount` of the difference. Lengths, and where there is no normal, stay.
    """
    normals = normals.contiguous(memory_format=torch.channels_last)  # lengths are found several times as fast on a CPU
    unit = functional.normalize(normals, dim=1, eps=1e-6)
    around = functional.normalize(smoothed(unit, SHARPENED_WITHIN * normals.shape[-1] / 512), dim=1, eps=1e-6)
    length = normals.norm(dim=1, keepdim=True)  # (B, 1, S, S)
    return functional.normalize(unit + amount * (unit - around), dim=1, eps=1e-6) * length


class GeneratorBlock(nn.Module):
    """Reflection-padded 3x3 convolution, instance norm, ReLU, convolution, instance norm; the input is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> the same."""
        y = functional.relu(instance_norm(self.conv1(x)), inplace=True)
        return instance_norm(self.conv2(y)).add_(x)


class GlobalGenerator(nn.Module):
    """pix2pixHD's global generator (Wang et al. 2018): (B, inputs, H, W) -> (B, outputs, H, W), without the tanh."""

    def __init__(self, inputs: int, outputs: int, preset: GeneratorConfig) -> None:
        super().__init__()
        width = preset.filters
        self.stem = nn.Conv2d(inputs, width, 7, padding=3, padding_mode="reflect")
        self.down = nn.ModuleList()
        for _ in range(preset.downsamplings):
            # Zero padding here: only the 7x7 and the residual convolutions are reflection-padded.
            self.down.append(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1))
            width *= 2
        self.blocks = nn.ModuleList(GeneratorBlock(width) for _ in range(preset.blocks))
        self.up = nn.ModuleList()
        for _ in range(preset.downsamplings):
            self.up.append(nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1))
            width //= 2
        self.head = nn.Conv2d(width, outputs, 7, padding=3, padding_mode="reflect")

    def forward(self, image: Tensor) -> Tensor:
        """Sides must be multiples of 2^downsamplings and give the residual blocks at least 2 texels."""
        x = functional.relu(instance_norm(self.stem(image)), inplace=True)  # (B, filters, H, W)
        for down in self.down:
            x = functional.relu(instance_norm(down(x)), inplace=True)
        for block in self.blocks:
            x = block(x)
        for up in self.up:
            x = functional.relu(instance_norm(up(x)), inplace=True)
        return self.head(x)  # (B, outputs, H, W)


class NormalNetworks(nn.Module):
    """Both normal maps, by two generators (`front`, `back`) or one U-Net (`shared`)."""

    def __init__(self, preset: MapsConfig) -> None:
        super().__init__()
        self.preset = preset
        self.front: GlobalGenerator | None = None
        self.back: GlobalGenerator | None = None
        self.shared: UNet | None = None
        if isinstance(preset.network, GeneratorConfig):
            self.front = GlobalGenerator(3, 3 + preset.mask, preset.network)
            self.back = GlobalGenerator(3, 3, preset.network)
        else:
            self.shared = UNet(3 + self.told, 6 + preset.mask, preset.network)
        self.depth: DepthNetwork | None = None
        if preset.depth is not None:
            self.depth = DepthNetwork(3 + 6 + 1 + self.told, preset.depth)
        self.trunk: nn.Conv2d | None = None
        if preset.depth is not None and preset.depth.trunk:
            assert isinstance(preset.network, UNetConfig)
            theirs, its = preset.trunk_stages()
            self.trunk = nn.Conv2d(preset.network.widths[theirs], preset.depth.network.widths[its], 1)
            nn.init.zeros_(self.trunk.weight)  # it begins by saying nothing
            nn.init.zeros_(self.trunk.bias)  # type: ignore[arg-type]
        self.lifter = None if preset.lifter is None else PoseLifter(preset.lifter)
        self.enhancer: UNet | None = None
        if preset.enhancer is not None:
            self.enhancer = UNet(3 + 6 + preset.mask, 6 + preset.mask, preset.enhancer)
            # It begins by changing nothing.
            nn.init.zeros_(self.enhancer.head.weight)
            nn.init.zeros_(self.enhancer.head.bias)  # type: ignore[arg-type]
        self.bridge: nn.Conv2d | None = None
        if preset.enhancer is not None and preset.enhancer_features:
            assert isinstance(preset.network, UNetConfig)
            narrow = preset.network.widths[preset.network.output_stage]
            self.bridge = nn.Conv2d(narrow, preset.enhancer.widths[preset.bridged_stage()], 1)
            nn.init.zeros_(self.bridge.weight)
            nn.init.zeros_(self.bridge.bias)  # type: ignore[arg-type]

    def joints(self, landmarks: Tensor) -> Tensor:
        """BlazePose's landmarks (B, 33, 4) in view space, lifted where there is a lifter; as they are otherwise."""
        return landmarks if self.lifter is None else lift(self.lifter, landmarks)

    def limb_maps(self, joints: Tensor, size: int = limb_map.SIZE) -> Tensor:
        """What `joints` gave, (B, 33, 4) -> the maps (B, CHANNELS, s, s) that the networks are told."""
        return torch.stack([limb_map.limb_map(one, size) for one in joints.cpu()]).to(joints.device)

    @property
    def told(self) -> int:
        """Channels of the limb map that the networks see beside the picture: 0 where they see none."""
        return limb_map.CHANNELS if self.preset.limbs else 0

    def forward(self, image: Tensor, masked: bool = True, limbs: Tensor | None = None) -> Maps:
        """image (B, 3, S, S) in [-1, 1] -> maps of the same size, the best that the preset has.

        `limbs` (B, `limb_map.CHANNELS`, s, s), of any size, tells of the pose; without, nothing is known of it.
        Networks whose preset has no `limbs` do not look at it.

        With `masked`, a U-Net's unit normals are multiplied by the predicted mask; without, they are unit length
        everywhere. A generator's are its tanh outputs either way.
        """
        if self.enhancer is not None:
            return self.both(image, masked, limbs=limbs)[1]
        if self.shared is not None:
            outputs, way_up = self._looked(image, limbs)
            return self._finish(resize_image(outputs, image.shape[-1]), image, masked, None, limbs, way_up)
        assert self.front is not None
        assert self.back is not None
        outputs = self.front(image).float()  # (B, 3 or 4, S, S)
        logit = outputs[:, 3:4] if self.preset.mask else None
        mask = None if logit is None else torch.sigmoid(logit)
        return Maps(torch.tanh(outputs[:, :3]), torch.tanh(self.back(image).float()), mask, logit)

    def seen(self, image: Tensor, limbs: Tensor | None) -> Tensor:
        """The picture (B, 3, H, W), and the limb map beside it where the networks are told of the pose."""
        if not self.preset.limbs:
            return image
        if limbs is None:
            told = image.new_zeros(len(image), self.told, *image.shape[-2:])
        else:
            told = resize_image(limbs.to(image), image.shape[-1])
        return torch.cat((image, told), dim=1)  # (B, 3 + told, H, W)

    def find_mask(self, image: Tensor, limbs: Tensor | None = None) -> Tensor | None:
        """The person's mask in image (B, 3, S, S): (B, 1, s, s), from the first U-Net alone; None where it has none."""
        if self.shared is None or not self.preset.mask:
            return None
        small = resize_image(image, self.preset.global_size or self.preset.size)
        return self.read(self.shared(self.seen(small, limbs)).float(), False).mask

    def glance(
        self, small: Tensor, masked: bool = True, known: Tensor | None = None, limbs: Tensor | None = None
    ) -> Maps:
        """What the first U-Net alone makes of a picture of its own size: (B, 3, s, s) -> maps at its output stride.

        `known` (B, 1, H, W): the person's mask, where it is known, in place of the predicted one.
        """
        outputs, way_up = self._looked(small, limbs)
        return self._finish(outputs, small, masked, known, limbs, way_up)

    def _looked(self, image: Tensor, limbs: Tensor | None) -> tuple[Tensor, dict[int, Tensor]]:
        """The first U-Net's outputs (B, 6 or 7, h, w) in float32, and the features of its way up (`UNet.way_up`)."""
        assert self.shared is not None
        way_up = self.shared.way_up(self.seen(image, limbs))
        return self.shared.answer(way_up[self.shared.top]).float(), way_up

    def both(
        self,
        image: Tensor,
        masked: bool = True,
        global_side: int | None = None,
        known: Tensor | None = None,
        limbs: Tensor | None = None,
    ) -> tuple[Maps, Maps]:
        """image (B, 3, S, S) -> the first U-Net's maps at its output stride, and the enhanced ones (B, ., S, S).

        `global_side`: the side at which the first U-Net sees the picture; by default in the preset's proportion.
        `known` as in `glance`. Both have the same depths.
        """
        assert self.shared is not None
        assert self.enhancer is not None
        assert self.preset.global_size is not None
        small = resize_image(image, global_side or image.shape[-1] * self.preset.global_size // self.preset.size)
        outputs, way_up = self._looked(small, limbs)
        glance = self._finish(outputs, small, masked, known, limbs, way_up)
        enhanced = self._enhanced(outputs, way_up[self.shared.top], image, masked, glance.mask)
        if known is not None:
            enhanced = under_mask(enhanced, known)
        return glance, enhanced._replace(depth=glance.depth, depth_logits=glance.depth_logits)

    def enhance(self, image: Tensor, masked: bool = True, limbs: Tensor | None = None) -> Maps:
        """The enhanced maps of `both` alone, without depths: (B, 3, S, S) -> (B, ., S, S)."""
        assert self.shared is not None
        assert self.preset.global_size is not None
        small = resize_image(image, image.shape[-1] * self.preset.global_size // self.preset.size)
        outputs, way_up = self._looked(small, limbs)
        return self._enhanced(outputs, way_up[self.shared.top], image, masked, self.read(outputs, False).mask)

    def _enhanced(self, outputs: Tensor, features: Tensor, image: Tensor, masked: bool, mask: Tensor | None) -> Maps:
        """The first U-Net's outputs brought to the size of image (B, 3, S, S) and corrected by the enhancer.

        In use the enhancer looks only where the person is, by mask (B, 1, h, w): half of the time, and what it is
        trained on, whose batches are cut to where people are.
        """
        assert self.enhancer is not None
        enlarged = resize_image(outputs, image.shape[-1])
        seen = torch.cat((image, enlarged.to(image.dtype)), dim=1)
        height, width = image.shape[-2:]
        window = Window(0, height, 0, width)
        # On the meta device, where only shapes are asked for, nothing says where anybody is.
        if mask is not None and not torch.is_grad_enabled() and not mask.is_meta:
            window = window_around(mask, height, width, self.enhancer.stride)
        beside = None
        if self.bridge is not None:
            # The picture may be of another proportion to what the first U-Net sees than the preset's.
            stride = self.enhancer.first_stride * 2 ** self.preset.bridged_stage()
            beside = window.cut(resize_image(self.bridge(features), width // stride), stride)
        correction = self.enhancer(window.cut(seen), beside).float()  # (B, 6 or 7, ., .)
        return self.read(enlarged + window.restored(correction, height, width), masked)

    def _finish(
        self,
        outputs: Tensor,
        small: Tensor,
        masked: bool,
        known: Tensor | None,
        limbs: Tensor | None,
        way_up: dict[int, Tensor],
    ) -> Maps:
        """The first U-Net's outputs as maps, with depths; the depth network sees masked ones in any case."""
        maps = self.read(outputs, True)
        if known is not None:
            maps = under_mask(maps, known)
        maps = self.with_depth(maps, small, limbs, way_up)
        if masked:
            return maps
        bare = self.read(outputs, False)
        return maps._replace(front=bare.front, back=bare.back)

    def with_depth(
        self,
        maps: Maps,
        image: Tensor,
        limbs: Tensor | None = None,
        way_up: dict[int, Tensor] | None = None,
    ) -> Maps:
        """Masked maps, and what the depth network makes of them and of the picture (B, 3, S, S), where there is one.

        `way_up`: the first U-Net's features (`UNet.way_up`), for a depth network with a trunk; without, as on true
        maps, it is told nothing of them.
        """
        if self.depth is None or self.preset.depth is None or maps.mask is None:
            return maps
        side = image.shape[-1] * self.preset.depth.size // (self.preset.global_size or self.preset.size)
        parts = [resize_image(values.to(image.dtype), side) for values in (image, maps.front, maps.back, maps.mask)]
        parts[0] = self.seen(parts[0], limbs)
        beside = None
        if self.trunk is not None and way_up is not None:
            beside = self.trunk(way_up[self.preset.trunk_stages()[0]])
        found = self.depth(torch.cat(parts, dim=1), beside)  # of (B, 10 or 16, side, side)
        return maps._replace(depth=found.depth, depth_logits=found.logits)

    def read(self, outputs: Tensor, masked: bool) -> Maps:
        """A U-Net's outputs (B, 6 or 7, h, w) as maps: front, back, mask logit."""
        front = functional.normalize(outputs[:, 0:3], dim=1, eps=1e-6)
        back = functional.normalize(outputs[:, 3:6], dim=1, eps=1e-6)
        logit = outputs[:, 6:7] if self.preset.mask else None
        mask = None if logit is None else torch.sigmoid(logit)
        if masked and mask is not None:
            front, back = front * mask, back * mask
        return Maps(front, back, mask, logit)
