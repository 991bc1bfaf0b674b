"""Picture strips: predictions of a few test views, to judge by eye whether a stage learns.

One row a view. Normals: image, predicted and true front normals, predicted and true back normals. Occupancy: image,
the predicted normals that the nets are fed, the predicted surface, shaded, from the front and from the back, each
followed by the truth's normals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from lifecast.atomic import atomic_file
from lifecast.space.maps import MapPyramid
from lifecast.space.parsing import NOTHING
from lifecast.space.resizing import resize_image
from lifecast.training.losses import parts_at
from lifecast.training.stage import Stage
from lifecast.training.stage_parts import MAPS

CELL = 224  # pixels of a cell of the strip
DEPTH_RANGE = 0.55  # view units in front of and behind the pelvis that are searched for the surface
LIGHT = (0.35, 0.45, 0.82)


Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the image


def person_boxes(mask: Tensor) -> list[Box]:
    """Find the square around each person of mask (B, 1, S, S), a little wider.

    The whole image if there is nobody.
    """
    size = mask.shape[-1]
    boxes: list[Box] = []
    for inside in (mask[:, 0] > 0.5).cpu():
        rows, columns = inside.any(1).nonzero()[:, 0], inside.any(0).nonzero()[:, 0]
        if not len(rows):
            boxes.append((0.0, 0.0, 1.0, 1.0))
            continue
        ends = [float(v) / size for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)]
        half = 0.55 * max(ends[2] - ends[0], ends[3] - ends[1])
        x, y = (ends[0] + ends[2]) / 2, (ends[1] + ends[3]) / 2
        boxes.append((x - half, y - half, x + half, y + half))
    return boxes


def as_pixels(images: Tensor, boxes: list[Box]) -> np.ndarray:
    """Cut the boxes out of images (B, 3, H, W) in [-1, 1]: (B, CELL, CELL, 3) uint8."""
    pixels = ((images.float().clamp(-1, 1) * 0.5 + 0.5) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    cells = []
    for picture, box in zip(pixels, boxes, strict=True):
        height, width = picture.shape[:2]
        left, top, right, bottom = box
        ends = (round(left * width), round(top * height), round(right * width), round(bottom * height))
        cells.append(np.asarray(Image.fromarray(picture).crop(ends).resize((CELL, CELL), Image.Resampling.BILINEAR)))
    return np.stack(cells)


def write_strip(path: Path, stage: Stage, batch: dict[str, Any]) -> None:
    """Draw the strip of `batch` and write it as PNG, atomically."""
    if stage.stage == "parsing":
        columns = parsing_columns(stage, batch)
    elif stage.stage == "depth":
        columns = depth_columns(stage, batch)
    else:
        columns = normal_columns(stage, batch) if stage.stage in MAPS else occupancy_columns(stage, batch)
    rows = np.concatenate(columns, axis=2)  # (B, CELL, columns * CELL, 3)
    sheet = rows.reshape(-1, *rows.shape[2:])
    with atomic_file(path) as part:
        Image.fromarray(sheet).save(part)


def normal_columns(stage: Stage, batch: dict[str, Any]) -> list[np.ndarray]:
    """Draw image, front predicted and true, back predicted and true."""
    maps = stage.maps(batch, masked=True)
    columns = (batch["image"], maps.front, batch["front"], maps.back, batch["back"])
    boxes = person_boxes(batch["mask"])
    return [as_pixels(image, boxes) for image in columns]


PART_COLOURS = (
    (230, 180, 140), (255, 220, 190), (60, 40, 30), (220, 60, 60), (60, 60, 220), (150, 60, 200), (40, 200, 80),
    (255, 220, 0),
)  # fmt: skip
"""sRGB of each `Part`, in their order."""


def parsing_columns(stage: Stage, batch: dict[str, Any]) -> list[np.ndarray]:
    """Draw image, front parts predicted and true, back parts predicted and true."""
    found = stage.parsing(batch).argmax(2)
    true = parts_at(batch["parsing"], found.shape[-1]).long()
    palette = torch.zeros(NOTHING + 1, 3)
    palette[: len(PART_COLOURS)] = torch.tensor(PART_COLOURS) / 127.5
    sides = [torch.where(true[:, side] == NOTHING, NOTHING, found[:, side]) for side in (0, 1)]
    columns = [sides[0], true[:, 0], sides[1], true[:, 1]]
    boxes = person_boxes(batch["mask"])
    pictures = [(palette[one.cpu()] - 1).movedim(-1, 1) for one in columns]
    return [as_pixels(picture, boxes) for picture in (batch["image"], *pictures)]


def depth_columns(stage: Stage, batch: dict[str, Any]) -> list[np.ndarray]:
    """Draw image, front depth predicted and true, back predicted and true.

    The nearer, the brighter; outside is black.
    """
    found = stage.maps(batch, masked=True).depth
    assert found is not None
    size = batch["depth"].shape[-1]
    inside = batch["depth_mask"]
    columns = [batch["image"]]
    for side in (0, 1):
        for depth in (resize_image(found, size), batch["depth"]):
            grey = (depth[:, side : side + 1] / DEPTH_RANGE).clamp(-1, 1)
            columns.append((grey * inside - (1 - inside)).expand(-1, 3, -1, -1))
    boxes = person_boxes(batch["mask"])
    return [as_pixels(image, boxes) for image in columns]


def occupancy_columns(stage: Stage, batch: dict[str, Any]) -> list[np.ndarray]:
    """Draw image, predicted normal maps, and the surface.

    Normal maps if the finest net's input are predicted ones. The surface is front predicted and true, back predicted
    and true.
    """
    front, back = surface_normals(stage, batch)
    columns = [batch["image"]]
    if stage.predicted_normals:
        pyramid = stage.net_maps(batch)
        assert isinstance(pyramid, MapPyramid)
        maps = pyramid.fine
        columns += [maps.front, maps.back]
    columns += [shaded(front), shaded(batch["front"]), shaded(back, -1), shaded(batch["back"], -1)]
    boxes = person_boxes(batch["mask"])
    return [as_pixels(image, boxes) for image in columns]


def shaded(normals: Tensor, side: int = 1) -> Tensor:
    """Shade normals lit from the viewer's upper right: grey (B, 3, H, W) in [-1, 1].

    White where there are none. `side` -1 lights the back, which is drawn as if through the person.
    """
    light = torch.tensor(LIGHT, device=normals.device).view(1, 3, 1, 1) * torch.tensor([1.0, 1.0, side]).to(
        normals.device
    ).view(1, 3, 1, 1)
    grey = (normals * light).sum(1, keepdim=True).clamp_min(0) * 1.7 - 0.85
    return torch.where(normals.norm(dim=1, keepdim=True) > 0.1, grey, torch.ones_like(grey)).expand(-1, 3, -1, -1)


def surface_normals(stage: Stage, batch: dict[str, Any], resolution: int = 48) -> tuple[Tensor, Tensor]:
    """Compute normals (B, 3, R, R) of the finest net's first and last surface.

    A line of sight that meets no surface has 0. The net is queried on R x R lines of R points. The 0.5 level is
    interpolated between them; normals are differences of depth.
    """
    device = batch["image"].device
    count = resolution
    x = (torch.arange(count, device=device) * 2 + 1) / count - 1
    z = torch.linspace(DEPTH_RANGE, -DEPTH_RANGE, count, device=device)
    grid = torch.stack(torch.meshgrid(-x, x, z, indexing="ij"), -1)[..., [1, 0, 2]]  # (row, column, depth, 3)
    size = len(batch["image"])
    values = ask(stage, batch, grid.reshape(1, -1, 3).expand(size, -1, -1)).view(size, count, count, count)
    front = depth_normals(first_crossing(values, z), 1.0)
    back = depth_normals(first_crossing(values.flip(-1), z.flip(0)), -1.0)
    return front, back


def ask(stage: Stage, batch: dict[str, Any], points: Tensor, chunk: int = 65536) -> Tensor:
    """Query the finest net in training at points (B, N, 3): occupancy (B, N) in [0, 1].

    The batch's images are whole.
    """
    prediction = stage.predict(batch)
    return torch.cat(
        [stage.model.occupancy(prediction, part).float() for part in torch.split(points, chunk, dim=1)], dim=1
    )


def first_crossing(values: Tensor, z: Tensor) -> Tensor:
    """Find the depth (B, R, R) at which values (B, R, R, D) first pass 0.5.

    They are sampled at depths z (D,); nan where they never pass it.
    """
    inside = values > 0.5
    found = inside.any(-1)
    at = inside.int().argmax(-1)  # the first inside
    before = (at - 1).clamp_min(0)
    high = values.gather(-1, at[..., None])[..., 0]
    low = values.gather(-1, before[..., None])[..., 0]
    share = ((0.5 - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    depth = z[before] + share * (z[at] - z[before])
    return torch.where(found, depth, torch.full_like(depth, float("nan")))


def depth_normals(depth: Tensor, side: float) -> Tensor:
    """Compute unit normals (B, 3, R, R) of depth maps (B, R, R) that span [-1, 1].

    0 where a neighbour has no depth.
    """
    step = 2 / depth.shape[-1]
    padded = F.pad(depth[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2 * step)
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (2 * step)  # rows go down, y goes up
    normals = F.normalize(torch.stack([-across * side, down * side, torch.full_like(across, side)], 1), dim=1)
    return torch.nan_to_num(normals)
