"""Folds for the back, which no photograph shows: like those in front, seen through the person.

Networks that are taught by what is true answer with the mean of what might be, which of a back is smooth. Cloth that
hangs in folds in front does so behind, too: of the same width and depth, and drawn by the same seams. So the fine
detail of the front's normals is put on the back where there is cloth. It is a guess: such folds are plausible, and not
where the true ones are.

What belongs to the front alone stays there: face, hair and hands; edges of what lies before something else; and what
runs down the middle of the trunk (plackets, zips, ties). What is deeper than the folds around it (pockets, drawstrings)
is held down to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lifecast.space.maps import Maps, as_map
from lifecast.space.skeleton import Joint, with_middles

Map = NDArray[np.float32]


@dataclass(frozen=True)
class BackFolds:
    """Constants of the step `back_folds`; lengths in view units."""

    reach: float = 0.016
    """2 cm: standard deviation of the blur that folds are told from form by."""
    softened: float = 0.0024
    """The same of a blur that sharp lines are softened by; 0: none."""
    around: float = 0.083
    """Standard deviation within which the usual depth of folds is found, ..."""
    deepest: float = 1.3
    """... and how many times as deep a single one may be, nearly."""
    facing: tuple[float, float] = (0.35, 0.6)
    """The front's normals' z from which folds are taken, and from which wholly; likewise given to the back."""
    step: float = 6.0
    """View units of depth a view unit of the picture from which there is an edge, and none are taken."""
    head: float = 0.95
    """Radius about the middle of the ears without folds, as a share of the way to the neck."""
    hand: float = 1.6
    """The same about the middle of a hand, of wrist to forefinger."""
    middle: float = 0.17
    """How far from the middle line of the trunk folds are less deep, as a share of its length; 0: nowhere."""
    on_middle: float = 0.2
    """Their share of the usual depth within half of that."""
    trunk: tuple[float, float] = (-0.3, 1.2)
    """Where that line begins and ends, from neck (0) to pelvis (1)."""


BACK_FOLDS = BackFolds()


def with_back_folds(maps: Maps, joints: Tensor, amount: float, constants: BackFolds = BACK_FOLDS) -> Maps:
    """Put the front's folds on the back of maps (B = 1), `amount` times as deep.

    joints (33, 4) in view space say where head, hands and trunk are. The back's lengths, and where it has no normal,
    stay.
    """
    mask = (maps.front[0].norm(dim=0) > 0.5).cpu().numpy()  # (S, S)
    if maps.mask is not None:
        mask &= maps.mask[0, 0].float().cpu().numpy() > 0.5
    if not mask.any():
        return maps
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    size = mask.shape[0]
    depth: Map | None = None
    if maps.depth is not None:
        depth = np.asarray(cv2.resize(maps.depth[0, 0].float().cpu().numpy(), (size, size))[box], np.float32)
    grid = np.stack(np.meshgrid((np.arange(size) + 0.5) / size * 2 - 1, 1 - (np.arange(size) + 0.5) / size * 2), 2)
    back = as_map(maps.back)
    back[box] = back_with_folds(
        as_map(maps.front)[box], back[box], mask[box], depth, grid[box].astype(np.float32),
        with_middles(joints.float().cpu().numpy()), amount, constants,
    )  # fmt: skip
    return maps._replace(back=torch.from_numpy(back).permute(2, 0, 1)[None].to(maps.back))


def back_with_folds(
    front: Map, back: Map, mask: NDArray[np.bool_], depth: Map | None, grid: Map, joints: NDArray[np.floating],
    amount: float, constants: BackFolds = BACK_FOLDS,
) -> Map:  # fmt: skip
    """Do what `with_back_folds` does in a part of the maps.

    front, back (h, w, 3) normals; mask (h, w); depth (h, w) of the front; grid (h, w, 2) view x and y of each pixel;
    joints (36, 4).
    """
    pixel = float(grid[0, 0, 1] - grid[1, 0, 1])  # view units
    inside = mask.astype(np.float32)
    front, length = _unit(front), np.linalg.norm(back, axis=2, keepdims=True)
    folds = (front - _blurred(front, inside, constants.reach / pixel))[..., :2]
    there = _cloth(front, mask, depth, grid, joints, constants, pixel)
    folds = _held_down(folds, there, constants, pixel)
    # What turns away from a camera behind, toward the outline, gets less.
    unit = _unit(back)
    share = amount * there * _ramp(-unit[..., 2], constants.facing) * _beside_the_middle(grid, joints, constants)
    # A ridge that rises toward the camera in front leans x and y as one behind does that rises away from it.
    unit[..., :2] += folds * share[..., None]
    given: Map = np.where(mask[..., None], _unit(unit) * length, back)
    return given


def _cloth(
    front: Map, mask: NDArray[np.bool_], depth: Map | None, grid: Map, joints: NDArray[np.floating],
    constants: BackFolds, pixel: float,
) -> Map:  # fmt: skip
    """(h, w) in [0, 1]: where the front has folds that the back may have, too."""
    edge = (front[..., 2] < constants.facing[0]) | ~mask
    if depth is not None:
        across, down = (cv2.Sobel(depth, cv2.CV_32F, *way) / (8 * pixel) for way in ((1, 0), (0, 1)))
        edge |= np.hypot(across, down) > constants.step
    there: Map = (cv2.dilate(edge.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    head = float(np.linalg.norm(joints[Joint.HEAD, :2] - joints[Joint.NECK, :2])) * constants.head
    there[_within(grid, joints[Joint.HEAD, :2], head)] = 0
    for wrist, finger in ((Joint.LEFT_WRIST, Joint.LEFT_INDEX), (Joint.RIGHT_WRIST, Joint.RIGHT_INDEX)):
        hand = float(np.linalg.norm(joints[finger, :2] - joints[wrist, :2])) * constants.hand
        there[_within(grid, (joints[finger, :2] + joints[wrist, :2]) / 2, hand)] = 0
    soft: Map = _gaussian(there, 2.5 * constants.softened / pixel) * there if constants.softened else there
    return soft * _ramp(front[..., 2], constants.facing)


def _held_down(folds: Map, there: Map, constants: BackFolds, pixel: float) -> Map:
    """Folds (h, w, 2) that are softened and nowhere much deeper than those around."""
    counted = (there > 0.3).astype(np.float32)
    usual = np.sqrt(_blurred((folds**2).sum(2, keepdims=True), counted, constants.around / pixel) + 1e-8)
    if constants.softened:
        folds = _blurred(folds, (there > 0).astype(np.float32), constants.softened / pixel)
    depth = np.linalg.norm(folds, axis=2, keepdims=True) / (constants.deepest * usual)
    held: Map = folds / np.sqrt(1 + depth**2)
    return held


def _beside_the_middle(grid: Map, joints: NDArray[np.floating], constants: BackFolds) -> Map:
    """(h, w) in [0, 1]: 1 beside the middle of the trunk, less on it."""
    neck, pelvis = joints[Joint.NECK, :2].astype(np.float32), joints[Joint.PELVIS, :2].astype(np.float32)
    trunk = float(np.linalg.norm(pelvis - neck))
    if trunk < 1e-3 or not constants.middle:
        return np.ones(grid.shape[:2], np.float32)
    down = (pelvis - neck) / trunk
    along = (grid - neck) @ down / trunk
    beside = np.abs((grid - neck) @ np.array([-down[1], down[0]], np.float32)) / trunk
    first, last = constants.trunk
    strip = _ramp(beside, (constants.middle, constants.middle / 2))
    strip *= np.clip(np.minimum(along - first, last - along) / 0.1, 0, 1)
    share: Map = 1 - (1 - constants.on_middle) * strip
    return share


def _within(grid: Map, centre: NDArray[np.floating], radius: float) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = ((grid - centre.astype(np.float32)) ** 2).sum(2) < radius**2
    return near


def _ramp(values: Map, between: tuple[float, float]) -> Map:
    risen: Map = np.clip((values - between[0]) / (between[1] - between[0]), 0, 1)
    return risen


def _unit(normals: Map) -> Map:
    unit: Map = normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    return unit


def _gaussian(values: Map, sigma: float) -> Map:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


def _blurred(values: Map, weight: Map, sigma: float) -> Map:
    """Average values (h, w, C) around each pixel where there is weight (h, w)."""
    weighed = _gaussian(values * weight[..., None], sigma).reshape(values.shape)
    return np.asarray(weighed / np.maximum(_gaussian(weight, sigma), 1e-4)[..., None], np.float32)
