"""TIFF pixels of every type, layout and depth."""

from __future__ import annotations

import io
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from lifecast.errors import PhotoError
from lifecast.photo.decode import read_photo

sys.path.insert(0, str(Path(__file__).parent))
from tiff_files import as_type, assert_is_gradient, gradient, page, tiff


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"compression": "zlib", "tile": (32, 32)}])
def test_colours_of_every_type(order: str, kind: str, layout: str, how: dict[str, object]) -> None:
    tifffile = pytest.importorskip("tifffile")
    predictor = {"predictor": True} if how and kind[0] == "u" else {}  # floats' needs more than tifffile alone
    values = as_type(gradient(), kind)
    buffer = io.BytesIO()
    stored = np.moveaxis(values, 2, 0) if layout == "separate" else values
    tifffile.imwrite(buffer, stored, photometric="rgb", planarconfig=layout, byteorder=order, **how, **predictor)
    photo = read_photo(buffer.getvalue())
    assert np.abs(photo.colour - 255 * gradient()).max() <= 1
    assert photo.notes == ()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_white_as_zero(order: str, kind: str) -> None:
    grey = gradient()[..., 0]
    stored = as_type(1 - grey, kind).astype(order + kind).tobytes()
    form = {"t339": 3} if kind == "f4" else {}
    data = tiff([page(96, 80, 0, stored, 8 * np.dtype(kind).itemsize, **form)], order)
    assert np.abs(read_photo(data).colour[..., 0] - 255 * grey).max() <= 1


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_the_predictor_of_floats(kind: str) -> None:
    # TIFF technical note 3: a row's bytes of one weight together, highest first, each minus the last sample's.
    values = gradient(64, 32).astype(f">{kind}")
    tiles = []
    for left in (0, 32):
        rows = []
        for row in values[:, left : left + 32].reshape(32, -1):
            parts = np.frombuffer(row.tobytes(), np.uint8).reshape(-1, row.itemsize).T.ravel()
            rows.append(np.concatenate([parts[:3], parts[3:] - parts[:-3]]).tobytes())
        tiles.append(zlib.compress(b"".join(rows)))
    depth = 8 * values.itemsize
    tiled = page(64, 32, 2, b"", (depth,) * 3, t339=3, t317=3, t322=32, t323=32)
    tiled.tags[259], tiled.strips = 8, tiles
    assert np.abs(read_photo(tiff([tiled])).colour - 255 * gradient(64, 32)).max() <= 1


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits(bits: int) -> None:
    grey = gradient(width=95)[..., 0]
    values = np.round(grey * (2**bits - 1)).astype(int)
    length = -(-95 * bits // 8)  # bytes of a row
    rows = ("".join(f"{value:0{bits}b}" for value in row).ljust(8 * length, "0") for row in values)
    stored = b"".join(int(row, 2).to_bytes(length, "big") for row in rows)
    photo = read_photo(tiff([page(95, 80, 1, stored, bits)]))
    assert np.abs(photo.colour[..., 0] - 255 * grey).max() <= 1
    assert photo.notes == (f"its values reach only {2**bits - 1}: taken for those of a {bits}-bit picture",)


def test_opacity_of_sixteen_bits() -> None:
    alpha = np.zeros((80, 96), np.uint16)
    alpha[20:60, 30:70] = 65535
    stored = np.dstack([as_type(gradient()[..., 0], "u2"), alpha]).astype("<u2").tobytes()
    photo = read_photo(tiff([page(96, 80, 1, stored, (16, 16), t338=2)]))
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, alpha / 65535)
    assert read_photo(tiff([page(96, 80, 1, stored, (16, 16), t338=0)])).alpha is None


def test_sixteen_bit_cmyk() -> None:
    inks = np.dstack([1 - gradient(), np.zeros((80, 96))])
    photo = read_photo(tiff([page(96, 80, 5, as_type(inks, "<u2").tobytes(), (16, 16, 16, 16))]))
    assert_is_gradient(photo.colour)


def test_a_float_tiff_is_not_called_text() -> None:
    # 32-bit floats whose bytes are printable or part of no UTF-8 character, in a compression that is not read.
    data = tiff([page(96, 80, 2, b"AAAA\xff\xfe" * 4000, (32, 32, 32), t339=3, t259=34887)])
    with pytest.raises(PhotoError, match="compression 34887") as caught:
        read_photo(data)
    assert "text" not in str(caught.value)


def test_orientation_of_samples() -> None:
    stored = as_type(gradient(), "<u2").tobytes()
    photo = read_photo(tiff([page(96, 80, 2, stored, (16, 16, 16), t274=3)]))
    assert_is_gradient(photo.colour[::-1, ::-1])
