"""What several folders of tests share: a drawn person, and small networks that have learnt it by heart."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch


def draw_doll(size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A doll of capsules, in front of a pale wall: picture (size, size, 3) uint8 and mask (size, size) float32.

    It is framed as in training: 180/256 of the picture high, in its middle.
    """
    y, x = np.meshgrid((np.arange(size) + 0.5) / size * 2 - 1, (np.arange(size) + 0.5) / size * 2 - 1, indexing="ij")
    y = -y

    def capsule(ax: float, ay: float, bx: float, by: float, radius: float) -> np.ndarray:
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        along = along.clip(0, 1)
        return np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) < radius

    picture = np.full((size, size, 3), (214, 208, 199), np.uint8)
    mask = np.zeros((size, size), bool)
    for part, colour in (
        (capsule(-0.09, 0.0, -0.13, -0.64, 0.063), (40, 50, 90)),
        (capsule(0.09, 0.0, 0.13, -0.64, 0.063), (40, 50, 90)),
        (capsule(0, 0.02, 0, 0.33, 0.15), (180, 40, 40)),
        (capsule(-0.17, 0.4, -0.33, 0.02, 0.05), (200, 150, 120)),
        (capsule(0.17, 0.4, 0.33, 0.02, 0.05), (200, 150, 120)),
        (capsule(0, 0.5, 0, 0.6, 0.1), (205, 155, 125)),
    ):
        picture[part] = colour
        mask |= part
    return picture, mask.astype(np.float32)


@pytest.fixture(scope="session")
def doll() -> tuple[np.ndarray, np.ndarray]:
    """A photograph of somebody, and who is in it: (512, 512, 3) uint8, (512, 512) float32."""
    return draw_doll(512)


@pytest.fixture(scope="session")
def doll_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of preset `tiny` whose occupancy is the doll, 26 cm thick, on a grey background.

    The encoders stay random; only the MLPs are fitted, to one picture's features: a second or two.
    """
    from lifecast.model.checkpoint import save_checkpoint
    from lifecast.model.model import Model
    from lifecast.model.presets import PRESETS
    from lifecast.space.maps import under_mask

    torch.manual_seed(0)
    model = Model(PRESETS["tiny"])
    picture, mask = draw_doll(256)
    picture = np.where(mask[..., None] > 0.5, picture, 127).astype(np.float32)
    image = torch.from_numpy(picture / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        maps = model(image, until="maps").maps
        assert maps is not None
        encoded = model(image, given=under_mask(maps.fine, torch.from_numpy(mask)[None, None]))
    assert encoded.fine_features is not None
    parameters = [*model.coarse.mlp.parameters(), *model.fine.mlp.parameters()]  # type: ignore[union-attr]
    optimizer = torch.optim.Adam(parameters, 4e-3)
    inside = torch.from_numpy(mask)
    rows_of_doll, columns_of_doll = np.nonzero(mask)
    for _ in range(250):
        points = torch.rand(1, 1024, 3) * 2 - 1
        points[..., 2] *= 0.4
        some = torch.randint(len(rows_of_doll), (512,)).numpy()
        points[0, :512, 0] = torch.from_numpy((columns_of_doll[some] + 0.5) / 128 - 1).float()
        points[0, :512, 1] = torch.from_numpy(1 - (rows_of_doll[some] + 0.5) / 128).float()
        columns = ((points[0, :, 0] + 1) * 128).long().clamp(0, 255)
        rows = ((1 - points[0, :, 1]) * 128).long().clamp(0, 255)
        truth = inside[rows, columns] * (points[0, :, 2].abs() < 0.1)
        coarse, embedding = model.coarse.query(encoded.coarse_features, points)
        fine = model.fine.query(encoded.fine_features, points, embedding)  # type: ignore[union-attr]
        loss = sum(torch.nn.functional.binary_cross_entropy_with_logits(v[0], truth) for v in (coarse, fine))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[union-attr]
        optimizer.step()
    path = tmp_path_factory.mktemp("weights") / "doll.safetensors"
    save_checkpoint(path, model, {"name": "doll", "licence": "made by a test"})
    return path


class SquareGlb:
    """A square of side 1 as a GLB file, which a test describes piece by piece."""

    CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "<f4")
    UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], "<f4")
    COMPONENTS = {"|u1": 5121, "<u2": 5123, "<f4": 5126, "<i2": 5122}  # noqa: RUF012  (never changed)

    def __init__(self) -> None:
        self.blob = bytearray()
        self.tree: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "bufferViews": [], "accessors": [],
        }  # fmt: skip
        indices = self.accessor(np.array([[0], [1], [2], [0], [2], [3]], "<u2"), "SCALAR")
        self.attributes = {"POSITION": self.accessor(self.CORNERS, "VEC3")}
        self.primitive: dict[str, Any] = {"attributes": self.attributes, "indices": indices}
        self.tree["meshes"] = [{"name": "square", "primitives": [self.primitive]}]

    def view(self, data: bytes) -> int:
        self.blob += bytes(-len(self.blob) % 4)
        self.tree["bufferViews"].append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data)})
        self.blob += data
        return len(self.tree["bufferViews"]) - 1

    def accessor(self, values: np.ndarray, kind: str, **more: Any) -> int:
        component = self.COMPONENTS[values.dtype.str]
        entry = {"bufferView": self.view(values.tobytes()), "componentType": component, "count": len(values)}
        self.tree["accessors"].append({**entry, "type": kind, **more})
        return len(self.tree["accessors"]) - 1

    def material(self, **stated: Any) -> None:
        self.tree["materials"] = [{"name": "skin", **stated}]
        self.primitive["material"] = 0

    def picture(self, data: bytes, mime: str = "image/png") -> int:
        """A texture of that picture; its index."""
        self.tree.setdefault("images", []).append({"bufferView": self.view(data), "mimeType": mime})
        self.tree.setdefault("textures", []).append({"source": len(self.tree["images"]) - 1})
        return len(self.tree["textures"]) - 1

    def textured(self, data: bytes, info: dict[str, Any] | None = None, **stated: Any) -> None:
        """A material whose base colour is that picture."""
        texture = {"index": self.picture(data), **(info or {})}
        self.material(pbrMetallicRoughness={"baseColorTexture": texture, **stated})
        self.attributes.setdefault("TEXCOORD_0", self.accessor(self.UV, "VEC2"))

    def write(self, folder: Path, name: str = "square.glb") -> Path:
        self.tree["buffers"] = [{"byteLength": len(self.blob)}]
        text = json.dumps(self.tree).encode()
        text += b" " * (-len(text) % 4)
        self.blob += bytes(-len(self.blob) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(self.blob), b"BIN\0") + bytes(self.blob)
        path = folder / name
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path


@pytest.fixture
def new_glb() -> type[SquareGlb]:
    """Makes a square that a test may colour as it likes and write as GLB."""
    return SquareGlb


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KiB; skipped where none can be mounted."""
    yield from _mounted(tmp_path / "disk", "size=512k")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A disk that nothing can be written to; skipped where none can be mounted."""
    yield from _mounted(tmp_path / "card", "ro")


def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no program to mount a disk with")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
