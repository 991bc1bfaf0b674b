"""Fit which vertex of the parametric body each of the face network's 468 points is; print the table.

    python lab/face_vertices.py          # writes the tuple of src/lifecast/body/face_vertices.py to the terminal

Eight bodies' heads are painted (skin, eyes, brows, hair), rendered from within 20 degrees of the front, and their
points detected. A point's vertex is the one of the skin, visible from the front, that lies nearest to it over all
pictures (mean square); where it is hidden in one, that counts a little.
Needs embreex and mediapipe's networks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from lifecast.body.components import SKIN_VERTICES
from lifecast.body.model import Body
from lifecast.photo import face_points
from lifecast.photo.turned_square import TurnedSquare
from lifecast.scans.lighting import harmonics
from lifecast.scans.render import Renderer, view_rotation
from lifecast.scans.scan import Material, Scan
from lifecast.scans.shading import Look
from lifecast.space.mesh_normals import vertex_normals

BODIES, SPREAD = 8, 0.6
YAWS = (-20, -10, 0, 10, 20)
SIZE, ACROSS = 384, 0.52
"""Pixels and metres of a picture's side."""
FARTHEST = 30.0
"""Pixels from which on a distance counts no more."""
HIDDEN = 20.0
"""Square pixels that a vertex costs where another picture hides it."""


def light() -> Look:
    lamp = harmonics(np.array([[0.3, 0.6, 0.74]], np.float32))[0]
    coefficients = np.repeat(1.3 * lamp[:, None], 3, axis=1).astype(np.float32)
    coefficients[0] += 0.9 / 0.28209479
    return Look(coefficients)


def painted_head(body: Body, shape: torch.Tensor) -> tuple[Scan, np.ndarray]:
    """A head as a scan, the eyes' middle near the picture's, and its vertices' numbers in the body."""
    rest = body.rest(shape, torch.zeros(1, len(body.actions)))
    vertices, joints = rest.vertices[0].numpy(), rest.joints[0].numpy()
    head, left, right = (joints[body.joints.index(name)] for name in ("head", "eye.L", "eye.R"))
    faces = body.faces.numpy()
    colour = np.tile(np.array([205, 160, 135], np.uint8), (len(vertices), 1))
    for part in ("left_eye", "right_eye"):
        rows = np.unique(faces[body.parts[part]])
        ball = vertices[rows] - vertices[rows].mean(0)
        ball /= np.linalg.norm(ball, axis=1).max()
        colour[rows] = 235
        colour[rows[(ball[:, 2] > 0) & (np.hypot(ball[:, 0], ball[:, 1]) < 0.5)]] = 60, 40, 30
    colour[np.unique(faces[body.parts["lashes"]])] = 40
    eyes, apart = (left + right) / 2, left[0] - right[0]
    x, y, z = (vertices - eyes).T
    skin = np.arange(len(vertices)) < SKIN_VERTICES
    above_eye = np.abs(np.abs(x) - 0.52 * apart) < 0.018
    colour[skin & (z > -0.005) & (np.abs(y - 0.021) < 0.0045) & above_eye] = 70, 45, 35
    behind = vertices[:, 2] - head[2]
    crown = (y > 0.065) | ((behind < 0) & (y > -0.03))
    colour[skin & crown & ~((behind > 0.02) & (y < 0.065))] = 55, 40, 32
    faces = faces[vertices[faces][:, :, 1].min(1) > head[1] - 0.12]
    used, renamed = np.unique(faces, return_inverse=True)
    centre = np.array([eyes[0], eyes[1] - 0.02, head[2] + 0.02])
    points = ((vertices[used] - centre) * 2 / ACROSS).astype(np.float32)
    triangles = renamed.reshape(-1, 3).astype(np.int32)
    uv, material = np.zeros((len(points), 2), np.float32), np.zeros(len(triangles), np.int32)
    return Scan(points, triangles, uv, colour[used], material, [Material("head", np.ones(3, np.float32))]), used


def pictures(scan: Scan, yaws: tuple[int, ...]) -> Iterator[tuple[int, Image.Image, np.ndarray, np.ndarray]]:
    """The head from each side: yaw, picture, vertices (V, 2) in its pixels, and how much they face the camera."""
    normals = vertex_normals(scan.vertices, scan.faces, "area").astype(np.float32)
    renderer = Renderer(scan, normals, SIZE)
    for yaw in yaws:
        rotation = view_rotation(yaw, 0)
        colour, mask = renderer.picture(rotation, np.zeros(2), light())
        cover = mask[..., None] / 255
        picture = Image.fromarray((colour * cover + np.array([150, 155, 165]) * (1 - cover)).astype(np.uint8))
        turned = scan.vertices @ rotation.T
        pixels = np.column_stack([turned[:, 0] + 1, 1 - turned[:, 1]]) * SIZE / 2
        yield yaw, picture, pixels, (normals @ rotation.T)[:, 2]


def detect(picture: Image.Image) -> np.ndarray:
    square = TurnedSquare(SIZE / 2, SIZE / 2, 0.78 * SIZE, 0.0)
    for _ in range(3):
        points, presence = face_points._predict(square.cut(picture, 192))
        points = square.to_picture(points, 192)
        square = face_points.next_square(points)
    assert presence > 0.95
    return points


def main() -> None:
    body = Body(components=64)
    torch.manual_seed(0)
    total = np.zeros((face_points.POINTS, len(body.vertex_rows)), np.float64)
    for number in range(BODIES):
        shape = torch.randn(1, 64) * SPREAD if number else torch.zeros(1, 64)
        scan, used = painted_head(body, shape)
        for yaw, picture, pixels, facing in pictures(scan, YAWS):
            points = detect(picture)[:, :2]
            square = ((points[:, None] - pixels[None]) ** 2).sum(-1).clip(max=FARTHEST**2)
            hidden = facing < 0.05
            square[:, hidden] = FARTHEST**2 if yaw == 0 else (square[:, hidden] + HIDDEN).clip(max=FARTHEST**2)
            square[:, used >= SKIN_VERTICES] = FARTHEST**2
            away = np.full(total.shape, FARTHEST**2)
            away[:, used] = square
            total += away
    sys.stdout.write(" ".join(map(str, total.argmin(1))) + "\n")


if __name__ == "__main__":
    main()
