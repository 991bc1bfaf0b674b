"""Weights as a folder of parts: written, loaded, one part exchanged, and every way in which it can be wrong."""

import dataclasses
import json
import os

import pytest
import torch
from safetensors.torch import save_file

from lifecast.errors import CheckpointError
from lifecast.model import checkpoint
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import (
    Checkpoint,
    checkpoint_files,
    load_checkpoint,
    read_description,
    save_checkpoint,
    save_folder,
)
from lifecast.model.config_json import to_dict
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import PARTS, Model
from lifecast.model.presets import PRESETS

TINY = PRESETS["tiny"]
EVERYTHING = preset_named("tiny-pose-lifter-depth-maps-detail-depth-features-close-up-parsing")
OPTIONS = InferenceOptions(mirror=True, integrate=64, body=True, silhouette=True)
CARD = {
    "name": "doll",
    "licence": "CC0-1.0",
    "source": "a test",
    "metrics": {"iou": 0.5},
    "limits": "drawn people “only”",
    "training": {"levels": {"normals": {"steps": 3}, "coarse": {"steps": 4, "seed": 7}, "pose_lifter": {"steps": 5}}},
}


def random_checkpoint(architecture, seed=0, inference=OPTIONS):
    torch.manual_seed(seed)
    return Checkpoint(Model(architecture).eval(), inference, CARD)


@pytest.fixture(scope="module")
def whole():
    return random_checkpoint(EVERYTHING)


@pytest.fixture
def folder(whole, tmp_path):
    target = tmp_path / "doll"
    save_folder(target, whole)
    return target


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_has_one_file_for_each_part_and_a_card(whole, tmp_path):
    written = save_folder(tmp_path / "doll", whole)
    assert written == [tmp_path / "doll" / f"{part}.safetensors" for part in PARTS]
    assert {path.name for path in (tmp_path / "doll").iterdir()} == {path.name for path in written} | {"card.json"}
    for part, path in zip(PARTS, written, strict=True):
        described = read_description(path)
        assert described.parts == (part,)
        assert {name.split(".")[0] for name in described.checksums} == {part}
        assert (described.architecture, described.inference) == (EVERYTHING, OPTIONS)
    small = save_folder(tmp_path / "small", random_checkpoint(TINY))
    assert [path.stem for path in small] == ["normals", "coarse", "fine"]


def test_it_loads_as_the_model_that_was_saved(whole, folder):
    loaded = load_checkpoint(folder, expect=EVERYTHING)
    assert loaded.inference == OPTIONS
    assert loaded.card == CARD
    assert not loaded.model.training
    state = loaded.model.state_dict()
    assert list(state) == list(whole.model.state_dict())
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(state[name], tensor), name
    described = read_description(folder)
    assert (described.architecture, described.inference, described.card) == (EVERYTHING, OPTIONS, CARD)
    assert described.parts == PARTS


def test_each_file_has_the_card_of_its_part(folder):
    """So that it says where it comes from wherever it goes."""
    card = read_description(folder / "coarse.safetensors").card
    assert card == {
        "name": f"{EVERYTHING.name}: coarse",
        "licence": "CC0-1.0",
        "source": "a test",
        "training": {"levels": {"coarse": {"steps": 4, "seed": 7}}},
    }
    assert "training" not in read_description(folder / "fine.safetensors").card
    text = (folder / "card.json").read_text(encoding="utf-8")
    said = {name: value for name, value in CARD.items() if name != "training"}
    assert json.loads(text) == said | {"architecture": to_dict(EVERYTHING), "inference": OPTIONS.to_dict()}
    assert "“only”" in text


def test_half_precision_halves_the_folder(whole, folder, tmp_path):
    save_folder(tmp_path / "half", whole, "float16")
    weights = sum(p.numel() for p in whole.model.parameters())
    sizes = [sum(len(content) for content in contents(f).values()) for f in (folder, tmp_path / "half")]
    assert sizes[0] - sizes[1] == pytest.approx(2 * weights, abs=3000)  # offsets in the headers have fewer digits
    for name, tensor in load_checkpoint(tmp_path / "half").model.state_dict().items():
        assert torch.equal(tensor, whole.model.state_dict()[name].half().float())


def test_training_one_part_changes_one_file(whole, folder):
    before = contents(folder)
    with torch.no_grad():
        other = random_checkpoint(EVERYTHING)
        other.model.fine.mlp.layers[0].bias.add_(1)
    save_folder(folder, other)
    after = contents(folder)
    assert {name for name in after if after[name] != before[name]} == {"fine.safetensors"}


def test_one_part_more_adds_one_file(whole, tmp_path):
    """The other files still say that their model had no parsing head: what they hold is the same in both."""
    folder, smaller = tmp_path / "doll", preset_named(EVERYTHING.name.removesuffix("-parsing"))
    smaller = dataclasses.replace(smaller, name=EVERYTHING.name)
    few = Checkpoint(Model(smaller).eval(), OPTIONS, CARD)
    few.model.load_state_dict(whole.model.state_dict(), strict=False)
    save_folder(folder, few)
    before = contents(folder)
    save_folder(folder, whole)
    after = contents(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"parsing.safetensors", "card.json"}
    loaded = load_checkpoint(folder, expect=EVERYTHING)
    for name, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, whole.model.state_dict()[name]), name
    save_folder(folder, whole, "float16")
    assert all(contents(folder)[name] != after[name] for name in after if name != "card.json")


def test_a_part_of_another_kind_than_the_folders_is_refused(whole, folder):
    other = dataclasses.replace(EVERYTHING, depth_scale=2 * EVERYTHING.depth_scale)
    save_checkpoint(folder / "fine.safetensors", Model(other), {}, inference=OPTIONS, parts=("fine",))
    with pytest.raises(CheckpointError, match=r"fine\.safetensors: holds a part of .* card\.json in its folder is of"):
        load_checkpoint(folder)
    save_checkpoint(folder / "fine.safetensors", whole.model, {}, inference=OPTIONS, parts=("fine",))
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"architecture": {"name": "nothing"}}))
    with pytest.raises(CheckpointError, match=r"card\.json: its architecture cannot be used"):
        load_checkpoint(folder)


def test_a_part_is_exchanged_by_exchanging_its_file(whole, folder):
    other = random_checkpoint(EVERYTHING, seed=1).model
    history = {"name": "other fine", "training": {"levels": {"fine": {"steps": 9}}}}
    save_checkpoint(folder / "fine.safetensors", other, history, inference=OPTIONS, parts=("fine",))
    loaded = load_checkpoint(folder)
    for name, tensor in loaded.model.state_dict().items():
        wanted = (other if name.startswith("fine.") else whole.model).state_dict()[name]
        assert torch.equal(tensor, wanted), name
    assert loaded.card["training"]["levels"] == CARD["training"]["levels"] | {"fine": {"steps": 9}}


def test_parts_that_a_model_no_longer_has_are_removed(folder):
    save_folder(folder, random_checkpoint(TINY))
    assert {path.stem for path in folder.iterdir()} == {"normals", "coarse", "fine", "card"}
    assert load_checkpoint(folder).model.architecture == TINY


def test_a_file_may_hold_several_parts(whole, tmp_path):
    for name, parts in (("maps", PARTS[:4]), ("nets", PARTS[4:])):
        save_checkpoint(tmp_path / f"{name}.safetensors", whole.model, {}, inference=OPTIONS, parts=parts)
    for name, tensor in load_checkpoint(tmp_path).model.state_dict().items():
        assert torch.equal(tensor, whole.model.state_dict()[name])
    assert load_checkpoint(tmp_path).card == {}


def test_without_a_card_licence_and_source_are_the_parts(folder):
    (folder / "card.json").unlink()
    assert load_checkpoint(folder).card == {name: CARD[name] for name in ("licence", "source", "training")}


def test_files_are_listed_in_a_fixed_order(folder):
    (folder / "notes.txt").write_text("not of the weights")
    assert [path.name for path in checkpoint_files(folder)] == [
        *sorted(f"{part}.safetensors" for part in PARTS),
        "card.json",
    ]
    assert checkpoint_files(folder / "fine.safetensors") == [folder / "fine.safetensors"]


def test_a_built_in_folder_is_found_by_name(folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "BUILT_IN", folder.parent)
    monkeypatch.chdir(os.path.sep)
    assert load_checkpoint("doll").card == CARD
    with pytest.raises(CheckpointError, match=r"nobody: no such weights .*\(built in: doll\)"):
        load_checkpoint("nobody")


def test_a_folder_without_weights_is_none(tmp_path):
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no such weights file or folder of parts"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_named(folder, part):
    (folder / f"{part}.safetensors").unlink()
    with pytest.raises(CheckpointError, match=rf"doll: does not hold the weights of its .*: {part}\.\S+ is missing"):
        load_checkpoint(folder)
    assert part not in read_description(folder).parts


def test_a_damaged_part_is_named_by_its_file(folder):
    path = folder / "detail.safetensors"
    whole = path.read_bytes()
    for damaged, reason in (
        (whole[:-1] + bytes([whole[-1] ^ 1]), r"damaged, weight detail\.\S+ does not match its checksum"),
        (whole[: len(whole) // 2], "not a readable safetensors file"),
        (b"", "not a readable safetensors file"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=rf"doll/detail\.safetensors: {reason}"):
            load_checkpoint(folder)


def test_parts_of_several_architectures_are_refused(folder):
    """Even where only a width, or nothing that has weights, differs."""
    for other in (
        TINY,
        dataclasses.replace(EVERYTHING, fine=dataclasses.replace(EVERYTHING.fine, features=16)),
        dataclasses.replace(EVERYTHING, depth_scale=2.0),
    ):
        model = Model(other)
        save_checkpoint(folder / "fine.safetensors", model, {}, inference=OPTIONS, parts=("fine",))
        with pytest.raises(CheckpointError, match="parts must be of one model") as refusal:
            load_checkpoint(folder)
        assert "fine.safetensors" in str(refusal.value)
        assert repr(other.name) in str(refusal.value)
        assert repr(EVERYTHING.name) in str(refusal.value)
        with pytest.raises(CheckpointError, match="parts must be of one model"):
            read_description(folder)


def change_card(folder, **changes):
    """Change what `card.json` says; None: it does not say it any more."""
    card = json.loads((folder / "card.json").read_text()) | changes
    card = {name: value for name, value in card.items() if value is not None}
    (folder / "card.json").write_text(json.dumps(card))


def test_other_inference_options_change_the_card_alone(whole, folder):
    before = contents(folder)
    other = dataclasses.replace(OPTIONS, sharpen=0.25)
    save_folder(folder, Checkpoint(whole.model, other, whole.card))
    change_card(folder, inference=other.to_dict())
    for name, content in before.items():
        if name != "card.json":
            (folder / name).write_bytes(content)
    assert load_checkpoint(folder).inference == other
    assert read_description(folder).inference == other
    assert "inference" not in load_checkpoint(folder).card


@pytest.mark.parametrize("given", [{"relif": True}, {"sharpen": "much"}, [1], 3])
def test_inference_options_that_cannot_be_are_refused_by_the_cards_name(folder, given):
    change_card(folder, inference=given)
    with pytest.raises(CheckpointError, match=r"card\.json: its inference options cannot be used"):
        load_checkpoint(folder)


def test_parts_of_several_inference_options_are_refused_where_the_card_does_not_say(whole, folder):
    save_checkpoint(folder / "fine.safetensors", whole.model, {}, inference=PLAIN, parts=("fine",))
    assert load_checkpoint(folder).inference == OPTIONS
    change_card(folder, inference=None)
    with pytest.raises(CheckpointError, match=r"fine\.safetensors: its inference options are not those of close_up"):
        load_checkpoint(folder)


def test_another_architecture_than_expected_is_refused(folder):
    with pytest.raises(CheckpointError, match=rf"doll: holds architecture '{EVERYTHING.name}', not the 'tiny'"):
        load_checkpoint(folder, expect=TINY)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"{", "not a readable card"), (b"\xff\xfe", "not a readable card"), (b"[]", "JSON object")]
)
def test_a_card_that_is_none_is_refused_by_its_file(folder, content, reason):
    (folder / "card.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"card\.json: .*{reason}"):
        load_checkpoint(folder)


def test_two_files_that_hold_one_part_are_refused(whole, folder):
    other = random_checkpoint(EVERYTHING, seed=1).model
    save_checkpoint(folder / "old-fine.safetensors", other, {}, inference=OPTIONS, parts=("fine",))
    with pytest.raises(CheckpointError, match=r"doll: two files hold the weight fine\.\S+, one of them old-fine"):
        load_checkpoint(folder)


def test_what_is_true_of_the_training_of_the_whole_stays(whole, tmp_path):
    card = CARD | {"training": CARD["training"] | {"seed": 3, "data": "dolls"}}
    save_folder(tmp_path / "doll", Checkpoint(whole.model, OPTIONS, card))
    assert load_checkpoint(tmp_path / "doll").card == card


@pytest.mark.parametrize("training", [[{"stage": "coarse"}], "long"])
def test_a_card_may_say_anything_of_the_training(whole, tmp_path, training):
    card = CARD | {"training": training}
    save_folder(tmp_path / "doll", Checkpoint(whole.model, OPTIONS, card))
    assert load_checkpoint(tmp_path / "doll").card == card


def test_a_foreign_file_among_the_parts_is_named(folder):
    save_file({"shoes": torch.zeros(3)}, folder / "shoes.safetensors")
    with pytest.raises(CheckpointError, match=r"shoes\.safetensors: a safetensors file, but not one of lifecast's"):
        load_checkpoint(folder)
