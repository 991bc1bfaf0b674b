"""Colours of glTF files come out as the specification defines them, or the file is refused by name."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.errors import ScanError
from lifecast.scans.read import read_scan
from lifecast.scans.texels import TexelPool
from lifecast.surface.colour.srgb import to_linear, to_srgb
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.export import save_model

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "<f4")
UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], "<f4")
"""glTF's coordinates of the square's corners, v down."""
NewGlb = Callable[[], Any]
COLOURS = np.array([[0, 60, 120], [255, 10, 30], [128, 200, 5], [77, 77, 250]], np.uint8)


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def quarters() -> np.ndarray:
    """A picture of four plain quarters: red and green above, blue and white below."""
    tile = np.array([[[200, 0, 0], [0, 200, 0]], [[0, 0, 200], [250, 250, 250]]], np.uint8)
    return np.kron(tile, np.ones((32, 32, 1), np.uint8)).astype(np.uint8)


def seen_at(path: Path, x: float, y: float) -> np.ndarray:
    """The sRGB bytes of the surface at a place of the square, as the renderer samples them."""
    scan = read_scan(path)
    pool = TexelPool(scan, 64.0)
    for face in range(len(scan.faces)):
        corners = scan.vertices[scan.faces[face], :2]
        a, b = np.linalg.solve(np.stack([corners[1] - corners[0], corners[2] - corners[0]], 1), [x, y] - corners[0])
        if min(a, b, 1 - a - b) >= -1e-9:
            weights = np.array([[1 - a - b, a, b]], np.float32)
            return np.round(to_srgb(pool.sample(np.array([face]), weights))[0] * 255).astype(np.uint8)
    raise AssertionError("outside of the square")


STORED = {
    "u8": np.round(to_linear(COLOURS / 255) * 255).astype("<u1"),
    "u16": np.round(to_linear(COLOURS / 255) * 65535).astype("<u2"),
    "f32": to_linear(COLOURS / 255).astype("<f4"),
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
@pytest.mark.parametrize("width", [3, 4])
@pytest.mark.parametrize("material", [None, {}, {"pbrMetallicRoughness": {"metallicFactor": 0}}])
def test_vertex_colours_are_linear_in_every_component_type(
    tmp_path: Path, new_glb: NewGlb, stored: np.ndarray, width: int, material: dict[str, Any] | None
) -> None:
    glb = new_glb()
    if width == 4:
        full = 1 if stored.dtype.kind == "f" else np.iinfo(stored.dtype).max
        stored = np.append(stored, np.full((4, 1), full, stored.dtype), 1)
    more = {} if stored.dtype.kind == "f" else {"normalized": True}
    glb.attributes["COLOR_0"] = glb.accessor(stored, f"VEC{width}", **more)
    if material is not None:
        glb.material(**material)
    scan = read_scan(glb.write(tmp_path))
    # Eight linear bits are coarser than sRGB in the dark: what they stand for is what counts.
    values = stored[:, :3] if stored.dtype.kind == "f" else stored[:, :3] / np.iinfo(stored.dtype).max
    np.testing.assert_array_equal(scan.colour, np.round(to_srgb(values) * 255))
    if stored.dtype != np.uint8:
        np.testing.assert_array_equal(scan.colour, COLOURS)
    np.testing.assert_array_equal(scan.materials[0].factor, [1, 1, 1])


@pytest.mark.parametrize("kind", ["glb", "obj", "ply"])
def test_vertex_colours_of_our_own_files_come_back_exactly(tmp_path: Path, kind: str) -> None:
    ball = trimesh.creation.icosphere(2)
    colours = np.random.default_rng(0).integers(0, 256, (len(ball.vertices), 3)).astype(np.uint8)
    save_model(
        ColouredMesh(ball.vertices.astype(np.float32), ball.faces, ball.vertex_normals, colours), tmp_path / f"a.{kind}"
    )
    scan = read_scan(tmp_path / f"a.{kind}")
    np.testing.assert_allclose(scan.vertices, ball.vertices, atol=1e-5)
    np.testing.assert_array_equal(scan.colour, colours)
    np.testing.assert_array_equal(scan.materials[0].factor, [1, 1, 1])


def test_trimesh_stores_srgb_and_is_read_so(tmp_path: Path) -> None:
    box = trimesh.creation.box()
    box.visual.vertex_colors = np.random.default_rng(0).integers(0, 256, (8, 4)).astype(np.uint8)
    box.export(tmp_path / "box.glb")
    np.testing.assert_array_equal(read_scan(tmp_path / "box.glb").colour, np.asarray(box.visual.vertex_colors)[:, :3])


def test_a_missing_factor_is_one_and_a_stated_one_stays_exact(tmp_path: Path, new_glb: NewGlb) -> None:
    for stated, expected in ((None, [1, 1, 1]), ([0.3, 0.123, 0.7, 1], [0.3, 0.123, 0.7])):
        glb = new_glb()
        glb.material(pbrMetallicRoughness={} if stated is None else {"baseColorFactor": stated})
        np.testing.assert_allclose(read_scan(glb.write(tmp_path)).materials[0].factor, expected, rtol=1e-6)


def test_colour_times_texture_times_factor(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(np.full((4, 4, 3), 188, np.uint8)), baseColorFactor=[0.5, 1, 0.25, 1])
    glb.attributes["COLOR_0"] = glb.accessor(np.tile(np.array([[0.5, 0.25, 1.0]], "<f4"), (4, 1)), "VEC3")
    path = glb.write(tmp_path)
    texel = to_linear(np.array(188 / 255))
    vertex = to_linear(np.round(to_srgb(np.array([0.5, 0.25, 1.0])) * 255) / 255)
    expected = np.round(to_srgb(texel * vertex * [0.5, 1, 0.25]) * 255)
    np.testing.assert_array_equal(seen_at(path, 0.5, 0.4), expected)


def test_sparse_and_interleaved_accessors(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    packed = np.zeros(4, [("position", "<f4", 3), ("colour", "<u2", 4)])
    packed["position"], packed["colour"] = SQUARE, np.append(STORED["u16"], np.full((4, 1), 65535, "<u2"), 1)
    view = glb.view(packed.tobytes())
    glb.tree["bufferViews"][view]["byteStride"] = packed.itemsize
    glb.tree["accessors"] += [
        {"bufferView": view, "componentType": 5126, "count": 4, "type": "VEC3"},
        {"bufferView": view, "byteOffset": 12, "componentType": 5123, "count": 4, "type": "VEC4", "normalized": True},
    ]
    glb.attributes |= {"POSITION": 2, "COLOR_0": 3}
    glb.tree["accessors"][2]["sparse"] = {
        "count": 1,
        "indices": {"bufferView": glb.view(np.array([2], "<u2").tobytes()), "componentType": 5123},
        "values": {"bufferView": glb.view(np.array([[1, 1, 5]], "<f4").tobytes())},
    }
    scan = read_scan(glb.write(tmp_path))
    np.testing.assert_array_equal(scan.colour, COLOURS)
    np.testing.assert_array_equal(scan.vertices[2], [1, 1, 5])


def test_quantised_positions_and_coordinates(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(quarters()))
    glb.attributes["POSITION"] = glb.accessor((SQUARE * 32767).astype("<i2"), "VEC3", normalized=True)
    glb.attributes["TEXCOORD_0"] = glb.accessor((UV * 65535).astype("<u2"), "VEC2", normalized=True)
    glb.tree["extensionsRequired"] = ["KHR_mesh_quantization"]
    path = glb.write(tmp_path)
    np.testing.assert_allclose(read_scan(path).vertices, SQUARE)
    assert seen_at(path, 0.25, 0.75).tolist() == [200, 0, 0]


@pytest.mark.parametrize(
    ("transform", "place", "expected"),
    [
        ({}, (0.25, 0.75), [200, 0, 0]),
        ({"offset": [0.5, 0]}, (0.25, 0.75), [0, 200, 0]),
        ({"scale": [0.5, 0.5]}, (0.9, 0.1), [200, 0, 0]),
        # A quarter turn of the coordinates, counter-clockwise as the picture is seen: (u, v) -> (v, -u).
        ({"rotation": np.pi / 2, "offset": [0, 1]}, (0.25, 0.75), [0, 0, 200]),
        ({"rotation": np.pi / 2, "offset": [0, 1]}, (0.75, 0.75), [200, 0, 0]),
    ],
)
def test_texture_transforms(
    tmp_path: Path, new_glb: NewGlb, transform: dict[str, Any], place: Any, expected: list[int]
) -> None:
    glb = new_glb()
    glb.textured(png(quarters()), {"extensions": {"KHR_texture_transform": transform}})
    assert seen_at(glb.write(tmp_path), *place).tolist() == expected


@pytest.mark.parametrize("by", ["info", "transform"])
def test_the_second_set_of_coordinates(tmp_path: Path, new_glb: NewGlb, by: str) -> None:
    glb = new_glb()
    info = {"texCoord": 1} if by == "info" else {"extensions": {"KHR_texture_transform": {"texCoord": 1}}}
    glb.textured(png(quarters()), info)
    glb.attributes["TEXCOORD_1"] = glb.accessor(UV[[1, 0, 3, 2]].copy(), "VEC2")  # mirrored
    assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == [0, 200, 0]
    del glb.attributes["TEXCOORD_1"]
    with pytest.raises(ScanError, match=r"square\.glb: the material 'skin' is textured by TEXCOORD_1"):
        read_scan(glb.write(tmp_path))


def test_what_lies_beyond_the_texture_is_clamped_mirrored_or_repeated(tmp_path: Path, new_glb: NewGlb) -> None:
    for wrap, expected in ((33071, [0, 200, 0]), (10497, [200, 0, 0]), (33648, [0, 200, 0])):
        glb = new_glb()
        glb.textured(png(quarters()), {"extensions": {"KHR_texture_transform": {"offset": [1, 0]}}})
        glb.tree["samplers"] = [{"wrapS": wrap}]
        glb.tree["textures"][0]["sampler"] = 0
        assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == expected
    assert seen_at(glb.write(tmp_path), 0.75, 0.75).tolist() == [200, 0, 0]  # mirrored


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"nothing at all", "is no readable picture"), (png(quarters())[:60], "is no readable picture"),
     (b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(80), "KTX2")],
)  # fmt: skip
def test_a_texture_that_cannot_be_decoded_is_named(tmp_path: Path, new_glb: NewGlb, data: bytes, reason: str) -> None:
    glb = new_glb()
    glb.textured(data)
    with pytest.raises(
        ScanError, match=rf"square\.glb: the texture of 'skin' cannot be used: its picture '0' .*{reason}"
    ):
        read_scan(glb.write(tmp_path))


def test_a_texture_beside_the_file_that_is_not_there_is_named(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(quarters()))
    glb.tree["images"] = [{"uri": "skin.png"}]
    with pytest.raises(ScanError, match=r"square\.glb: .*'skin\.png' is not there"):
        read_scan(glb.write(tmp_path))
    (tmp_path / "skin.png").write_bytes(png(quarters()))
    assert seen_at(tmp_path / "square.glb", 0.25, 0.75).tolist() == [200, 0, 0]


def test_ktx2_and_webp_beside_a_plain_picture(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(quarters()))
    ktx2 = glb.picture(b"\xabKTX 20\xbb" + bytes(80), "image/ktx2")
    extension = {"extensions": {"KHR_texture_basisu": {"source": ktx2}}}
    glb.tree["textures"][0] |= extension
    assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == [200, 0, 0]
    glb.tree["textures"][0] = extension
    with pytest.raises(ScanError, match="is a KTX2 texture"):
        read_scan(glb.write(tmp_path))
    file = io.BytesIO()
    Image.fromarray(quarters()).save(file, "WEBP", lossless=True)
    webp = glb.picture(file.getvalue(), "image/webp")
    glb.tree["textures"][0] = {"extensions": {"EXT_texture_webp": {"source": webp}}}
    assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == [200, 0, 0]


def test_grey_textures_of_16_bits_keep_their_range(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(np.kron(np.array([[0, 25700], [43690, 65535]], np.uint16), np.ones((8, 8), np.uint16))))
    path = glb.write(tmp_path)
    for place, grey in (((0.25, 0.75), 0), ((0.75, 0.75), 100), ((0.25, 0.25), 170), ((0.75, 0.25), 255)):
        assert seen_at(path, *place).tolist() == [grey] * 3


def test_other_places_of_the_diffuse_colour(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.textured(png(quarters()))
    info = {"index": 0}
    glb.material(extensions={"KHR_materials_pbrSpecularGlossiness": {"diffuseTexture": info}})
    assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == [200, 0, 0]
    glb.material(pbrMetallicRoughness={"baseColorFactor": [0, 0, 0, 1]}, emissiveTexture=info, emissiveFactor=[1, 1, 1])
    assert seen_at(glb.write(tmp_path), 0.25, 0.75).tolist() == [200, 0, 0]


def test_a_factors_alpha_cuts_away_what_is_blended(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.material(pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 0.2]}, alphaMode="BLEND")
    assert len(TexelPool(read_scan(glb.write(tmp_path)), 64).solid_faces) == 0
    glb.material(pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 0.2]})
    assert len(TexelPool(read_scan(glb.write(tmp_path)), 64).solid_faces) == 2


def test_triangle_fans_are_refused(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.primitive["mode"] = 6
    with pytest.raises(ScanError, match="triangle fans"):
        read_scan(glb.write(tmp_path))


def test_a_negative_scale_keeps_faces_outward(tmp_path: Path, new_glb: NewGlb) -> None:
    glb = new_glb()
    glb.tree["nodes"][0]["scale"] = [-1, 1, 1]
    scan = read_scan(glb.write(tmp_path))
    corners = scan.vertices[scan.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normal[:, 2] > 0).all()
