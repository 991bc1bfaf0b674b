"""A photograph of a person: background, other people, things, light and camera, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lifecast.errors import UsageError
from lifecast.scans.photographic.bystanders import Bystanders, Choose
from lifecast.scans.photographic.camera import CameraModel
from lifecast.scans.photographic.cast_shadow import CastShadow
from lifecast.scans.photographic.depth_of_field import DepthOfField
from lifecast.scans.photographic.framing import CutOff, filled_beyond, is_whole, repeat_edges
from lifecast.scans.photographic.held_things import Hands, HeldThings
from lifecast.scans.photographic.landmarks import HiddenLandmarks
from lifecast.scans.photographic.layers import Box, Layer, Picture, not_hidden, without
from lifecast.scans.photographic.motion_blur import MotionBlur
from lifecast.scans.photographic.occluders import Occluders
from lifecast.scans.photographic.seeds import SampleSeed, Stream
from lifecast.scans.placement import Placement

MOST_HIDDEN = 0.5
"""Share of the person that all that stands before may hide together; what would hide more is left out."""


@dataclass(frozen=True)
class Surroundings:
    """What is known about a person who is to be photographed."""

    placement: Placement
    hands: Hands
    """(k, 2) view units, of hands that can be seen."""
    sun: np.ndarray | None
    """(3,) toward the lamp that lights them, in the placed view."""
    choose: Choose
    """Draws somebody else."""
    texture: Callable[[np.random.Generator], Picture]
    """Draws a surface."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture with what can be seen of the person."""

    image: Picture
    """(S, S, 3) RGB."""
    mask: Picture
    """(S, S) the person's pixels: without what stands before, and 0 beyond the photograph."""
    found: Picture
    """(S, S) what a person finder takes for the person: held things are mistaken for them now and then."""
    hidden: Picture | None
    """(S, S) coverage of what stands before, 255 beyond the photograph; None where nothing does."""


@dataclass(frozen=True)
class PhotographicSteps:
    """The steps, each with an off switch: a probability of 0, or `OFF` for all."""

    cut_off: CutOff = field(default_factory=CutOff)
    bystanders: Bystanders = field(default_factory=Bystanders)
    held_things: HeldThings = field(default_factory=HeldThings)
    occluders: Occluders = field(default_factory=Occluders)
    cast_shadow: CastShadow = field(default_factory=CastShadow)
    depth_of_field: DepthOfField = field(default_factory=DepthOfField)
    motion_blur: MotionBlur = field(default_factory=MotionBlur)
    camera: CameraModel = field(default_factory=CameraModel)
    hidden_landmarks: HiddenLandmarks = field(default_factory=HiddenLandmarks)

    def __post_init__(self) -> None:
        for step, names in PROBABILITIES.items():
            for name in names:
                value = getattr(getattr(self, step), name)
                if not 0 <= value <= 1:
                    raise UsageError(f"photographic step {step}: {name} {value} is no probability")

    def take(
        self,
        background: Picture,
        person: Layer,
        mask: Picture,
        surroundings: Surroundings,
        rim: Box,
        seed: SampleSeed,
        tone: Callable[[Picture], Picture],
    ) -> Photograph:
        """Photograph a person.

        Parameters
        ----------
        background
            (S, S, 3), which is drawn upon.
        person
            Colours and coverage.
        mask
            (S, S) the same coverage in the whole picture.
        rim
            Where the photograph lies in the square; beyond, its edge pixels are repeated.
        tone
            What the whole picture goes through before the camera.
        """
        size = mask.shape[0]
        others = self.bystanders.draw(
            person.box, mask, surroundings.placement, surroundings.choose, seed.stream(Stream.BYSTANDERS)
        )
        things = self.held_things.draw(
            surroundings.hands,
            surroundings.placement.scale,
            mask,
            surroundings.texture,
            seed.stream(Stream.HELD_THINGS),
        )
        occluder = self.occluders.draw(
            surroundings.placement.scale, mask, surroundings.texture, seed.stream(Stream.OCCLUDERS)
        )
        self.cast_shadow.draw(background, person, surroundings.sun, seed.stream(Stream.CAST_SHADOW))
        for layer in [one.layer for one in others if not one.before]:
            layer.over(background)
        image = self.depth_of_field.blur(background, seed.stream(Stream.DEPTH_OF_FIELD))
        for layer in [thing.layer for thing in things if not thing.before]:
            layer.over(image)
        blurs = seed.stream(Stream.MOTION_BLUR)
        self.motion_blur.of_person(person, size, blurs).over(image)

        before = [thing.layer for thing in things if thing.before] + ([] if occluder is None else [occluder])
        before += [one.layer for one in others if one.before]
        hidden = self._put_before(image, mask, before, seed.stream(Stream.CONTACT_SHADOW))
        image = self.camera.develop(self.motion_blur.of_picture(tone(image), blurs), seed.stream(Stream.CAMERA))
        seen = mask if hidden is None else without(mask, hidden)
        found = self.held_things.found(seen, hidden, things, seed.stream(Stream.FOUND_MASK))
        if is_whole(rim, size):
            return Photograph(image, seen, found, hidden)
        hidden = np.zeros_like(mask) if hidden is None else hidden
        return Photograph(
            repeat_edges(image, rim), filled_beyond(seen, rim, 0), filled_beyond(found, rim, 0),
            filled_beyond(hidden, rim, 255),
        )  # fmt: skip

    @staticmethod
    def _put_before(image: Picture, mask: Picture, before: list[Layer], rng: np.random.Generator) -> Picture | None:
        """Paint layers over `image`, in place, as long as enough of the person is left.

        Returns their coverage (S, S), or None without any.
        """
        size = mask.shape[0]
        hidden: Picture | None = None
        for layer in before:
            both = np.zeros_like(mask) if hidden is None else hidden.copy()
            layer.cover_more(both)
            if not_hidden(mask, both) < 1 - MOST_HIDDEN:
                continue
            reach, across = size * float(rng.uniform(0.002, 0.012)), float(rng.uniform(-1, 1))
            layer.shadow(image, (across * reach, reach), float(rng.uniform(0.1, 0.5)))
            layer.over(image)
            hidden = both
        return hidden


PROBABILITIES: dict[str, tuple[str, ...]] = {
    "cut_off": ("probability", "border"),
    "bystanders": ("probability", "second", "before", "beside", "unsharp"),
    "held_things": ("probability",),
    "occluders": ("probability",),
    "cast_shadow": ("hard", "unlit", "contact"),
    "depth_of_field": ("probability",),
    "motion_blur": ("shake", "moving"),
    "camera": (
        "defocus", "vignette", "white_balance", "tone_curve", "grey", "noise", "denoise", "sharpen", "reduce", "jpeg",
    ),
}  # fmt: skip
"""The probabilities of the steps."""

OFF = PhotographicSteps(
    CutOff(probability=0, border=0), Bystanders(probability=0), HeldThings(probability=0), Occluders(probability=0),
    CastShadow(hard=0, unlit=0, contact=0), DepthOfField(probability=0), MotionBlur(shake=0, moving=0),
    CameraModel(
        defocus=0, vignette=0, white_balance=0, tone_curve=0, grey=0, noise=0, denoise=0, sharpen=0, reduce=0, jpeg=0
    ), HiddenLandmarks(visibility=(1, 1), error=0),
)  # fmt: skip
"""Pictures as they were rendered."""
