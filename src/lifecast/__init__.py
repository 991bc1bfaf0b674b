"""lifecast: one photograph of a person in, a detailed, coloured 3D model of that person out.

import lifecast

model = lifecast.load()                          # built-in weights; once
person = model.reconstruct("photo.jpg")          # seconds
person.save("photo.glb")
person.mesh                                      # trimesh: metres, y up, feet on y = 0, front toward +z
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecast.threads import share_cores

share_cores()  # before anything imports PyTorch

__version__ = "0.1.0"
__all__ = ["Reconstruction", "Reconstructor", "__version__", "load"]

if TYPE_CHECKING:
    from lifecast.loading import load
    from lifecast.pipeline import Reconstructor
    from lifecast.reconstruction import Reconstruction

_HOMES = {"load": "loading", "Reconstructor": "pipeline", "Reconstruction": "reconstruction"}


def __getattr__(name: str) -> Any:
    # PyTorch is imported when somebody reconstructs, not by every `lifecast --help`.
    if name not in _HOMES:
        raise AttributeError(f"module 'lifecast' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"lifecast.{_HOMES[name]}"), name)
