"""Constants of the step `body`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BodyFit:
    """How far evidence and body may differ, and when a fit is refused.

    Lengths are in view units: 0.0078 is 1 cm.
    """

    landmark: float = 0.016
    """Standard deviation of a visible joint's place across the picture."""
    landmark_depth: float = 0.05
    """Of its depth."""
    far_depth: float = 1.6
    """Times this: wrists', knuckles' and toes' depths."""
    raw_landmark: float = 0.03
    """Of the landmarks that are not lifted to joints, across."""
    hidden: float = 2.5
    """Times this: landmarks that nobody sees."""
    hand: float = 0.006
    """Of the points of a hand, across."""
    hand_depth: float = 0.02
    """Of their depths against the wrist's."""
    face: float = 0.007
    """Of the points of a face, across."""
    outside: float = 0.012
    """How far the body may stand out of the mask."""
    edge: float = 0.03
    """How far the mask's edge may be from the body's."""
    before: float = 0.012
    """How far the body may stand out of the depth maps' surface."""
    behind: float = 0.02
    """How far it may lie under it: clothes, hair."""
    cloth: float = 0.008
    """How far the body lies under the surface as a rule."""
    sole: float = 0.015
    """How far a standing foot's sole is from flat."""
    shape: float = 1.0
    """Standard deviation of a shape component."""
    scale: float = 0.78
    """View units a metre, as a rule."""
    scale_spread: float = 0.25
    """Of the scale's logarithm."""
    expression: float = 0.25
    """Of a facial action."""
    limit: float = 0.3
    """Of how far a joint goes beyond its limit, in standard deviations of its turn."""
    first_steps: int = 14
    steps: int = 14
    """At most so many tries of a step, of the landmarks alone and then of everything."""
    far_joints: float = 0.10
    """Metres of the body across the picture: a fit whose visible main joints are farther from the landmarks on the
    mean is refused."""
    far_outside: float = 0.3
    """Share of the body that lies outside of the mask by more than a hand's breadth from which it is refused."""
    strange: float = 3.0
    """Standard deviations, the root of the mean square of the shape's components, from which it is refused."""
    far_limb: float = 0.3
    """Of a limb's length: how far its end may be from a visible landmark across the picture. A limb for which this or
    one of the next does not hold is not trusted (`FittedBody.doubtful`)."""
    far_arm: float = 0.6
    """The same of an arm whose hand's own points were found: they say better than the pose's where it is."""
    beside: float = 0.02
    """Metres of the body from the mask at which a point lies outside of it, and ..."""
    limb_outside: float = 0.5
    """... the share of a limb's skin that may."""
    far_surface: float = 0.15
    """Metres of the body: how far a visible limb may be before the first or behind the last surface."""


BODY_FIT = BodyFit()
