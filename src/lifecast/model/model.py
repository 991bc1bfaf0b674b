"""The model and its one forward pass: picture -> maps -> pixel-aligned features -> occupancy at points.

    model = Model(PRESETS["compact"])
    prediction = model(image)                        # (1, 3, 512, 512) in [-1, 1]
    model.occupancy(prediction, points)              # (1, N, 3) view space -> (1, N) in [0, 1]

Training, evaluation and use all call `Model.forward`; maps that are given, the truth in training, go in as `given`.
What has no weights comes after (`lifecast.model.inference`, and the steps of the pipeline).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, Until
from lifecast.model.heads.close_up import CloseUpHead
from lifecast.model.heads.depth import DepthHead
from lifecast.model.heads.detail import DetailHead, as_normal_output
from lifecast.model.heads.normals import NormalHead, NormalOutput
from lifecast.model.heads.parsing import ParsingHead
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.model.occupancy import CoarseNet, FineNet, OccupancyNet
from lifecast.model.pixel_aligned import cut_windows, inside_box, window_fractions
from lifecast.space.maps import MapPyramid, Maps, under_mask
from lifecast.space.resizing import resize_image, resize_map

PARTS = ("pose_lifter", "normals", "depth", "detail", "close_up", "parsing", "coarse", "fine")
"""The parts of a model: each is trained, kept in a file and exchanged on its own."""


class Prediction(NamedTuple):
    """What one forward pass computed, as far as it went."""

    maps: MapPyramid | None
    """Predicted or given; None of an architecture without map heads."""
    coarse_stacks: tuple[Tensor, ...] = ()
    """The coarse net's features (B, C, h, w) of every stack, the last the best."""
    fine_features: Tensor | None = None
    """(B, C, h, w) of the fine net's last stack."""
    coarse_logits: tuple[Tensor, ...] = ()
    """(B, N) of every coarse stack, where points were given: equation 5 is a loss on each."""
    fine_logit: Tensor | None = None
    """(B, N) of the fine net, where points were given."""
    surface_depth: Tensor | None = None
    """(B, 2, h, w) view z of front and back, of a coarse net with a depth head, where points were given."""
    parsing: Tensor | None = None
    """(B, 2, P, h, w) logits of the parsing head, front and back, until "parsing"."""

    @property
    def coarse_features(self) -> Tensor:
        """(B, C, h, w) of the coarse net's last stack."""
        return self.coarse_stacks[-1]


class Model(nn.Module):
    """Map heads, pose lifter, coarse net, fine net: whatever of these the architecture has."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        maps = architecture.maps
        self.normals = NormalHead(maps) if maps is not None else None
        self.depth = DepthHead(maps) if maps is not None and maps.depth is not None else None
        self.pose_lifter: PoseLifter | None = None
        if maps is not None and maps.pose_lifter is not None:
            self.pose_lifter = PoseLifter(maps.pose_lifter)
        self.detail = DetailHead(maps) if maps is not None and maps.detail is not None else None
        self.close_up = CloseUpHead(maps) if maps is not None and maps.close_up is not None else None
        self.parsing = ParsingHead(maps) if maps is not None and maps.parsing is not None else None
        self.coarse = CoarseNet(architecture)
        self.fine = FineNet(architecture) if architecture.fine is not None else None

    def forward(
        self,
        image: Tensor,
        points: Tensor | None = None,
        *,
        pose: Tensor | None = None,
        given: Maps | MapPyramid | None = None,
        mask: Tensor | None = None,
        small: Tensor | None = None,
        until: Until = "fine",
        masked: bool = True,
        extent: Tensor | None = None,
        window: Tensor | None = None,
    ) -> Prediction:
        """Run the heads and nets once, as far as `until`.

        Parameters
        ----------
        image: (B, 3, S, S) in [-1, 1], S = `architecture.picture_side(until)`. Another S scales every size of the
            architecture alike; sides must suit the encoders.
        points: (B, N, 3) in view space, where logits are wanted.
        pose: limb maps (B, 6, s, s) of any size (`space.limb_map`); None where no pose is given.
        given: maps in place of the predicted ones: the truth, or what a step made of an earlier prediction. Given
            without depths where `until` is "depth", depths are predicted from them. Until "close_up": the finest maps
            of the square that `image` is, enlarged to its size; the close-up head corrects them. Until "parsing", and
            until "detail" where the head can do with them (`MapsConfig.detail_of_maps`): what the normal head would
            have predicted.
        mask: (B, 1, H, W) the person's mask, in place of the predicted one.
        small: (B, 3, s, s), the same picture as the normal head and the coarse net shall get it; by default resized
            from `image`. The authors' program resizes both from the photograph.
        until: the last part to run.
        masked: multiply a U-Net's normals by the mask; losses on the person's pixels want them without.
        extent: (B, 4), fractions of the whole image that `image` is, if it is a part of it (see `pixel_aligned`).
        window: (B, 4) x0, y0, width, height in pixels of `image`: the fine net gets this part only, while `points` may
            lie anywhere in it. Until "detail": the parts of each picture that the detail head predicts, (B n, 4), and
            all that the maps hold then (`heads.detail`).
        """
        architecture = self.architecture
        small = image if small is None else small
        side = architecture.picture_side(until, given is not None)

        def scaled(size: int) -> int:
            return size * image.shape[-1] // side

        if until == "parsing":
            return self._parsing(image, small, pose, given, mask, scaled)
        if until not in ("coarse", "fine"):
            windows = window if until == "detail" else None
            return Prediction(self._maps(image, small, pose, given, mask, scaled, until, masked, windows))
        maps: MapPyramid | None = None
        if isinstance(given, MapPyramid):
            maps = given
        elif given is not None:
            maps = MapPyramid(given, given)
        elif self.normals is not None:
            maps = self._maps(image, small, pose, None, mask, scaled, until, masked)

        coarse_maps = None if maps is None else maps.coarse
        stacks = self._features(self.coarse, small, coarse_maps, scaled(architecture.coarse.image_size))
        prediction = Prediction(maps, tuple(stacks))
        embedding = None
        if points is not None:
            # Only the last stack's embedding is used; the other stacks are queried for their loss alone.
            queried = [self.coarse.query(features, points, extent) for features in stacks]
            embedding = queried[-1][1]
            prediction = prediction._replace(coarse_logits=tuple(logit for logit, _ in queried))
            if architecture.coarse.depth_head:
                prediction = prediction._replace(surface_depth=self.coarse.predict_depth(stacks[-1]))
        if until == "coarse" or self.fine is None or architecture.fine is None:
            return prediction

        size = scaled(architecture.fine.image_size)
        pixels = None  # of the fine net's image
        if window is not None and not bool((window[:, 2] >= image.shape[-1]).all()):
            pixels = window * size // image.shape[-1]
        fine_maps = None if maps is None else maps.fine
        features = self._features(self.fine, image, fine_maps, size, pixels)[-1]
        prediction = prediction._replace(fine_features=features)
        if points is not None:
            visible = extent if pixels is None else window_fractions(pixels, size)
            prediction = prediction._replace(fine_logit=self.fine.query(features, points, embedding, visible))
        return prediction

    def _parsing(
        self,
        image: Tensor,
        small: Tensor,
        pose: Tensor | None,
        given: Maps | MapPyramid | None,
        mask: Tensor | None,
        scaled: Callable[[int], int],
    ) -> Prediction:
        """Run the parsing head on the coarse maps, given or of the normal head."""
        config = self.architecture.maps
        if self.parsing is None or config is None:
            raise UsageError(f"architecture {self.architecture.name} has no parsing head")
        if isinstance(given, MapPyramid):
            maps = given.coarse
        elif given is not None:
            maps = given
        else:
            maps = self._maps(image, small, pose, None, mask, scaled, "normals", True).coarse
        picture = resize_image(image, scaled(config.parsing_size), self.architecture.antialias)
        return Prediction(MapPyramid(maps, maps), parsing=self.parsing(picture, maps, pose))

    def _maps(
        self,
        image: Tensor,
        small: Tensor,
        pose: Tensor | None,
        given: Maps | MapPyramid | None,
        mask: Tensor | None,
        scaled: Callable[[int], int],
        until: Until,
        masked: bool,
        windows: Tensor | None = None,
    ) -> MapPyramid:
        """Run the heads of the maps: normals, then depth on them, then detail."""
        architecture, config = self.architecture, self.architecture.maps
        if config is None or self.normals is None:
            raise UsageError(f"architecture {architecture.name} predicts no normals")
        if isinstance(given, MapPyramid):
            return given
        if until == "close_up":
            if given is None or self.close_up is None:
                raise UsageError("a close-up needs the maps of its square and an architecture with a close-up head")
            return MapPyramid(given, self.normals.read(self.close_up(image, given), masked))
        if until == "detail" and given is not None:
            return self._detail_of(
                given, resize_image(image, scaled(config.size), architecture.antialias), mask, masked
            )
        if given is not None:
            maps = self._with_depth(given, image, pose, None) if until == "depth" else given
            return MapPyramid(maps, maps)
        picture = resize_image(small, scaled(config.normals_size), architecture.antialias)
        output = self.normals(picture, pose)
        if until == "normals":
            maps = self._read(output, picture, pose, mask, until, masked)
            return MapPyramid(maps, maps)
        if self.detail is None and until != "depth":
            # Without a detail head these are the finest maps, at the picture's size.
            output = output._replace(raw=resize_image(output.raw, picture.shape[-1]))
        coarse = self._read(output, picture, pose, mask, until, masked)
        # The coarse net alone needs no maps for a fine one.
        fine_size = config.fine_size if self.fine is not None and until not in ("coarse", "coarse_maps") else None
        if self.detail is not None and until in ("detail", "maps", "fine"):
            picture = resize_image(image, scaled(fine_size or config.size), architecture.antialias)
            output = NormalOutput(self.detail(picture, output, coarse.mask, windows), {})
            fine = self._read(output, picture, pose, mask, "detail", masked)
            return MapPyramid(coarse, fine._replace(depth=coarse.depth, depth_logits=coarse.depth_logits))
        if self.detail is None and fine_size is not None:
            picture = resize_image(image, scaled(fine_size), architecture.antialias)
            output = self.normals(picture, pose)
            output = output._replace(raw=resize_image(output.raw, picture.shape[-1]))
            fine = self._read(output, picture, pose, mask, "normals", masked)
            return MapPyramid(coarse, fine._replace(depth=coarse.depth, depth_logits=coarse.depth_logits))
        return MapPyramid(coarse, coarse)

    def _detail_of(self, given: Maps, picture: Tensor, mask: Tensor | None, masked: bool) -> MapPyramid:
        """Let the detail head correct given maps, which stay the coarse ones."""
        config = self.architecture.maps
        if self.detail is None or config is None or not config.detail_of_maps:
            raise UsageError(f"architecture {self.architecture.name} has no detail head that can do with maps alone")
        output = as_normal_output(given, config)
        output = NormalOutput(self.detail(picture, output, given.mask), {})
        fine = self._read(output, picture, None, mask, "detail", masked)
        return MapPyramid(given, fine._replace(depth=given.depth, depth_logits=given.depth_logits))

    def _read(
        self,
        output: NormalOutput,
        picture: Tensor,
        pose: Tensor | None,
        mask: Tensor | None,
        until: Until,
        masked: bool,
    ) -> Maps:
        """Read the normal head's output as maps, with depths; the depth head gets masked normals in any case."""
        assert self.normals is not None
        if until == "detail" and mask is None:
            return self.normals.read(output.raw, masked)
        maps = self.normals.read(output.raw, masked=True)
        if mask is not None:
            maps = under_mask(maps, mask)
        if until not in ("normals", "detail"):
            maps = self._with_depth(maps, picture, pose, output.features)
        if masked:
            return maps
        bare = self.normals.read(output.raw, masked=False)
        return maps._replace(front=bare.front, back=bare.back)

    def _with_depth(self, maps: Maps, picture: Tensor, pose: Tensor | None, features: dict[int, Tensor] | None) -> Maps:
        """Add what the depth head makes of masked maps and the picture; unchanged without a depth head or a mask."""
        if self.depth is None or maps.mask is None:
            return maps
        found = self.depth(picture, maps, pose, features)
        return maps._replace(depth=found.depth, depth_logits=found.logits)

    def _features(
        self, net: OccupancyNet, image: Tensor, maps: Maps | None, size: int, pixels: Tensor | None = None
    ) -> list[Tensor]:
        """Bring image and maps to `size`, cut out windows (B, 4) of pixels where given, and encode them."""
        parts: list[Tensor | None] = [resize_image(image, size, self.architecture.antialias)]
        if maps is not None:
            parts += [
                None if values is None else resize_map(values, size, self.architecture.align_corners)
                for values in (maps.front, maps.back, maps.mask, maps.depth)
            ]
        if pixels is not None:
            parts = [None if values is None else cut_windows(values, pixels) for values in parts]
        return net.encode(*parts)  # type: ignore[arg-type]

    def find_mask(self, image: Tensor, pose: Tensor | None = None) -> Tensor | None:
        """Predict the person's mask in image (B, 3, S, S): (B, 1, s, s), by the normal head alone.

        None if the architecture predicts no mask.
        """
        config = self.architecture.maps
        if config is None or self.normals is None or self.normals.unet is None or not config.mask:
            return None
        picture = resize_image(image, config.normals_size)
        return self.normals.read(self.normals(picture, pose).raw, masked=False).mask

    def lifted(self, landmarks: Tensor) -> Tensor:
        """Lift landmarks (B, 33, 4) in view space to the joints; unchanged without a pose lifter."""
        return landmarks if self.pose_lifter is None else lift(self.pose_lifter, landmarks)

    def occupancy(self, prediction: Prediction, points: Tensor, bound: Tensor | None = None) -> Tensor:
        """Query the finest net: points (B, N, 3) -> (B, N) in [0, 1].

        `bound` (B, 1, s, s): what is added to logits along each line of sight (`model.silhouette`).
        """
        if self.fine is None or prediction.fine_features is None:
            logit, _ = self.coarse.query(prediction.coarse_features, points)
            return self._bounded(logit, points, bound, axes=3)
        embedding = None
        if self.fine.config.condition == "embedding":
            _, embedding = self.coarse.query(prediction.coarse_features, points)
        logit = self.fine.query(prediction.fine_features, points, embedding)
        return self._bounded(logit, points, bound, axes=2)

    def _bounded(self, logit: Tensor, points: Tensor, bound: Tensor | None, axes: int) -> Tensor:
        """Turn logits (B, N) into occupancy: less by the bound, 0 outside of the box if the architecture has one."""
        if bound is not None:
            logit = logit + self.coarse.sample(bound.to(logit.dtype), points)[..., 0]
        occupancy = torch.sigmoid(logit)
        return occupancy * inside_box(points, axes) if self.architecture.mask_box else occupancy

    def for_inference(self) -> Model:
        """Set this model up for speed, in place.

        Evaluation mode, no gradients, convolutions in channels_last. On a CPU that is nearly the rate of matrix
        products (`benchmarks/encoders.py`). Sums are taken in another order, so results differ from the plain layout's
        by rounding: as far from float64 as those are.
        """
        self.eval().requires_grad_(False)
        model: Model = self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model

    def with_normals_at(self, size: int | None) -> Model:
        """Make a model whose fine net gets normals predicted at `size`.

        With None they are enlarged from the usual size. The weights are shared with `self`; only the architecture
        differs.
        """
        if self.architecture.maps is None:
            raise UsageError(f"architecture {self.architecture.name} predicts no normals")
        maps = dataclasses.replace(self.architecture.maps, fine_size=size)
        with torch.device("meta"):
            other = Model(dataclasses.replace(self.architecture, maps=maps))
        other.load_state_dict(self.state_dict(keep_vars=True), assign=True)
        return other.train(self.training)
