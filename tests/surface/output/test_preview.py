"""The preview sheet."""

import numpy as np
import trimesh
from PIL import Image

from lifecast.surface.output.picture import subject
from lifecast.surface.output.preview import preview, save_preview


def figure():
    """A column, red in front, green behind, blue at its left side (x > 0)."""
    body = trimesh.creation.capsule(height=1.2, radius=0.25, count=[32, 32])
    body.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
    colours = np.where(body.vertices[:, 2:] > 0, (200, 20, 20), (20, 200, 20)).astype(np.uint8)
    colours[body.vertices[:, 0] > 0.2] = (20, 20, 200)
    return subject(body.vertices, body.faces, body.vertex_normals, colours)


def test_front_side_back_normals():
    sheet = preview(figure(), 128)
    assert sheet.shape[0] == 128
    assert sheet.shape[1] % 4 == 0
    assert sheet.shape[1] < 4 * 128  # a slim person gets slim panels
    panels = np.split(sheet, 4, axis=1)
    middles = [panel[64, panel.shape[1] // 2].astype(int) for panel in panels]
    assert [int(middle.argmax()) for middle in middles[:3]] == [0, 2, 1]
    assert all(middle.max() > 2 * np.sort(middle)[1] for middle in middles[:3])
    assert np.abs(middles[3] - (128, 128, 255)).max() < 6


def test_saved_as_png(tmp_path):
    save_preview(figure(), tmp_path / "person.png", 64)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "person.png")), preview(figure(), 64))
    assert [path.name for path in tmp_path.iterdir()] == ["person.png"]
