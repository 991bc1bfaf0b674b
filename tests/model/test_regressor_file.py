"""The body regressor's file: what is written is read, and what is damaged or another body's is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lifecast.body.body_file import SHIPPED as BODY
from lifecast.errors import DataError
from lifecast.model import regressor_file
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.heads.body_regressor import BodyRegressor, BodyRegressorConfig
from lifecast.model.regressor_file import (
    SHIPPED,
    half_precision,
    read_regressor,
    shipped_regressor,
    write_regressor,
)

CARD = {"body": "12345678", "seed": 3}


def drawn() -> BodyRegressor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        net = BodyRegressor(BodyRegressorConfig(width=16, blocks=1, components=10))
        torch.nn.init.normal_(net.last.weight)
    return half_precision(net)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    net, path = drawn(), tmp_path / "net.safetensors"
    write_regressor(path, net, CARD)
    read, card = read_regressor(path, "12345678")
    assert card == CARD
    assert read.config == net.config
    assert not read.training
    for name, value in net.state_dict().items():
        assert torch.equal(read.state_dict()[name], value), name
    again = tmp_path / "again.safetensors"
    write_regressor(again, net, CARD)
    assert again.read_bytes() == path.read_bytes()


def test_a_regressor_of_another_body_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write_regressor(path, drawn(), CARD)
    with pytest.raises(DataError, match="for another body's file"):
        read_regressor(path)


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with pytest.raises(DataError, match="no such file; make it with `lifecast body train"):
        read_regressor(path)
    write_regressor(path, drawn(), CARD)
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="checksum is wrong"):
        read_regressor(path, "12345678")
    path.write_bytes(content[:-100])
    with pytest.raises(DataError, match="damaged"):
        read_regressor(path, "12345678")
    with pytest.raises(DataError, match="not a body regressor's file"):
        read_regressor(BODY)


def test_the_shipped_one_is_small_and_for_the_shipped_body() -> None:
    assert SHIPPED.stat().st_size <= 2_000_000
    net, card = read_regressor()
    assert net.config.components == 24
    assert card["made_by"] == "lifecast body train"


def test_without_a_file_there_is_no_regressor_and_weights_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(regressor_file, "SHIPPED", tmp_path / "none.safetensors")
    shipped_regressor.cache_clear()
    try:
        assert shipped_regressor() is None
        assert load_checkpoint("compact").model.pose_lifter is not None  # no part of them is a regressor's
    finally:
        shipped_regressor.cache_clear()
