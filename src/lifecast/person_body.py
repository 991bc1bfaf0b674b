"""From a framed person to their parametric body: the evidence is gathered, then fitted."""

from __future__ import annotations

import numpy as np

from lifecast.body.fit.constants import BODY_FIT, BodyFit
from lifecast.body.fit.evidence import BodyEvidence
from lifecast.body.fit.fit_body import NotFitted as NotFitted
from lifecast.body.fit.fit_body import fit_body
from lifecast.body.fitted_body import FittedBody
from lifecast.framed_person import FramedPerson
from lifecast.person_surface import PredictedPerson
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo
from lifecast.photo.face_points import find_face
from lifecast.photo.hands import find_hands
from lifecast.photo.person import Person
from lifecast.photo.second_look import unsure_arms
from lifecast.photo.unseen import Unseen
from lifecast.space.view import Camera


def person_body(
    photo: Photo, person: Person, framed: FramedPerson, predicted: PredictedPerson, constants: BodyFit = BODY_FIT
) -> FittedBody | NotFitted:
    """Fit the parametric body to a person, in the view space of their frame."""
    if predicted.joints is None:
        return NotFitted("no body was fitted: no pose was found")
    return fit_body(person_evidence(photo, person, framed, predicted), constants=constants)


def person_evidence(
    photo: Photo, person: Person, framed: FramedPerson, predicted: PredictedPerson
) -> BodyEvidence:  # fmt: skip
    """Bring together what is known of a person's body.

    The evidence: lifted landmarks, hands, face, mask and depth maps.

    ValueError for a person without landmarks.
    """
    if predicted.joints is None:
        raise ValueError("a person without landmarks has no evidence of a body")
    points: dict[str, np.ndarray] = {}
    unseen: list[str] = []
    unsure: list[str] = []
    if person.landmarks is not None and blazepose.available():
        picture = photo.image()
        left, right = find_hands(picture, person.landmarks)
        found = {"left_hand": left, "right_hand": right, "face": find_face(picture, person.landmarks)}
        for name, part in found.items():
            if isinstance(part, Unseen):
                unseen.append(f"the body's {name.replace('_', ' ')} is at ease: {part.reason}")
            else:
                points[name] = _in_view(part.points, framed.camera)
        unsure = [f"upperarm01.{side}" for side in unsure_arms(picture, person.landmarks)]
    maps = predicted.maps
    mask = None if maps is None or maps.mask is None else maps.mask[0, 0].float().cpu().numpy()
    depth = None if maps is None or maps.depth is None else maps.depth[0].float().cpu().numpy()
    joints = predicted.joints[0].float().cpu().numpy()
    return BodyEvidence(joints, **points, mask=mask, depth=depth, unseen=tuple(unseen), unsure=frozenset(unsure))


def _in_view(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Points (N, 3) of the photograph, z in pixels, in view units."""
    return np.concatenate([camera.to_view(points[:, :2]), points[:, 2:] * 2 / camera.side], 1)
