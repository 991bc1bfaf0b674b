"""Predicted maps for close-ups: what the close-up head corrects is what the other heads make of the whole view."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from lifecast.atomic import write_text
from lifecast.errors import DataError, UsageError
from lifecast.model.inference import limb_maps
from lifecast.model.model import Model
from lifecast.scans.close_up_file import CLOSE_UP_SIZE, FILE, GIVEN
from lifecast.scans.landmark_file import read_landmarks
from lifecast.scans.view_files import ViewFiles
from lifecast.space.close_up import Square, cut_square
from lifecast.space.maps import Maps
from lifecast.space.units import BLANK_GREY


def people_with_close_ups(root: Path, anew: bool) -> list[Path]:
    """List the folders below `root` whose close-ups lack predicted maps.

    With `anew` all that have close-ups. DataError if there are no close-ups at all.
    """
    found = sorted(path.parent for path in root.glob(f"*/{FILE}"))
    if not found:
        raise DataError(f"{root}: no close-ups; make some with `lifecast mannequins --pictures --close-ups 3`")
    return [folder for folder in found if anew or not _has_given(folder)]


def add_given_maps(model: Model, folder: Path, stored_size: int) -> None:
    """Predict the maps of each view of a person and store what close-ups show of them.

    The views have `stored_size` pixels. DataError for what is missing or damaged.
    """
    listed, views = _listed(folder), json.loads((folder / "person.json").read_text())["views"]
    landmarks = read_landmarks(folder, len(views))
    by_view: dict[int, list[dict[str, Any]]] = {}
    for one in listed["close_ups"]:
        by_view.setdefault(one["view"], []).append(one)
    for view, close_ups in by_view.items():
        maps = predicted(model, folder / views[view]["files"], torch.from_numpy(landmarks[view])[None], stored_size)
        for one in close_ups:
            write_given(
                folder / one["files"], maps, Square(one["what"], one["middle"][0], one["middle"][1], one["half"])
            )
    write_text(folder / FILE, json.dumps(listed | {"given": True}))


@torch.inference_mode()
def predicted(model: Model, stem: Path, landmarks: Tensor, stored_size: int) -> Maps:
    """Predict the finest normals and mask of a stored view before plain grey.

    landmarks: (1, 33, 4), as stored.
    """
    side = model.architecture.picture_side("detail")
    files = ViewFiles(stem, side, stored_size)
    mask = torch.from_numpy(files.mask()).float()[None, None] / 255
    colour = torch.from_numpy(files.colour()).permute(2, 0, 1)[None].float()
    image = (colour * mask + BLANK_GREY * (1 - mask)) / 127.5 - 1
    pose = limb_maps(model.lifted(landmarks)) if landmarks[..., 3].any() else None
    with torch.autocast("cpu", torch.bfloat16):
        pyramid = model(image, pose=pose, mask=mask, until="detail").maps
    assert pyramid is not None
    found: Maps = pyramid.fine
    return found


def write_given(stem: Path, maps: Maps, square: Square) -> None:
    """Store front and back normals and the mask of one square."""
    assert maps.mask is not None
    # Normals as `scans.render` stores them, the mask as coverage * 255.
    for name, values, scale, zero in (
        ("front", maps.front, 127.5, 128.0), ("back", maps.back, 127.5, 128.0), ("mask", maps.mask, 255.0, 0.5),
    ):  # fmt: skip
        cut = cut_square(values.float(), square, CLOSE_UP_SIZE)[0]
        pixels = (cut * scale + zero).clamp(0, 255).byte().permute(1, 2, 0).numpy()
        code = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
        Path(f"{stem}_{GIVEN}_{name}.png").write_bytes(code.tobytes())


def add_to_dataset(model: Model, root: Path, anew: bool) -> Iterator[tuple[str, int]]:
    """Add predicted maps to each person who lacks them; yields names and how many are left."""
    if model.detail is None:
        raise UsageError("close-ups carry on what a detail head predicts, and these weights have none")
    stored = int(json.loads((root / "dataset.json").read_text())["size"])
    left = people_with_close_ups(root, anew)
    for index, folder in enumerate(left):
        add_given_maps(model, folder, stored)
        yield folder.name, len(left) - index - 1


def _has_given(folder: Path) -> bool:
    listed = _listed(folder)
    files = [folder / f"{one['files']}_{GIVEN}_mask.png" for one in listed["close_ups"]]
    return bool(listed.get("given")) and all(path.is_file() for path in files)


def _listed(folder: Path) -> dict[str, Any]:
    try:
        listed: dict[str, Any] = json.loads((folder / FILE).read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / FILE}: damaged ({error}); remove {folder} and make it anew") from error
    return listed
