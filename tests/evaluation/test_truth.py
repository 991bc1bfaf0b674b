"""The bounding triangles of a soup: hidden layers go, outer ones stay and face outward."""

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.evaluation.triangles import Triangles
from lifecast.evaluation.truth import _PROBES, SIDE_STEP, bounding_mask, bounding_triangles


def joined(*meshes: trimesh.Trimesh) -> Triangles:
    whole = trimesh.util.concatenate(list(meshes))
    return Triangles(np.asarray(whole.vertices), np.asarray(whole.faces))


def test_a_body_hidden_under_a_suit_is_not_part_of_the_true_surface() -> None:
    body, suit = trimesh.creation.icosphere(3, 0.5), trimesh.creation.icosphere(3, 0.52)
    true = bounding_triangles(joined(body, suit))
    assert len(true.faces) == len(suit.faces)
    assert np.linalg.norm(true.vertices[true.faces].reshape(-1, 3), axis=1).min() > 0.51


def test_an_open_sleeve_over_an_arm_keeps_what_shows() -> None:
    arm = trimesh.creation.cylinder(0.1, 2.0, sections=64).subdivide().subdivide()
    sleeve = trimesh.creation.cylinder(0.12, 1.0, sections=64)
    sleeve.update_faces(np.abs(sleeve.face_normals[:, 2]) < 0.5)  # a tube, open at both ends
    true = bounding_triangles(joined(arm, sleeve))
    centre = true.vertices[true.faces].mean(1)
    radius = np.linalg.norm(centre[:, :2], axis=1)
    on_arm = radius < 0.105
    assert on_arm.any()
    assert (~on_arm).any()
    assert np.abs(centre[on_arm, 2]).min() > 0.3  # nothing of the arm from deep inside the sleeve


def test_a_pocket_that_nothing_can_be_seen_of_is_not_part_of_the_true_surface() -> None:
    """A ball with a hollow in it: closed outward, so that the winding number in the hollow is 0."""
    ball, hollow = trimesh.creation.icosphere(3, 0.5), trimesh.creation.icosphere(3, 0.2)
    hollow.invert()
    soup = joined(ball, hollow)
    np.testing.assert_array_equal(soup.winding(np.zeros((1, 3))) > 0.5, False)
    assert soup.inside(np.zeros((1, 3))).all()
    true = bounding_triangles(soup)
    assert len(true.faces) == len(ball.faces)


def test_a_triangle_bounds_where_any_of_its_places_does() -> None:
    """The definition, every place of every triangle asked, on boxes that cover parts of each other's triangles."""
    rng = np.random.default_rng(1)
    boxes = [trimesh.creation.box(rng.uniform(0.3, 0.8, 3)) for _ in range(5)]
    for box in boxes:
        box.apply_transform(trimesh.transformations.random_rotation_matrix(rng.random(3)))
        box.apply_translation(rng.uniform(-0.2, 0.2, 3))
    soup = joined(*(box.subdivide() for box in boxes))
    expected = np.zeros(len(soup.faces), bool)
    at_first = np.zeros(len(soup.faces), bool)
    for number, weights in enumerate(_PROBES):
        places = np.einsum("c,fcd->fd", weights, soup.vertices[soup.faces])
        out = SIDE_STEP * soup.face_normals
        expected |= soup.inside(places - out) & ~soup.inside(places + out)
        at_first = expected.copy() if number == 0 else at_first
    assert at_first.sum() < expected.sum() < len(expected)
    np.testing.assert_array_equal(bounding_mask(soup), expected)


def test_a_mesh_inside_out_is_refused() -> None:
    sphere = trimesh.creation.icosphere(2)
    with pytest.raises(ScanError, match="inside out"):
        bounding_triangles(Triangles(np.asarray(sphere.vertices), np.asarray(sphere.faces)[:, ::-1]))
