"""From a prediction to a surface: the field with what joins it, its level set, and the relief of the normal maps."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.body.fitted_body import FittedBody
from lifecast.model.column_field import ColumnField
from lifecast.model.inference_options import InferenceOptions
from lifecast.model.model import Model, Prediction
from lifecast.model.silhouette import silhouette_bound
from lifecast.space.field import Field
from lifecast.space.maps import Maps
from lifecast.step_constants import STEP_CONSTANTS, StepConstants
from lifecast.surface.detail.hidden_limbs import WithLimbs, hidden_limbs
from lifecast.surface.detail.relief import with_relief
from lifecast.surface.extract.surface import Surface, extract_surface, simplified


class PredictedPerson(NamedTuple):
    """What the networks made of a framed person."""

    prediction: Prediction
    joints: Tensor | None
    """(1, 33, 4) in view space, lifted."""
    body: FittedBody | None = None
    """In view space; None where none was fitted."""

    @property
    def maps(self) -> Maps | None:
        """The finest maps; None of an architecture without map heads."""
        return None if self.prediction.maps is None else self.prediction.maps.fine

    def at_level(self, level: str) -> PredictedPerson:
        """Leave out the fine net's features for the level "coarse"; unchanged for "fine"."""
        if level == "fine":
            return self
        return self._replace(prediction=self.prediction._replace(fine_features=None))


def networks_field(
    model: Model, person: PredictedPerson, options: InferenceOptions, constants: StepConstants = STEP_CONSTANTS
) -> ColumnField:
    """Build the finest net's field, bounded by the silhouette if the options say so."""
    bound, maps = None, person.maps
    if options.silhouette and maps is not None and maps.mask is not None:
        bound = silhouette_bound(maps.mask, model.architecture.align_corners, constants.silhouette)
    return ColumnField(model, person.prediction, bound)


def person_field(
    model: Model, person: PredictedPerson, options: InferenceOptions, constants: StepConstants = STEP_CONSTANTS
) -> Field:
    """Build the field that the surface is extracted from.

    The finest net's, joined with hidden limbs.
    """
    field, maps = networks_field(model, person, options, constants), person.maps
    if not options.hidden_limbs or maps is None or person.joints is None:
        return field
    bones = hidden_limbs(person.joints[0], maps, constants.hidden_limbs)
    return field if bones is None else WithLimbs(field, bones, field.bound, constants.hidden_limbs)


@torch.inference_mode()
def person_surface(
    model: Model,
    person: PredictedPerson,
    options: InferenceOptions,
    resolution: int,
    faces: int | None = None,
    constants: StepConstants = STEP_CONSTANTS,
) -> Surface:
    """Extract a person's surface, with the relief of the normal maps.

    The lattice has `resolution` points a side. Coarse surfaces of a model that has a fine net get no relief: the
    coarse net has other maps as its input. `faces` as in `extract_surface`, which also says what is raised.
    """
    field, maps = person_field(model, person, options, constants), person.maps
    finest = person.prediction.fine_features is not None or model.fine is None
    if not options.relief or maps is None or not finest:
        return extract_surface(field, resolution, faces=faces)
    mask = None if maps.mask is None else maps.mask[0, 0]
    surface = extract_surface(field, resolution)
    return simplified(with_relief(surface, maps.front[0], maps.back[0], mask, constants.relief), faces)
