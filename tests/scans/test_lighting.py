"""Spherical harmonics against their definition: orthonormal, rotating with the light, projecting known maps."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from lifecast.errors import DataError
from lifecast.scans.lighting import (
    DIFFUSE,
    harmonics,
    make_lightings,
    project_environment,
    random_rotation,
    rotate,
    sphere_directions,
)

SHARED = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).parents[3] / "shared"))


def test_the_basis_is_orthonormal() -> None:
    basis = harmonics(sphere_directions(20000)).astype(np.float64)
    gram = basis.T @ basis * (4 * np.pi / len(basis))
    np.testing.assert_allclose(gram, np.eye(9), atol=2e-3)


def test_diffuse_factors_are_those_of_the_clamped_cosine() -> None:
    """Ramamoorthi and Hanrahan: the cosine lobe about n projects to pi * DIFFUSE * Y(n)."""
    directions = sphere_directions(40000)
    rng = np.random.default_rng(0)
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    lobe = np.maximum(directions @ normal, 0)
    projected = harmonics(directions).T @ lobe * (4 * np.pi / len(directions))
    np.testing.assert_allclose(projected / np.pi, DIFFUSE * harmonics(normal), atol=2e-3)


def test_rotated_coefficients_are_those_of_the_rotated_light() -> None:
    rng = np.random.default_rng(1)
    light = rng.normal(size=(9, 3)).astype(np.float32)
    rotation = random_rotation(rng, np.pi)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    directions = sphere_directions(200)
    turned = harmonics(directions) @ rotate(light, rotation)
    np.testing.assert_allclose(turned, harmonics(directions @ rotation) @ light, atol=1e-4)


def test_an_even_map_has_only_the_constant_term() -> None:
    light = project_environment(np.full((64, 128, 3), 2.0))
    np.testing.assert_allclose(light[0], 2 * np.sqrt(4 * np.pi), rtol=1e-4)
    np.testing.assert_allclose(light[1:], 0, atol=3e-3)


def test_a_map_bright_above_lights_from_above() -> None:
    """Radiance max(y, 0) has the coefficient integral(max(y, 0) * y) = 2 pi / 3 of the direction y, times 0.4886."""
    height = 256
    y = np.cos((np.arange(height) + 0.5) / height * np.pi)
    pixels = np.repeat(np.maximum(y, 0)[:, None, None], 128, axis=1) * np.ones(3)
    light = project_environment(pixels)
    np.testing.assert_allclose(light[1], 0.48860251 * 2 * np.pi / 3, rtol=1e-3)
    np.testing.assert_allclose(light[[2, 3]], 0, atol=1e-4)


def test_an_hdr_file_is_read_like_the_array_it_holds(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pixels = rng.uniform(0, 3, (16, 32, 3)).astype(np.float32)
    cv2.imwrite(str(tmp_path / "room.hdr"), np.ascontiguousarray(pixels[..., ::-1]))
    names, lights = make_lightings(tmp_path, 4, seed=5)
    assert names == ["room.hdr"] * 4
    expected = project_environment(pixels)
    # Rotation keeps each band's energy; the scale to mean radiance 1 is common to all channels.
    for light in lights:
        scale = light[0].mean() / expected[0].mean()
        energy, original = np.linalg.norm(light[1:4], axis=0), np.linalg.norm(expected[1:4], axis=0)
        np.testing.assert_allclose(energy, original * scale, rtol=0.05)
    assert lights[:, 0].mean(axis=1) * 0.28209479 == pytest.approx(1, rel=1e-3)


def test_built_in_lights_serve_without_a_folder_and_repeat_with_the_seed() -> None:
    names, lights = make_lightings(None, 40, seed=3)
    again = make_lightings(None, 40, seed=3)[1]
    other = make_lightings(None, 40, seed=4)[1]
    assert len(set(names)) == 18
    np.testing.assert_array_equal(lights, again)
    assert not np.allclose(lights, other)
    # Most of what a surface may receive must be positive: light, not ringing.
    irradiance = harmonics(sphere_directions(100)) @ (DIFFUSE[:, None] * lights[:, :, 1].T)
    assert (irradiance > 0).mean() > 0.97


def test_a_folder_without_maps_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        make_lightings(tmp_path, 3, 0)
    with pytest.raises(DataError, match="no such folder"):
        make_lightings(tmp_path / "absent", 3, 0)


@pytest.mark.skipif(not (SHARED / "lighting").is_dir(), reason="no folder of the paper's kind of environment maps")
def test_the_papers_count_of_lightings_comes_from_the_maps() -> None:
    names, lights = make_lightings(SHARED / "lighting", 163, 0)
    assert lights.shape == (163, 9, 3)
    assert len(set(names)) == 18
    assert np.isfinite(lights).all()
    assert len(np.unique(lights[:, 1, 0])) == 163
