"""Maps as they are used: predicted, and then what inference options ask for, none of which has weights.

maps = predict_maps(model, image, INFERENCE["compact"])
prediction = model(image, given=maps)
"""

from __future__ import annotations

import torch
from torch import Tensor

from lifecast.model.config import Until
from lifecast.model.inference_options import InferenceOptions
from lifecast.model.model import Model
from lifecast.space.integration import INTEGRATION, Integration, integrated_depths
from lifecast.space.limb_map import limb_map, mirrored_limbs
from lifecast.space.maps import SHARPENING, MapPyramid, Sharpening, averaged, mirrored, sharpened
from lifecast.space.resizing import resize_image


def limb_maps(joints: Tensor) -> Tensor:
    """Draw the limb maps (B, 6, s, s) of joints (B, 33, 4) in view space.

    They are on the device of `joints`.
    """
    return torch.stack([limb_map(one) for one in joints.cpu()]).to(joints.device)


def predict_maps(
    model: Model,
    image: Tensor,
    options: InferenceOptions,
    *,
    small: Tensor | None = None,
    mask: Tensor | None = None,
    pose: Tensor | None = None,
    sharpening: Sharpening = SHARPENING,
    integration: Integration = INTEGRATION,
) -> MapPyramid:
    """Predict the maps of a picture, and apply the steps without weights.

    They are `mirror`, `sharpen` and `integrate`. image (B, 3, S, S) in [-1, 1], S the architecture's
    `image_size`; small, mask and pose as in `Model.forward`.
    """
    config = model.architecture.maps
    if options.mirror and config is not None and config.detail_of_maps:
        maps = _with_averaged_coarse_maps(model, image, small, mask, pose)
    else:
        maps = _maps(model, image, small, mask, pose)
        if options.mirror:
            others = _mirrored_maps(model, image, small, mask, pose)
            maps = MapPyramid(*(averaged(*pair) for pair in zip(maps, others, strict=True)))
    fine = maps.fine
    if options.sharpen:
        front, back = (sharpened(normals, options.sharpen, sharpening) for normals in (fine.front, fine.back))
        fine = fine._replace(front=front, back=back)
    if options.integrate is None or fine.depth is None or fine.mask is None:
        return maps._replace(fine=fine)
    size = options.integrate * image.shape[-1] // model.architecture.image_size
    depth = integrated_depths(fine.depth, fine.front, fine.back, fine.mask, size, constants=integration)
    return MapPyramid(maps.coarse._replace(depth=depth), fine._replace(depth=depth))


def _maps(
    model: Model, image: Tensor, small: Tensor | None, mask: Tensor | None, pose: Tensor | None, until: Until = "maps"
) -> MapPyramid:
    maps: MapPyramid | None = model(image, until=until, small=small, mask=mask, pose=pose).maps
    assert maps is not None  # else `forward` has refused
    return maps


def _mirrored_maps(
    model: Model, image: Tensor, small: Tensor | None, mask: Tensor | None, pose: Tensor | None, until: Until = "maps"
) -> MapPyramid:
    """Predict the maps of the mirrored picture, turned into the picture's own."""
    small, mask = (None if values is None else values.flip(-1) for values in (small, mask))
    pose = None if pose is None else mirrored_limbs(pose)
    others = _maps(model, image.flip(-1), small, mask, pose, until)
    return MapPyramid(*(mirrored(maps) for maps in others))


def _with_averaged_coarse_maps(
    model: Model, image: Tensor, small: Tensor | None, mask: Tensor | None, pose: Tensor | None
) -> MapPyramid:
    """Average the maps of picture and mirrored picture before the detail head corrects them.

    It runs once: the mean of two predictions would be half as deep where folds are guessed.
    """
    config = model.architecture.maps
    assert config is not None

    def resized(values: Tensor, size: int) -> Tensor:
        side = size * image.shape[-1] // model.architecture.image_size
        return resize_image(values, side, model.architecture.antialias)

    picture = resized(image if small is None else small, config.normals_size)
    until: Until = "normals" if model.depth is None else "depth"
    given = (None, mask, pose, until)
    coarse = averaged(_maps(model, picture, *given).coarse, _mirrored_maps(model, picture, *given).coarse)
    finest = resized(image, config.fine_size or config.size)
    maps: MapPyramid | None = model(finest, given=coarse, until="detail", mask=mask).maps
    assert maps is not None
    return maps


def predict_parsing(model: Model, image: Tensor, maps: MapPyramid, pose: Tensor | None = None) -> Tensor:
    """Predict the probabilities of a person's parts on front and back: (2, P, h, w) float32.

    image: (1, 3, S, S) in [-1, 1] of any side; maps: predicted of it; pose: as in `Model.forward`.
    """
    picture = resize_image(image, model.architecture.picture_side("parsing"), model.architecture.antialias)
    logits = model(picture, pose=pose, given=maps, until="parsing").parsing
    assert logits is not None  # else `forward` has refused
    return torch.softmax(logits[0].float(), dim=1)
