"""A person of capsules to prepare: coarse, but with limbs, a textured torso and vertex-coloured rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image


def capsule(start: list[float], end: list[float], radius: float, sections: int = 24) -> trimesh.Trimesh:
    """A closed capsule between two points (metres)."""
    a, b = np.array(start), np.array(end)
    length = float(np.linalg.norm(b - a))
    mesh = trimesh.creation.capsule(radius=radius, height=length, count=[sections, sections])
    mesh.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], (b - a) / length))
    mesh.apply_translation(a)
    return mesh


def capsule_person(rng: np.random.Generator) -> trimesh.Scene:
    """Metres, y up, facing +z (the nose tells), feet on 0; not symmetric, so that a mirrored view shows."""
    scene = trimesh.Scene()
    lift = rng.uniform(-0.5, 1.2)
    hand = [-0.3 - 0.45 * np.cos(lift), 1.4 + 0.45 * np.sin(lift), 0.1]
    skin = (rng.uniform(0.3, 0.9) * np.array([255, 205, 170])).astype(np.uint8)
    parts = {
        "body": [
            capsule([-0.1, 0.1, 0], [-0.09, 0.9, 0], 0.08), capsule([0.12, 0.1, 0.05], [0.09, 0.9, 0], 0.08),
            capsule([-0.17, 1.4, 0], hand, 0.045), capsule([0.17, 1.4, 0], [0.25, 0.85, 0.15], 0.045),
            capsule([0, 1.6, 0], [0, 1.66, 0.01], 0.1), capsule([0, 1.62, 0.08], [0, 1.61, 0.12], 0.02),
        ],
        "top:shirt": [capsule([0, 0.95, 0], [0, 1.4, 0], 0.17, 48)],
    }  # fmt: skip
    for name, meshes in parts.items():
        mesh = trimesh.util.concatenate(meshes)
        if name == "body":
            colours = np.tile([*skin, 255], (len(mesh.vertices), 1))
            mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=colours)
        else:
            tile = rng.integers(40, 255, (8, 8, 3)).astype(np.uint8)
            picture = Image.fromarray(np.kron(tile, np.ones((16, 16, 1), np.uint8)))
            around = np.arctan2(mesh.vertices[:, 0], mesh.vertices[:, 2]) / (2 * np.pi) + 0.5
            material = trimesh.visual.material.PBRMaterial(name="shirt", baseColorTexture=picture)
            mesh.visual = trimesh.visual.TextureVisuals(np.stack([around, mesh.vertices[:, 1]], 1), material)
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    return scene


def write_people(folder: Path, count: int, seed: int = 0) -> Path:
    """`count` capsule people as `folder/person_000000/person.glb`."""
    for i in range(count):
        place = folder / f"person_{i:06d}"
        place.mkdir(parents=True)
        capsule_person(np.random.default_rng([seed, i])).export(place / "person.glb")
    return folder


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three capsule people on disk."""
    return write_people(tmp_path_factory.mktemp("people"), 3)


@pytest.fixture(scope="session")
def prepared(people_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three capsule people as a small dataset (128 pixels, 4 views)."""
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import prepare
    from lifecast.scans.settings import Settings

    out = tmp_path_factory.mktemp("data")
    settings = Settings(size=128, views=4, uniform=1500, near5=4000, near3=4000, rays=16, lightings=20)
    summary = prepare(list_scans(people_folder).people, out, settings, test_fraction=0.34)
    assert summary.count("made") == 3
    return out
