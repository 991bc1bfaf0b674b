"""Pictures of a mesh without OpenGL.

The z-buffer, soft studio light, antialiasing by four samples a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy import ndimage

from lifecast.surface.colour.srgb import to_linear, to_srgb
from lifecast.surface.raster import Raster, rasterize

Style = Literal["colour", "clay", "normals", "unlit"]

SAMPLES = 2
"""Samples along either side of a pixel."""
FILL = 0.88
"""How much of the picture's side the mesh takes."""
BACKGROUND = ((247, 247, 248), (223, 225, 229))
"""sRGB at the top and at the bottom."""
CLAY = (200, 195, 190)
KEY = np.array([-0.42, 0.55, 0.72], np.float32) / np.linalg.norm([-0.42, 0.55, 0.72])
"""Direction to the key light, in the camera's frame: over the photographer's left shoulder."""


@dataclass(frozen=True)
class Subject:
    """What is drawn: a mesh, centred and scaled so that it fits the picture from any yaw."""

    vertices: torch.Tensor
    """(V, 3) float32, the widest turn within [-FILL, FILL]."""
    faces: torch.Tensor
    """(F, 3) int64."""
    normals: torch.Tensor
    """(V, 3) float32 unit."""
    colours: torch.Tensor | None
    """(V, 3) float32, sRGB in 0..255."""


def subject(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray, colours: np.ndarray | None = None) -> Subject:
    """Frame a mesh: vertices (V, 3) in any unit, with y up, front toward +z.

    Colours are (V, 3 or 4) uint8 sRGB or None.
    """
    points = np.asarray(vertices, np.float32)
    if len(points) == 0:
        raise ValueError("a mesh without vertices cannot be drawn")
    low, high = points.min(0), points.max(0)
    centred = points - (low + high) / 2
    radius = np.sqrt(centred[:, 0] ** 2 + centred[:, 2] ** 2).max()
    scale = FILL / max(float(radius), float(high[1] - low[1]) / 2, 1e-9)
    return Subject(
        torch.tensor(centred * np.float32(scale)),
        torch.tensor(np.asarray(faces)).long(),
        torch.tensor(np.asarray(normals, np.float32)),
        None if colours is None else torch.tensor(np.asarray(colours)[:, :3].astype(np.float32)),
    )


def turn(yaw: float, pitch: float = 0.0) -> np.ndarray:
    """Make the rotation (3, 3) of `yaw` degrees about +y, then of `pitch` toward the camera."""
    a, b = np.radians(yaw), np.radians(pitch)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    result: np.ndarray = (about_x @ about_y).astype(np.float32)
    return result


@dataclass(frozen=True)
class Shot:
    """A subject before the camera, rasterised but not yet lit."""

    what: Subject
    rotation: torch.Tensor
    """(3, 3) from the subject's frame to the camera's."""
    floor: np.ndarray | None
    """(H, W) float32 factor of the floor's shadow, None when the camera looks down."""
    raster: Raster


def shoot(what: Subject, size: int = 512, yaw: float = 0.0, pitch: float = 0.0) -> Shot:
    """Put the subject before the camera.

    A positive yaw turns the person's front toward the picture's right.
    """
    fine = size * SAMPLES
    rotation = torch.tensor(turn(yaw, pitch))
    points = what.vertices @ rotation.T
    floor = floor_shadow(points.numpy(), fine) if pitch == 0 else None
    return Shot(what, rotation, floor, rasterize(points, what.faces, fine))


def develop(shot: Shot, style: Style = "colour") -> np.ndarray:
    """Develop a shot to a picture (size, size, 3) uint8 sRGB.

    `colour` lights the colours gently (the photograph's light is in them already), `unlit` shows them as they are,
    `clay` shows the shape alone, `normals` the directions in the camera's frame as (n + 1) / 2.
    """
    what, raster = shot.what, shot.raster
    covered = raster.covered.numpy()
    fine = covered.shape[0]
    normals = (raster.interpolate(what.faces, what.normals) @ shot.rotation.T).numpy()
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    if style == "normals":
        canvas = np.full((fine, fine, 3), 127.5, np.float32)
        canvas[covered] = (normals + 1) * 127.5
        return shrink(canvas)
    canvas = backdrop(fine)
    if shot.floor is not None:
        canvas *= shot.floor[..., None]
    plain = style == "clay" or what.colours is None
    albedo = np.full((len(normals), 3), CLAY, np.float32)
    if not plain and what.colours is not None:
        albedo = raster.interpolate(what.faces, what.colours).numpy()
    if style == "unlit":
        canvas[covered] = albedo
        return shrink(canvas)
    light = studio_light(normals) * (1 - crease(raster.depth.numpy(), covered))
    light = 1 + (1.0 if plain else 0.5) * (light - 1)
    canvas[covered] = to_srgb(to_linear(albedo / 255) * light[:, None]) * 255
    return shrink(canvas)


def draw(what: Subject, size: int = 512, yaw: float = 0.0, pitch: float = 0.0, style: Style = "colour") -> np.ndarray:
    """Draw a picture (size, size, 3) uint8 sRGB: `shoot` and `develop` in one."""
    return develop(shoot(what, size, yaw, pitch), style)


def studio_light(normals: np.ndarray) -> np.ndarray:
    """Compute light (N,) on surfaces with camera-frame normals (N, 3).

    Wrapped key, sky, a faint rim; about 1 in front.
    """
    key = ((normals @ KEY + 0.3) / 1.3).clip(0, None)
    sky = 0.5 + 0.5 * normals[:, 1]
    rim = (1 - normals[:, 2]).clip(0, 1) ** 3
    return 0.22 + 0.80 * key + 0.22 * sky + 0.12 * rim


def crease(depth: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Compute darkening (covered,) in [0, 0.5] of what lies deeper than its surroundings.

    Folds, armpits, neck.
    """
    radius = max(2, depth.shape[0] // 48)
    filled = np.where(covered, depth, 0).astype(np.float32)
    weight = ndimage.uniform_filter(covered.astype(np.float32), radius)
    mean = ndimage.uniform_filter(filled, radius)[covered] / np.maximum(weight[covered], 1e-6)
    result: np.ndarray = ((mean - depth[covered]) * 6).clip(0, 0.5)
    return result


def backdrop(size: int) -> np.ndarray:
    """Draw a backdrop (size, size, 3) float32.

    Light and neutral, a little darker toward the floor.
    """
    share = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    top, bottom = np.array(BACKGROUND, np.float32)
    return np.broadcast_to(top + share * (bottom - top), (size, size, 3)).copy()


def floor_shadow(points: np.ndarray, size: int) -> np.ndarray:
    """Draw a soft flat ellipse under what stands on the floor: (size, size) float32 factor."""
    low = points[:, 1].min()
    foot = points[points[:, 1] < low + 0.06]
    x, half = (foot[:, 0].max() + foot[:, 0].min()) / 2, (foot[:, 0].max() - foot[:, 0].min()) / 2 + 0.05
    across = ((np.linspace(-1, 1, size, dtype=np.float32) - x) / half)[None]
    down = ((np.linspace(1, -1, size, dtype=np.float32) - low) / 0.03)[:, None]
    shadow: np.ndarray = 1 - 0.32 * np.exp(-(across**2) * 1.2) * np.exp(-(down**2))
    return shadow


def shrink(canvas: np.ndarray) -> np.ndarray:
    """Average `SAMPLES` x `SAMPLES` samples: (size, size, 3) uint8."""
    size = canvas.shape[0] // SAMPLES
    mean = canvas.reshape(size, SAMPLES, size, SAMPLES, 3).mean((1, 3))
    result: np.ndarray = (mean + 0.5).clip(0, 255).astype(np.uint8)
    return result
