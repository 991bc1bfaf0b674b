"""Reading the benchmark: which views, the same background always, the truth in the picture's space."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lifecast.errors import DataError
from lifecast.evaluation.benchmark import (
    chosen_views,
    decode_normals,
    read_items,
    read_true_mesh,
    read_view,
    resized_maps,
    wrapped,
)
from lifecast.evaluation.normal_error import angle_error_degrees
from lifecast.evaluation.raster import raster, render_normals


def test_angles_wrap() -> None:
    assert [wrapped(a) for a in (0, 180, 181, 359, -90, 540)] == [0, 180, -179, -1, -90, 180]


def test_one_view_is_the_front_view_and_more_are_spread_evenly() -> None:
    yaws = [100.0, 190.0, 280.0, 10.0]
    assert chosen_views(yaws, 1) == [3]
    assert chosen_views(yaws, 2) == [1, 3]
    assert chosen_views(yaws, None) == chosen_views(yaws, 9) == [0, 1, 2, 3]
    around = [float(a) for a in range(0, 360, 45)]
    assert chosen_views(around, 4) == [0, 2, 4, 6]


def test_items_tell_how_a_person_stands(benchmark_data: Path) -> None:
    items = read_items(benchmark_data)
    assert [item.name for item in items[:2]] == ["anna_view_000", "anna_view_001"]
    assert [item.facing for item in items[:4]] == ["back", "side", "front", "side"]
    assert [item.yaw for item in read_items(benchmark_data, 1)] == [20.0, 20.0]
    assert {item.person for item in read_items(benchmark_data, limit=1)} == {"anna"}


def test_the_true_mesh_lies_where_the_picture_shows_it(benchmark_data: Path) -> None:
    for item in read_items(benchmark_data, limit=1):
        view = read_view(benchmark_data, item)
        mesh = read_true_mesh(benchmark_data, item)
        seen = raster(mesh, view.mask.shape[0]).mask
        assert (seen == view.mask).mean() > 0.998
        normals, _ = render_normals(mesh, 0, view.mask.shape[0])
        assert angle_error_degrees(normals, view.front, seen & view.mask) < 1.0
        assert (view.back[view.mask][:, 2] < 0.3).all()


def test_the_background_follows_seed_person_and_view(benchmark_data: Path) -> None:
    items = read_items(benchmark_data)
    first = read_view(benchmark_data, items[0], seed=3)
    again = read_view(benchmark_data, items[0], seed=3)
    np.testing.assert_array_equal(first.picture, again.picture)
    outside = ~first.mask
    for other in (
        read_view(benchmark_data, items[0], seed=4),
        read_view(benchmark_data, items[1], seed=3),
        read_view(benchmark_data, items[4], seed=3),
    ):
        both = outside & ~other.mask
        assert (other.picture[both] != first.picture[both]).mean() > 0.5
    same_person = first.picture[first.mask].astype(int) - read_view(benchmark_data, items[0], 9).picture[first.mask]
    assert np.abs(same_person).max() <= 1


def test_normals_survive_storage_and_resizing() -> None:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(32, 32, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    mask = np.ones((32, 32), bool)
    mask[:5] = False
    decoded = decode_normals(np.round((normals + 1) * 127.5).astype(np.uint8), mask)
    assert angle_error_degrees(decoded, normals, mask) < 0.4
    np.testing.assert_array_equal(decoded[:5], 0)
    flat = np.zeros((32, 32, 3), np.float32)
    flat[mask] = [0, 0.6, 0.8]
    smaller, inside = resized_maps(flat, mask, 16)
    assert inside.shape == (16, 16)
    np.testing.assert_allclose(smaller[inside], np.broadcast_to([0, 0.6, 0.8], smaller[inside].shape), atol=1e-5)


def test_what_is_no_dataset_is_refused_by_name(benchmark_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_items(tmp_path / "nowhere")
    copy = tmp_path / "copy"
    shutil.copytree(benchmark_data, copy)
    (copy / "split.json").write_text(json.dumps({"train": ["anna"], "test": []}))
    with pytest.raises(DataError, match="nobody in its test split"):
        read_items(copy)
    (copy / "dataset.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(DataError, match="format 99"):
        read_items(copy)
    item = read_items(benchmark_data)[0]
    (copy / "anna" / "mesh.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"mesh\.npz"):
        read_true_mesh(copy, item)
    (copy / "anna" / "view_000_mask.png").unlink()
    with pytest.raises(DataError, match=r"view_000_mask\.png"):
        read_view(copy, item)
