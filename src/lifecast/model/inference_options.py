"""Inference options: what has no weights and is chosen at run time, step by step.

    options = INFERENCE["compact"].without("relief", "mirror")
    options.to_dict()                                # as weights files and results record it

Each field is a step between the heads' output and the surface, with its off value; `docs/steps.md` says what each one
gains. Weights files record the options that their weights are meant to be used with.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecast.errors import UsageError

if TYPE_CHECKING:
    from lifecast.model.config import Architecture


@dataclass(frozen=True)
class InferenceOptions:
    """Which steps without weights run, and how strongly; in the order in which they run."""

    refine_mask: bool = True
    """A found mask gets the photograph's own edges and loses its specks (`photo.mask`)."""
    lost_parts: bool = True
    """Parts of the person that a found mask lacks come from the predicted one (`photo.lost_parts`)."""
    clean_background: bool = True
    """The background is painted grey where a mask is known."""
    pose: bool = True
    """The map heads are conditioned on the person's landmarks, where these are found."""
    lift: bool = True
    """These landmarks are moved to the joints first (`model.heads.pose_lifter`)."""
    mirror: bool = False
    """Maps of the mirrored picture are predicted too, and averaged."""
    sharpen: float = 0.0
    """The folds of the fine net's normal maps are deepened by this much (`space.maps.sharpened`); 0: off."""
    close_ups: bool = False
    """Head and hands are predicted once more, larger, where the weights have a head for it (`person_close_ups`)."""
    parsing: bool = False
    """The parts of the person, front and back, are predicted for the colours, where the weights have a head for it
    (`model.heads.parsing`)."""
    integrate: int | None = None
    """Side at which the depth maps are made to follow the normal maps (`space.integration`); None: off."""
    back_folds: float = 0.0
    """The back gets the front's folds, so many times as deep (`surface.detail.back_folds`); 0: off."""
    body: bool = False
    """The parametric body is fitted to the person (`body.fit`)."""
    smooth: bool = True
    """The networks' features are read by cubic splines: no texels show on the surface (`space.spline`)."""
    silhouette: bool = False
    """Occupancy falls to 0 beyond the person's mask and a margin (`model.silhouette`)."""
    body_limbs: bool = True
    """Limbs that the picture hides are the fitted body's (`surface.detail.body_limbs`)."""
    fitted_hands: bool = True
    """Hands that were fitted get their fingers (`surface.detail.fitted_hands`)."""
    finer_parts: bool = True
    """Triangles at head and hands are smaller (`surface.detail.finer_parts`)."""
    relief: bool = False
    """The finest surface gets the folds of the normal maps (`surface.detail.relief`)."""
    fitted_face: bool = True
    """A face that was fitted gets its relief (`surface.detail.fitted_face`)."""

    def __post_init__(self) -> None:
        if not 0 <= self.sharpen <= 2:
            raise UsageError(f"normal maps cannot be sharpened by {self.sharpen}: it must be from 0 to 2")
        if not 0 <= self.back_folds <= 3:
            raise UsageError(f"folds on the back cannot be {self.back_folds} times as deep: it must be from 0 to 3")
        if self.integrate is not None and self.integrate < 8:
            raise UsageError(f"depths cannot be integrated at {self.integrate} pixels: give at least 8")

    def without(self, *steps: str) -> InferenceOptions:
        """Switch steps off by their names (`STEPS`), and those that stand on them (`DEPENDENT`).

        Raises
        ------
        UsageError
            For a name that is none of the steps.
        """
        changed: dict[str, Any] = {}
        for step in steps:
            name = step.strip().replace("-", "_")
            if name not in STEPS:
                raise UsageError(f"no step {step.strip()!r}; choose from: {', '.join(STEPS)}")
            changed[name] = STEPS[name]
            for standing in DEPENDENT.get(name, ()):
                changed[standing] = STEPS[standing]
        return dataclasses.replace(self, **changed)

    def running(self) -> list[str]:
        """Name the steps that are on, and so are those that they stand on."""
        on = [name for name, off in STEPS.items() if getattr(self, name) != off]
        missing = {name for base, standing in DEPENDENT.items() if base not in on for name in standing}
        return [name for name in on if name not in missing]

    @property
    def uses_body(self) -> bool:
        """Whether a step that runs stands on the fitted body."""
        return not set(_OF_BODY).isdisjoint(self.running())

    def fitting(self, architecture: Architecture) -> InferenceOptions:
        """Switch off what an architecture has no inputs for.

        Maps, a mask, a pose, a pose lifter, depths.
        """
        maps = architecture.maps
        missing = []
        if maps is None:
            missing += ["mirror", "sharpen", "back_folds", "relief"]
        if maps is None or not maps.mask:
            missing.append("lost_parts")
        if maps is None or not maps.pose_channels:
            missing.append("pose")
        if maps is None or maps.close_up is None:
            missing.append("close_ups")
        if maps is None or maps.parsing is None:
            missing.append("parsing")
        if maps is None or maps.depth is None:
            missing += ["integrate", "body_limbs"]
        if maps is None or maps.pose_lifter is None:
            missing += ["lift", "body"]
        if not architecture.mask_input:
            missing.append("silhouette")
        return self.without(*missing)

    def to_dict(self) -> dict[str, Any]:
        """Describe the options in plain JSON values."""
        return dataclasses.asdict(self)


STEPS: dict[str, Any] = {
    field.name: False if field.default is True else field.default for field in dataclasses.fields(InferenceOptions)
}
"""Names of the steps, in the order in which they run, with the value that switches each off."""

KINDS: dict[str, tuple[type, ...]] = {
    "sharpen": (float, int),
    "back_folds": (float, int),
    "integrate": (int, type(None)),
} | {name: (bool,) for name, off in STEPS.items() if off is False}
"""Kinds of values that a file may hold for each step."""

_OF_BODY = ("body_limbs", "fitted_hands", "finer_parts", "fitted_face")

DEPENDENT: dict[str, tuple[str, ...]] = {
    "pose": ("lift", "close_ups", "body", "back_folds", *_OF_BODY),
    "lift": ("body", *_OF_BODY),
    "body": _OF_BODY,
}
"""Steps that cannot run without another one."""

DELETED = ("tilt", "hidden_limbs")
"""Steps that weights files may name and that no longer exist."""
REPLACED = {"hidden_limbs": "body"}
"""Of these, what runs now where a file has one on."""

PLAIN = InferenceOptions()
"""Between the photograph and the networks what every network needs; after them nothing, as in the paper, but
that features are read smoothly."""


def inference_from_dict(values: dict[str, Any]) -> InferenceOptions:
    """Read what `to_dict` wrote; steps of `DELETED` are ignored, or replaced as `REPLACED` says.

    UsageError for an unknown step or a value that cannot be.
    """
    instead = {now: True for before, now in REPLACED.items() if values.get(before) is True}
    values = {name: value for name, value in values.items() if name not in DELETED} | instead
    if unknown := set(values) - set(STEPS):
        raise UsageError(f"inference options have no step {', '.join(sorted(unknown))}; known: {', '.join(STEPS)}")
    for name, value in values.items():
        kinds = KINDS[name]
        if type(value) not in kinds:
            wanted = " or ".join("none" if kind is type(None) else kind.__name__ for kind in kinds)
            raise UsageError(f"step {name} cannot be {value!r}: give {wanted}")
    return InferenceOptions(**values)
