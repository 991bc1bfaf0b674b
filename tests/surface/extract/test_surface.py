"""From a field to one clean mesh."""

import numpy as np
import pytest
import torch
import trimesh
from torch import Tensor

from lifecast.errors import LifecastError, UsageError
from lifecast.space.field import CallableField
from lifecast.surface.extract.surface import extract_surface


def ball(points: Tensor, centre: tuple[float, float, float], radius: float) -> Tensor:
    return torch.sigmoid((radius - (points - points.new_tensor(centre)).norm(dim=1)) * 60)


def ball_and_pebble(points: Tensor) -> Tensor:
    """A ball with a hollow, and a smaller one beside it."""
    large = torch.minimum(ball(points, (0.1, 0, 0), 0.6), 1 - ball(points, (0.1, 0, 0), 0.2))
    return torch.maximum(large, ball(points, (-0.8, 0.7, 0), 0.15))


def test_one_closed_piece_by_default() -> None:
    surface = extract_surface(CallableField(ball_and_pebble), 64)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_watertight
    assert mesh.body_count == 1
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.01)  # the hollow is filled
    assert surface.islands_dropped == 2
    assert surface.vertices.dtype == surface.normals.dtype == np.float32
    assert surface.faces.dtype == np.int32
    assert surface.faces.max() == len(surface.vertices) - 1
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)


def test_islands_are_kept_on_request() -> None:
    surface = extract_surface(CallableField(ball_and_pebble), 64, keep_islands=True)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.body_count == 3
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * (0.6**3 - 0.2**3 + 0.15**3), rel=0.01)
    assert surface.islands_dropped == 0


def test_another_level_is_another_surface() -> None:
    field = CallableField(lambda p: ball(p, (0, 0, 0), 0.5))
    radii = [
        np.linalg.norm(extract_surface(field, 64, level=level).vertices, axis=1).mean() for level in (0.2, 0.5, 0.8)
    ]
    expected = [0.5 - np.log(level / (1 - level)) / 60 for level in (0.2, 0.5, 0.8)]
    np.testing.assert_allclose(radii, expected, atol=1e-3)


def test_faces_are_reduced_on_request() -> None:
    surface = extract_surface(CallableField(ball_and_pebble), 64, faces=500)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert 450 <= len(surface.faces) <= 520
    assert mesh.is_watertight
    assert len(surface.normals) == len(surface.vertices)


@pytest.mark.parametrize("resolution", [4, 5, 17, 100])
def test_any_resolution_is_closed(resolution: int) -> None:
    surface = extract_surface(CallableField(lambda p: ball(p, (0, 0, 0), 0.9)), resolution)
    assert trimesh.Trimesh(surface.vertices, surface.faces, process=False).is_watertight


def test_a_field_without_surface_is_said_so() -> None:
    with pytest.raises(LifecastError, match="no surface"):
        extract_surface(CallableField(lambda p: torch.full_like(p[:, 0], 0.1)), 32)


def test_values_that_are_no_numbers_are_said_where() -> None:
    def broken(points: Tensor) -> Tensor:
        return torch.where(points[:, 0] > 0.5, torch.nan, ball(points, (0, 0, 0), 0.5))

    with pytest.raises(LifecastError, match="not a number at"):
        extract_surface(CallableField(broken), 32)


def test_settings_out_of_range_are_refused() -> None:
    field = CallableField(lambda p: ball(p, (0, 0, 0), 0.5))
    with pytest.raises(UsageError, match="2047"):
        extract_surface(field, 2047)
    with pytest.raises(UsageError, match="level"):
        extract_surface(field, 64, level=1.0)
