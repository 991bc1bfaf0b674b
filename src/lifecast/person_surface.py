"""From a prediction to a surface: the field with what joins it, its level set, and the relief of maps and face."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.body.fitted_body import FittedBody
from lifecast.model.column_field import ColumnField
from lifecast.model.inference_options import InferenceOptions
from lifecast.model.model import Model, Prediction
from lifecast.model.silhouette import silhouette_bound
from lifecast.space.close_up import CloseUpMaps
from lifecast.space.field import Field
from lifecast.space.maps import Maps
from lifecast.step_constants import STEP_CONSTANTS, StepConstants
from lifecast.surface.detail.back_folds import with_back_folds
from lifecast.surface.detail.body_limbs import BodyLimbs, WithBodyLimbs, body_limbs
from lifecast.surface.detail.close_relief import with_close_relief
from lifecast.surface.detail.finer_parts import with_finer_parts
from lifecast.surface.detail.fitted_face import with_face
from lifecast.surface.detail.fitted_hands import WithHands, fitted_hands, without_hands
from lifecast.surface.detail.relief import with_relief
from lifecast.surface.extract.slivers import SHORTEST, without_slivers
from lifecast.surface.extract.surface import Surface, extract_surface, simplified


class PredictedPerson(NamedTuple):
    """What the networks made of a framed person."""

    prediction: Prediction
    joints: Tensor | None
    """(1, 33, 4) in view space, lifted."""
    body: FittedBody | None = None
    """In view space; None where none was fitted."""
    body_notes: tuple[str, ...] = ()
    """What was not fitted, and why."""
    close_ups: tuple[CloseUpMaps, ...] = ()
    """Of head and hands, where they were predicted."""
    parsing: Tensor | None = None
    """(2, P, h, w) float32 probabilities of the parts on front and back, where they were predicted."""

    @property
    def maps(self) -> Maps | None:
        """The finest maps; None of an architecture without map heads."""
        return None if self.prediction.maps is None else self.prediction.maps.fine

    def at_level(self, level: str) -> PredictedPerson:
        """Leave out the fine net's features for the level "coarse"; unchanged for "fine"."""
        if level == "fine":
            return self
        return self._replace(prediction=self.prediction._replace(fine_features=None))


def with_guessed_folds(
    person: PredictedPerson, options: InferenceOptions, constants: StepConstants = STEP_CONSTANTS
) -> PredictedPerson:
    """Give the back of the finest maps folds like the front's, if the options say so.

    They come after the nets, which know smooth backs, and before what reads the maps: relief, textures and pictures.
    """
    maps = person.prediction.maps
    if not options.back_folds or maps is None or person.joints is None:
        return person
    fine = with_back_folds(maps.fine, person.joints[0], options.back_folds, constants.back_folds)
    return person._replace(prediction=person.prediction._replace(maps=maps._replace(fine=fine)))


def networks_field(
    model: Model, person: PredictedPerson, options: InferenceOptions, constants: StepConstants = STEP_CONSTANTS
) -> ColumnField:
    """Build the finest net's field, bounded by the silhouette if the options say so."""
    bound, maps = None, person.maps
    if options.silhouette and maps is not None and maps.mask is not None:
        bound = silhouette_bound(maps.mask, model.architecture.align_corners, constants.silhouette)
    return ColumnField(model, person.prediction, bound, smooth=options.smooth)


class PersonField(NamedTuple):
    """What the surface is extracted from."""

    field: Field
    relief_mask: Tensor | None
    """(s, s) in [0, 1], where the normal maps are to be believed; None: wherever they are not 0."""


def person_field(
    model: Model, person: PredictedPerson, options: InferenceOptions, constants: StepConstants = STEP_CONSTANTS
) -> PersonField:
    """Build the field that the surface is extracted from.

    The finest net's, joined with hidden limbs and fitted hands.
    """
    networks, maps, body = networks_field(model, person, options, constants), person.maps, person.body
    mask = None if maps is None or maps.mask is None else maps.mask[0, 0]
    if body is None:
        return PersonField(networks, mask)
    field = _with_hidden_limbs(networks, person, body, constants.body_limbs) if options.body_limbs else networks
    if not options.fitted_hands:
        return PersonField(field, mask)
    hands = fitted_hands(body, networks, mask, constants.fitted_hands)
    if hands and mask is not None:
        mask = without_hands(mask, hands)
    return PersonField(WithHands(field, hands, constants.fitted_hands) if hands else field, mask)


def _with_hidden_limbs(field: ColumnField, person: PredictedPerson, body: FittedBody, constants: BodyLimbs) -> Field:
    """Join the limbs of the body that the picture hides."""
    maps = person.maps
    if person.joints is None or maps is None or maps.depth is None:
        return field
    limbs = body_limbs(body, person.joints[0], maps, field, constants)
    return WithBodyLimbs(field, limbs, maps.depth[0, 0], field.bound, body.scale, constants) if limbs else field


@torch.inference_mode()
def person_surface(
    model: Model,
    person: PredictedPerson,
    options: InferenceOptions,
    resolution: int,
    faces: int | None = None,
    constants: StepConstants = STEP_CONSTANTS,
) -> Surface:
    """Extract a person's surface, with the relief of the normal maps and of the fitted face.

    The lattice has `resolution` points a side. Coarse surfaces of a model that has a fine net get no relief of the
    maps: the coarse net has other maps as its input. `faces` as in `extract_surface`, which also says what is raised.
    """
    (field, relief_mask), maps = person_field(model, person, options, constants), person.maps
    surface = without_slivers(extract_surface(field, resolution), SHORTEST * 2 / resolution)
    finest = person.prediction.fine_features is not None or model.fine is None
    if person.body is not None and options.finer_parts and finest:
        surface = with_finer_parts(surface, field, person.body, constants.finer_parts)
    if options.relief and maps is not None and finest:
        surface = with_relief(surface, maps.front[0], maps.back[0], relief_mask, constants.relief)
        surface = with_close_relief(surface, person.close_ups, constants.relief, constants.close_ups)
    if person.body is not None and options.fitted_face:
        mask = None if maps is None or maps.mask is None else maps.mask[0, 0]
        surface = with_face(surface, person.body, mask, constants.fitted_face)
    return simplified(surface, faces)
