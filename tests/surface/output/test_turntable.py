"""Turntables in each format."""

import builtins

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import MissingExtra, UsageError
from lifecast.surface.output.picture import draw, subject
from lifecast.surface.output.turntable import save_turntable, turntable


@pytest.fixture(scope="module")
def figure():
    """A box, red in front and green behind."""
    box = trimesh.creation.box((0.6, 1.4, 0.6)).subdivide().subdivide()
    colours = np.where(box.vertices[:, 2:] > 0, (200, 20, 20), (20, 200, 20)).astype(np.uint8)
    return subject(box.vertices, box.faces, box.vertex_normals, colours)


def test_frames_go_around_once(figure):
    frames = list(turntable(figure, 48, 4))
    assert len(frames) == 4
    assert np.array_equal(frames[0], draw(figure, 48))
    assert np.array_equal(frames[2], draw(figure, 48, yaw=180))


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animated_pictures(figure, kind, tmp_path):
    path = tmp_path / f"person.{kind}"
    save_turntable(figure, path, size=64, frames=6, seconds=0.6)
    picture = Image.open(path)
    assert picture.n_frames == 6
    assert picture.size == (64, 64)
    assert picture.info["loop"] == 0
    shown = []
    for index in (0, 3):
        picture.seek(index)
        shown.append(np.asarray(picture.convert("RGB")).astype(int))
        assert np.abs(shown[-1] - draw(figure, 64, yaw=60 * index)).mean() < 8
    assert shown[0][32, 32].argmax() == 0
    assert shown[1][32, 32].argmax() == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_film(figure, tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "person.mp4"
    save_turntable(figure, path, size=65, frames=6, seconds=0.6)
    frames = imageio_ffmpeg.read_frames(str(path))
    meta = next(frames)
    assert meta["size"] == (66, 66)  # H.264 wants even sides
    pictures = [np.frombuffer(frame, np.uint8).reshape(66, 66, 3) for frame in frames]
    assert len(pictures) == 6
    assert pictures[0][33, 33].argmax() == 0
    assert pictures[3][33, 33].argmax() == 1


def test_a_film_names_the_extra_that_it_needs(figure, tmp_path, monkeypatch):
    real = builtins.__import__

    def without_ffmpeg(name, *rest, **more):
        if name == "imageio_ffmpeg":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_ffmpeg)
    with pytest.raises(MissingExtra, match=r"lifecast\[video\]"):
        save_turntable(figure, tmp_path / "person.mp4", size=32, frames=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("person.avi", {}, "choose one of .gif"),
        ("person", {}, "choose one of .gif"),
        ("person.gif", {"frames": 1}, "at least 2 frames"),
        ("person.gif", {"size": 5}, "16 to 4096"),
        ("person.gif", {"seconds": 0}, "more than 0 s"),
    ],
)
def test_usage(figure, name, options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        save_turntable(figure, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []
