"""A benchmark small enough for tests: two people of capsules, four views each, and weights whose answer is
known.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import trimesh

from lifecast.evaluation.raster import raster, render_normals, turn
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import FACE, LEFT_HAND, REST, RIGHT_HAND

SIZE = 96
YAWS = (200.0, 290.0, 20.0, 110.0)


def capsule_person(girth: float) -> Triangles:
    """A body under a coat, a head and two arms, in normalised space, 1.4 units tall."""
    parts = []
    for length, radius, place, tilt in (
        (0.7, girth, (0, -0.1, 0), 0.0),
        (0.68, 0.9 * girth, (0, -0.1, 0), 0.0),  # hidden inside the first
        (0.05, 0.12, (0, 0.5, 0.03), 0.0),
        (0.4, 0.05, (girth + 0.08, 0.0, 0.02), 0.3),
        (0.3, 0.05, (-girth - 0.08, 0.1, 0.05), -0.3),
    ):
        part = trimesh.creation.capsule(length, radius, count=[16, 16])
        part.apply_translation(-part.bounds.mean(0))
        part.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
        part.apply_transform(trimesh.transformations.rotation_matrix(tilt, [0, 0, 1]))
        part.apply_translation(place)
        parts.append(part)
    whole = trimesh.util.concatenate(parts)
    return Triangles(np.asarray(whole.vertices), np.asarray(whole.faces))


@pytest.fixture(scope="session")
def make_person() -> Callable[[float], Triangles]:
    """The maker of capsule people, by girth."""
    return capsule_person


def as_bytes(normals: np.ndarray) -> np.ndarray:
    return np.round((normals + 1) * 127.5).astype(np.uint8)


def write_person(folder: Path, mesh: Triangles, classes: list[str]) -> None:
    folder.mkdir(parents=True)
    views = []
    for index, yaw in enumerate(YAWS):
        turned = mesh.moved(turn(yaw), np.zeros(3))
        low, high = turned.bounds
        shift = -(low + high)[:2] / 2
        placed = turned.moved(np.eye(3), np.array([*shift, 0.0]))
        front, mask = render_normals(placed, 0, SIZE)
        # The far side along the same lines of sight: seen from behind, mirrored back.
        behind = placed.moved(turn(180), np.zeros(3))
        back = render_normals(behind, 0, SIZE)[0][:, ::-1] * [-1, 1, -1]
        stem = f"view_{index:03d}"
        cv2.imwrite(str(folder / f"{stem}_colour.jpg"), as_bytes(front)[..., ::-1])
        cv2.imwrite(str(folder / f"{stem}_mask.png"), mask.astype(np.uint8) * 255)
        cv2.imwrite(str(folder / f"{stem}_front.png"), as_bytes(front)[..., ::-1])
        cv2.imwrite(str(folder / f"{stem}_back.png"), as_bytes(back)[..., ::-1])
        assert (raster(placed, SIZE).mask == mask).all()
        views.append(
            {
                "yaw": yaw,
                "elevation": 0.0,
                "rotation": turn(yaw).ravel().tolist(),
                "shift": shift.tolist(),
                "files": stem,
            }
        )
    np.savez(folder / "mesh.npz", vertices=mesh.vertices.astype(np.float32), faces=mesh.faces.astype(np.int32))
    (folder / "person.json").write_text(json.dumps({"person": folder.name, "views": views}))
    (folder / "card.json").write_text(json.dumps({"classes": classes}))


@pytest.fixture(scope="session")
def benchmark_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dataset: anna and ben in the test split, nobody to train on."""
    root = tmp_path_factory.mktemp("benchmark")
    write_person(root / "anna", capsule_person(0.16), ["coat", "hair"])
    write_person(root / "ben", capsule_person(0.2), ["hair"])
    (root / "dataset.json").write_text(json.dumps({"format": 1, "size": SIZE}))
    (root / "split.json").write_text(json.dumps({"train": [], "test": ["anna", "ben"]}))
    return root


def set_slab(linear: torch.nn.Linear, entries: dict[tuple[int, int], float], bias: float = 0.0) -> None:
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        for (row, column), value in entries.items():
            linear.weight[row, column] = value
        linear.bias[0] = bias


@pytest.fixture(scope="session")
def slab_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the tiny preset that answer every picture with a slab: coarse |z| < 0.3, fine |z| < 0.2.

    The MLPs are set by hand: leaky ReLU of z and of -z sum to 0.99 |z|, which is carried to the end.
    """
    from lifecast.model.checkpoint import save_checkpoint
    from lifecast.model.model import Model
    from lifecast.model.presets import PRESETS

    torch.manual_seed(0)
    model = Model(PRESETS["tiny"])
    coarse = [layer for layer in model.coarse.mlp.layers if isinstance(layer, torch.nn.Linear)]
    depth = coarse[0].in_features - 1
    set_slab(coarse[0], {(0, depth): 1.0, (1, depth): -1.0})
    set_slab(coarse[1], {(0, 0): 1.0, (0, 1): 1.0})
    set_slab(coarse[2], {(0, 0): 1.0})
    set_slab(coarse[3], {(0, 0): -20.0}, bias=20 * 0.99 * 0.3)
    assert model.fine is not None
    fine = [layer for layer in model.fine.mlp.layers if isinstance(layer, torch.nn.Linear)]
    embedded = fine[0].in_features - PRESETS["tiny"].embedding_width
    set_slab(fine[0], {(0, embedded): 1.0})
    set_slab(fine[1], {(0, 0): 1.0})
    set_slab(fine[2], {(0, 0): -20.0}, bias=20 * 0.99 * 0.2)
    path = tmp_path_factory.mktemp("weights") / "slab.safetensors"
    save_checkpoint(path, model, {"name": "slab"})
    return path


PLACES = {REST: (0.0, 0, 0), FACE: (0.0, 0.7, 0), LEFT_HAND: (0.6, 0, 0), RIGHT_HAND: (-0.6, 0, 0)}
SIZES = {REST: (0.3, 0.9, 0.2), FACE: (0.2, 0.25, 0.15), LEFT_HAND: (0.1, 0.2, 0.06), RIGHT_HAND: (0.1, 0.2, 0.06)}


def boxes_person(moved: dict[int, tuple[float, float, float]] | None = None) -> tuple[Triangles, np.ndarray]:
    """A person of boxes, one a region, and the region of each face; `moved` shifts some of the boxes."""
    vertices, faces, regions = [], [], []
    for number, size in SIZES.items():
        box = trimesh.creation.box(size).subdivide()
        shift = np.add(PLACES[number], (moved or {}).get(number, (0, 0, 0)))
        faces.append(box.faces + sum(map(len, vertices)))
        vertices.append(box.vertices + shift)
        regions.append(np.full(len(box.faces), number, np.uint8))
    return Triangles(np.concatenate(vertices), np.concatenate(faces)), np.concatenate(regions)


@pytest.fixture(scope="session")
def boxes() -> Callable[..., tuple[Triangles, np.ndarray]]:
    """The maker of a person of boxes."""
    return boxes_person
