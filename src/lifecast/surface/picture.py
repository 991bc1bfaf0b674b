"""Pictures of a mesh without OpenGL: the z-buffer, soft studio light, antialiasing by four samples a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy import ndimage

from lifecast.surface.raster import rasterize
from lifecast.surface.srgb import to_linear, to_srgb

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
    """Frame a mesh: vertices (V, 3) in any unit with y up, front toward +z; colours (V, 3 or 4) uint8 sRGB or None."""
    points = np.asarray(vertices, np.float32)
    if len(points) == 0:
        raise ValueError("a mesh without vertices cannot be drawn")
    low, high = points.min(0), points.max(0)
    centred = points - (low + high) / 2
    radius = np.sqrt(centred[:, 0] ** 2 + centred[:, 2] ** 2).max()
    scale = FILL / max(float(radius), float(high[1] - low[1]) / 2, 1e-9)
    return Subject(
        torch.as_tensor(centred * np.float32(scale)),
        torch.as_tensor(np.asarray(faces)).long(),
        torch.as_tensor(np.asarray(normals, np.float32)),
        None if colours is None else torch.as_tensor(np.asarray(colours)[:, :3].astype(np.float32)),
    )


def turn(yaw: float, pitch: float = 0.0) -> np.ndarray:
    """The rotation (3, 3) that turns the person by `yaw` degrees about +y and tips it by `pitch` toward the camera."""
    a, b = np.radians(yaw), np.radians(pitch)
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return (about_x @ about_y).astype(np.float32)


def draw(what: Subject, size: int = 512, yaw: float = 0.0, pitch: float = 0.0, style: Style = "colour") -> np.ndarray:
    """A picture (size, size, 3) uint8 sRGB. A positive yaw turns the person's front toward the picture's right.

    `colour` lights the colours gently (the photograph's light is in them already), `unlit` shows them as they are,
    `clay` shows the shape alone, `normals` the directions in the camera's frame as (n + 1) / 2.
    """
    fine = size * SAMPLES
    rotation = torch.as_tensor(turn(yaw, pitch))
    points = what.vertices @ rotation.T
    raster = rasterize(points, what.faces, fine)
    covered = raster.covered.numpy()
    normals = (raster.interpolate(what.faces, what.normals) @ rotation.T).numpy()
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    canvas = backdrop(fine) if style != "normals" else np.full((fine, fine, 3), 127.5, np.float32)
    if style == "normals":
        canvas[covered] = (normals + 1) * 127.5
        return shrink(canvas)
    if pitch == 0:
        canvas *= floor_shadow(points.numpy(), fine)[..., None]
    if style == "clay" or what.colours is None:
        albedo = np.full((len(normals), 3), CLAY, np.float32)
    else:
        albedo = raster.interpolate(what.faces, what.colours).numpy()
    if style == "unlit":
        canvas[covered] = albedo
        return shrink(canvas)
    strength = 1.0 if style == "clay" or what.colours is None else 0.5
    light = studio_light(normals) * (1 - crease(raster.depth.numpy(), covered))
    canvas[covered] = to_srgb(to_linear(albedo / 255) * (1 + strength * (light - 1))[:, None]) * 255
    return shrink(canvas)


def studio_light(normals: np.ndarray) -> np.ndarray:
    """Light (N,) on surfaces with camera-frame normals (N, 3): wrapped key, sky, a faint rim; about 1 in front."""
    key = ((normals @ KEY + 0.3) / 1.3).clip(0, None)
    sky = 0.5 + 0.5 * normals[:, 1]
    rim = (1 - normals[:, 2]).clip(0, 1) ** 3
    return 0.22 + 0.80 * key + 0.22 * sky + 0.12 * rim


def crease(depth: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Darkening (covered,) in [0, 0.5] where the surface lies deeper than its surroundings: folds, armpits, neck."""
    radius = max(2, depth.shape[0] // 48)
    filled = np.where(covered, depth, 0).astype(np.float32)
    weight = ndimage.uniform_filter(covered.astype(np.float32), radius)
    mean = ndimage.uniform_filter(filled, radius)[covered] / np.maximum(weight[covered], 1e-6)
    return ((mean - depth[covered]) * 6).clip(0, 0.5)


def backdrop(size: int) -> np.ndarray:
    """(size, size, 3) float32, light and neutral, a little darker toward the floor."""
    share = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    top, bottom = np.array(BACKGROUND, np.float32)
    return np.broadcast_to(top + share * (bottom - top), (size, size, 3)).copy()


def floor_shadow(points: np.ndarray, size: int) -> np.ndarray:
    """(size, size) float32 factor: a soft flat ellipse under what stands on the floor."""
    low = points[:, 1].min()
    foot = points[points[:, 1] < low + 0.06]
    x, half = (foot[:, 0].max() + foot[:, 0].min()) / 2, (foot[:, 0].max() - foot[:, 0].min()) / 2 + 0.05
    across = ((np.linspace(-1, 1, size, dtype=np.float32) - x) / half)[None]
    down = ((np.linspace(1, -1, size, dtype=np.float32) - low) / 0.03)[:, None]
    return 1 - 0.32 * np.exp(-(across**2) * 1.2) * np.exp(-(down**2))


def shrink(canvas: np.ndarray) -> np.ndarray:
    """Average `SAMPLES` x `SAMPLES` samples: (size, size, 3) uint8."""
    size = canvas.shape[0] // SAMPLES
    mean = canvas.reshape(size, SAMPLES, size, SAMPLES, 3).mean((1, 3))
    return (mean + 0.5).clip(0, 255).astype(np.uint8)
