"""Distant light as second-order spherical harmonics.

Environment maps in, 9 RGB coefficients out. Real spherical harmonics up to order 2 of unit directions (x right, y up, z
toward the camera), in the order (0,0) (1,-1) (1,0) (1,1) (2,-2) (2,-1) (2,0) (2,1) (2,2); Ramamoorthi and Hanrahan, "An
efficient representation for irradiance environment maps", 2001.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lifecast.errors import DataError, MissingExtra

DIFFUSE = np.array([1, 2 / 3, 2 / 3, 2 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4], np.float32)
"""Band factors of the clamped cosine over pi: unshadowed radiance of a white surface is sum(DIFFUSE * Y(n) * L)."""
SUFFIXES = (".exr", ".hdr")


def harmonics(directions: NDArray[np.floating]) -> NDArray[np.float32]:
    """(..., 3) unit directions -> (..., 9) values of the basis."""
    x, y, z = (np.asarray(directions[..., i], np.float32) for i in range(3))
    basis = np.empty((*x.shape, 9), np.float32)
    basis[..., 0] = 0.28209479
    basis[..., 1] = 0.48860251 * y
    basis[..., 2] = 0.48860251 * z
    basis[..., 3] = 0.48860251 * x
    basis[..., 4] = 1.09254843 * x * y
    basis[..., 5] = 1.09254843 * y * z
    basis[..., 6] = 0.31539157 * (3 * z * z - 1)
    basis[..., 7] = 1.09254843 * x * z
    basis[..., 8] = 0.54627422 * (x * x - y * y)
    return basis


def sphere_directions(count: int) -> NDArray[np.float32]:
    """(count, 3) unit directions, even over the sphere (Fibonacci lattice)."""
    i = np.arange(count) + 0.5
    z = 1 - 2 * i / count
    angle = np.pi * (1 + 5**0.5) * i
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1).astype(np.float32)


_PROBES = sphere_directions(64).astype(np.float64)
_FROM_PROBES = np.linalg.pinv(harmonics(_PROBES).astype(np.float64))  # (9, 64)


def rotate(light: NDArray[np.float32], rotation: NDArray[np.floating]) -> NDArray[np.float32]:
    """(9, C) coefficients of the light turned by the (3, 3) rotation: L'(w) = L(R^T w)."""
    matrix = _FROM_PROBES @ harmonics(_PROBES @ np.asarray(rotation, np.float64)).astype(np.float64)  # (9, 9)
    return (matrix @ light).astype(np.float32)


def project_environment(pixels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Project a linear radiance map (H, W, 3) -> (9, 3) coefficients (integral of L Y).

    The map is equirectangular, row 0 up. The column in the middle looks along -z (behind the person as seen by the
    camera; rotations are random anyway).
    """
    height, width = pixels.shape[:2]
    theta = (np.arange(height) + 0.5) / height * np.pi
    phi = (np.arange(width) + 0.5) / width * 2 * np.pi
    solid = (2 * np.pi / width) * (
        np.cos(np.arange(height) / height * np.pi) - np.cos((np.arange(height) + 1) / height * np.pi)
    )
    sine = np.sin(theta)[:, None]
    directions = np.stack(
        [sine * np.sin(phi), np.broadcast_to(np.cos(theta)[:, None], (height, width)), sine * np.cos(phi)], axis=-1
    )
    weighted = np.nan_to_num(np.asarray(pixels, np.float64)[..., :3], posinf=6e4) * solid[:, None, None]  # (H, W, 3)
    environment: NDArray[np.float32] = np.einsum(
        "hwk,hwc->kc", harmonics(directions).astype(np.float64), weighted
    ).astype(np.float32)
    return environment


def read_environment(path: Path) -> NDArray[np.float32]:
    """An EXR or HDR file -> (H, W, 3) linear radiance."""
    if path.suffix.lower() == ".exr":
        try:
            import OpenEXR
        except ImportError as error:
            raise MissingExtra("OpenEXR", "scans", "reading .exr environment maps") from error
        try:
            channels = OpenEXR.File(str(path)).channels()
        except (RuntimeError, ValueError, OSError) as error:
            raise DataError(f"{path}: not a readable EXR ({error})") from error
        for name in ("RGB", "RGBA"):
            if name in channels:
                return np.asarray(channels[name].pixels[..., :3], np.float32)
        if all(name in channels for name in "RGB"):
            return np.stack([np.asarray(channels[name].pixels, np.float32) for name in "RGB"], axis=-1)
        raise DataError(f"{path}: has no R, G and B channels, but {', '.join(channels)}")
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{path}: not a readable HDR picture")
    return np.ascontiguousarray(picture[..., ::-1], np.float32)


def built_in_environments(rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Make sky-and-sun, overcast, room and studio lights by formula, (9, 3) each.

    For use without a folder of maps.
    """
    directions = sphere_directions(4096)
    basis = harmonics(directions)
    up = directions[:, 1]

    def project(radiance: NDArray[np.float32]) -> NDArray[np.float32]:
        return (basis.T @ radiance * (4 * np.pi / len(directions))).astype(np.float32)

    def lamp(towards: NDArray[np.float64], sharpness: float) -> NDArray[np.float32]:
        result: NDArray[np.float32] = np.exp(sharpness * (directions @ (towards / np.linalg.norm(towards)) - 1))[
            :, None
        ].astype(np.float32)
        return result

    def tint(warmth: float) -> NDArray[np.float32]:
        return np.array([1 + warmth, 1.0, 1 - warmth], np.float32)

    lights: dict[str, NDArray[np.float32]] = {}
    for i in range(18):
        kind = ("sun", "overcast", "room", "studio")[i % 4]
        ground = rng.uniform(0.1, 0.5)
        base = np.where(up > 0, 1.0, ground)[:, None] * tint(rng.uniform(-0.15, 0.1))
        if kind == "sun":
            direction = np.array([rng.normal(), rng.uniform(0.3, 1.5), rng.normal()])
            radiance = base * 0.6 + lamp(direction, 30) * rng.uniform(4, 15) * tint(rng.uniform(0, 0.25))
        elif kind == "overcast":
            radiance = base * (1 + 2 * np.maximum(up, 0)[:, None]) / 3
        else:
            radiance = base * 0.25
            for _ in range(rng.integers(1, 4)):
                direction = np.array([rng.normal(), rng.uniform(-0.1, 1.2), rng.normal()])
                colour = rng.uniform(1, 5) * tint(rng.uniform(-0.1, 0.2))
                radiance = radiance + lamp(direction, rng.uniform(4, 25)) * colour
        lights[f"built-in-{kind}-{i}"] = project(radiance.astype(np.float32))
    return lights


def random_rotation(rng: np.random.Generator, tilt: float) -> NDArray[np.float64]:
    """(3, 3): any yaw, then a tilt of at most `tilt` radians about a random horizontal axis."""
    yaw, angle, heading = rng.uniform(0, 2 * np.pi), rng.uniform(-tilt, tilt), rng.uniform(0, 2 * np.pi)
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    x, z = np.cos(heading), np.sin(heading)
    cross = np.array([[0, -z, 0], [z, 0, -x], [0, x, 0]])
    rotation: NDArray[np.float64] = (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross) @ turn
    return rotation


def make_lightings(
    folder: Path | None, count: int, seed: int, tilt: float = np.radians(25)
) -> tuple[list[str], NDArray[np.float32]]:
    """Make `count` lightings from the maps of `folder`, or of built-in ones without it.

    Returns names and (count, 9, 3) coefficients. Every map is used equally often, each time under another random
    rotation; all are scaled to mean radiance 1, since the exposure of a view is drawn later.
    """
    rng = np.random.default_rng([seed, 0x116])
    if folder is None:
        maps = built_in_environments(rng)
    else:
        if not Path(folder).is_dir():
            raise DataError(f"{folder}: no such folder of environment maps")
        files = sorted(file for file in Path(folder).iterdir() if file.suffix.lower() in SUFFIXES)
        if not files:
            raise DataError(f"{folder}: no environment map in it; looked for {', '.join(SUFFIXES)}")
        maps = {file.name: project_environment(read_environment(file)) for file in files}
    names, lights = [], []
    keys = list(maps)
    for i in range(count):
        name = keys[i % len(keys)]
        light = rotate(maps[name], random_rotation(rng, tilt))
        names.append(name)
        lights.append(light / max(float(light[0].mean()) * 0.28209479, 1e-6))
    return names, np.stack(lights).astype(np.float32)
