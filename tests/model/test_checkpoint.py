import dataclasses
import json
import os
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lifecast.errors import CheckpointError, UsageError
from lifecast.model import checkpoint
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import load_checkpoint, read_card, save_checkpoint, save_state
from lifecast.model.config import TINY, to_dict
from lifecast.model.encoders.config import HourglassConfig
from lifecast.model.model import Model

CARD = {"licence": "CC0-1.0", "training": [{"stage": "coarse", "steps": 3}], "metrics": {"iou": 0.5}}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Model(TINY)


@pytest.fixture
def path(model, tmp_path):
    target = tmp_path / "weights.safetensors"
    save_checkpoint(target, model, CARD)
    return target


def test_weights_preset_and_card_come_back(model, path):
    loaded, card = load_checkpoint(path)
    assert card == CARD
    assert loaded.preset == TINY
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert {n for n, p in loaded.named_parameters() if p.requires_grad} == {
        n for n, p in model.named_parameters() if p.requires_grad
    }
    assert read_card(path) == (TINY, CARD)


def test_float16_halves_the_file_and_loads_as_float32(model, path, tmp_path):
    save_checkpoint(tmp_path / "half.safetensors", model, CARD, "float16")
    weights = sum(p.numel() for p in model.parameters())
    saved = path.stat().st_size - (tmp_path / "half.safetensors").stat().st_size
    assert saved == pytest.approx(2 * weights, abs=500)  # offsets in the header have fewer digits
    loaded, _ = load_checkpoint(tmp_path / "half.safetensors")
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float())


def test_the_unused_norms_of_hourglasses_stay_without_gradient(tmp_path):
    hourglass = HourglassConfig(stacks=1, depth=1, pooled=True, width=32, stem=8, groups=4)
    model = Model(dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, encoder=hourglass)))
    save_checkpoint(tmp_path / "h.safetensors", model, {})
    loaded, _ = load_checkpoint(tmp_path / "h.safetensors")
    frozen = {n for n, p in loaded.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, p in model.named_parameters() if not p.requires_grad}
    assert frozen


def test_built_in_weights_are_found_by_name(path, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "BUILT_IN", tmp_path)
    monkeypatch.chdir(os.path.sep)
    assert load_checkpoint("weights")[1] == CARD
    with pytest.raises(CheckpointError, match="built in: weights"):
        load_checkpoint("nothing")
    with pytest.raises(CheckpointError, match="no such weights file"):
        load_checkpoint(tmp_path / "elsewhere" / "weights")


def test_truncated_anywhere_it_is_refused_by_name(path):
    whole = path.read_bytes()
    for length in (0, 4, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
            load_checkpoint(path)


def test_a_flipped_byte_anywhere_is_noticed(path):
    whole = path.read_bytes()
    header = int.from_bytes(whole[:8], "little")
    generator = torch.Generator().manual_seed(0)
    places = torch.randint(0, 8 + header, (40,), generator=generator).tolist()
    places += torch.randint(8 + header, len(whole), (10,), generator=generator).tolist()
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
            load_checkpoint(path)


def test_a_changed_weight_is_named(path):
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CheckpointError, match=r"damaged, weight .* does not match its checksum"):
        load_checkpoint(path)


def test_another_preset_than_expected_is_refused(path):
    assert load_checkpoint(path, expect=TINY)
    with pytest.raises(CheckpointError, match=r"'tiny'.*'tiny-joint'"):
        load_checkpoint(path, expect=preset_named("tiny-joint"))


def test_weights_that_are_not_the_presets_are_listed(model, tmp_path):
    path = tmp_path / "odd.safetensors"
    state = model.state_dict()
    state["coarse.mlp.layers.0.weight"] = state["coarse.mlp.layers.0.weight"][:, 1:]
    del state["coarse.mlp.layers.0.bias"]
    state["shoes"] = torch.zeros(3)
    save_state(path, state, TINY, {})
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(path)
    for part in ("layers.0.bias is missing", "shoes is not part", "layers.0.weight has shape"):
        assert part in str(refusal.value)


def rewritten(path, **changes):
    """The file at `path` with other metadata."""
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
        state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    metadata.update(changes)
    texts = [metadata[key] for key in ("preset", "card", "checksums")]
    save_file(state, path, metadata | {"checksum": checkpoint._text_crc(texts)})
    return path


def test_newer_foreign_and_senseless_files_are_refused(path, tmp_path):
    with pytest.raises(CheckpointError, match="version 2"):
        load_checkpoint(rewritten(path, version="2"))
    save_file({"a": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="not one of lifecast's"):
        load_checkpoint(tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="preset cannot be used"):
        load_checkpoint(rewritten(path, version="1", preset=json.dumps(to_dict(TINY) | {"colour": 1})))
    with pytest.raises(CheckpointError, match="preset cannot be used"):
        load_checkpoint(rewritten(path, preset="[1]"))


def test_a_pickle_is_never_opened(tmp_path):
    witness = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return (os.mkdir, (str(witness),))

    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        load_checkpoint(path)
    torch.save({"a": Payload()}, path)
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        load_checkpoint(path)
    assert not witness.exists()


def test_what_cannot_be_stored_is_said_and_nothing_is_written(model, path, tmp_path):
    before = path.read_bytes()
    with pytest.raises(UsageError, match="plain JSON"):
        save_checkpoint(path, model, {"when": object()})
    state = model.state_dict() | {"coarse.mlp.layers.0.bias": torch.full((64,), 1e9)}
    with pytest.raises(UsageError, match=r"coarse\.mlp\.layers\.0\.bias is not finite as float16"):
        save_state(path, state, TINY, {}, "float16")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_loaded_model_with_every_part_answers_as_the_saved_one(tmp_path):
    """All that a network needs must be in the file, or follow from the preset."""
    torch.manual_seed(5)
    model = Model(preset_named("tiny-depth-maps-enhancer")).eval()
    for head in (model.normals.enhancer.head, model.normals.depth.refine.head):
        torch.nn.init.normal_(head.weight, std=0.1)
    save_checkpoint(tmp_path / "all.safetensors", model, {"name": "all"})
    loaded, _ = load_checkpoint(tmp_path / "all.safetensors")
    image, points = torch.rand(1, 3, 256, 256) * 2 - 1, torch.rand(1, 20, 3) - 0.5
    with torch.no_grad():
        for mine, theirs in zip(loaded.predict_maps(image)[1], model.predict_maps(image)[1], strict=True):
            assert torch.equal(mine, theirs)
        assert torch.equal(loaded.occupancy(loaded.encode(image), points), model.occupancy(model.encode(image), points))
