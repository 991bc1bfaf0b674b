"""Starting from the weights of others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lifecast.errors import CheckpointError
from lifecast.model.ablations import preset_named
from lifecast.training.weights import chosen_preset, export, new_model


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Weights of a preset without depth maps."""
    model, _ = new_model(preset_named("tiny-detail"), (), 5)
    path = tmp_path / "others.safetensors"
    export(path, model, {part: {"run": "theirs"} for part in ("normals", "detail", "coarse")})
    return path


def test_parts_that_another_preset_has_in_common_are_brought(others: Path) -> None:
    preset = chosen_preset("tiny-depth-maps-detail", (others,))
    assert preset.name == "tiny-depth-maps-detail"
    model, history = new_model(preset, (others,), 0)
    fresh, _ = new_model(preset, (), 0)
    theirs, _ = new_model(preset_named("tiny-detail"), (), 5)
    # The coarse net gets depth maps here and did not there.
    assert set(history) == {"normals", "detail"}
    for part, brought in (("normals", theirs), ("detail", theirs), ("coarse", fresh), ("depth", fresh)):
        for name, value in getattr(model, part).state_dict().items():
            assert torch.equal(value, getattr(brought, part).state_dict()[name]), f"{part}.{name}"


def test_weights_of_another_preset_are_refused_unless_a_preset_is_named_that_has_parts_of_theirs(others: Path) -> None:
    assert chosen_preset(None, (others,)) == preset_named("tiny-detail")
    with pytest.raises(CheckpointError, match=r"others\.safetensors: .*'tiny-detail'.*'compact'"):
        chosen_preset("compact", (others,))
