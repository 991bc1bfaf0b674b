"""Bodies whose photograph is painted analytically: spheres, and a person of capsules."""

import numpy as np
import torch
import trimesh

from lifecast.surface.colour.colour_surface import colour_surface
from lifecast.surface.raster import rasterize

SIZE = 512
BACKGROUND = (0, 255, 0)
SKIN, HAIR, SHIRT, TROUSERS, EYES = (224, 180, 150), (60, 40, 25), (180, 40, 40), (40, 50, 100), (10, 10, 60)


def paint_photo(mesh, paint):
    """Photograph (S, S, 3) uint8 and mask of a mesh whose surface has the colours paint((N, 3) points)."""
    vertices, faces = torch.tensor(mesh.vertices, dtype=torch.float32), torch.tensor(mesh.faces)
    raster = rasterize(vertices, faces, SIZE)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[:] = BACKGROUND
    image[raster.covered.numpy()] = paint(raster.interpolate(faces, vertices).numpy())
    return image, raster.covered.numpy().astype(np.float32)


def colour(mesh, image, mask=None, **options):
    return colour_surface(
        mesh.vertices.astype(np.float32), mesh.faces, mesh.vertex_normals.astype(np.float32), image, mask, **options
    )


def capsule(start, end, radius):
    """Rings of 48 vertices, 1 cm apart, around the axis from start to end."""
    start, end = np.array(start, float), np.array(end, float)
    length = np.linalg.norm(end - start)
    rise = np.linspace(-np.pi / 2, np.pi / 2, 25)
    straight = np.linspace(0, length, 2 + int(length / 0.01))
    along = np.concatenate([radius * np.sin(rise[:12]), straight, length + radius * np.sin(rise[13:])])
    width = np.sqrt(np.maximum(radius**2 - np.maximum(np.maximum(-along, along - length), 0) ** 2, 0))
    body = trimesh.creation.revolve(np.stack([width, along], 1), sections=48)
    body.merge_vertices()
    body.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], end - start))
    body.apply_translation(start)
    return body


def dressed(points):
    """A face with eyes under short hair, a red shirt with white lettering, blue trousers, bare arms."""
    x, y, z = points.T
    colours = np.zeros((len(points), 3), np.uint8)
    colours[:] = SHIRT
    colours[(np.abs(x) < 0.03) & (np.abs(y - 0.27) < 0.02)] = 255
    colours[y < 0] = TROUSERS
    colours[y > 0.43] = SKIN
    colours[(y > 0.63) & (np.abs(x) < 0.1)] = HAIR
    for eye in (-0.03, 0.03):
        colours[(x - eye) ** 2 + (y - 0.59) ** 2 < 0.0002] = EYES
    colours[(x < -0.16) | (z > 0.17)] = SKIN
    return colours


def distance(colours, reference):
    return np.linalg.norm(np.asarray(colours, float) - np.asarray(reference, float), axis=-1)


def gradient(points):
    return ((points + 1) * 127).astype(np.uint8)


def capsule_person():
    """1.36 units high, facing +z, the right hand raised over the head, the left forearm before the belly."""
    parts = [
        capsule((0, 0.57, 0), (0, 0.6, 0), 0.08),
        capsule((0, 0.4, 0), (0, 0.5, 0), 0.045),
        capsule((0, -0.05, 0), (0, 0.34, 0), 0.13),
        capsule((-0.07, -0.1, 0), (-0.08, -0.62, 0), 0.06),
        capsule((0.07, -0.1, 0), (0.08, -0.62, 0), 0.06),
        capsule((-0.17, 0.36, 0), (-0.3, 0.85, 0), 0.035),
        capsule((0.2, 0.1, 0.21), (-0.08, 0.12, 0.21), 0.035),
    ]
    return trimesh.util.concatenate(parts)


def joints_of_the_person():
    """BlazePose's landmarks of `person`, whose left is at x > 0: (33, 4)."""
    at = np.zeros((33, 4), np.float32)
    at[:, 3] = 1
    at[[0, 9, 10], :3] = (0, 0.58, 0.08), (0.02, 0.54, 0.07), (-0.02, 0.54, 0.07)
    at[[7, 8], :3] = (0.07, 0.58, 0), (-0.07, 0.58, 0)
    at[[11, 13, 15, 19], :3] = (0.13, 0.34, 0), (0.2, 0.1, 0.21), (-0.0, 0.115, 0.21), (-0.08, 0.12, 0.21)
    at[[12, 14, 16, 20], :3] = (-0.13, 0.34, 0), (-0.2, 0.5, 0), (-0.27, 0.75, 0), (-0.3, 0.85, 0)
    for k, (x, y) in {23: (0.07, -0.05), 25: (0.075, -0.35), 27: (0.08, -0.6), 31: (0.08, -0.62)}.items():
        at[k, :2], at[k + 1, :2] = (x, y), (-x, y)
    return at


def back_of_the_trunk(person, low, high, half):
    x, y, z = person.vertices.T
    return (person.vertex_normals[:, 2] < -0.3) & (np.abs(x) < half) & (z < -0.02) & (y > low) & (y < high)
