"""The bytes of a weights file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open

from lifecast.model.presets import PRESETS
from lifecast.model.weights_file import save_state


def test_the_same_weights_and_card_are_the_same_bytes(tmp_path: Path) -> None:
    """safetensors itself writes the eight texts beside the weights in an order drawn anew each time."""
    state = {"coarse.b": torch.arange(6.0).reshape(2, 3), "coarse.a": torch.ones(5)}
    card = {"name": 'Größe "x" \\ \n\t', "licence": "CC0-1.0"}
    paths = [tmp_path / f"{number}.safetensors" for number in range(4)]
    for path in paths:
        save_state(path, state, PRESETS["tiny"], card)
    assert len({path.read_bytes() for path in paths}) == 1
    with safe_open(paths[0], "pt") as opened:
        assert list(opened.metadata()) != []
        assert torch.equal(opened.get_tensor("coarse.b"), state["coarse.b"])
        assert torch.equal(opened.get_tensor("coarse.a"), state["coarse.a"])
