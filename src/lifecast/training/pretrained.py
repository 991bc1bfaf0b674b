"""ImageNet weights for parts of a model that begin anew and stand on a pretrained network."""

from __future__ import annotations

from collections.abc import Container

from lifecast.errors import CheckpointError
from lifecast.model.encoders.mobilenet_v2 import MobileNetFeatures
from lifecast.model.model import Model
from lifecast.training.perceptual import packaged_mobilenet, read_features


def fill_pretrained(model: Model, trained: Container[str]) -> None:
    """Give the pretrained networks of a model their ImageNet weights.

    But for those of `trained` parts. CheckpointError where the package with these weights is missing.
    """
    anew = [
        module
        for part, head in model.named_children()
        if part not in trained
        for module in head.modules()
        if isinstance(module, MobileNetFeatures)
    ]
    if not anew:
        return
    path = packaged_mobilenet()
    given = read_features(path)
    for module in anew:
        needed = module.layers.state_dict()
        if any(name not in given or given[name].shape != needed[name].shape for name in needed):
            raise CheckpointError(f"{path}: not weights of MobileNetV2")
        module.layers.load_state_dict({name: given[name] for name in needed})
