"""From one photograph to 3D people: the pipeline.

    model = lifecast.load()
    person = model.reconstruct("photo.jpg")          # the largest person in it
    person.save("photo.glb")

The order of things: decode (`photo.decode`), find and frame the person (`photo.person`, `photo.framing`), predict
normals and features (`networks`), extract the surface where the occupancy is 0.5, colour it (`surface`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lifecast.errors import UsageError
from lifecast.networks.allocation import keep_freed_pages
from lifecast.networks.checkpoint import load_checkpoint
from lifecast.networks.levels import Encoded, TwoLevel
from lifecast.networks.preset import GREY
from lifecast.networks.resizing import resize_image
from lifecast.photo.blazepose import EARS, NOSE
from lifecast.photo.borders import missing_notes
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.framing import Camera, crop_colour, frame
from lifecast.photo.given_mask import NEARLY_ALL, person_by_mask, read_mask
from lifecast.photo.lost_parts import with_lost_parts
from lifecast.photo.mask import PoseMask, SquareMask, bounding_box, refine, within_photo, without_specks
from lifecast.photo.orientation import Turn, parse_turn
from lifecast.photo.person import Person, person_by_box, standing_height
from lifecast.photo.search import search, search_cut_out, turn_photo
from lifecast.reconstruction import Reconstruction
from lifecast.surface.colour import colour_surface
from lifecast.surface.column_field import ColumnField
from lifecast.surface.extract import Surface, extract_surface, simplified
from lifecast.surface.field import Field
from lifecast.surface.hidden_limbs import WithLimbs, hidden_limbs
from lifecast.surface.metres import MetricFrame, metric_frame
from lifecast.surface.photograph import mesh_outline
from lifecast.surface.relief import with_relief
from lifecast.surface.symmetry import HEAD_SHARE, Head
from lifecast.timing import Stopwatch

STAGES = ("finding the person", "normals", "features", "surface", "colour", "saving")
"""As `timings` and progress name them; "saving" is the command's."""

Picture = str | os.PathLike[str] | bytes | Image.Image | np.ndarray | Photo
Background = Literal["clean", "keep"]
Progress = Callable[[str], None]
XYWH = tuple[float, float, float, float]
"""x, y of the top left corner, width, height, in pixels of the upright photograph."""

COLOUR_SIZE = 1024
"""Least side of the framed photograph that colours are taken from."""
STANDS_STRAIGHT = 0.87
"""A mesh of at least this part of the person's standing height stands: then the mesh itself is the better measure."""


def load(weights: str | Path = "compact", device: str = "auto", normals_at: int | None = None) -> Reconstructor:
    """Load weights once, for any number of photographs.

    Parameters
    ----------
    weights
        The name of built-in weights, or a file.
    device
        "auto" (a GPU where there is one), "cpu", "cuda", ...
    normals_at
        Side of the picture at which normals are predicted for the fine level, in place of enlarging those of the usual
        size: the authors' released model looks at 512 pixels and its fine level at 1024.

    Raises
    ------
    CheckpointError
        For weights that cannot be used.
    UsageError
        For a device that is not there, or a `normals_at` that these weights cannot be used with.
    """
    chosen = _device(device)
    if chosen.type == "cpu":
        keep_freed_pages()
    model, card = load_checkpoint(weights)
    if normals_at is not None:
        if model.fine is None or model.preset.normals is None:
            raise UsageError(f"{weights}: has no fine level that is fed normals; leave normals_at out")
        if not 64 <= normals_at <= 4096 or normals_at % 64:
            raise UsageError(f"normals at {normals_at} pixels: give a multiple of 64 from 64 to 4096")
        model = model.with_normals_at(normals_at)
    return Reconstructor(model, card, chosen)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device {name!r}: no such kind of device; use auto, cpu or cuda") from error
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"device {name!r}: only cpu and cuda are supported")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"device {name!r}: PyTorch finds no CUDA device here; use cpu")
    return device


class Look(NamedTuple):
    """A framed photograph, and what the networks make of it."""

    image: np.ndarray
    """(S, S, 3) uint8."""
    mask: np.ndarray | None
    """(S, S) float32 in [0, 1], where it is known."""
    encoded: Encoded


class Reconstructor:
    """Loaded networks that turn photographs into 3D people. `lifecast.load` makes one.

    Parameters
    ----------
    background
        "clean" paints the background grey wherever a mask is known (with the authors' checkpoint: where it is an alpha
        channel or given, as in their program); "keep" leaves it to the networks.
    """

    def __init__(
        self,
        model: TwoLevel,
        card: dict[str, Any] | None = None,
        device: torch.device | str = "cpu",
        background: Background = "clean",
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).for_inference()
        self.card = card or {}
        self.background = background

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
        progress: told the name of each stage (`STAGES`) as it begins; may raise to stop.
        turn: degrees clockwise, 0, 90, 180 or 270, by which the picture is turned first, or "auto": so that the largest
            person stands. Nothing is turned by itself; a note names the turn where the person is not upright.

        Raises
        ------
        PhotoError
            Where the picture cannot be read or nobody can be reconstructed from it.
        UsageError
            For a value out of its range.
        """
        if person == "all":
            raise UsageError("reconstruct() makes one person; reconstruct_all() makes everybody")
        return self.reconstruct_all(image, person, mask, box, resolution, height, faces, progress, turn)[0]

    def reconstruct_all(
        self,
        image: Picture,
        person: str | int = "all",
        mask: Picture | None = None,
        box: XYWH | None = None,
        resolution: int = 512,
        height: float = 1.70,
        faces: int | None = None,
        progress: Progress | None = None,
        turn: Turn = 0,
    ) -> list[Reconstruction]:
        """Reconstruct everybody in the photograph, the largest first; parameters as in `reconstruct`."""
        watch = Stopwatch(self.device, progress)
        with watch.stage("finding the person"):
            photo = image if isinstance(image, Photo) else read_photo(image)
            photo = turn_photo(photo, parse_turn(turn))
            people = self.find(photo, person, mask, box)
        return [
            self.reconstruct_person(photo, one, resolution, height, faces, progress, watch.seconds) for one in people
        ]

    def find(
        self, photo: Photo, person: str | int = "largest", mask: Picture | None = None, box: XYWH | None = None
    ) -> list[Person]:
        """Who would be reconstructed. A mask beats a box, a box beats an alpha channel, and that beats the detector."""
        if isinstance(person, str) and person not in ("all", "largest") and not person.isdecimal():
            raise UsageError(f"person {person!r}: give 'largest', 'all' or a number from 1")
        if mask is not None:
            return [person_by_mask(photo, *read_mask(mask, photo.turned))]
        if box is not None:
            x, y, width, height = box
            if not (np.isfinite(box).all() and width > 0 and height > 0):
                raise UsageError(f"box {box}: give x, y, width, height in pixels, width and height above 0")
            return [person_by_box(photo, (x, y, x + width, y + height))]
        # A picture with round corners, or a few holes, is not a cut-out.
        if photo.alpha is not None and float((photo.alpha > 0.5).mean()) <= NEARLY_ALL:
            return search_cut_out(photo, person, self._person_by_networks)
        return search(replace(photo, alpha=None), person, self._person_by_networks)

    @torch.inference_mode()
    def reconstruct_person(
        self,
        photo: Photo,
        person: Person,
        resolution: int = 512,
        height: float = 1.70,
        faces: int | None = None,
        progress: Progress | None = None,
        seconds: dict[str, float] | None = None,
    ) -> Reconstruction:
        """Reconstruct a person that `find` found; `seconds` that were spent before join the timings."""
        if not 16 <= resolution <= 2046:
            raise UsageError(f"resolution {resolution}: give 16 to 2046 lattice points")
        if not 0.3 <= height <= 3.0:
            raise UsageError(f"height {height:g}: give metres between 0.3 and 3.0")
        if faces is not None and faces < 100:
            raise UsageError(f"faces {faces}: give at least 100")
        watch = Stopwatch(self.device, progress)
        watch.seconds.update(seconds or {})
        camera = self._frame(photo, person)
        image, mask, encoded = self.look(photo, person, camera, watch)
        front = back = None
        if encoded.normals is not None:
            front, back = as_map(encoded.normals.front), as_map(encoded.normals.back)
            if mask is None and encoded.normals.mask is not None:
                small = encoded.normals.mask.float()
                mask = resize_image(small, camera.size, antialias=False)[0, 0].cpu().numpy()  # (S, S)
        with watch.stage("surface"):
            surface = person_surface(self.model, encoded, resolution, faces)
            joints = None if encoded.joints is None else encoded.joints[0].float().cpu().numpy()  # (33, 4)
            del encoded
        with watch.stage("colour"):
            painted = colour_surface(
                surface.vertices, surface.faces, surface.normals, image, mask, _head(person, camera), joints
            )
        corners = camera.to_photo(surface.vertices)
        made = (*corners.min(0).tolist(), *corners.max(0).tolist())
        cut_notes = missing_notes(person.cut, person.box, made, photo.size)
        metres, scale_notes = _metric_frame(surface.vertices, surface.faces, height, person, camera)
        if mask is None:
            mask = mesh_outline(surface.vertices, surface.faces, image.shape[0])
        return Reconstruction(
            vertices=surface.vertices,
            faces=surface.faces,
            normals=surface.normals,
            coloured=painted,
            image=image,
            mask=mask,
            front_normals=front,
            back_normals=back,
            camera=camera,
            frame=metres,
            person=person,
            photo_name=photo.name,
            notes=(*photo.notes, *person.notes, *cut_notes, *scale_notes),
            timings=watch.seconds,
            asked=surface.asked,
            islands_dropped=surface.islands_dropped,
            weights=self.card,
        )

    @torch.inference_mode()
    def look(self, photo: Photo, person: Person, camera: Camera, watch: Stopwatch | None = None) -> Look:
        """What the networks make of a person, through a camera that frames them."""
        watch = watch or Stopwatch(self.device)
        with watch.stage("finding the person"):
            joints = self._joints(person, camera)
            limbs = None if joints is None or self.model.normals is None else self.model.normals.limb_maps(joints)
            image, mask = self._crop(photo, person, camera, limbs)
            shown = self._shown(photo, image, mask if self._cleans(person) else None, camera)
        with watch.stage("normals"), self._half_precision():
            maps = fine_maps = None
            if self.model.normals is not None:
                known = None
                if mask is not None and self.model.preset.framing != "pifuhd" and self._cleans(person):
                    known = torch.from_numpy(np.array(mask)).to(self.device)[None, None]  # (1, 1, S, S)
                maps, fine_maps = self.model.predict_maps(shown[0], shown[-1], known, limbs)
        with watch.stage("features"), self._half_precision():
            encoded = self.model.encode(shown[0], shown[-1], maps, fine_maps)
        return Look(image, mask, encoded._replace(joints=joints))

    def _frame(self, photo: Photo, person: Person) -> Camera:
        preset = self.model.preset
        box = person.box
        if preset.framing == "pifuhd":
            box = person.landmark_box() or box
        size = preset.image_size if preset.framing == "pifuhd" else max(preset.image_size, COLOUR_SIZE)
        return frame(box, photo.size, size, preset.framing)

    def _crop(
        self, photo: Photo, person: Person, camera: Camera, limbs: Tensor | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The framed photograph (S, S, 3) uint8, and the person's mask on it (S, S), with edges as fine as its own."""
        image = crop_colour(photo.colour, camera, self.model.preset.framing)
        if person.mask is None:
            return image, None
        mask = person.mask.window(camera.left, camera.top, camera.side, camera.size)
        if not person.mask.exact:
            if isinstance(person.mask, PoseMask) and not person.mask.others and person.mask.shown is None:
                mask = self._with_lost_parts(mask, image, photo, camera, limbs)
            mask = without_specks(refine(mask, image, radius=max(2, camera.size * 8 // 1024)), share=0.02)
        return image, mask

    def _with_lost_parts(
        self, found: np.ndarray, image: np.ndarray, photo: Photo, camera: Camera, limbs: Tensor | None
    ) -> np.ndarray:
        """The mask (S, S) that BlazePose found, with what the networks find beyond it in `image` (S, S, 3)."""
        if self.model.normals is None or self.model.preset.framing == "pifuhd":
            return found
        pixels = torch.from_numpy(image).to(self.device).permute(2, 0, 1)[None].float() / 127.5 - 1  # (1, 3, S, S)
        with self._half_precision():
            predicted = self.model.normals.find_mask(pixels, limbs)
        if predicted is None:
            return found
        soft = resize_image(predicted, len(found))[0, 0].float().cpu().numpy()
        shown = within_photo(photo.size, camera.left, camera.top, camera.side, camera.size)
        return with_lost_parts(found, soft, shown)

    def _cleans(self, person: Person) -> bool:
        """Whether the background is painted grey for the networks, where the mask is known.

        The authors' program does so under an alpha channel only, and leaves a photograph as it is.
        """
        if self.model.preset.framing == "pifuhd":
            return self.background == "clean" and person.mask is not None and person.mask.exact
        return self.background == "clean"

    def _shown(self, photo: Photo, image: np.ndarray, mask: np.ndarray | None, camera: Camera) -> list[Tensor]:
        """What the networks are shown, (1, 3, s, s) in [-1, 1]: the fine image; and the coarse one where it differs."""
        preset = self.model.preset
        grey = 127.5 if preset.framing == "pifuhd" else GREY
        images = [image]
        if preset.framing == "pifuhd":
            # That checkpoint's program resizes both of its images from the photograph.
            images.append(crop_colour(photo.colour, camera, preset.framing, preset.coarse.image_size))
        shown = []
        for one in images:
            pixels = torch.from_numpy(one).to(self.device).permute(2, 0, 1)[None].float()  # (1, 3, s, s)
            if mask is not None:
                cover = torch.from_numpy(np.array(mask)).to(self.device)[None, None]
                cover = resize_image(cover, one.shape[0])
                pixels = pixels * cover + grey * (1 - cover)
            shown.append(pixels / 127.5 - 1)
        # Colour is taken from a finer picture than some networks look at.
        shown[0] = resize_image(shown[0], preset.image_size, preset.antialias)
        return shown

    def _joints(self, person: Person, camera: Camera) -> Tensor | None:
        """(1, 33, 4): the landmarks in view space, lifted where the networks can; None without any."""
        if person.landmarks is None or self.model.normals is None:
            return None
        landmarks = torch.from_numpy(camera.landmarks_to_view(person.landmarks))[None]
        return self.model.normals.joints(landmarks.to(self.device))

    def _for_normals(self, image: Tensor) -> Tensor:
        preset = self.model.preset
        assert preset.normals is not None
        return resize_image(image, preset.normals.size, preset.antialias)

    def _half_precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    @torch.inference_mode()
    def _person_by_networks(self, photo: Photo) -> Person:
        """Without a detector: the mask that the normal networks predict, looked at twice, or the whole picture."""
        why = "people are found only with the packages mediapipe and ai-edge-litert (pip install 'lifecast[person]')"
        whole = Person((0.0, 0.0, float(photo.size[0]), float(photo.size[1])))
        person = whole
        preset = self.model.preset
        if self.model.normals is not None and preset.normals is not None and preset.normals.mask:
            for _ in range(2):
                camera = self._frame(photo, person)
                normals = self.model.predict_normals(self._for_normals(self._shown_raw(photo, camera)))
                assert normals.mask is not None
                mask = normals.mask[0, 0].float().cpu().numpy()
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

    def _shown_raw(self, photo: Photo, camera: Camera) -> Tensor:
        return self._shown(photo, crop_colour(photo.colour, camera, self.model.preset.framing), None, camera)[-1]


def person_surface(model: TwoLevel, encoded: Encoded, resolution: int, faces: int | None = None) -> Surface:
    """The surface of the finest level that was encoded, with limbs that the picture hides and the relief of the normal
    maps where the preset says so.

    Coarse surfaces of a model that has a fine level get no relief: they are fed other maps. `faces` as in
    `extract_surface`, which also says what is raised.
    """
    maps, preset = encoded.normals, model.preset.normals
    networks = ColumnField(model, encoded)
    field: Field = networks
    if preset is not None and preset.hidden_limbs and maps is not None and encoded.joints is not None:
        bones = hidden_limbs(encoded.joints[0], maps)
        if bones is not None:
            field = WithLimbs(networks, bones, networks.bound)
    finest = encoded.fine_features is not None or model.fine is None
    if preset is None or not preset.relief or maps is None or not finest:
        return extract_surface(field, resolution, faces=faces)
    mask = None if maps.mask is None else maps.mask[0, 0]
    return simplified(with_relief(extract_surface(field, resolution), maps.front[0], maps.back[0], mask), faces)


def as_map(values: Tensor) -> np.ndarray:
    """(1, 3, s, s) -> (s, s, 3) float32."""
    return values[0].permute(1, 2, 0).float().cpu().numpy()


def _head(person: Person, camera: Camera) -> Head | None:
    """Where the head is in view space, by the landmarks; None leaves it to the surface."""
    standing = standing_height(person.landmarks)
    if person.landmarks is None or standing is None:
        return None
    points = person.landmarks[[NOSE, *EARS]]
    if not (points[:, 3] > 0.5).any():
        return None
    unit = 2 / camera.side
    x, middle = camera.to_view(points[:, :2].mean(0))
    height = HEAD_SHARE * standing * unit
    # Nose and ears lie a little under the middle between chin and crown.
    chin = float(middle) - 0.45 * height
    return Head(float(x), chin, chin + height, 0.07 * standing * unit)


def _metric_frame(
    vertices: np.ndarray, faces: np.ndarray, height: float, person: Person, camera: Camera
) -> tuple[MetricFrame, tuple[str, ...]]:
    """View space to metres: by the mesh's own height where the person stands, else by the landmarks' limbs."""
    standing = standing_height(person.landmarks)
    if standing is not None:
        units = standing * 2 / camera.side
        extent = float(vertices[:, 1].max() - vertices[:, 1].min())
        if not STANDS_STRAIGHT <= extent / units <= 1.25:
            note = "not standing upright, or cut off: the scale follows from the length of trunk and legs"
            return metric_frame(vertices, faces, height, units), (note,)
    return metric_frame(vertices, faces, height), ()
