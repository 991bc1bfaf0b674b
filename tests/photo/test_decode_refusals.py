"""Files and arrays that are no pictures: each is refused by name, with what to do, and nothing is written."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lifecast import cli
from lifecast.errors import PhotoError
from lifecast.photo.decode import MAX_PIXELS, read_photo


def scene(width: int = 120, height: int = 90) -> np.ndarray:
    """A picture whose corners differ: red top left, green top right, blue bottom left, white bottom right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 250, 10, 10
    picture[: height // 2, width // 2 :] = 10, 250, 10
    picture[height // 2 :, : width // 2] = 10, 10, 250
    picture[height // 2 :, width // 2 :] = 250, 250, 250
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes do not hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixels + png_chunk(b"IEND", b"")


def jpeg() -> bytes:
    rng = np.random.default_rng(0)
    return encoded(Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)), "JPEG")


def png() -> bytes:
    rng = np.random.default_rng(0)
    return encoded(Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)), "PNG")


def compressed_png() -> bytes:
    """A PNG whose pixels compress: their stream begins at byte 41, and a fault there costs all of them."""
    return encoded(Image.fromarray(np.add.outer(np.arange(200), np.arange(200)).astype(np.uint8)), "PNG")


def camera_raw() -> bytes:
    """A sensor's values in a TIFF, and nothing else."""
    tags = {256: 2000, 257: 1500, 258: 16, 259: 1, 262: 32803, 273: 8, 277: 1, 278: 1500, 279: 64}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\x00" + struct.pack("<I", 72) + bytes(64) + struct.pack("<H", len(tags)) + entries + bytes(4)


def flipped(data: bytes, start: int, count: int = 64) -> bytes:
    return data[:start] + bytes(255 - b for b in data[start : start + count]) + data[start + count :]


def float_tiff(value: float) -> bytes:
    values = np.full((80, 80), 0.5, np.float32)
    values[3, 4] = value
    return encoded(Image.fromarray(values), "TIFF")


def plain(kind: str) -> bytes:
    return encoded(Image.fromarray(scene()), kind)


MALFORMED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "one byte": (lambda: b"\xff", "no picture"),
    "zeros": (lambda: bytes(5000), "no picture"),
    "noise": (lambda: np.random.default_rng(1).bytes(5000), "no picture"),
    "text renamed": (lambda: b"This is a diary, not a picture.\n" * 20, "is text"),
    "UTF-8 text": (lambda: "Grüße aus Köln, liebe Leute!\n".encode() * 20, "is text"),
    "JSON": (lambda: b'{"person": 1}', "JSON"),
    "web page": (lambda: b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "web page"),
    "web page after blanks": (lambda: b"\n\n  <html><body>moved</body></html>", "web page"),
    "XML": (lambda: b"<?xml version='1.0'?><a/>", "XML"),
    "SVG": (lambda: b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "bare SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "PDF": (lambda: b"%PDF-1.7\n" + bytes(100), "PDF"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "PostScript"),
    "ZIP": (lambda: b"PK\x03\x04" + bytes(100), "ZIP"),
    "gzip": (lambda: b"\x1f\x8b\x08" + bytes(100), "gzip"),
    "Photoshop": (lambda: b"8BPS\x00\x01" + bytes(100), "Photoshop"),
    "GIMP": (lambda: b"gimp xcf file\x00" + bytes(100), "GIMP"),
    "AVI": (lambda: b"RIFF\x00\x01\x00\x00AVI LIST" + bytes(100), "video"),
    "MP4": (lambda: b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + bytes(100), "video"),
    "QuickTime": (lambda: b"\x00\x00\x00\x14ftypqt  " + bytes(100), "video"),
    "Matroska": (lambda: b"\x1aE\xdf\xa3" + bytes(100), "video"),
    "program": (lambda: b"\x7fELF\x02\x01" + bytes(100), "program"),
    "3D model": (lambda: b"glTF\x02\x00\x00\x00" + bytes(100), "3D model"),
    "JPEG, only its start": (lambda: jpeg()[:4], "picture|damaged"),
    "JPEG, header only": (lambda: jpeg()[:200], "picture|damaged"),
    "JPEG, half": (lambda: jpeg()[: len(jpeg()) // 2], "truncated|damaged"),
    "JPEG, most of it missing": (lambda: jpeg()[: len(jpeg()) // 5], "% of its pixels are missing"),
    "JPEG, header overwritten": (lambda: flipped(jpeg(), 0, 16), "picture|damaged"),
    "JPEG, size of zero": (
        lambda: jpeg().replace(b"\xff\xc0\x00\x11\x08\x00\xc8\x00\xc8", b"\xff\xc0\x00\x11\x08\x00\x00\x00\x00"),
        "too few|damaged|picture",
    ),
    "PNG, signature only": (lambda: png()[:8], "picture|damaged"),
    "PNG, half": (lambda: png()[: len(png()) // 2], "truncated|damaged"),
    "PNG, damaged pixels": (lambda: flipped(compressed_png(), 41, 8), "damaged"),
    "TIFF, no directory": (lambda: b"II*\x00\x08\x00\x00\x00" + bytes(500), "directory"),
    "camera raw without a picture": (lambda: camera_raw(), "camera raw"),
    "Fujifilm's raw": (lambda: b"FUJIFILMCCD-RAW 0201" + bytes(100), "camera raw"),
    "PNG, damaged header": (lambda: flipped(png(), 14, 8), "damaged|pixels|picture|strip"),
    "PNG, no pixels": (lambda: png_claiming(300, 300), "truncated|damaged"),
    "PNG bomb": (lambda: png_claiming(60_000, 60_000), "pixels"),
    "PNG beyond the limit": (lambda: png_claiming(20_000, 10_000), "150 million"),
    "WebP, half": (lambda: plain("WEBP")[:60], "truncated|damaged|picture"),
    "WebP, header only": (lambda: b"RIFF\x00\x00\x00\x00WEBP", "picture|damaged"),
    "TIFF, half": (lambda: plain("TIFF")[:200], "damaged|picture"),
    "TIFF, header only": (lambda: b"II*\x00\x08\x00\x00\x00", "damaged|picture"),
    "TIFF with NaN": (lambda: float_tiff(float("nan")), "not finite"),
    "TIFF with infinity": (lambda: float_tiff(float("inf")), "not finite"),
    "TIFF with negative values": (lambda: float_tiff(-3.0), "no brightnesses"),
    "BMP, half": (lambda: plain("BMP")[:3000], "truncated|damaged"),
    "GIF, half": (lambda: plain("GIF")[:300], "truncated|damaged|picture"),
    "GIF, header only": (lambda: b"GIF89a\x78\x00\x5a\x00", "damaged|picture"),
    "PPM, pixels missing": (lambda: b"P6 200 200 255\n" + bytes(50), "truncated|damaged"),
    "PPM, absurd size": (lambda: b"P6 999999 999999 255\n", "pixels|damaged"),
    "HEIC, damaged": (lambda: b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(200), "HEIC|damaged|picture"),
    "AVIF, damaged": (lambda: b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1" + bytes(200), "damaged|picture"),
    "15 x 15": (lambda: encoded(Image.new("RGB", (15, 15)), "PNG"), "too few"),
    "one pixel": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "too few"),
    "a strip": (lambda: encoded(Image.new("RGB", (3000, 20)), "PNG"), "strip"),
    "wholly transparent": (lambda: encoded(Image.new("RGBA", (100, 100)), "PNG"), "transparent"),
}  # fmt: skip


def test_there_are_enough_kinds() -> None:
    assert len(MALFORMED) >= 40


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_files_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    make, words = MALFORMED[kind]
    path = tmp_path / "holiday [1].jpg"
    path.write_bytes(make())
    with pytest.raises(PhotoError, match=words) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)


def test_the_command_names_each_of_them_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    for number, (make, _) in enumerate(MALFORMED.values()):
        (pictures / f"{number:02}.jpg").write_bytes(make())
    assert cli.main(["reconstruct", str(pictures), "-o", str(out), "--json", "--format", "glb,obj,ply,stl"]) == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [Path(line["input"]).name for line in said] == [f"{n:02}.jpg" for n in range(len(MALFORMED))]
    assert all(line["input"] in line["error"] for line in said)
    assert not out.exists() or not list(out.iterdir())
    assert len(list(pictures.iterdir())) == len(MALFORMED)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    # 200 million pixels would be 600 MB; the few bytes that claim them are refused by their header.
    with pytest.raises(PhotoError, match=f"{MAX_PIXELS // 1_000_000} million"):
        read_photo(png_claiming(20_000, 10_000))


def test_paths_that_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(tmp_path / "missing.jpg")
    with pytest.raises(PhotoError, match="folder"):
        read_photo(tmp_path)
    with pytest.raises(PhotoError, match=r"cannot be read|no such file"):
        read_photo(str(tmp_path / ("x" * 300)))
    with pytest.raises(PhotoError, match=r"cannot be read|no such file"):
        read_photo(str(tmp_path / "a\0b.jpg"))
    link = tmp_path / "dangling.jpg"
    link.symlink_to(tmp_path / "nowhere.jpg")
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(link)
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    with pytest.raises(PhotoError, match=r"no such file|cannot be read"):
        read_photo(loop)


def test_pipes_and_sockets_are_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(PhotoError, match="regular file"):
        read_photo(pipe)
    with socket.socket(socket.AF_UNIX) as unix:
        name = tmp_path / "s.jpg"
        if len(str(name)) < 100:
            unix.bind(str(name))
            with pytest.raises(PhotoError, match="regular file"):
                read_photo(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "private.jpg"
    path.write_bytes(jpeg())
    path.chmod(0)
    with pytest.raises(PhotoError, match="chmod"):
        read_photo(path)


def test_no_permission_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.jpg"
    path.write_bytes(jpeg())

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PhotoError, match="chmod"):
        read_photo(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((80, 80, 2), np.uint8), "shape"),
        (np.zeros((2, 80, 80, 3), np.uint8), "shape"),
        (np.zeros(80, np.uint8), "shape"),
        (np.full((80, 80), np.nan, np.float32), r"\[0, 1\]"),
        (np.full((80, 80), 200.0, np.float32), r"\[0, 1\]"),
        (np.zeros((80, 80), np.int64), "ambiguous"),
        (np.zeros((8, 8), np.uint8), "too few"),
        (np.zeros((0, 80, 3), np.uint8), "strip|too few"),
    ],
)
def test_arrays_that_are_no_pictures(values: np.ndarray, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        read_photo(values)
