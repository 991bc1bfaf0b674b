import dataclasses
import json
import os
import pickle
import zlib

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lifecast.errors import CheckpointError, UsageError
from lifecast.model import checkpoint
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import load_checkpoint, read_description, save_checkpoint, save_state
from lifecast.model.config import HourglassConfig
from lifecast.model.config_json import to_dict
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import PARTS, Model
from lifecast.model.presets import PRESETS

TINY = PRESETS["tiny"]
OPTIONS = InferenceOptions(mirror=True, sharpen=0.25, silhouette=True)
CARD = {"licence": "CC0-1.0", "training": [{"stage": "coarse", "steps": 3}], "metrics": {"iou": 0.5}}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Model(TINY)


@pytest.fixture
def path(model, tmp_path):
    target = tmp_path / "weights.safetensors"
    save_checkpoint(target, model, CARD, inference=OPTIONS)
    return target


def test_weights_architecture_options_and_card_come_back(model, path):
    loaded = load_checkpoint(path)
    assert loaded.card == CARD
    assert loaded.inference == OPTIONS
    assert loaded.model.architecture == TINY
    assert not loaded.model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor)
    assert {n for n, p in loaded.model.named_parameters() if p.requires_grad} == {
        n for n, p in model.named_parameters() if p.requires_grad
    }


def test_the_description_is_read_without_the_weights(model, path):
    """Of a file whose weights are gone, too."""
    length = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    path.write_bytes(path.read_bytes()[:length] + bytes(path.stat().st_size - length))
    described = read_description(path)
    assert (described.architecture, described.inference, described.card) == (TINY, OPTIONS, CARD)
    assert described.parts == ("normals", "coarse", "fine")
    assert described.checksums.keys() == model.state_dict().keys()
    assert described.version == "2"
    with pytest.raises(CheckpointError, match="does not match its checksum"):
        load_checkpoint(path)


def test_without_options_a_file_says_plain_ones(model, tmp_path):
    save_checkpoint(tmp_path / "plain.safetensors", model, {})
    assert load_checkpoint(tmp_path / "plain.safetensors").inference == PLAIN


def test_some_parts_of_a_model_are_no_whole_one(model, tmp_path):
    path = tmp_path / "some.safetensors"
    save_checkpoint(path, model, CARD, parts=("coarse", "normals"))
    assert read_description(path).parts == ("normals", "coarse")
    with pytest.raises(CheckpointError, match=r"some\.safetensors: does not hold .*'tiny': fine\.\S+ is missing"):
        load_checkpoint(path)


def test_float16_halves_the_file_and_loads_as_float32(model, path, tmp_path):
    save_checkpoint(tmp_path / "half.safetensors", model, CARD, "float16")
    weights = sum(p.numel() for p in model.parameters())
    saved = path.stat().st_size - (tmp_path / "half.safetensors").stat().st_size
    assert saved == pytest.approx(2 * weights, abs=500)  # offsets in the header have fewer digits
    loaded = load_checkpoint(tmp_path / "half.safetensors").model
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float())


def test_the_unused_norms_of_hourglasses_stay_without_gradient(tmp_path):
    hourglass = HourglassConfig(stacks=1, depth=1, pooled=True, width=32, stem=8, groups=4)
    model = Model(dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, encoder=hourglass)))
    save_checkpoint(tmp_path / "h.safetensors", model, {})
    loaded = load_checkpoint(tmp_path / "h.safetensors").model
    frozen = {n for n, p in loaded.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, p in model.named_parameters() if not p.requires_grad}
    assert frozen


def test_built_in_weights_are_found_by_name(path, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "BUILT_IN", tmp_path)
    monkeypatch.chdir(os.path.sep)
    assert load_checkpoint("weights").card == CARD
    with pytest.raises(CheckpointError, match="built in: weights"):
        load_checkpoint("nothing")
    with pytest.raises(CheckpointError, match="no such weights file"):
        load_checkpoint(tmp_path / "elsewhere" / "weights")


def test_a_file_may_have_any_name(path, tmp_path):
    """What it holds decides: weights load, and what is none is refused by its name."""
    path.rename(tmp_path / "weights.bin")
    assert load_checkpoint(tmp_path / "weights.bin").card == CARD
    assert read_description(tmp_path / "weights.bin").card == CARD
    for name in ("pifuhd.pt", "card.json"):
        (tmp_path / name).write_text("{}")
        for read in (load_checkpoint, read_description):
            with pytest.raises(CheckpointError, match=f"{name}: not a readable safetensors file"):
                read(tmp_path / name)


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


def test_another_architecture_than_expected_is_refused(path):
    assert load_checkpoint(path, expect=TINY).model.architecture == TINY
    with pytest.raises(CheckpointError, match=r"'tiny'.*'tiny-joint'"):
        load_checkpoint(path, expect=preset_named("tiny-joint"))


def test_weights_that_are_not_the_architectures_are_listed(model, tmp_path):
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
    """The file at `path` with other metadata, and a checksum that is right for them; None leaves one out."""
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
        state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    metadata = {name: text for name, text in (metadata | changes).items() if text is not None}
    texts = [metadata.get(name, "") for name in ("architecture", "inference", "parts", "card", "checksums")]
    save_file(state, path, metadata | {"checksum": f"{zlib.crc32(chr(0).join(texts).encode()):08x}"})
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "3"}, "format version 3; this lifecast reads versions 1 and 2: update it"),
        ({"version": None}, "format version None"),
        ({"format": "other"}, "not one of lifecast's"),
        ({"inference": None}, "damaged, its metadata lacks inference"),
        ({"version": "1"}, "damaged, its metadata lacks preset"),
        ({"architecture": json.dumps(to_dict(TINY) | {"colour": 1})}, "architecture cannot be used: .*no field colour"),
        ({"architecture": "[1]"}, "architecture cannot be used"),
        ({"architecture": "{"}, "architecture cannot be used"),
        ({"inference": json.dumps({"shoes": True})}, "cannot be used: .*no step shoes"),
        ({"inference": json.dumps({"integrate": 4})}, "cannot be used: .*integrated at 4 pixels"),
        ({"inference": json.dumps({"sharpen": "much"})}, "cannot be used"),
        ({"inference": "null"}, "cannot be used"),
    ],
)
def test_newer_foreign_and_senseless_files_are_refused(path, changes, reason):
    with pytest.raises(CheckpointError, match=rf"weights\.safetensors: .*{reason}"):
        load_checkpoint(rewritten(path, **changes))
    with pytest.raises(CheckpointError, match=reason):
        read_description(path)


def test_a_file_that_names_a_step_that_was_deleted_is_used_without_it(path):
    before = load_checkpoint(path)
    rewritten(path, inference=json.dumps(before.inference.to_dict() | {"tilt": 0.5}))
    assert load_checkpoint(path).inference == read_description(path).inference == before.inference


def test_a_file_of_another_program_is_refused(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="not one of lifecast's"):
        load_checkpoint(tmp_path / "foreign.safetensors")


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


def test_a_loaded_model_with_every_part_predicts_what_the_saved_one_does(tmp_path):
    """All that a network needs must be in the file, or follow from the architecture."""
    torch.manual_seed(5)
    model = Model(preset_named("tiny-pose-lifter-depth-maps-detail-depth-features-close-up-parsing")).eval()
    for head in (model.detail.unet.head, model.depth.refine.head, model.pose_lifter.last):
        torch.nn.init.normal_(head.weight, std=0.1)
    save_checkpoint(tmp_path / "all.safetensors", model, {"name": "all"})
    assert read_description(tmp_path / "all.safetensors").parts == PARTS
    loaded = load_checkpoint(tmp_path / "all.safetensors").model
    image, points = torch.rand(1, 3, 256, 256) * 2 - 1, torch.rand(1, 20, 3) - 0.5
    landmarks = torch.rand(1, 33, 4)
    with torch.no_grad():
        mine, theirs = loaded(image, points), model(image, points)
        assert torch.equal(loaded.lifted(landmarks), model.lifted(landmarks))
    for name in ("front", "back", "mask", "depth"):
        assert torch.equal(getattr(mine.maps.fine, name), getattr(theirs.maps.fine, name))
    assert torch.equal(mine.fine_logit, theirs.fine_logit)
