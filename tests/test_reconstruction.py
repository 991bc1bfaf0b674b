"""What comes out of one photograph: files, pictures, and what a file says of its making."""

from __future__ import annotations

import dataclasses
import json
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

import lifecast
from lifecast.errors import UsageError
from lifecast.pipeline import Reconstructor
from lifecast.surface.output.gltf import glb_bytes

Doll = tuple[np.ndarray, np.ndarray]
RESOLUTION = 64


@pytest.fixture(scope="module")
def model(doll_weights: Path) -> Reconstructor:
    return lifecast.load(doll_weights, "cpu")


@pytest.fixture(scope="module")
def result(model: Reconstructor, doll: Doll) -> lifecast.Reconstruction:
    return model.reconstruct(doll[0], mask=doll[1].astype(np.float32), resolution=RESOLUTION)


def test_saving_previewing_turning(result: lifecast.Reconstruction, tmp_path: Path) -> None:
    for suffix in ("ply", "stl"):
        written = result.save(tmp_path / f"p.{suffix}")
        assert written == [tmp_path / f"p.{suffix}"]
        assert len(trimesh.load(written[0]).faces) == len(result.faces)
    assert result.preview(96, 45).size == (96, 96)
    assert result.overview(48).height == 48
    assert result.normal_map("front").mode == "RGB"
    turntable = result.turntable(tmp_path / "t.webp", size=32, frames=4)
    with Image.open(turntable) as animation:
        assert animation.n_frames == 4  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="fbx"):
        result.save(tmp_path / "p.fbx")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.ply", "p.stl", "t.webp"]


def test_the_textured_model(result: lifecast.Reconstruction, tmp_path: Path) -> None:
    result.save(tmp_path / "p.glb")
    scene = trimesh.load(tmp_path / "p.glb")
    mesh = scene.to_mesh() if isinstance(scene, trimesh.Scene) else scene
    assert len(mesh.faces) == len(result.faces)
    np.testing.assert_allclose(mesh.bounds, result.mesh.bounds, atol=1e-4)
    assert result.textured.texture is not None
    assert result.textured.texture.shape == (2048, 2048, 3)


def test_a_texture_of_another_size_keeps_the_photographs_own_pixels(
    result: lifecast.Reconstruction, tmp_path: Path
) -> None:
    """Stripes of a picture four times as fine as the networks' crop are in the texture, in a small one too."""
    side = 4 * len(result.image)
    stripes = np.zeros((side, side, 3), np.uint8)
    stripes[:, np.arange(side) % 32 < 16] = 255
    steps = {}
    for name, picture in (("plain", None), ("fine", stripes)):
        fine = dataclasses.replace(result, image=np.full_like(result.image, 128), picture=picture)
        mesh, vertex = fine.textured_at(512)
        assert mesh.texture is not None
        assert mesh.texture.shape == (512, 512, 3)
        assert len(vertex) == len(mesh.vertices)
        steps[name] = float(np.abs(np.diff(mesh.texture.astype(float), axis=1)).mean())
    assert steps["fine"] > 2 * steps["plain"]
    result.save(tmp_path / "small.glb", texture=512)
    result.save(tmp_path / "usual.glb")
    assert (tmp_path / "small.glb").stat().st_size < (tmp_path / "usual.glb").stat().st_size


def test_a_mask_that_cannot_be_written_to_is_copied_without_a_warning(result: lifecast.Reconstruction) -> None:
    """As a mask that comes from a file may be."""
    mask = result.mask.copy()
    mask.flags.writeable = False
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mesh, _ = dataclasses.replace(result, mask=mask).textured_at(512)
    finally:
        torch.set_warn_always(always)
    assert mesh.texture is not None


def test_a_file_says_which_weights_made_it_and_under_which_licence(model: Reconstructor, doll: Doll) -> None:
    card = {"name": "borrowed", "source": "somebody's weights", "licence": "CC BY-NC 4.0", "sha256": "not repeated"}
    borrowed = Reconstructor(model.model, card, "cpu")
    result = borrowed.reconstruct(doll[0], mask=doll[1].astype(np.float32), resolution=RESOLUTION)
    content = glb_bytes(result.textured)
    asset = json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])["asset"]
    assert asset["extras"]["weights"] == {key: card[key] for key in ("name", "source", "licence")}
    assert asset["copyright"] == "made with weights borrowed: CC BY-NC 4.0"
