"""Constants of the steps without weights, by step: what a researcher changes from Python.

    constants = StepConstants(relief=Relief(reach=0.02), sharpen=Sharpening(within=2.0))
    model = lifecast.load(constants=constants)

`InferenceOptions` says which steps run, and how strongly. The steps `clean_background`, `pose`, `lift` and `mirror`
have no constants: their numbers belong to the inputs that weights are trained on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from lifecast.body.fit.constants import BODY_FIT, BodyFit
from lifecast.model.silhouette import SILHOUETTE_BOUND, SilhouetteBound
from lifecast.photo.lost_parts import LOST_PARTS, LostParts
from lifecast.photo.mask import MASK_REFINEMENT, MaskRefinement
from lifecast.space.close_up import CLOSE_UPS, CloseUps
from lifecast.space.integration import INTEGRATION, Integration
from lifecast.space.maps import SHARPENING, Sharpening
from lifecast.surface.colour.colour_surface import COLOURING, Colouring
from lifecast.surface.detail.back_folds import BACK_FOLDS, BackFolds
from lifecast.surface.detail.body_limbs import BODY_LIMBS, BodyLimbs
from lifecast.surface.detail.finer_parts import FINER_PARTS, FinerParts
from lifecast.surface.detail.fitted_face import FITTED_FACE, FittedFace
from lifecast.surface.detail.fitted_hands import FITTED_HANDS, FittedHands
from lifecast.surface.detail.relief import RELIEF, Relief
from lifecast.surface.output.charts import CHART_CUTTING, ChartCutting
from lifecast.surface.output.normal_texture import NORMAL_TEXTURE, NormalTexture


@dataclass(frozen=True)
class StepConstants:
    """The constants of every step, in the order in which the steps run."""

    refine_mask: MaskRefinement = MASK_REFINEMENT
    lost_parts: LostParts = LOST_PARTS
    sharpen: Sharpening = SHARPENING
    close_ups: CloseUps = CLOSE_UPS
    integrate: Integration = INTEGRATION
    back_folds: BackFolds = BACK_FOLDS
    body: BodyFit = BODY_FIT
    silhouette: SilhouetteBound = SILHOUETTE_BOUND
    body_limbs: BodyLimbs = BODY_LIMBS
    fitted_hands: FittedHands = FITTED_HANDS
    finer_parts: FinerParts = FINER_PARTS
    relief: Relief = RELIEF
    fitted_face: FittedFace = FITTED_FACE
    colour: Colouring = COLOURING
    """Of the surface's colours; a step that cannot be left out."""
    texture: ChartCutting = CHART_CUTTING
    """Of the texture's charts, if one is written."""
    normal_texture: NormalTexture = NORMAL_TEXTURE
    """Of the texture of folds beside it."""

    def changed(self) -> dict[str, Any]:
        """List the constants that are not the default ones, by step and name.

        A result records them.
        """
        return _difference(self, STEP_CONSTANTS)


STEP_CONSTANTS = StepConstants()


def _difference(own: Any, usual: Any) -> dict[str, Any]:
    """List the fields of a dataclass that differ from the usual ones, those of dataclasses inside it likewise."""
    different: dict[str, Any] = {}
    for field in dataclasses.fields(own):
        value, other = getattr(own, field.name), getattr(usual, field.name)
        if value != other:
            different[field.name] = _difference(value, other) if dataclasses.is_dataclass(value) else value
    return different
