"""From weights to what is measured: predicted normal maps, and a mesh from the coarse and from the fine
level.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from lifecast.errors import LifecastError
from lifecast.evaluation.triangles import Triangles
from lifecast.networks.checkpoint import load_checkpoint
from lifecast.networks.limb_map import limb_map
from lifecast.photo import blazepose
from lifecast.photo.decode import read_photo
from lifecast.photo.framing import Camera
from lifecast.photo.person import find_people

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lifecast.networks.levels import Encoded, TwoLevel

Levels = Literal["coarse", "fine", "both"]


@dataclass
class Prediction:
    """What the networks made of one picture."""

    meshes: dict[str, Triangles] = field(default_factory=dict)
    """By level, in view space; the finest last."""
    failed: dict[str, str] = field(default_factory=dict)
    """Levels that gave no surface, and why."""
    front: NDArray[np.float32] | None = None
    """(s, s, 3) predicted normals, or None where the preset predicts none."""
    back: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
    """(s, s) predicted mask above one half, or None."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Time of `encode` and of each level's surface."""


class Predictor:
    """Loaded weights that turn pictures into predictions.

    Parameters
    ----------
    weights
        File, or name of built-in weights.
    resolution
        Of the lattice that the surface is extracted on.
    levels
        Whose surfaces are made. A network of one level has that one, under the name it plays: `coarse`.
    """

    def __init__(
        self, weights: str | Path, resolution: int = 512, levels: Levels = "both", device: str = "auto"
    ) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        model, self.card = load_checkpoint(weights)
        self.model: TwoLevel = model.to(self.device).for_inference()
        self.resolution = resolution
        has_fine = self.model.fine is not None
        self.levels = [
            level
            for level in ("coarse", "fine")
            if levels in (level, "both") and (level == "coarse" or has_fine)
        ] or ["coarse"]

    @torch.inference_mode()
    def __call__(self, picture: NDArray[np.uint8]) -> Prediction:
        """Reconstruct from a square picture (S, S, 3) uint8 RGB whose frame is the view space's."""
        from lifecast.networks.resizing import resize_image

        preset = self.model.preset
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).to(self.device)
        image = pixels.permute(2, 0, 1)[None].float() / 127.5 - 1  # (1, 3, S, S)
        begun = time.perf_counter()
        image = resize_image(image, preset.image_size, preset.antialias)
        encoded = self.model.encode(image, limbs=self._limbs(picture))
        found = Prediction(seconds={"encode": time.perf_counter() - begun})
        if encoded.normals is not None:
            found.front = _as_map(encoded.normals.front)
            found.back = _as_map(encoded.normals.back)
            if encoded.normals.mask is not None:
                found.mask = encoded.normals.mask[0, 0].cpu().numpy() > 0.5
        for level in self.levels:
            begun = time.perf_counter()
            try:
                found.meshes[level] = self.surface(encoded, level)
            except LifecastError as error:  # an empty field: one level's failure, told and counted
                found.failed[level] = str(error)
            found.seconds[level] = time.perf_counter() - begun
        return found

    def _limbs(self, picture: NDArray[np.uint8]) -> torch.Tensor | None:
        """(1, 6, s, s): the map of the limbs that BlazePose sees in the picture, for presets that are told of them."""
        if self.model.normals is None or not self.model.normals.preset.limbs or not blazepose.available():
            return None
        people = find_people(read_photo(picture))
        if not people or people[0].landmarks is None:
            return None
        landmarks = Camera.whole(len(picture)).landmarks_to_view(people[0].landmarks)
        return limb_map(torch.from_numpy(landmarks))[None].to(self.device)

    def surface(self, encoded: Encoded, level: str) -> Triangles:
        """The surface of one level's occupancy; LifecastError when it is empty."""
        from lifecast.surface.column_field import ColumnField
        from lifecast.surface.extract import extract_surface

        if level == "coarse":
            # Without fine features the field answers with the coarse level.
            encoded = encoded._replace(fine_features=None)
        surface = extract_surface(ColumnField(self.model, encoded), resolution=self.resolution)
        return Triangles(np.asarray(surface.vertices), np.asarray(surface.faces))


def _as_map(values: torch.Tensor) -> NDArray[np.float32]:
    """(1, 3, s, s) -> (s, s, 3)."""
    return np.asarray(values[0].permute(1, 2, 0).float().cpu().numpy())
