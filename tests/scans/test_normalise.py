"""Units, up axis, scale and origin; vertex normals; shells turned outward."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.scans.normalise import METRES, SPAN, TO_Y_UP, normalise
from lifecast.scans.orientation import orient_outward
from lifecast.scans.read import Material, Scan


def scan_of(mesh: trimesh.Trimesh) -> Scan:
    vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    return Scan(
        vertices.copy(), faces.copy(), np.zeros((len(vertices), 2), np.float32), np.full(vertices.shape, 255, np.uint8),
        np.zeros(len(faces), np.int32), [Material("plain", np.ones(3, np.float32))], [], "test",
    )  # fmt: skip


def standing_box() -> trimesh.Trimesh:
    """1.7 m tall, 0.5 wide, 0.3 deep, feet on y = 0, off the origin."""
    return trimesh.creation.box([0.5, 1.7, 0.3]).apply_translation([0.4, 0.85, -0.2])


@pytest.mark.parametrize("unit", ["m", "cm", "mm"])
@pytest.mark.parametrize("up", ["y", "z"])
def test_units_and_up_axis_are_found(unit: str, up: str) -> None:
    scan = scan_of(standing_box())
    expected = scan_of(standing_box())
    normalise(expected)
    # As a scanner with that unit and axis would have written it.
    scan.vertices = (scan.vertices @ np.array(TO_Y_UP[up], np.float32) / METRES[unit]).astype(np.float32)
    found = normalise(scan)
    assert (found.units, found.up) == (unit, up)
    np.testing.assert_allclose(scan.vertices, expected.vertices, atol=1e-4)


@pytest.mark.parametrize(("name", "up"), [("scan.glb", "y"), ("scan.gltf", "y"), ("scan.obj", "z")])
def test_gltf_is_y_up_even_of_somebody_who_crawls(name: str, up: str) -> None:
    scan = scan_of(trimesh.creation.box([0.6, 0.5, 1.6]))
    scan.source = name
    assert normalise(scan).up == up


def test_arms_stretched_wider_than_the_height_hide_no_axis() -> None:
    for up in ("y", "z"):
        scan = scan_of(trimesh.creation.box([1.75, 1.65, 0.3]))
        scan.vertices = (scan.vertices @ np.array(TO_Y_UP[up], np.float32)).astype(np.float32)
        assert normalise(scan).up == up


def test_height_becomes_180_cm_and_the_middle_the_origin() -> None:
    scan = scan_of(standing_box())
    found = normalise(scan)
    assert np.ptp(scan.vertices[:, 1]) == pytest.approx(SPAN, rel=1e-5)
    np.testing.assert_allclose((scan.vertices.min(0) + scan.vertices.max(0)) / 2, 0, atol=1e-5)
    back = scan.vertices / found.scale + found.origin
    np.testing.assert_allclose(back, standing_box().vertices, atol=1e-5)


def test_a_card_gives_the_pelvis() -> None:
    scan = scan_of(standing_box())
    found = normalise(scan, pelvis=np.array([0.3, 0.9, -0.1]))
    np.testing.assert_allclose(found.origin, [0.3, 0.85, -0.1], atol=1e-6)


def test_who_is_wider_than_tall_is_scaled_by_the_width_from_any_side() -> None:
    turn = trimesh.transformations.rotation_matrix(0.6, [0, 1, 0])
    wide = trimesh.creation.box([1.9, 1.6, 0.2]).apply_transform(turn)
    scan = scan_of(wide)
    normalise(scan)
    flat = scan.vertices[:, [0, 2]]
    widest = max(np.linalg.norm(a - b) for a in flat for b in flat)
    assert widest == pytest.approx(SPAN, rel=0.01)


@pytest.mark.parametrize("up", list(TO_Y_UP))
def test_axes_turn_without_mirroring(up: str) -> None:
    matrix = np.array(TO_Y_UP[up], float)
    assert np.linalg.det(matrix) == pytest.approx(1)
    axis = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1], "-y": [0, -1, 0], "-z": [0, 0, -1]}[up]
    np.testing.assert_allclose(matrix @ axis, [0, 1, 0])


def test_no_persons_size_asks_for_units() -> None:
    scan = scan_of(standing_box().apply_scale(7))
    with pytest.raises(ScanError, match="--units"):
        normalise(scan)
    with pytest.raises(ScanError, match="flat"):
        normalise(scan_of(trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 2, 0]], [[0, 1, 2]])))


def test_a_shell_that_is_inside_out_is_turned_and_an_open_one_left() -> None:
    good, bad = trimesh.creation.icosphere(2), trimesh.creation.icosphere(1, 0.3).apply_translation([2, 0, 0])
    bad.invert()
    sheet = trimesh.creation.cylinder(0.5, 1.0).apply_translation([-3, 0, 0])
    sheet.update_faces(np.abs(sheet.face_normals[:, 2]) < 0.5)
    whole = trimesh.util.concatenate([good, bad, sheet])
    faces = np.asarray(whole.faces, np.int32).copy()
    turned = orient_outward(np.asarray(whole.vertices, np.float32), faces)
    assert turned == len(bad.faces)
    same = (faces == whole.faces).all(axis=1)
    assert same[: len(good.faces)].all()
    assert same[len(good.faces) + len(bad.faces) :].all()


def test_a_scan_of_the_other_winding_order_is_turned_as_a_whole() -> None:
    ball = trimesh.creation.icosphere(2)
    ball.update_faces(ball.triangles_center[:, 1] > -0.5)  # open below
    ball.invert()
    faces = np.asarray(ball.faces, np.int32).copy()
    assert orient_outward(np.asarray(ball.vertices, np.float32), faces) == len(faces)


def test_the_half_that_a_mirror_turned_inside_out_is_turned_back() -> None:
    """Hair modelled as one half and its mirrored copy, whose winding order the mirror reversed; around a head."""
    cap = trimesh.creation.icosphere(3, 1.1)
    cap.update_faces((cap.triangles_center[:, 1] > 0.1) & (cap.triangles_center[:, 0] > 0))
    mirrored = np.asarray(cap.vertices) * [-1, 1, 1]  # its faces in the same order: inside out
    head = trimesh.creation.icosphere(3)
    vertices = np.concatenate([head.vertices, cap.vertices, mirrored]).astype(np.float32)
    right = cap.faces + len(head.vertices)
    faces = np.concatenate([head.faces, right, right + len(cap.vertices)]).astype(np.int32)
    assert orient_outward(vertices, faces) == len(cap.faces)
    corners = vertices[faces]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((outward * corners.mean(axis=1)).sum(axis=1) > 0).all()
