"""MakeHuman's garment files: reading, stray lines, and a fit that goes where the body goes."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from lifecast.errors import ScanError
from lifecast.people.mhclo import read_mhclo
from lifecast.people.rig import skin
from lifecast.people.rotation import about

TEXT = """# a comment
name shirt
obj_file shirt.obj
x_scale 0 1 2.0
y_scale 0 2 4.0
z_scale 0 3 1.0
tag Top
verts 0
material shirt.mhmat
vertexboneweights_file shirt.mhw
0 1 2 0.5 0.25 0.25 1.0 2.0 3.0
    1 2 3 0.20000 0.30000 0.50000 -0.10000 0.00000 0.05000
3
delete_verts
3 - 5 9
11 13 - 14
"""
BASE = np.array([[0, 0, 0], [0.2, 0, 0], [0, 0.4, 0], [0, 0, 0.1]], np.float32)  # a tenth of the author's body


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "shirt.mhclo").write_text(TEXT)
    return tmp_path / "shirt.mhclo"


def test_stray_lines_among_the_vertices_are_skipped(path: Path) -> None:
    fit = read_mhclo(path)
    assert fit.base.tolist() == [[0, 1, 2], [1, 2, 3], [3, 3, 3]]
    assert fit.obj == path.parent / "shirt.obj"
    assert fit.tags == ["Top"]


def test_offsets_scale_with_the_body_axis_by_axis(path: Path) -> None:
    placed = read_mhclo(path).place(BASE)
    corner = 0.5 * BASE[0] + 0.25 * BASE[1] + 0.25 * BASE[2]
    np.testing.assert_allclose(placed[0], corner + np.array([0.1, 0.2, 0.3]), atol=1e-6)
    np.testing.assert_allclose(placed[2], BASE[3])
    stretched = read_mhclo(path).place(BASE * np.array([1, 3, 1], np.float32))
    np.testing.assert_allclose(stretched[0, 1] - placed[0, 1], 2 * (corner[1] + 0.2), atol=1e-6)


def test_a_garment_follows_a_rotation_of_its_bone_exactly(path: Path) -> None:
    fit = read_mhclo(path)
    weights = fit.skin_weights(sp.csr_matrix(np.ones((4, 1))))
    turn = about([1, 2, 3], 70)
    transform = np.concatenate([turn, [[0.3], [0.1], [-0.2]]], axis=1)[None]
    posed = skin(fit.place(BASE), weights, transform)
    np.testing.assert_allclose(posed, fit.place(BASE) @ turn.T + [0.3, 0.1, -0.2], atol=1e-6)


def test_skinning_weights_are_shares(path: Path) -> None:
    fit = read_mhclo(path)
    fit.weights[1] = [1.4, -0.3, -0.1]
    weights = fit.skin_weights(sp.csr_matrix(np.eye(4)[:, :3] + np.eye(4)[:, 1:] * 0)).toarray()
    assert weights.min() >= 0
    np.testing.assert_allclose(weights[1], [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name x\nobj_file x.obj\n", "no vertices"),
        (TEXT.replace("0.5 0.25", "0.5 zero"), "line 11"),
        (TEXT.replace("obj_file", "no_file"), "obj_file"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "broken.mhclo").write_text(text)
    with pytest.raises(ScanError, match=part) as caught:
        read_mhclo(tmp_path / "broken.mhclo")
    assert "broken.mhclo" in str(caught.value)
