"""One body, two that stand apart, two that touch, and what is no second body."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.scans.bodies import check_one_body, find_bodies, surface_samples


def figure(height: float, x: float = 0.0, arm: float = 0.0) -> trimesh.Trimesh:
    """Legs, trunk and head of ellipsoids, feet on 0; with an arm stretched along x if it has a length."""
    parts = []
    for centre, radii in (
        ((-0.05, 0.25, 0), (0.045, 0.26, 0.05)), ((0.05, 0.25, 0), (0.045, 0.26, 0.05)),
        ((0, 0.65, 0), (0.12, 0.23, 0.08)), ((0, 0.92, 0), (0.055, 0.08, 0.06)),
        *([((arm / 2, 0.75, 0), (arm / 2, 0.025, 0.025))] if arm else []),
    ):  # fmt: skip
        part = trimesh.creation.icosphere(subdivisions=3)
        parts.append(part.apply_transform(np.diag([*radii, 1])).apply_translation(centre))
    whole = trimesh.util.concatenate(parts).apply_scale(height)
    return whole.apply_translation([x, 0, 0])


def bodies_of(*parts: trimesh.Trimesh) -> tuple[int, int]:
    whole = trimesh.util.concatenate(list(parts))
    found = find_bodies(whole.vertices, whole.faces)
    return len(found.lengths), found.trunks


@pytest.mark.parametrize("height", [1.75, 0.9, 1750.0])
def test_one_person_of_any_size_and_unit_is_one_body(height: float) -> None:
    assert bodies_of(figure(height)) == (1, 1)
    assert bodies_of(figure(height, arm=0.4)) == (1, 1)


def test_people_apart_are_refused_with_their_sizes() -> None:
    both = trimesh.util.concatenate([figure(1.75), figure(1.0, 0.8)])
    with pytest.raises(ScanError, match=r"pair\.obj: holds 2 bodies .* \(1\.7\d and 1\.0\d m long, 0\.5\d m"):
        check_one_body(both.vertices, both.faces, "pair.obj")


def test_people_who_hold_hands_are_noted() -> None:
    both = trimesh.util.concatenate([figure(1.75, arm=0.45), figure(1.7, 0.85)])
    assert bodies_of(both) == (1, 2)
    note = check_one_body(both.vertices, both.faces, "pair.obj")
    assert note is not None
    assert "2 bodies that touch" in note


def test_what_is_short_or_small_beside_a_person_is_no_body() -> None:
    ball = trimesh.creation.icosphere(radius=0.3).apply_translation([1.0, 0.3, 0])
    stick = trimesh.creation.box([0.03, 1.7, 0.03]).apply_translation([0.8, 0.85, 0])
    assert bodies_of(figure(1.75), ball)[0] == 1
    assert bodies_of(figure(1.75), stick)[0] == 1


def test_an_open_surface_of_one_person_is_no_reason_to_complain() -> None:
    whole = figure(1.75)
    half = whole.faces[whole.triangles_center[:, 2] > 0]
    assert check_one_body(whole.vertices, half, "front.obj") is None


def test_samples_lie_on_the_surface_evenly() -> None:
    box = trimesh.creation.box([1, 2, 4])
    points = surface_samples(box.vertices, box.faces, 20_000)
    on = np.isclose(np.abs(points), [0.5, 1, 2])
    assert on.any(axis=1).all()
    np.testing.assert_allclose(on.mean(axis=0), np.array([8, 4, 2]) / 14, atol=0.01)
