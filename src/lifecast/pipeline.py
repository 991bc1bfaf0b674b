"""The pipeline: from one photograph to 3D people, step by step.

    model = lifecast.load()
    person = model.reconstruct("photo.jpg")          # the largest person in it
    person.save("photo.glb")

decode (`photo.decode`) -> find (`photo.person`) -> frame (`framed_person`) -> maps (`model.inference`) ->
features (`model.model`) -> body (`person_body`) -> field and surface (`person_surface`) -> colour
(`surface.colour.colour_surface`) -> metres (`surface.output.scale`). What has no weights is switched by
`InferenceOptions`, and its constants are `StepConstants`; finder and masker can be exchanged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lifecast.errors import UsageError
from lifecast.framed_person import FramedPerson, Framer, Masker, half_precision
from lifecast.model.inference import predict_maps, predict_parsing
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import Model
from lifecast.options import ReconstructOptions, Turn
from lifecast.person_body import NotFitted, person_body
from lifecast.person_close_ups import person_close_ups
from lifecast.person_surface import PredictedPerson, person_surface, with_guessed_folds
from lifecast.photo.borders import missing_notes
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.framing import crop_colour, finer_crop
from lifecast.photo.given_mask import NEARLY_ALL, person_by_mask, read_mask
from lifecast.photo.mask import SquareMask, bounding_box
from lifecast.photo.person import Person, choose, person_by_box, standing_height
from lifecast.photo.refusal import with_notes
from lifecast.photo.search import search, search_cut_out, turn_photo
from lifecast.reconstruction import Reconstruction
from lifecast.space.close_up import CloseUpMaps, with_close_ups
from lifecast.space.maps import as_map
from lifecast.space.resizing import resize_image
from lifecast.space.view import Camera
from lifecast.step_constants import STEP_CONSTANTS, StepConstants
from lifecast.surface.colour.colour_surface import colour_surface
from lifecast.surface.colour.landmarked_head import landmarked_head
from lifecast.surface.colour.photograph import mesh_outline
from lifecast.surface.output.normal_texture import CloseUpFolds
from lifecast.surface.output.scale import person_frame
from lifecast.timing import Stopwatch

STAGES = ("finding the person", "normals", "features", "surface", "colour", "saving")
"""As `timings` and progress name them; "saving" is the command's. "body" follows "features" where one is fitted."""

Picture = str | os.PathLike[str] | bytes | Image.Image | np.ndarray | Photo
Progress = Callable[[str], None]
XYWH = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels of the upright photograph."""

USUAL, EVERYBODY = ReconstructOptions(), ReconstructOptions(person="all")


class PersonFinder(Protocol):
    """Finds everybody in a photograph; another one can be handed to `lifecast.load`."""

    def __call__(self, photo: Photo) -> list[Person]:
        """Find people, the largest first; none is an empty list."""


class Reconstructor:
    """Loaded networks that turn photographs into 3D people. `lifecast.load` makes one.

    Parameters
    ----------
    inference: which steps without weights run.
    finder: finds people in place of BlazePose.
    masker: finds a framed person's mask in place of the rules that refine BlazePose's.
    constants: of the steps without weights.
    """

    def __init__(
        self,
        model: Model,
        card: dict[str, Any] | None = None,
        device: torch.device | str = "cpu",
        inference: InferenceOptions = PLAIN,
        finder: PersonFinder | None = None,
        masker: Masker | None = None,
        constants: StepConstants = STEP_CONSTANTS,
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).for_inference()
        self.card = card or {}
        self.inference = inference.fitting(model.architecture)
        self.finder, self.masker, self.constants = finder, masker, constants

    def reconstruct(
        self,
        image: Picture,
        person: str | int = "largest",
        mask: Picture | None = None,
        box: XYWH | None = None,
        resolution: int = 512,
        height: float = 1.70,
        faces: int | None = None,
        progress: Progress | None = None,
        turn: Turn = 0,
        without: Sequence[str] = (),
        body: bool = False,
    ) -> Reconstruction:
        """Reconstruct one person.

        Parameters
        ----------
        image: a file, its bytes, a Pillow picture, or an array (H, W[, 1 | 3 | 4]); any alpha channel is the mask.
        person: "largest", or a number from 1, the largest person being 1. Of no effect with a mask or box.
        mask: the person white on black, of the photograph's size; it is turned with the photograph.
        box: x, y, width, height around the whole person, pixels of the upright photograph, after any `turn`.
        resolution: lattice points along each side of the volume, 16 to 2046.
        height: metres from the soles to the top of the head.
        faces: simplify to about so many triangles; None keeps all.
        progress: called with the name of each stage (`STAGES`) as it begins; may raise to stop.
        turn: degrees clockwise, 0, 90, 180 or 270, by which the picture is turned first, or "auto": so that the largest
            person stands. Nothing is turned by itself; a note names the turn if the person is not upright.
        without: names of steps that are left out this time (`lifecast.model.inference_options.STEPS`).
        body: fit the parametric body even if no step uses it (`Reconstruction.body`), and say what was not fitted.

        Raises
        ------
        PhotoError
            Where the picture cannot be read or nobody can be reconstructed from it.
        UsageError
            For a value out of its range.
        """
        if person == "all":
            raise UsageError("reconstruct() makes one person; reconstruct_all() makes everybody")
        # Wrong values are refused before any work.
        options = ReconstructOptions(
            person=person,
            box=box,
            turn=turn,
            height=height,
            resolution=resolution,
            faces=faces,
            without=tuple(without),
            body=body,
        )
        return self.reconstruct_all(image, options, mask, progress)[0]

    def reconstruct_all(
        self,
        image: Picture,
        options: ReconstructOptions = EVERYBODY,
        mask: Picture | None = None,
        progress: Progress | None = None,
    ) -> list[Reconstruction]:
        """Reconstruct those whom the options ask for, by default everybody, the largest first.

        image, mask and progress as in `reconstruct`. Which files to write is of no effect here.
        """
        watch = Stopwatch(self.device, progress)
        with watch.stage("finding the person"):
            photo = turn_photo(image if isinstance(image, Photo) else read_photo(image), options.turn)
            people = self.find(photo, options.person, mask, options.box)
        return [self.reconstruct_person(photo, one, options, progress, watch.seconds) for one in people]

    @with_notes
    def find(
        self, photo: Photo, person: str | int = "largest", mask: Picture | None = None, box: XYWH | None = None
    ) -> list[Person]:
        """Find who would be reconstructed.

        A mask beats a box, a box beats an alpha channel, and that beats the detector.
        """
        person = ReconstructOptions(person=person, box=box).person
        if mask is not None:
            return [person_by_mask(photo, *read_mask(mask, photo.turned))]
        if box is not None:
            x, y, width, height = box
            return [person_by_box(photo, (x, y, x + width, y + height))]
        # A picture with round corners, or a few holes, is not a cut-out.
        if photo.alpha is not None and float((photo.alpha > 0.5).mean()) <= NEARLY_ALL:
            return search_cut_out(photo, person, self._person_by_networks)
        if photo.alpha is not None:
            photo = replace(photo, alpha=None)
        if self.finder is not None:
            return choose(self.finder(photo), person, photo.name)
        return search(photo, person, self._person_by_networks)

    @with_notes
    @torch.inference_mode()
    def reconstruct_person(
        self,
        photo: Photo,
        person: Person,
        options: ReconstructOptions = USUAL,
        progress: Progress | None = None,
        seconds: dict[str, float] | None = None,
    ) -> Reconstruction:
        """Reconstruct a person that `find` found; `seconds` that were spent before join the timings."""
        inference = self.inference
        if options.fits_body:
            inference = replace(inference, body=True).fitting(self.model.architecture)
        inference = inference.without(*options.without)
        if not options.fits_body and not inference.uses_body:
            inference = inference.without("body")
        watch = Stopwatch(self.device, progress)
        watch.seconds.update(seconds or {})
        framed, predicted = self.predict(photo, person, watch=watch, inference=inference)
        # Without asking for a body nobody wants to know why there is none.
        body_notes = predicted.body_notes if options.fits_body else ()
        if options.fits_body and not inference.body:
            body_notes = ("no body was fitted: these weights have no pose lifter, or it was left out",)
        with watch.stage("surface"):
            surface = person_surface(
                self.model, predicted, inference, options.resolution, options.faces, self.constants
            )
        mask = framed.mask
        if mask is None and predicted.maps is not None and predicted.maps.mask is not None:
            predicted_mask = resize_image(predicted.maps.mask.float(), framed.camera.size, antialias=False)
            mask = predicted_mask[0, 0].cpu().numpy()  # (S, S)
        standing = standing_height(person.landmarks)  # pixels of the photograph
        with watch.stage("colour"):
            joints = None if predicted.joints is None else predicted.joints[0].float().cpu().numpy()  # (33, 4)
            painted = colour_surface(
                surface.vertices, surface.faces, surface.normals, framed.image, mask,
                landmarked_head(person.landmarks, standing, framed.camera), joints, self.constants.colour,
                None if predicted.parsing is None else predicted.parsing.cpu().numpy(),
            )  # fmt: skip
        corners = framed.camera.to_photo(surface.vertices)
        made = (*corners.min(0).tolist(), *corners.max(0).tolist())
        cut_notes = missing_notes(person.cut, person.box, made, photo.size)
        in_view = None if standing is None else standing * 2 / framed.camera.side
        metres, scale_notes = person_frame(surface.vertices, surface.faces, options.height, in_view)
        if mask is None:
            mask = mesh_outline(surface.vertices, surface.faces, framed.image.shape[0])
        return Reconstruction(
            vertices=surface.vertices,
            faces=surface.faces,
            normals=surface.normals,
            coloured=painted,
            image=framed.image,
            mask=mask,
            front_normals=None if predicted.maps is None else as_map(predicted.maps.front),
            back_normals=None if predicted.maps is None else as_map(predicted.maps.back),
            camera=framed.camera,
            frame=metres,
            person=person,
            photo_name=photo.name,
            notes=(*photo.notes, *person.notes, *cut_notes, *scale_notes, *body_notes),
            timings=watch.seconds,
            asked=surface.asked,
            islands_dropped=surface.islands_dropped,
            weights=self.card,
            inference=inference,
            constants=self.constants,
            body=predicted.body,
            close_ups=tuple(close_up_folds(one) for one in predicted.close_ups),
            picture=finer_crop(photo.colour, framed.camera, self.model.architecture.framing),
        )

    @torch.inference_mode()
    def predict(
        self,
        photo: Photo,
        person: Person,
        camera: Camera | None = None,
        watch: Stopwatch | None = None,
        inference: InferenceOptions | None = None,
    ) -> tuple[FramedPerson, PredictedPerson]:
        """Frame a person (through a given camera, if any) and run the networks on them.

        `inference`: the steps that run, in place of the reconstructor's own.
        """
        watch = watch or Stopwatch(self.device)
        inference = self.inference if inference is None else inference
        with watch.stage("finding the person"):
            framed = Framer(self.model, inference, self.masker, self.constants).frame(photo, person, camera)
        image, small = framed.inputs[0], framed.inputs[-1]
        close_ups: tuple[CloseUpMaps, ...] = ()
        parsing: Tensor | None = None
        with watch.stage("normals"), half_precision(self.device):
            maps = None
            if self.model.normals is not None:
                maps = predict_maps(
                    self.model, image, inference, small=small, mask=framed.given_mask, pose=framed.pose,
                    sharpening=self.constants.sharpen, integration=self.constants.integrate,
                )  # fmt: skip
                if inference.close_ups:
                    close_ups = person_close_ups(self.model, photo, framed, maps.fine, self.constants.close_ups)
                    maps = maps._replace(fine=with_close_ups(maps.fine, close_ups, self.constants.close_ups))
            if maps is not None and inference.parsing:
                parsing = predict_parsing(self.model, image, maps, framed.pose)
        with watch.stage("features"), half_precision(self.device):
            prediction = self.model(image, small=small, given=maps)
        predicted = PredictedPerson(prediction, framed.joints, close_ups=close_ups, parsing=parsing)
        predicted = with_guessed_folds(predicted, inference, self.constants)
        if not inference.body:
            return framed, predicted
        with watch.stage("body"):
            body = person_body(photo, person, framed, predicted, self.constants.body)
        if isinstance(body, NotFitted):
            return framed, predicted._replace(body_notes=(body.reason,))
        return framed, predicted._replace(body=body, body_notes=body.notes)

    @property
    def framer(self) -> Framer:
        """Frames people as the model's architecture and the options say."""
        return Framer(self.model, self.inference, self.masker, self.constants)

    @torch.inference_mode()
    def _person_by_networks(self, photo: Photo) -> Person:
        """Find a person without a detector, by the mask that the normal head predicts, or take the whole picture.

        The mask is predicted twice, the second time on the square around the first.
        """
        why = "people are found only with the packages mediapipe and ai-edge-litert (pip install 'lifecast[person]')"
        whole = Person((0.0, 0.0, float(photo.size[0]), float(photo.size[1])))
        person = whole
        maps = self.model.architecture.maps
        if maps is not None and maps.mask:
            for _ in range(2):
                camera = self.framer.camera(photo, person)
                image = crop_colour(photo.colour, camera, self.model.architecture.framing)
                found_mask = self.model.find_mask(self.framer.inputs(photo, image, None, camera)[-1])
                assert found_mask is not None
                mask = found_mask[0, 0].float().cpu().numpy()
                found = bounding_box(mask)
                if found is None or not 0.01 < float((mask > 0.5).mean()) < 0.6:
                    person = whole
                    break
                step = camera.side / mask.shape[0]
                box = tuple(
                    edge * step + start for edge, start in zip(found, (camera.left, camera.top) * 2, strict=True)
                )
                person = Person(box, mask=SquareMask(mask, camera.left, camera.top, camera.side))
        said = "the whole picture was taken" if person is whole else "the networks looked for the person themselves"
        return replace(person, notes=(f"{why}; {said}",))


def close_up_folds(one: CloseUpMaps) -> CloseUpFolds:
    """Turn a close-up's maps into arrays."""
    return CloseUpFolds(one.square, as_map(one.front), as_map(one.back))
