"""Meshes that another program made of the benchmark's pictures, brought into the view space of their picture.

A file is named after its picture, `person_000123_view_002.obj` (or `person_000123/view_002.obj`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifecast.errors import OptionError, ScanError
from lifecast.evaluation.alignment import closest_point_alignment
from lifecast.evaluation.benchmark import Item
from lifecast.evaluation.triangles import Triangles

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl", ".off")


def find_mesh(folder: Path, item: Item) -> Path | None:
    """Find the file of `item` in `folder`, or None."""
    for stem in (item.name, f"{item.person}/view_{item.view:03d}"):
        for suffix in SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.is_file():
                return path
    return None


def check_folder(folder: Path, items: list[Item]) -> None:
    """Check that `folder` holds a mesh of at least one of `items`; UsageError if not."""
    if not folder.is_dir():
        raise OptionError("meshes", folder, "no such folder")
    if not any(find_mesh(folder, item) for item in items):
        names = f"{items[0].name}.obj (or {', '.join(SUFFIXES)})"
        hint = f"no mesh of any of the {len(items)} pictures; they are called {names}, see docs/benchmark.md"
        raise OptionError("meshes", folder, hint)


def read_mesh(path: Path) -> Triangles:
    """Read all triangles of a file, its scene's transforms applied.

    Raises ScanError if it is no mesh.
    """
    import trimesh

    try:
        whole = trimesh.load_scene(path, process=False).to_mesh()
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        OSError,
        AttributeError,
        NotImplementedError,
    ) as error:
        raise ScanError(f"{path}: cannot be read as a mesh ({type(error).__name__}: {error})") from error
    try:
        return Triangles(np.asarray(whole.vertices), np.asarray(whole.faces).reshape(-1, 3))
    except ScanError as error:
        raise ScanError(f"{path}: {error}") from error


def fit_to_person(mesh: Triangles, truth: Triangles, seed: int = 0) -> Triangles:
    """Fit `mesh` to the truth: scaled to its height, box on box, then by closest points.

    The closest points give a similarity. This grants a program that says nothing about where and how large its person
    is what only the truth knows.
    """
    low, high = mesh.bounds
    true_low, true_high = truth.bounds
    if not high[1] - low[1] > 0:
        raise ScanError("the mesh has no height along y: it must stand upright, y up")
    scale = (true_high[1] - true_low[1]) / (high[1] - low[1])
    placed = mesh.moved(np.eye(3), (true_low + true_high) / 2 - scale * (low + high) / 2, float(scale))
    motion = closest_point_alignment(placed, truth, with_scale=True, seed=seed)
    return Triangles(motion(placed.vertices), placed.faces)
