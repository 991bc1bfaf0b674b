"""From weights to what is measured: predicted normal maps, and a mesh of the coarse and of the fine net."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from lifecast.body.fitted_body import FittedBody
from lifecast.errors import LifecastError
from lifecast.evaluation.request import Levels, Masks
from lifecast.evaluation.triangles import Triangles
from lifecast.loading import load
from lifecast.person_surface import PredictedPerson, networks_field, person_surface
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.person import Person, find_people
from lifecast.space.maps import as_map
from lifecast.space.view import Camera

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lifecast.model.column_field import ColumnField

MASKS: dict[Masks, str] = {"found": "found by BlazePose, as in use", "predicted": "predicted by the networks"}


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
    body: FittedBody | None = None
    """The fitted body; None where none was wanted, or none fits."""
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
    masks
        "found": as `reconstruct` does, the background is cleaned away by the mask that BlazePose finds in the picture.
        "predicted": the networks are left alone with the background and find the mask themselves.
    without
        Names of inference steps that are left out.
    body
        Fit the parametric body, whether or not the weights say so.
    levels
        Whose surfaces are made. A model of one net has the level `coarse` alone.
    """

    def __init__(
        self,
        weights: str | Path,
        resolution: int = 512,
        levels: Levels = "both",
        device: str = "auto",
        masks: Masks = "found",
        without: Sequence[str] = (),
        body: bool = False,
    ) -> None:
        if masks == "predicted":
            without = (*without, "clean_background")
        self.reconstructor = load(weights, device, without=without)
        self.card = self.reconstructor.card
        self.model = self.reconstructor.model
        inference = self.reconstructor.inference
        if body:
            inference = replace(inference, body=True).fitting(self.model.architecture).without(*without)
        self.inference = inference
        self.resolution = resolution
        has_fine = self.model.fine is not None
        self.levels = [
            level for level in ("coarse", "fine") if levels in (level, "both") and (level == "coarse" or has_fine)
        ] or ["coarse"]

    @torch.inference_mode()
    def __call__(self, picture: NDArray[np.uint8]) -> Prediction:
        """Reconstruct from a square picture (S, S, 3) uint8 RGB whose frame is the view space's."""
        found = Prediction()
        begun = time.perf_counter()
        person = self.encode(picture)
        found.seconds["encode"] = time.perf_counter() - begun
        found.body = person.body
        if person.maps is not None:
            found.front = as_map(person.maps.front)
            found.back = as_map(person.maps.back)
            if person.maps.mask is not None:
                found.mask = person.maps.mask[0, 0].float().cpu().numpy() > 0.5
        for level in self.levels:
            begun = time.perf_counter()
            try:
                found.meshes[level] = self.surface(person, level)
            except LifecastError as error:  # an empty field: one level's failure, reported and counted
                found.failed[level] = str(error)
            found.seconds[level] = time.perf_counter() - begun
        return found

    @torch.inference_mode()
    def encode(self, picture: NDArray[np.uint8]) -> PredictedPerson:
        """Predict a person from a square picture, as for `__call__`."""
        photo, used = read_photo(picture), self.reconstructor
        person = self._person(photo)
        return used.predict(photo, person, Camera.whole(len(picture)), inference=self.inference)[1]

    def field(self, person: PredictedPerson, level: str) -> ColumnField:
        """Build the field of one level's net alone, without hidden limbs."""
        used = self.reconstructor
        return networks_field(self.model, person.at_level(level), self.inference, used.constants)

    def _person(self, photo: Photo) -> Person:
        """Whom BlazePose finds in the picture, where it is installed and finds anybody; else the whole picture."""
        people = find_people(photo) if blazepose.available() else []
        return people[0] if people else Person((0.0, 0.0, float(photo.size[0]), float(photo.size[1])))

    def surface(self, person: PredictedPerson, level: str) -> Triangles:
        """Extract the surface of one level as `reconstruct` does.

        LifecastError if its field is empty.
        """
        used, person = self.reconstructor, person.at_level(level)
        surface = person_surface(self.model, person, self.inference, self.resolution, constants=used.constants)
        return Triangles(np.asarray(surface.vertices), np.asarray(surface.faces))
