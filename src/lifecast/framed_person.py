"""A person framed: the square of the photograph around them, their mask on it, and their pose in view space.

    framed = Framer(model, options).frame(photo, person)
    framed.image, framed.mask, framed.joints

This is all that the networks get of a photograph, and what the colours are taken from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lifecast.model.inference import limb_maps
from lifecast.model.inference_options import InferenceOptions
from lifecast.model.model import Model
from lifecast.photo.decode import Photo
from lifecast.photo.framing import crop_colour, frame
from lifecast.photo.lost_parts import with_lost_parts
from lifecast.photo.mask import PoseMask, refined_mask, within_photo
from lifecast.photo.person import Person
from lifecast.space.resizing import resize_image
from lifecast.space.units import BLANK_GREY
from lifecast.space.view import Camera
from lifecast.step_constants import STEP_CONSTANTS, StepConstants

COLOUR_SIZE = 1024
"""Least side of the framed photograph that colours are taken from."""
OFFICIAL_GREY = 127.5
"""Grey of the background under the authors' program."""


class Masker(Protocol):
    """Finds the mask of a framed person; another one can be handed to `lifecast.load`."""

    def __call__(self, image: np.ndarray, found: np.ndarray | None) -> np.ndarray:
        """Find the person in image (S, S, 3) uint8: (S, S) float32 in [0, 1].

        `found` (S, S): what the person finder says of them, or None.
        """


@dataclass(frozen=True)
class FramedPerson:
    """One person as the networks get them."""

    camera: Camera
    image: np.ndarray
    """(S, S, 3) uint8."""
    mask: np.ndarray | None
    """(S, S) float32 in [0, 1], where it is found or given before the networks predict one."""
    joints: Tensor | None
    """(1, 33, 4) landmarks in view space, lifted to the joints; None without landmarks or without map heads."""
    pose: Tensor | None
    """(1, 6, s, s) the limb map that is drawn of them."""
    inputs: tuple[Tensor, ...]
    """(1, 3, s, s) in [-1, 1]: the fine net's picture, and, where it differs, the coarse net's."""
    given_mask: Tensor | None
    """(1, 1, S, S): the mask that takes the predicted one's place; None leaves that to the networks."""


class Framer:
    """Frames people for a model under its architecture's rule.

    Parameters
    ----------
    masker: takes the place of the rules that refine a found mask.
    constants: of the steps `refine_mask` and `lost_parts`.
    """

    def __init__(
        self,
        model: Model,
        options: InferenceOptions,
        masker: Masker | None = None,
        constants: StepConstants = STEP_CONSTANTS,
    ) -> None:
        self.model, self.options, self.masker, self.constants = model, options, masker, constants
        self.architecture = model.architecture
        self.device = next(model.parameters()).device
        self.official = self.architecture.framing == "pifuhd"

    def camera(self, photo: Photo, person: Person) -> Camera:
        """Choose the square around a person."""
        size = self.architecture.image_size
        if self.official:
            return frame(person.landmark_box() or person.box, photo.size, size, self.architecture.framing)
        return frame(person.box, photo.size, max(size, COLOUR_SIZE), self.architecture.framing)

    def frame(self, photo: Photo, person: Person, camera: Camera | None = None) -> FramedPerson:
        """Cut a person out of a photograph, through the camera that frames them or a given one."""
        camera = camera or self.camera(photo, person)
        joints = self._joints(person, camera)
        pose = None if joints is None or not self.options.pose else limb_maps(joints)
        image = crop_colour(photo.colour, camera, self.architecture.framing)
        mask = self._mask(photo, person, camera, image, pose)
        cleans = self._cleans(person)
        given = None
        if mask is not None and not self.official and cleans:
            given = torch.from_numpy(np.array(mask)).to(self.device)[None, None]
        inputs = self.inputs(photo, image, mask if cleans else None, camera)
        return FramedPerson(camera, image, mask, joints, pose, inputs, given)

    def inputs(self, photo: Photo, image: np.ndarray, mask: np.ndarray | None, camera: Camera) -> tuple[Tensor, ...]:
        """Turn a framed image (S, S, 3) into input tensors (1, 3, s, s).

        Grey beyond the mask (S, S) if one is given. The authors' program resizes both of its images from the
        photograph, so that there are two.
        """
        grey = OFFICIAL_GREY if self.official else BLANK_GREY
        images = [image]
        if self.official:
            size = self.architecture.coarse.image_size
            images.append(crop_colour(photo.colour, camera, self.architecture.framing, size))
        tensors = []
        for one in images:
            pixels = torch.from_numpy(one).to(self.device).permute(2, 0, 1)[None].float()  # (1, 3, s, s)
            if mask is not None:
                cover = torch.from_numpy(np.array(mask)).to(self.device)[None, None]
                cover = resize_image(cover, one.shape[0])
                pixels = pixels * cover + grey * (1 - cover)
            tensors.append(pixels / 127.5 - 1)
        # Colour is taken from a finer picture than some networks get.
        tensors[0] = resize_image(tensors[0], self.architecture.image_size, self.architecture.antialias)
        return tuple(tensors)

    def _joints(self, person: Person, camera: Camera) -> Tensor | None:
        """(1, 33, 4): the landmarks in view space, lifted if there is a pose lifter; None without any."""
        if person.landmarks is None or self.architecture.maps is None:
            return None
        landmarks = torch.from_numpy(camera.landmarks_to_view(person.landmarks))[None].to(self.device)
        return self.model.lifted(landmarks) if self.options.lift else landmarks

    def _mask(
        self, photo: Photo, person: Person, camera: Camera, image: np.ndarray, pose: Tensor | None
    ) -> np.ndarray | None:
        """The person's mask (S, S) on `image` (S, S, 3), its edges as fine as the image's own."""
        mask = None if person.mask is None else person.mask.window(camera.left, camera.top, camera.side, camera.size)
        if self.masker is not None and (person.mask is None or not person.mask.exact):
            return self.masker(image, mask)
        if mask is None or person.mask is None or person.mask.exact:
            return mask
        if (
            isinstance(person.mask, PoseMask)
            and not person.mask.others
            and person.mask.shown is None
            and self.options.lost_parts
        ):
            mask = self._with_lost_parts(mask, image, photo, camera, pose)
        if self.options.refine_mask:
            mask = refined_mask(mask, image, self.constants.refine_mask)
        return mask

    def _with_lost_parts(
        self, found: np.ndarray, image: np.ndarray, photo: Photo, camera: Camera, pose: Tensor | None
    ) -> np.ndarray:
        """The mask (S, S) that was found, with what the networks find beyond it in `image` (S, S, 3)."""
        if self.official:
            return found
        pixels = torch.from_numpy(image).to(self.device).permute(2, 0, 1)[None].float() / 127.5 - 1  # (1, 3, S, S)
        with half_precision(self.device):
            predicted = self.model.find_mask(pixels, pose)
        if predicted is None:
            return found
        soft = resize_image(predicted, len(found))[0, 0].float().cpu().numpy()
        inside = within_photo(photo.size, camera.left, camera.top, camera.side, camera.size)
        return with_lost_parts(found, soft, inside, self.constants.lost_parts)

    def _cleans(self, person: Person) -> bool:
        """Whether the background is painted grey for the networks, if there is a mask.

        The authors' program does so under an alpha channel only, and leaves a photograph as it is.
        """
        if self.official:
            return self.options.clean_background and person.mask is not None and person.mask.exact
        return self.options.clean_background


def half_precision(device: torch.device) -> torch.autocast:
    """Compute in bfloat16 on a GPU, in float32 on a CPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
