"""BlazePose: people in a picture, 33 body landmarks of each, and a soft mask, on the CPU.

The two networks (Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020; Apache-2.0) lie as
`.tflite` files inside mediapipe's wheel. They are run here with the small LiteRT interpreter alone: mediapipe's own
program is never imported, so none of its dependencies (an old NumPy among them) is needed.

1. the detector's input is a 224x224 letterboxed picture, or a square tile of a larger one. It predicts boxes and, for
   each, two alignment points: the middle of the hips and a point on the circle around the whole body;
2. the landmark network's input is the upright square around that circle. It predicts 33 landmarks, whether somebody is
   there, and a mask. Its own landmarks give a better circle, so it is run until the circle has settled, and once more
   from closer by (`settled`).
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from scipy.special import expit

from lifecast.errors import MissingExtra
from lifecast.space.skeleton import LANDMARKS, MAIN_JOINTS, MIRRORED_PAIRS

NOSE, EARS, SHOULDERS, HIPS, KNEES, ANKLES = 0, (7, 8), (11, 12), (23, 24), (25, 26), (27, 28)
EYES, MOUTH = (2, 5), (9, 10)
HEELS_AND_TOES = (29, 30, 31, 32)

_DETECTOR, _LANDMARKS = "pose_detection/pose_detection.tflite", "pose_landmark/pose_landmark_full.tflite"
_DETECTOR_SIZE, _LANDMARK_SIZE = 224, 256
_AGREED = 0.1
"""Of the circle's radius: how far apart a joint may be in two predictions of the same pose."""
_TORN = 0.75
"""Share of the presence that is left of a pose on which two predictions do not agree."""
_CLOSER = 0.93
"""Of the settled circle's radius: that of the last prediction."""
_CIRCLE_TO_SQUARE = 1.25  # mediapipe's pose_detection_to_roi: the square is 1.25 times the circle's diameter


@dataclass(frozen=True)
class Circle:
    """The circle around a whole body, in pixels of the picture.

    The landmark network's input is aligned by it.
    """

    x: float
    y: float
    radius: float
    angle: float
    """Radians by which the body leans clockwise from upright."""
    score: float


@dataclass(frozen=True)
class Pose:
    """The landmark network's prediction for one circle."""

    landmarks: np.ndarray
    """(33, 4) float32: x, y in pixels of the picture (may lie outside it), z toward the camera in about such pixels,
    0 at the hips; visibility in [0, 1]."""
    presence: float
    """Probability that somebody is there."""
    mask: np.ndarray
    """(256, 256) float32 in [0, 1], of the square of `circle`."""
    circle: Circle
    """The circle that was its input."""
    next_circle: Circle
    """The better circle that follows from its landmarks."""


def models_folder() -> Path | None:
    """Find the folder of the networks inside an installed mediapipe, or None.

    The package is located, not imported.
    """
    named = os.environ.get("LIFECAST_MEDIAPIPE")
    if named:
        return Path(named) / "modules"
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "modules"
    return folder if (folder / _DETECTOR).is_file() and (folder / _LANDMARKS).is_file() else None


def available() -> bool:
    """Check that mediapipe's networks and the interpreter are both installed."""
    return models_folder() is not None and importlib.util.find_spec("ai_edge_litert") is not None


class Network:
    """One `.tflite` network; `__call__` takes one picture and returns its outputs by name.

    `purpose`: what `MissingExtra` says it is for.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingExtra("ai-edge-litert", "person", purpose) from error
        self._interpreter: Any = Interpreter(model_path=str(path), num_threads=2)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {d["name"]: d["index"] for d in self._interpreter.get_output_details()}

    def __call__(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(picture[None], dtype=np.float32))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index)[0] for name, index in self._outputs.items()}


@cache
def network(file: str, purpose: str = "finding people in photographs") -> Network:
    """Load the network `file` of the folder of mediapipe's networks, once.

    Raises
    ------
    MissingExtra
        It or the interpreter is not installed; the message begins with `purpose`.
    """
    folder = models_folder()
    if folder is None or not (folder / file).is_file():
        raise MissingExtra("mediapipe", "person", purpose)
    return Network(folder / file, purpose)


@cache
def anchors() -> np.ndarray:
    """Compute the centres of the detector's 2254 anchors in [0, 1], (2254, 2).

    Two a cell at stride 8 and 16, six at stride 32.
    """
    rows = []
    for stride, repeats in ((8, 2), (16, 2), (32, 6)):
        cells = _DETECTOR_SIZE // stride
        centre = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centre, centre, indexing="ij")
        rows.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(rows).astype(np.float32)


def detect(picture: Image.Image, square: tuple[float, float, float], threshold: float = 0.5) -> list[Circle]:
    """Detect bodies in `square` = (left, top, side), pixels of `picture`.

    Parts outside are black.
    """
    left, top, side = square
    window = cut_square(picture, left + side / 2, top + side / 2, side, 0.0, _DETECTOR_SIZE)
    out = network(_DETECTOR)(window * 2 - 1)
    score = expit(out["Identity_1"][:, 0])
    keep = np.flatnonzero(score >= threshold)
    points = out["Identity"][keep, 4:8].reshape(-1, 2, 2) / _DETECTOR_SIZE + anchors()[keep, None]  # (K, 2, 2)
    points = points * side + (left, top)
    return [_circle(p[0], p[1], float(s)) for p, s in zip(points, score[keep], strict=True)]


def landmarks(picture: Image.Image, circle: Circle, both_ways: bool = False) -> Pose:
    """Predict the pose in one circle.

    With `both_ways` it is the mean of the outputs for the square and for the square mirrored, in twice the time, if
    both are of the same pose. Where one takes the left leg for the right, the mean is nobody's pose: the first is
    returned.
    """
    side = 2 * circle.radius * _CIRCLE_TO_SQUARE
    window = cut_square(picture, circle.x, circle.y, side, circle.angle, _LANDMARK_SIZE)
    output = _predict(window)
    if both_ways:
        other = _unmirrored(_predict(window[:, ::-1]))
        if _apart(output, other) < _AGREED:
            output = _Output(*((a + b) / 2 for a, b in zip(output, other, strict=True)))
    # The depth that comes with the picture's x and y is exaggerated; that of the landmarks in metres is not. These lie
    # in the same turned square, so one scale (least squares) brings them to pixels.
    metres, pixels = output.metres, output.pixels[:LANDMARKS]
    flat, spread = metres[:, :2] - metres[:, :2].mean(0), pixels - pixels.mean(0)
    scale = float((flat * spread).sum() / max(float((flat * flat).sum()), 1e-9)) * side / _LANDMARK_SIZE
    xy = _to_picture(output.pixels, circle, side)
    found = np.concatenate([xy[:LANDMARKS], -metres[:, 2:3] * scale, output.visibility], 1).astype(np.float32)
    presence = float(output.presence[0])
    return Pose(found, presence, output.mask.astype(np.float32), circle, _circle(xy[33], xy[34], presence))


def settled(picture: Image.Image, circle: Circle, presence: float) -> Pose | None:
    """Predict the pose that the landmark network settles on from a rough circle.

    None if it finds nobody. The network is run on the circle, on the better circle that follows from its landmarks, on
    the next one, both ways, and from closer by, both ways; the mean of the last two is returned. A prediction with less
    than `presence` ends it, and the one before is returned. If the last two are of other poses, their mean is nearer on
    average but nobody's pose: it loses presence, so that another circle that leads to one pose may win.
    """
    best = landmarks(picture, circle)
    if best.presence < presence:
        return None
    for both_ways in (False, True):
        again = landmarks(picture, best.next_circle, both_ways)
        if again.presence < presence:
            return best
        best = again
    around = best.next_circle
    closer = landmarks(picture, replace(around, radius=around.radius * _CLOSER), both_ways=True)
    if closer.presence < presence:
        return best
    joints = list(MAIN_JOINTS)
    apart = np.hypot(*(best.landmarks[joints, :2] - closer.landmarks[joints, :2]).T).max() / best.circle.radius
    pose = _mean(best, closer)
    return pose if apart < _AGREED else replace(pose, presence=_TORN * pose.presence)


def _mean(one: Pose, other: Pose) -> Pose:
    """Average two poses of nearly the same circle, on the first one's; beyond the other's square, the first."""
    there = _in_square(np.ones_like(other.mask), other.circle, one.circle)
    mask = one.mask + there / 2 * (_in_square(other.mask, other.circle, one.circle) - one.mask)
    return Pose(
        (one.landmarks + other.landmarks) / 2, (one.presence + other.presence) / 2, mask, one.circle, other.next_circle
    )


def _in_square(mask: np.ndarray, of: Circle, square: Circle, size: int = _LANDMARK_SIZE) -> np.ndarray:
    """A mask (256, 256) of one circle's square in the pixels of another's, 0 beyond: (size, size) float32."""
    inner, outer = (2 * circle.radius * _CIRCLE_TO_SQUARE for circle in (square, of))
    scale, turn = _LANDMARK_SIZE / outer, square.angle - of.angle
    # Output pixel -> picture -> rotated square -> mask pixel, as one affine map for Pillow (pixel centres at +0.5).
    step = inner / size * scale
    c, s = np.cos(turn) * step, np.sin(turn) * step
    dx, dy = (square.x - of.x) * scale, (square.y - of.y) * scale
    cos, sin = np.cos(of.angle), np.sin(of.angle)
    half, middle = _LANDMARK_SIZE / 2, size / 2
    affine = (
        c, -s, cos * dx + sin * dy + half - middle * (c - s),
        s, c, -sin * dx + cos * dy + half - middle * (s + c),
    )  # fmt: skip
    source = Image.fromarray(mask, mode="F")
    out = source.transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(out, dtype=np.float32)


class _Output(NamedTuple):
    """The landmark network's output for a square."""

    pixels: np.ndarray
    """(35, 2): landmarks, the middle of the hips, a point on the circle; pixels of the square."""
    metres: np.ndarray
    """(33, 3), x right, y down, z away from the camera, 0 at the hips."""
    visibility: np.ndarray
    """(33, 1) in [0, 1]."""
    presence: np.ndarray
    """(1,) in [0, 1]."""
    mask: np.ndarray
    """(256, 256) in [0, 1]."""


def _predict(window: np.ndarray) -> _Output:
    """Run the landmark network on a square (256, 256, 3) in [0, 1]."""
    out = network(_LANDMARKS)(window)
    raw = out["Identity"].reshape(39, 5)
    metres = out["Identity_4"].reshape(39, 3)[:LANDMARKS]
    mask = expit(out["Identity_2"][..., 0])
    return _Output(raw[: LANDMARKS + 2, :2], metres, expit(raw[:LANDMARKS, 3:4]), out["Identity_1"], mask)


def _apart(one: _Output, other: _Output) -> float:
    """The largest distance of a shoulder, elbow, wrist, hip, knee or ankle of two outputs, in the circle's radii."""
    radius = _LANDMARK_SIZE / 2 / _CIRCLE_TO_SQUARE
    joints = list(MAIN_JOINTS)
    return float(np.hypot(*(one.pixels[joints] - other.pixels[joints]).T).max()) / radius


def _unmirrored(output: _Output) -> _Output:
    """Convert the output for a mirrored square to one for the square itself."""
    pairs = list(MIRRORED_PAIRS)
    pixels = output.pixels[[*pairs, LANDMARKS, LANDMARKS + 1]] * [-1, 1] + [_LANDMARK_SIZE, 0]
    return _Output(
        pixels, output.metres[pairs] * [-1, 1, 1], output.visibility[pairs], output.presence, output.mask[:, ::-1]
    )


def mask_in(pose: Pose, left: float, top: float, side: float, size: int) -> np.ndarray:
    """Resample the pose's mask to an upright square of the picture: (size, size) in [0, 1].

    The square is (left, top, side).
    """
    upright = Circle(left + side / 2, top + side / 2, side / 2 / _CIRCLE_TO_SQUARE, 0.0, 1.0)
    return _in_square(pose.mask, pose.circle, upright, size)


def _circle(centre: np.ndarray, rim: np.ndarray, score: float) -> Circle:
    dx, dy = float(rim[0] - centre[0]), float(rim[1] - centre[1])
    angle = np.pi / 2 - np.arctan2(-dy, dx)
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    return Circle(float(centre[0]), float(centre[1]), max(float(np.hypot(dx, dy)), 1.0), float(angle), score)


def _to_picture(xy: np.ndarray, circle: Circle, side: float) -> np.ndarray:
    """Pixels of the landmark network's input, (N, 2), to pixels of the picture."""
    local = (xy / _LANDMARK_SIZE - 0.5) * side
    c, s = np.cos(circle.angle), np.sin(circle.angle)
    result: np.ndarray = local @ np.array([[c, s], [-s, c]]) + (circle.x, circle.y)
    return result


def cut_square(picture: Image.Image, x: float, y: float, side: float, angle: float, size: int) -> np.ndarray:
    """Cut the square of `side` around (x, y), turned by `angle`: (size, size, 3) float32.

    Values are in [0, 1], 0 outside the picture.
    """
    # Pillow's transform does not average, so a large square is first reduced by whole pixels.
    factor = max(1, int(side / size))
    if factor > 1:
        reach = side * 0.75
        box = (
            max(0, int(x - reach)), max(0, int(y - reach)),
            min(picture.width, int(x + reach) + 1), min(picture.height, int(y + reach) + 1),
        )  # fmt: skip
        if box[2] - box[0] < factor or box[3] - box[1] < factor:
            return np.zeros((size, size, 3), np.float32)
        picture = picture.reduce(factor, box)
        x, y, side = (x - box[0]) / factor, (y - box[1]) / factor, side / factor
    c, s, step = np.cos(angle), np.sin(angle), side / size
    affine = (
        c * step, -s * step, x + (-c + s) * side / 2,
        s * step, c * step, y + (-s - c) * side / 2,
    )  # fmt: skip
    out = picture.transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return np.asarray(out, dtype=np.float32) / 255
