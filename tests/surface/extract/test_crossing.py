"""Vertices on the level, normals across it."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from lifecast.space.field import CallableField
from lifecast.surface.extract.surface import Surface, extract_surface

R = 48
CENTRE = (0.03, -0.05, 0.02)


def sphere(points: Tensor) -> Tensor:
    """Distance (N,) from a sphere of radius 0.6, in voxels, positive inside."""
    return (0.6 - (points - points.new_tensor(CENTRE)).norm(dim=1)) * R / 2


STEEP: dict[str, Callable[[Tensor], Tensor]] = {
    "soft": lambda points: torch.sigmoid(sphere(points) / 4),
    "turns within a voxel": lambda points: torch.sigmoid(sphere(points) * 6),
    "saturates within a voxel": lambda points: torch.sigmoid(6 * torch.tanh(sphere(points) * 2)),
    "bends on one side": lambda points: torch.sigmoid(
        torch.where(sphere(points) > 0, 8 * sphere(points), sphere(points))
    ),
}


def errors(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Distances of the vertices from the sphere in voxels, angles of their normals in degrees."""
    away = surface.vertices.astype(np.float64) - CENTRE
    distance = np.linalg.norm(away, axis=1)
    cosine = (surface.normals * away).sum(axis=1) / distance
    return np.abs(distance - 0.6) * R / 2, np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("name", STEEP)
def test_vertices_lie_on_the_level_and_normals_point_out(name: str) -> None:
    distances, angles = errors(extract_surface(CallableField(STEEP[name]), R))
    assert distances.mean() < 0.06
    assert np.quantile(distances, 0.99) < 0.2
    assert angles.mean() < 3
    assert angles.max() < 30


def test_questions_bring_vertices_closer() -> None:
    field = CallableField(STEEP["bends on one side"])
    plain, refined = (errors(extract_surface(field, R, refine_vertices=on))[0].mean() for on in (False, True))
    assert refined < 0.4 * plain


def test_logits_place_vertices_better_than_occupancies() -> None:
    """The reason that fields answer in logits: linear interpolation of a steep occupancy gives a staircase."""
    steep = STEEP["turns within a voxel"]
    as_logits = errors(extract_surface(CallableField(steep), R, refine_vertices=False))[0].mean()
    as_values = errors(extract_surface(CallableField(lambda p: steep(p) - 0.5, logits=True), R, refine_vertices=False))[
        0
    ].mean()
    assert as_logits < 0.2 * as_values


def test_a_smooth_field_is_not_asked_again() -> None:
    surface = extract_surface(CallableField(lambda p: p[:, 0] - 0.31 * p[:, 1] + 0.2, logits=True), R)
    near_faces = (np.abs(surface.vertices) > 1 - 3 * 2 / R).any(axis=1).sum()  # where the virtual layer bends it
    assert surface.asked_for_vertices <= near_faces


def test_no_triangle_is_a_point() -> None:
    """Values of exactly 0 at lattice points put several vertices at one place but for the margin."""
    surface = extract_surface(CallableField(lambda p: 0.5 - p.abs().amax(dim=1), logits=True), R)
    a, b, c = (surface.vertices[surface.faces[:, k]].astype(np.float64) for k in range(3))
    assert (np.linalg.norm(np.cross(b - a, c - a), axis=1) > 0).all()
