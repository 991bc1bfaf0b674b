"""Colours of OBJ, PLY, OFF and STL files come out as stored, or the file is refused by name."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lifecast.errors import ScanError
from lifecast.scans.obj_materials import parse_mtl
from lifecast.scans.read import read_scan

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\n"
LIBRARY = "mtllib scan.mtl\n"
FACE = "f 1/1 2/2 3/3\n"
COLOURS = np.array([[0, 60, 120], [255, 10, 30], [128, 200, 5]], np.uint8)


def picture(path: Path, colour: tuple[int, int, int] = (200, 120, 90)) -> None:
    Image.fromarray(np.full((4, 4, 3), colour, np.uint8)).save(path)


def obj(folder: Path, text: str, mtl: bytes | None = None, encoding: str = "utf-8") -> Path:
    if mtl is not None:
        (folder / "scan.mtl").write_bytes(mtl)
    path = folder / "scan.obj"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("library", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("scan", ["cp1252", "utf-8"])
def test_names_are_found_whatever_the_encodings(tmp_path: Path, scan: str, library: str) -> None:
    picture(tmp_path / "Körper.png")
    mtl = "newmtl Häut\nKd 1 1 1\nmap_Kd Körper.png\n".encode(library)
    path = obj(tmp_path, f"mtllib scan.mtl\n{TRIANGLE}usemtl Häut\n{FACE}", mtl, scan)
    texture = read_scan(path).materials[0].texture
    assert texture is not None
    assert texture[0, 0].tolist() == [200, 120, 90]


@pytest.mark.parametrize(("name", "encoding"), [("皮肤", "gbk"), ("肌テクスチャ", "cp932"), ("кожа", "cp1251")])
def test_file_names_of_other_scripts(tmp_path: Path, name: str, encoding: str) -> None:
    picture(tmp_path / f"{name}.png")
    mtl = f"newmtl {name}\nmap_Kd {name}.png\n".encode(encoding)
    path = obj(tmp_path, f"mtllib scan.mtl\n{TRIANGLE}usemtl {name}\n{FACE}", mtl, encoding)
    assert read_scan(path).materials[0].texture is not None


def test_unknown_materials_are_named(tmp_path: Path) -> None:
    text = f"mtllib scan.mtl\n{TRIANGLE}usemtl skin\n{FACE}usemtl cloth\n{FACE}"
    mtl = b"newmtl Skin\nKd 0.5 0.25 1\n"
    with pytest.raises(ScanError, match=r"scan\.obj: uses the material 'cloth', which its material library lacks"):
        read_scan(obj(tmp_path, text, mtl))
    path = obj(tmp_path, text.replace("cloth", "skin"))
    np.testing.assert_array_equal(read_scan(path).materials[0].factor, [0.5, 0.25, 1])  # another case is no other name
    with pytest.raises(ScanError, match=r"'skin', 'cloth', which no material library \(mtllib\) has"):
        read_scan(obj(tmp_path, text.replace("mtllib scan.mtl\n", "")))
    bare = obj(tmp_path, f"{TRIANGLE}usemtl (null)\n{FACE}")
    assert read_scan(bare).materials[0].factor.max() == 0.5


def test_several_libraries(tmp_path: Path) -> None:
    (tmp_path / "a.mtl").write_text("newmtl a\nKd 1 0 0\n")
    (tmp_path / "b c.mtl").write_text("newmtl b\nKd 0 1 0\n")
    (tmp_path / "d.mtl").write_text("newmtl d\nKd 0 0 1\n")
    faces = "".join(f"usemtl {name}\n{FACE}" for name in "abd")
    scan = read_scan(obj(tmp_path, f"mtllib a.mtl d.mtl\nmtllib b c.mtl\n{TRIANGLE}{faces}"))
    factors = {name: scan.materials[scan.material[start]].factor.tolist() for name, start, _ in scan.parts}
    assert factors == {"a": [1, 0, 0], "b": [0, 1, 0], "d": [0, 0, 1]}


def test_options_of_a_map_move_its_coordinates(tmp_path: Path) -> None:
    picture(tmp_path / "my skin.png")
    mtl = b"newmtl skin\nmap_Kd -s 2 4 1 -o 0.25 -clamp on my skin.png\n"
    scan = read_scan(obj(tmp_path, f"mtllib scan.mtl\n{TRIANGLE}usemtl skin\n{FACE}", mtl))
    order = np.lexsort(scan.vertices[:, :2].T)
    np.testing.assert_allclose(scan.uv[order], [[0.25, 0], [2.25, 0], [2.25, 4]])
    assert scan.materials[0].wrap == ("clamp", "clamp")


def test_options_and_numbers_in_names() -> None:
    text = "newmtl a\nmap_Kd 1.png\nnewmtl b\nmap_Kd -s 2 3 4.png\nnewmtl c\nKd 0.5\nmap_Kd\t-bm 1 x -s.png\n"
    materials = parse_mtl(text)
    assert [materials[name].texture for name in "abc"] == ["1.png", "4.png", "x -s.png"]
    assert materials["b"].scale.tolist() == [2, 3]
    assert materials["c"].diffuse == (0.5, 0.5, 0.5)


def test_vertex_colours_beside_a_material(tmp_path: Path) -> None:
    rows = "".join(
        f"v {k} {k * k} 0 {r / 255:.4f} {g / 255:.4f} {b / 255:.4f}\n" for k, (r, g, b) in enumerate(COLOURS)
    )
    text = f"mtllib scan.mtl\n{rows}vt 0 0\nvt 1 0\nvt 1 1\nusemtl skin\n{FACE}"
    scan = read_scan(obj(tmp_path, text, b"newmtl skin\nKd 0.8 0.8 0.8\n"))
    np.testing.assert_array_equal(scan.colour[np.argsort(scan.vertices[:, 0])], COLOURS)
    np.testing.assert_array_equal(scan.materials[0].factor, [1, 1, 1])
    picture(tmp_path / "skin.png")
    textured = read_scan(obj(tmp_path, text, b"newmtl skin\nmap_Kd skin.png\n"))
    assert textured.materials[0].texture is not None
    assert (textured.colour == 255).all()  # the same colours twice would darken it


def test_vertex_colours_of_0_to_255(tmp_path: Path) -> None:
    rows = "".join(f"v {k} {k * k} 0 {r} {g} {b}\n" for k, (r, g, b) in enumerate(COLOURS))
    np.testing.assert_array_equal(read_scan(obj(tmp_path, f"{rows}f 1 2 3\n")).colour, COLOURS)


@pytest.mark.parametrize(
    ("text", "mtl", "reason"),
    [
        (f"{TRIANGLE}#MRGB ff102030ff102030ff102030\n{FACE}", None, "polypaint"),
        ("v 0 0 0 1 0 0\nv 1 0 0\nv 1 1 0 1 1 1\nf 1 2 3\n", None, "on some vertices"),
        (f"{LIBRARY}{TRIANGLE}usemtl skin\n{FACE}", b"newmtl skin\nmap_Ka skin.png\n", "for ambient light alone"),
        (f"{LIBRARY}{TRIANGLE}usemtl skin\nf 1 2 3\n", b"newmtl skin\nmap_Kd skin.png\n", "no texture coordinates"),
    ],
)  # fmt: skip
def test_colours_of_obj_that_cannot_be_had(tmp_path: Path, text: str, mtl: bytes | None, reason: str) -> None:
    picture(tmp_path / "skin.png")
    with pytest.raises(ScanError, match=rf"scan\.obj: .*{reason}"):
        read_scan(obj(tmp_path, text, mtl))


def test_a_material_that_states_no_colour_is_grey(tmp_path: Path) -> None:
    scan = read_scan(obj(tmp_path, f"mtllib scan.mtl\n{TRIANGLE}usemtl skin\n{FACE}", b"newmtl skin\nNs 10\n"))
    assert scan.materials[0].factor.tolist() == [0.5, 0.5, 0.5]


def test_grey_textures_of_16_bits(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "skin.png"), np.full((4, 4), 25700, np.uint16))
    scan = read_scan(
        obj(tmp_path, f"mtllib scan.mtl\n{TRIANGLE}usemtl skin\n{FACE}", b"newmtl skin\nmap_Kd skin.png\n")
    )
    assert scan.materials[0].texture is not None
    assert scan.materials[0].texture[0, 0].tolist() == [100, 100, 100]


def ply(folder: Path, kind: str, names: str = "red green blue", comment: str = "", binary: bool = False) -> Path:
    """A triangle whose vertex colours are COLOURS, stored as `kind`."""
    full = {"uchar": 255, "ushort": 65535}.get(kind, 1)
    values = COLOURS / 255 * full
    header = f"ply\nformat {'binary_little_endian' if binary else 'ascii'} 1.0\n{comment}element vertex 3\n"
    header += "".join(f"property float {axis}\n" for axis in "xyz")
    header += "".join(f"property {kind} {name}\n" for name in names.split())
    header += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    body = b""
    code = {"uchar": "B", "ushort": "H", "float": "f", "double": "d"}[kind]
    for k in range(3):
        row = values[k] if code in "fd" else [round(value) for value in values[k]]
        if binary:
            body += struct.pack(f"<3f3{code}", k, k * k, 0, *row)
        else:
            body += f"{k} {k * k} 0 {row[0]} {row[1]} {row[2]}\n".encode()
    body += struct.pack("<B3i", 3, 0, 1, 2) if binary else b"3 0 1 2\n"
    path = folder / "scan.ply"
    path.write_bytes(header.encode() + body)
    return path


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["uchar", "ushort", "float", "double"])
def test_vertex_colours_of_ply_in_every_type(tmp_path: Path, kind: str, binary: bool) -> None:
    scan = read_scan(ply(tmp_path, kind, binary=binary))
    np.testing.assert_array_equal(scan.colour, COLOURS)
    np.testing.assert_array_equal(scan.materials[0].factor, [1, 1, 1])


@pytest.mark.parametrize("names", ["diffuse_red diffuse_green diffuse_blue", "r g b"])
def test_other_names_of_ply_colours(tmp_path: Path, names: str) -> None:
    np.testing.assert_array_equal(read_scan(ply(tmp_path, "uchar", names)).colour, COLOURS)


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("comment TextureFile absent.png\n", r"absent\.png is not there"),
        ("comment TextureFile skin.png\n", "no texture coordinates"),
        ("comment TextureFile skin.png\ncomment TextureFile b.png\n", "several textures"),
        ("comment TextureFile broken.png\n", r"broken\.png is no readable picture"),
    ],
)
def test_textures_of_ply_that_cannot_be_had(tmp_path: Path, comment: str, reason: str) -> None:
    picture(tmp_path / "skin.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ScanError, match=rf"scan\.ply: .*{reason}"):
        read_scan(ply(tmp_path, "uchar", comment=comment))


def test_a_textured_ply(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png")
    header = (
        "ply\nformat ascii 1.0\ncomment TextureFile skin.png\nelement vertex 3\nproperty float x\nproperty float y\n"
    )
    header += "property float z\nelement face 2\nproperty list uchar int vertex_indices\n"
    header += "property list uchar float texcoord\nend_header\n"
    (tmp_path / "scan.ply").write_text(
        f"{header}0 0 0\n1 0 0\n1 1 0\n3 0 1 2 6 0 0 0.5 0 1 1\n3 0 2 1 6 0 0 1 1 0.5 0\n"
    )
    scan = read_scan(tmp_path / "scan.ply")
    order = np.lexsort(scan.vertices[:, :2].T)
    np.testing.assert_allclose(scan.uv[order], [[0, 0], [0.5, 0], [1, 1]])
    assert scan.materials[0].texture is not None
    assert scan.materials[0].texture[0, 0].tolist() == [200, 120, 90]


@pytest.mark.parametrize("scale", [1, 255])
def test_vertex_colours_of_off(tmp_path: Path, scale: int) -> None:
    values = COLOURS if scale == 1 else COLOURS / 255
    rows = "".join(f"{k} {k * k} 0 {r} {g} {b}\n" for k, (r, g, b) in enumerate(values))
    (tmp_path / "scan.off").write_text(f"COFF\n3 1 0\n{rows}3 0 1 2\n")
    np.testing.assert_array_equal(read_scan(tmp_path / "scan.off").colour, COLOURS)


def test_colours_that_are_not_read_from_off_and_stl(tmp_path: Path) -> None:
    (tmp_path / "scan.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2 255 0 0\n")
    with pytest.raises(ScanError, match=r"scan\.off: has colours in a form"):
        read_scan(tmp_path / "scan.off")
    for colour in (0, 0x7FFF):
        facet = struct.pack("<12fH", 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, colour)
        (tmp_path / "scan.stl").write_bytes(b"COLOR=\x80\x80\x80\xff".ljust(80) + struct.pack("<I", 1) + facet)
        if colour:
            with pytest.raises(ScanError, match=r"scan\.stl: has colours on its facets"):
                read_scan(tmp_path / "scan.stl")
        else:
            assert len(read_scan(tmp_path / "scan.stl").faces) == 1
