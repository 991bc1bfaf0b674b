"""A scan in a country's coordinates is the person that it is at 0, or is refused where its file has lost the shape."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.normalise import normalise
from lifecast.scans.prepare import prepare_person
from lifecast.scans.read import read_scan
from lifecast.scans.scan import Scan
from lifecast.scans.settings import Settings

PLACE = np.array([500000.0, 4500000.0, 120.0])


def person() -> trimesh.Trimesh:
    """Somebody of 1.74 m, y up."""
    return trimesh.creation.capsule(height=1.34, radius=0.2, count=[12, 12]).apply_transform(
        trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0.01, 0.02])
    )


def written(folder: Path, kind: str, place: NDArray[np.float64]) -> Path:
    """The person moved to `place`, in double precision: as text, as doubles, or by the node's translation."""
    mesh = person()
    path = folder / f"scan.{kind}"
    if kind == "glb":
        scene = trimesh.Scene()
        scene.add_geometry(mesh, transform=trimesh.transformations.translation_matrix(place))
        scene.export(path)
        return path
    mesh.apply_translation(place)
    if kind == "obj":
        mesh.export(path, digits=6)
        return path
    header = f"ply\nformat ascii 1.0\nelement vertex {len(mesh.vertices)}\n"
    header += "".join(f"property double {axis}\n" for axis in "xyz")
    header += f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    rows = "".join(f"{x!r} {y!r} {z!r}\n" for x, y, z in mesh.vertices.tolist())
    path.write_text(header + rows + "".join(f"3 {a} {b} {c}\n" for a, b, c in mesh.faces))
    return path


def normalised_from(path: Path) -> Scan:
    scan = read_scan(path)
    normalise(scan)
    return scan


@pytest.mark.parametrize("kind", ["glb", "obj", "ply"])
def test_far_away_is_as_at_0(tmp_path: Path, kind: str) -> None:
    near = normalised_from(written(tmp_path, kind, np.zeros(3)))
    path = written(tmp_path, kind, PLACE)
    scan = read_scan(path)
    found = normalise(scan)
    assert scan.vertices.dtype == np.float32
    np.testing.assert_array_equal(scan.faces, near.faces)
    np.testing.assert_allclose(scan.vertices, near.vertices, atol=3e-6)
    back = scan.vertices.astype(np.float64) / found.scale + found.origin
    np.testing.assert_allclose(back, read_scan(path).vertices, atol=2e-6)


def test_prepared_pictures_are_as_at_0(tmp_path: Path) -> None:
    settings = Settings(size=64, views=1, uniform=100, near5=100, near3=100, rays=4, lightings=1)
    lights = np.array([[[3.5] * 3] + [[0.0] * 3] * 8], np.float32)
    pictures = []
    for name, place in (("near", np.zeros(3)), ("far", PLACE)):
        (tmp_path / name).mkdir()
        prepare_person("person", written(tmp_path / name, "obj", place), tmp_path / name, settings, lights)
        folder = tmp_path / name / "person"
        pictures.append([cv2.imread(str(folder / f"view_000_{part}.png")).astype(int) for part in ("front", "back")])
    for near, far in zip(*pictures, strict=True):
        assert np.abs(near - far).mean() < 0.01


@pytest.mark.parametrize("kind", ["glb", "ply", "stl"])
def test_coordinates_that_single_precision_has_rounded_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"scan.{kind}"
    person().apply_translation(PLACE).export(path)
    with pytest.raises(ScanError, match=rf"scan\.{kind}: .* stored in steps of 0\.5, .* move it to the origin"):
        read_scan(path)
    person().apply_translation([20, -3, 100]).export(path)
    assert len(read_scan(path).faces) == len(person().faces)


def test_coordinates_that_text_has_rounded_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.obj"
    person().apply_translation(PLACE).export(path, digits=2)
    with pytest.raises(ScanError, match=r"scan\.obj: .* steps of 0\.01"):
        read_scan(path)
