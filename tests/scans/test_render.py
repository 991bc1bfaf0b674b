"""Views against closed forms: a ball's silhouette, normals, depth and light; textures, holes, open sheets, mirrors."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lifecast.scans.lighting import DIFFUSE, harmonics
from lifecast.scans.read import Material, Scan
from lifecast.scans.render import Renderer, dilated, view_rotation
from lifecast.scans.rendered_view import View
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.shading import PLAIN, Look, develop
from lifecast.scans.texels import TexelPool, linear_to_srgb, srgb_to_linear

STRAIGHT = np.eye(3)
CENTRED = np.zeros(2)


def scan_of(mesh: trimesh.Trimesh, material: Material | None = None, uv: np.ndarray | None = None) -> Scan:
    vertices, faces = np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32)
    if uv is None:
        uv = np.zeros((len(vertices), 2), np.float32)
    material = material or Material("plain", np.full(3, 0.5, np.float32))
    white = np.full((len(vertices), 3), 255, np.uint8)
    return Scan(vertices, faces, uv, white, np.zeros(len(faces), np.int32), [material])


def render(scan: Scan, size: int, look: Look = PLAIN, rotation: np.ndarray = STRAIGHT) -> View:
    normals = seamless_normals(scan.vertices, scan.faces)
    return Renderer(scan, normals, size).render(rotation, CENTRED, look)


def centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    x = -1 + (2 * np.arange(size) + 1) / size
    return np.meshgrid(x, -x)


def decoded(normals: np.ndarray) -> np.ndarray:
    return normals / 127.5 - 1


@pytest.fixture(scope="module")
def ball_view() -> View:
    return render(scan_of(trimesh.creation.icosphere(6, 0.6)), 256)


def test_a_balls_silhouette(ball_view: View) -> None:
    x, y = centres(256)
    radius = np.hypot(x, y)
    assert (ball_view.mask[radius < 0.59] == 255).all()
    assert (ball_view.mask[radius > 0.61] == 0).all()
    area = ball_view.mask.sum() / 255 * (2 / 256) ** 2
    assert area == pytest.approx(np.pi * 0.36, rel=2e-3)


def test_a_balls_front_and_back_normals(ball_view: View) -> None:
    x, y = centres(256)
    inside = np.hypot(x, y) < 0.57
    z = np.sqrt(np.maximum(0.36 - x**2 - y**2, 0))
    for picture, side in ((ball_view.front, 1), (ball_view.back, -1)):
        expected = np.stack([x, y, side * z], axis=-1)[inside] / 0.6
        apart = np.linalg.norm(decoded(picture[inside]) - expected, axis=1)  # radians, for small ones
        assert np.degrees(apart).mean() < 0.4
        assert np.degrees(apart).max() < 1.5
    assert (ball_view.front[ball_view.mask == 0] == 128).all()


def test_a_balls_depth_from_both_sides(ball_view: View) -> None:
    x, y = centres(64)
    z = np.sqrt(np.maximum(0.36 - x**2 - y**2, 0))
    inside = np.hypot(x, y) < 0.57
    np.testing.assert_allclose(ball_view.front_depth[inside], z[inside], atol=2e-3)
    np.testing.assert_allclose(ball_view.back_depth[inside], -z[inside], atol=2e-3)
    assert np.isnan(ball_view.front_depth[np.hypot(x, y) > 0.61]).all()


def test_a_ball_under_known_light() -> None:
    """Pixel values, made linear again, follow albedo * sum(DIFFUSE Y(n) L) up to the exposure."""
    light = PLAIN.light.copy()
    light[1:4] = [[1.0, 0.8, 0.6], [0.5, 0.5, 0.5], [-0.7, -0.4, -0.2]]
    light[6] = 0.3
    view = render(scan_of(trimesh.creation.icosphere(6, 0.6)), 128, Look(light, exposure=0.6))
    x, y = centres(128)
    inside = np.hypot(x, y) < 0.56
    z = np.sqrt(np.maximum(0.36 - x**2 - y**2, 0))
    normals = np.stack([x, y, z], axis=-1)[inside] / 0.6
    expected = (harmonics(normals) * DIFFUSE) @ light
    ratio = srgb_to_linear(view.colour[inside] / 255) / expected
    np.testing.assert_allclose(ratio / ratio.mean(), 1, atol=0.03)


def test_a_picture_is_a_view_without_its_maps() -> None:
    moved = trimesh.creation.icosphere(3, 0.5).apply_translation([0.1, 0.2, 0.0])
    scan, posed = (scan_of(mesh) for mesh in (trimesh.creation.icosphere(3, 0.5), moved))
    normals = seamless_normals(scan.vertices, scan.faces)
    view = Renderer(posed, normals, 96).render(STRAIGHT, CENTRED, PLAIN)
    # Texels are the same in any pose.
    colour, mask = Renderer(posed, normals, 96, texels=TexelPool(scan, 48)).picture(STRAIGHT, CENTRED, PLAIN)
    np.testing.assert_array_equal(colour, view.colour)
    np.testing.assert_array_equal(mask, view.mask)
    assert 0 < (mask > 0).mean() < 0.5


def test_a_lamp_casts_a_shadow() -> None:
    ball = trimesh.creation.icosphere(4, 0.2).apply_translation([0, 0, 0.5])
    wall = trimesh.creation.box([1.6, 1.6, 0.1])
    scan = scan_of(trimesh.util.concatenate([ball, wall]))
    lamp = np.array([1, 0, 1], np.float32) / np.sqrt(np.float32(2))
    view = render(scan, 128, Look(PLAIN.light * 0.2, sun=lamp, sun_colour=np.full(3, 2, np.float32), exposure=0.5))
    x, y = centres(128)
    # The ball's centre is 0.45 before the wall, so its shadow lies 0.45 to the left.
    shadow, free = np.hypot(x + 0.45, y) < 0.15, np.hypot(x - 0.5, y) < 0.15
    assert view.colour[shadow].mean() < 0.6 * view.colour[free].mean()


def quad(size: float = 0.8, z: float = 0.0) -> tuple[trimesh.Trimesh, np.ndarray]:
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * size + [0, 0, z]
    mesh = trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]], process=False)
    return mesh, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def test_a_texture_is_the_right_way_up() -> None:
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32, :32], texture[:32, 32:], texture[32:, :32] = [255, 0, 0], [0, 255, 0], [0, 0, 255]
    mesh, uv = quad()
    scan = scan_of(mesh, Material("picture", np.ones(3, np.float32), texture), uv)
    view = render(scan, 64, Look(PLAIN.light, exposure=0.6))
    for (row, column), channel in {(16, 16): 0, (16, 48): 1, (48, 16): 2}.items():
        value = view.colour[row, column].astype(int)
        assert value.argmax() == channel, (row, column, value)
        assert np.delete(value, channel).max() < 20
    assert view.colour[48, 48].max() < 20


def test_rays_pass_through_transparent_texels_on_both_sides() -> None:
    """A card with a hole before a ball: through the hole one sees the ball, beside it the card."""
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[16:48, 16:48] = 0
    card, uv = quad(0.8, z=0.7)
    ball = trimesh.creation.icosphere(4, 0.3)
    both = trimesh.util.concatenate([card, ball])
    texture = np.full((64, 64, 3), 200, np.uint8)
    scan = scan_of(
        trimesh.Trimesh(both.vertices, both.faces, process=False),
        Material("card", np.ones(3, np.float32), texture, alpha),
        np.concatenate([uv, np.zeros((len(ball.vertices), 2), np.float32)]),
    )
    scan.materials.append(Material("ball", np.ones(3, np.float32)))
    scan.material[2:] = 1
    view = render(scan, 128)
    x, y = centres(32)
    assert (view.front_depth[np.maximum(abs(x), abs(y)) < 0.2] < 0.31).all()
    ring = (np.maximum(abs(x), abs(y)) > 0.45) & (np.maximum(abs(x), abs(y)) < 0.75)
    np.testing.assert_allclose(view.front_depth[ring], 0.7, atol=1e-3)
    np.testing.assert_allclose(view.back_depth[ring], 0.7, atol=1e-3)
    corner = (np.maximum(abs(x), abs(y)) < 0.37) & (np.hypot(x, y) > 0.33)
    assert np.isnan(view.front_depth[corner]).all()  # hole, and nothing behind it
    pool = TexelPool(scan, 64)
    np.testing.assert_allclose(pool.face_coverage()[2:], 1)
    assert pool.face_coverage()[:2].max() < 0.9


def test_the_inside_of_an_open_sheet_shows_a_normal_toward_the_viewer() -> None:
    mesh, _ = quad()
    mesh.invert()  # its outside now looks away
    view = render(scan_of(mesh), 64)
    assert decoded(view.front[32, 32])[2] > 0.99
    assert decoded(view.back[32, 32])[2] < -0.99


def test_yaw_turns_the_front_to_the_right_and_elevation_tilts_the_head_forward() -> None:
    np.testing.assert_allclose(view_rotation(90, 0) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(view_rotation(0, 30) @ [0, 1, 0], [0, np.cos(np.pi / 6), 0.5], atol=1e-12)


def test_the_mirrored_scan_gives_the_mirrored_view() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(-0.5, 0.5, (3, 3))
    balls = [trimesh.creation.icosphere(4, 0.3 - 0.07 * i).apply_translation(place) for i, place in enumerate(places)]
    mesh = trimesh.util.concatenate(balls)
    mirrored = mesh.copy()
    mirrored.vertices[:, 0] *= -1
    mirrored.invert()
    light = PLAIN.light.copy()
    light[1:] += rng.normal(0, 0.4, (8, 3)).astype(np.float32)
    # The mirrored light: terms odd in x change their sign.
    other = light * np.array([1, 1, 1, -1, -1, 1, 1, -1, 1], np.float32)[:, None]
    view, twin = render(scan_of(mesh), 128, Look(light)), render(scan_of(mirrored), 128, Look(other))
    # The eight sub-pixel places are not symmetric: pixels on the rim may differ by an eighth or two.
    difference = np.abs(view.mask[:, ::-1].astype(int) - twin.mask)
    assert difference.max() <= 64
    assert (difference > 0).mean() < 0.03
    solid = (view.mask[:, ::-1] == 255) & (twin.mask == 255)
    assert np.abs(view.colour[:, ::-1].astype(int) - twin.colour)[solid].mean() < 0.5
    flipped = decoded(view.front[:, ::-1]) * [-1, 1, 1]
    assert np.abs(flipped - decoded(twin.front))[solid].mean() < 0.01
    np.testing.assert_allclose(view.front_depth[:, ::-1], twin.front_depth, atol=2e-3)


def test_bilinear_texels_agree_with_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    mesh, _ = quad()
    uv = rng.uniform(-1, 2, (4, 2)).astype(np.float32)
    pool = TexelPool(scan_of(mesh, Material("m", np.ones(3, np.float32), texture), uv), 10)
    weights = rng.dirichlet(np.ones(3), 50).astype(np.float32)
    face = rng.integers(0, 2, 50)
    got = pool.sample(face, weights)
    linear = srgb_to_linear(texture / 255)
    for f, w, value in zip(face, weights, got, strict=True):
        u, v = w @ uv[mesh.faces[f]]
        x, y = u * 7 - 0.5, (1 - v) * 5 - 0.5
        expected = np.zeros(3)
        for row in (np.floor(y), np.floor(y) + 1):
            for column in (np.floor(x), np.floor(x) + 1):
                share = (1 - abs(x - column)) * (1 - abs(y - row))
                expected += share * linear[int(row) % 5, int(column) % 7]
        np.testing.assert_allclose(value, expected, atol=1e-4)


def test_a_texture_seen_small_is_averaged_not_picked() -> None:
    checks = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    mesh, uv = quad(0.2)
    scan = scan_of(mesh, Material("weave", np.ones(3, np.float32), np.repeat(checks[..., None], 3, axis=2)), uv)
    view = render(scan, 64, Look(PLAIN.light, exposure=0.5))
    assert np.ptp(view.colour[30:34, 30:34].astype(int)) <= 2


def test_dilation_takes_the_nearest_seen_pixel() -> None:
    rng = np.random.default_rng(2)
    colour = rng.integers(0, 256, (20, 24, 3)).astype(np.uint8)
    visible = rng.random((20, 24)) < 0.1
    result = dilated(colour, visible)
    places = np.argwhere(visible)
    for row in range(20):
        for column in range(24):
            distance = np.hypot(*(places - [row, column]).T)
            # OpenCV's distance over a 3x3 mask is within a few per cent of the Euclidean one.
            near = places[distance <= distance.min() * 1.09 + 1e-6]
            assert any((result[row, column] == colour[r, c]).all() for r, c in near)


def test_developing_is_srgb_below_the_shoulder_and_never_clips_hard() -> None:
    low = np.linspace(0, 0.69, 200, dtype=np.float32)[:, None].repeat(3, axis=1)
    np.testing.assert_allclose(develop(low, 1.0, 1.0), np.round(linear_to_srgb(low) * 255), atol=1)
    high = develop(np.linspace(0.7, 1.1, 40, dtype=np.float32)[:, None].repeat(3, axis=1), 1.0, 1.0)[:, 0].astype(int)
    assert (np.diff(high) >= 0).all()
    assert high[-1] > high[0] + 15
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(np.arange(256) / 255)), np.arange(256) / 255, atol=1e-6)


def test_a_close_renderer_renders_a_part_of_the_picture_larger() -> None:
    """A close-up of a quarter of the picture has the pixels of a picture four times as large."""
    scan = scan_of(trimesh.creation.icosphere(4, 0.6))
    normals = seamless_normals(scan.vertices, scan.faces)
    whole = Renderer(scan, normals, 256).render(STRAIGHT, CENTRED, PLAIN)
    close = Renderer(scan, normals, 64)
    near = close.close(0.25, 64, TexelPool(scan, 128)).render(STRAIGHT, CENTRED - [0.5, 0.25], PLAIN)
    rows, columns = slice(64, 128), slice(160, 224)  # x from .25 to .75, y from 0 to .5
    for name in ("mask", "front", "back"):
        one, other = (getattr(view, name).astype(int) for view in (near, whole))
        difference = np.abs(one - other[rows, columns])
        assert (difference > 2).mean() < 0.02, name  # rays through an edge's subpixels may meet other triangles
    assert close.half == 1.0
    assert 0.2 < (near.mask > 127).mean() < 0.9
