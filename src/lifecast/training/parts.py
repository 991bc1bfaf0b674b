"""The parts of a model: what is trained, kept and exchanged on its own."""

from __future__ import annotations

from torch import nn

from lifecast.model.model import Model

PARTS = ("lifter", "normals", "depth", "enhancer", "coarse", "fine")
"""What is trained and kept on its own: what tells the networks the pose, the normal networks proper, what stands on
them, and the levels."""


def modules_of(model: Model, part: str) -> list[nn.Module]:
    """The modules of a part; none where the model has no such part."""
    networks = model.normals
    found: list[nn.Module | None] = []
    if part in ("coarse", "fine"):
        found = [getattr(model, part)]
    elif networks is not None:
        own: dict[str, list[nn.Module | None]] = {
            "lifter": [networks.lifter],
            "normals": [networks.front, networks.back, networks.shared],
            "depth": [networks.depth, networks.trunk],
            "enhancer": [networks.enhancer, networks.bridge],
        }
        found = own[part]
    return [module for module in found if module is not None]
