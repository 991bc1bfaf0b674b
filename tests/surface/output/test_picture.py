"""Pictures: not blank, the right colours at the right place, antialiased, turned the right way."""

import numpy as np
import pytest
import trimesh

from lifecast.surface.output.picture import draw, subject, turn


@pytest.fixture(scope="module")
def flag():
    """A ball, red where x > 0, blue where x < 0, white behind (z < -0.3)."""
    ball = trimesh.creation.icosphere(4, 0.5)
    colours = np.where(ball.vertices[:, :1] > 0, (220, 20, 20), (20, 20, 220)).astype(np.uint8)
    colours[ball.vertices[:, 2] < -0.3] = 255
    return subject(ball.vertices * 3 + [5, 1, 2], ball.faces, ball.vertex_normals, colours)


def middle(picture, dx=0.0, dy=0.0):
    size = picture.shape[0]
    return picture[int((0.5 - dy / 2) * size), int((0.5 + dx / 2) * size)].astype(int)


def test_colours_are_where_they_belong(flag):
    front = draw(flag, 128, style="unlit")
    assert np.abs(middle(front, 0.4) - (220, 20, 20)).max() < 3
    assert np.abs(middle(front, -0.4) - (20, 20, 220)).max() < 3
    assert np.abs(middle(draw(flag, 128, yaw=180, style="unlit")) - 255).max() < 3
    # turning the front toward the right brings the person's right side (x < 0) before the camera
    assert np.abs(middle(draw(flag, 128, yaw=90, style="unlit")) - (20, 20, 220)).max() < 3
    assert np.abs(middle(draw(flag, 128, yaw=-90, style="unlit")) - (220, 20, 20)).max() < 3


def test_light_keeps_the_hue_and_shapes_the_form(flag):
    lit = draw(flag, 128)
    red = middle(lit, 0.4)
    assert red[0] > 3 * red[1]
    clay = draw(flag, 128, style="clay")
    assert middle(clay, -0.4, 0.4).mean() > middle(clay, 0.4, -0.4).mean() + 20  # the key light comes from above left
    assert np.ptp(middle(clay)) < 25  # neutral


def test_normals(flag):
    picture = draw(flag, 128, style="normals")
    assert np.abs(middle(picture) - (128, 128, 255)).max() < 4
    assert middle(picture, 0.6)[0] > 200
    assert middle(picture, 0, 0.6)[1] > 200
    assert np.abs(picture[0, 0].astype(int) - 128).max() <= 1
    turned = draw(flag, 128, yaw=60, style="normals")
    assert np.abs(middle(turned) - (128, 128, 255)).max() < 4  # in the camera's frame


def test_the_background_is_light_and_the_outline_smooth(flag):
    for style in ("colour", "clay", "unlit"):
        picture = draw(flag, 96, style=style)
        assert picture.shape == (96, 96, 3)
        assert picture[:4].min() > 220
    circle = draw(flag, 96, style="unlit")[..., 0]
    between = (circle > 40) & (circle < 200)
    assert between.sum() > 60  # a ring of mixed pixels


def test_everything_stays_in_the_picture():
    rng = np.random.default_rng(0)
    wide = trimesh.creation.box((3, 0.2, 1.0))
    what = subject(wide.vertices, wide.faces, wide.vertex_normals, rng.integers(0, 60, (8, 3), dtype=np.uint8))
    for yaw in range(0, 360, 45):
        picture = draw(what, 64, yaw=yaw, style="unlit")
        assert picture[:, :2].min() > 150
        assert picture[:, -2:].min() > 150
        assert picture.min() < 100


def test_without_colours_clay_is_drawn(flag):
    bare = subject(flag.vertices.numpy(), flag.faces.numpy(), flag.normals.numpy())
    assert np.array_equal(draw(bare, 64), draw(bare, 64, style="clay"))


def test_turns():
    assert np.allclose(turn(90) @ [0, 0, 1], [1, 0, 0], atol=1e-6)
    assert np.allclose(turn(0, 20) @ [0, 1, 0], [0, np.cos(np.radians(20)), np.sin(np.radians(20))], atol=1e-6)


def test_nothing_cannot_be_drawn():
    with pytest.raises(ValueError, match="without vertices"):
        subject(np.zeros((0, 3)), np.zeros((0, 3), int), np.zeros((0, 3)))
