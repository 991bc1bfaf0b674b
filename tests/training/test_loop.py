"""Whole runs on analytic people, in this process."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from lifecast.errors import CheckpointError, DataError, LifecastError, UsageError
from lifecast.model.checkpoint import load_checkpoint, save_checkpoint
from lifecast.model.presets import PRESETS
from lifecast.training import data, loop, memory
from lifecast.training.loop import train
from lifecast.training.machine import processes
from lifecast.training.options import TrainOptions
from lifecast.training.run_folder import RunFolder, read_state
from lifecast.training.stage import Stage
from lifecast.training.trainee import Trainee
from lifecast.training.weights import new_model


def log_lines(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_stages_build_on_each_other_until_one_file_holds_all_levels(tmp_path, train_here):
    normals = train_here("normals", tmp_path / "n", steps=2)
    coarse = train_here("coarse", tmp_path / "c", steps=2, init=(normals,))
    fine = train_here("fine", tmp_path / "f", steps=2, init=(coarse,), predicted_normals=True, preset=None)
    tensors = load_file(fine)
    for level, source in (("normals", normals), ("coarse", coarse)):
        for name, value in load_file(source).items():
            if name.startswith(level + "."):
                assert torch.equal(tensors[name], value), name
    assert any(
        not torch.equal(tensors[name], value) for name, value in load_file(coarse).items() if name.startswith("fine.")
    )
    levels = load_checkpoint(fine).card["training"]["levels"]
    assert {name: note["stage"] for name, note in levels.items()} == {
        "normals": "normals", "coarse": "coarse", "fine": "fine",
    }  # fmt: skip
    assert levels["fine"]["predicted_normals"]
    assert "fine_iou" in levels["fine"]["metrics"]
    more = train_here("coarse", tmp_path / "c2", steps=1, init=(fine,), predicted_normals=True)
    note = load_checkpoint(more).card["training"]["levels"]["coarse"]
    assert note["run"] == "c2"
    assert [earlier["run"] for earlier in note["before"]] == ["c"]
    # A run of the same name elsewhere is another run.
    again = train_here("coarse", tmp_path / "elsewhere" / "c2", steps=1, init=(more,), predicted_normals=True)
    note = load_checkpoint(again).card["training"]["levels"]["coarse"]
    assert [earlier["run"] for earlier in note["before"]] == ["c", "c2"]


def test_weights_trained_from_borrowed_ones_keep_their_licence(tmp_path, train_here):
    model, _ = new_model(PRESETS["tiny"], (), 0)
    borrowed = tmp_path / "borrowed.safetensors"
    save_checkpoint(borrowed, model, {"name": "theirs", "licence": "CC BY-NC 4.0", "source": "somebody"})
    own = train_here("normals", tmp_path / "own", steps=1, size=32)
    assert load_checkpoint(own).card["licence"] == "Apache-2.0"
    for init in ((borrowed,), (borrowed, own), (own, borrowed)):
        trained = train_here("coarse", tmp_path / "-".join(path.stem for path in init), steps=1, size=32, init=init)
        card = load_checkpoint(trained).card
        assert (card["licence"], card["source"]) == ("CC BY-NC 4.0", "somebody")
    # Still so a run later, and gone only where nothing of theirs is left.
    later = train_here("coarse", tmp_path / "later", steps=1, size=32, init=(trained,))
    assert load_checkpoint(later).card["licence"] == "CC BY-NC 4.0"


def test_losses_in_the_log_are_of_the_steps_since_the_line_before(tmp_path, train_here, monkeypatch):
    """Also where a phase began in between: the quick recipe changes its size half way."""
    monkeypatch.setattr(Trainee, "one_step", constant_step)
    monkeypatch.setattr(loop, "LOG_SECONDS", 1e9)
    train_here("normals", tmp_path / "run", steps=8)
    assert [line["loss"] for line in log_lines(tmp_path / "run") if "loss" in line] == [1.0]


def constant_step(trainee, batch, rate):
    trainee.step += 1
    trainee.samples += len(batch["image"])
    return {"total": torch.tensor(1.0), "l1": torch.tensor(1.0)}


def test_the_fingerprint_tells_people_apart(tmp_path):
    for name, text in (("a", "one"), ("b", "another"), ("c", "one")):
        (tmp_path / name / "person_0").mkdir(parents=True)
        (tmp_path / name / "dataset.json").write_text("{}")
        (tmp_path / name / "person_0" / "person.json").write_text(text)
    a, b, c = (data.fingerprint(tmp_path / name) for name in "abc")
    assert a == c != b


def test_processes_are_those_that_torchrun_started(monkeypatch, tmp_path):
    options = {"stage": "normals", "data": tmp_path / "data", "out": tmp_path / "out"}
    assert processes(TrainOptions(**options, devices=2, nodes=3)) == (2, 3)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert processes(TrainOptions(**options)) == (4, 2)
    assert processes(TrainOptions(**options, devices=4, nodes=2)) == (4, 2)
    with pytest.raises(UsageError, match="torchrun started 4"):
        processes(TrainOptions(**options, devices=8))


def test_a_run_learns_and_leaves_what_it_promises(tmp_path, train_here):
    out = tmp_path / "run"
    train_here("normals", out, steps=40, learning_rate=3e-3, size=64, batch=4)
    lines = log_lines(out)
    figures = lines[-1]["validation"]
    assert figures["front_deg"] < 25
    assert {"front_deg", "back_deg", "mask_iou"} <= set(figures)
    assert {"loss", "images_per_s", "wait_share", "learning_rate", "epoch"} <= set(lines[-2])
    described = json.loads((out / "run.json").read_text())
    assert described["trains"] == ["normals"]
    assert described["architecture"]["name"] == "tiny"
    assert load_checkpoint(out / "best.safetensors").model.architecture.name == "tiny"
    strip = np.asarray(Image.open(next((out / "pictures").glob("*.png"))))
    assert strip.shape[2] == 3
    assert strip.std() > 10


def test_minutes_end_the_run_on_time_with_usable_weights(tmp_path, train_here):
    began = time.monotonic()
    weights = train_here("normals", tmp_path / "run", minutes=0.05)
    assert read_state(RunFolder(tmp_path / "run").checkpoints()[-1])["step"] > 0
    load_checkpoint(weights)
    lines = [line for line in log_lines(tmp_path / "run") if "loss" in line]
    assert lines[-1]["progress"] == 1
    assert lines[-1]["learning_rate"] < 1e-3 / 10  # the schedule came down with the clock
    assert time.monotonic() - began > 2


def test_exported_weights_are_the_averaged_ones(tmp_path, train_here):
    weights = train_here("normals", tmp_path / "run", steps=5)
    state = read_state(RunFolder(tmp_path / "run").checkpoints()[-1])
    exported = load_file(weights)
    for name, mean in state["average"]["mean"].items():
        torch.testing.assert_close(exported[name.removeprefix("model.")], mean)
    moved = [name for name in exported if not torch.equal(exported[name], state["model"][name])]
    assert moved
    assert all(name.startswith("normals.") for name in moved)


def test_foundations_that_are_missing_are_named(tmp_path, train_here):
    with pytest.raises(UsageError, match="--init"):
        train_here("fine", tmp_path / "f", steps=1)
    with pytest.raises(UsageError, match="trained normal head"):
        train_here("coarse", tmp_path / "c", steps=1, predicted_normals=True)


def test_weights_of_another_preset_are_refused(tmp_path, train_here):
    normals = train_here("normals", tmp_path / "n", steps=1)
    with pytest.raises(CheckpointError, match="preset 'tiny'"):
        train_here("coarse", tmp_path / "c", steps=1, init=(normals,), preset="compact")


def test_resuming_as_something_else_is_refused(tmp_path, train_here):
    train_here("normals", tmp_path / "n", steps=1)
    with pytest.raises(UsageError, match="stage normals"):
        train_here("coarse", tmp_path / "n", steps=2, resume=True)
    with pytest.raises(CheckpointError, match="preset 'tiny'"):
        train_here("normals", tmp_path / "n", steps=2, resume=True, preset="compact")
    with pytest.raises(UsageError, match="--resume"):
        train_here("normals", tmp_path / "n", steps=2)


def test_a_resumed_run_keeps_its_own_recipe(tmp_path, train_here):
    train_here("normals", tmp_path / "n", steps=2)
    train_here("normals", tmp_path / "n", steps=3, resume=True, recipe=None, preset=None)
    assert json.loads((tmp_path / "n" / "run.json").read_text())["recipe"]["name"] == "quick"
    assert read_state(RunFolder(tmp_path / "n").checkpoints()[-1])["step"] == 3


def test_no_data_is_told(tmp_path):
    with pytest.raises(DataError, match="lifecast prepare"):
        train(TrainOptions(stage="normals", data=tmp_path / "none", out=tmp_path / "out"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"dataset\.json"):
        train(TrainOptions(stage="normals", data=tmp_path / "empty", out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_too_little_memory_is_refused_with_the_batch_that_fits(tmp_path, train_here, monkeypatch):
    # The need for a batch of n is a + n b; ask for it at two batches, then offer memory for 5.
    needs = {}
    real = memory.check_memory

    def noting(trainee, sample, batch, free=None, sharing=1):
        needs[batch] = real(trainee, sample, batch, free, sharing)
        return needs[batch]

    monkeypatch.setattr(loop, "check_memory", noting)
    for batch in (2, 4):
        train_here("normals", tmp_path / str(batch), steps=1, batch=batch, size=64)
    each = (needs[4] - needs[2]) / 2
    assert each > 64 * 64 * 4 * 10
    monkeypatch.setattr(loop, "check_memory", real)
    monkeypatch.setattr(memory, "free_bytes", lambda device: int(needs[2] + 3.5 * each))
    with pytest.raises(memory.MemoryShort, match=r"step of 64 pictures.* --batch 5 fits"):
        train_here("normals", tmp_path / "big", steps=1, batch=64, size=64)
    monkeypatch.setattr(loop, "processes", lambda options: (2, 1))
    monkeypatch.setattr(memory, "free_bytes", lambda device: 2 * int(needs[2] + 1.5 * each))
    with pytest.raises(memory.MemoryShort, match="--batch 3 fits"):
        train_here("normals", tmp_path / "big", steps=1, batch=64, size=64)
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    with pytest.raises(memory.MemoryShort, match="not even --batch 1"):
        train_here("normals", tmp_path / "small", steps=1, batch=2, size=64)
    assert not (tmp_path / "big").exists()


def test_a_loss_that_is_not_finite_ends_the_run_and_spares_the_checkpoint(tmp_path, train_here, monkeypatch):
    train_here("normals", tmp_path / "n", steps=2)
    good = RunFolder(tmp_path / "n").checkpoints()[-1].read_bytes()
    real = data.open_split

    def broken(*arguments):
        dataset = real(*arguments)
        plain = type(dataset).__getitem__
        kind = type("Broken", (type(dataset),), {})
        kind.__getitem__ = lambda self, index: {**plain(self, index), "image": torch.full((3, 64, 64), float("nan"))}
        dataset.__class__ = kind
        return dataset

    monkeypatch.setattr(data, "open_split", broken)
    with pytest.raises(LifecastError, match="finite"):
        train_here("normals", tmp_path / "n", steps=4, resume=True, size=64)
    assert RunFolder(tmp_path / "n").checkpoints()[-1].read_bytes() == good


@pytest.mark.parametrize(("field", "value"), [("minutes", 0.0), ("batch", 0), ("workers", -1), ("learning_rate", -1.0)])
def test_impossible_options_are_usage_errors(tmp_path, field, value):
    with pytest.raises(UsageError, match=f"^{field} {value}: must be"):
        TrainOptions(stage="normals", data=tmp_path / "data", out=tmp_path / "out", **{field: value})


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains_on_a_cpu(tmp_path, train_here, precision):
    weights = train_here("coarse", tmp_path / "n", steps=1, precision=precision, size=32)
    assert all(value.dtype == torch.float32 for value in load_file(weights).values())
    assert log_lines(tmp_path / "n")[-1]["validation"]["coarse_iou"] >= 0


def test_half_precision_is_the_networks_and_rounds_no_pictures_nor_truth(tmp_path, train_here, monkeypatch):
    formats = {}
    forward = Stage.forward

    def spied(stage, batch):
        formats.update({name: value.dtype for name, value in batch.items() if torch.is_tensor(value)})
        formats["convolutions"] = torch.conv2d(batch["image"], torch.zeros(1, 3, 1, 1)).dtype
        return forward(stage, batch)

    monkeypatch.setattr(Stage, "forward", spied)
    train_here("coarse", tmp_path / "n", steps=1, precision="bf16", size=32)
    assert formats["convolutions"] == torch.bfloat16
    assert {formats[name] for name in ("image", "mask", "front", "back", "depth", "points")} == {torch.float32}


def test_fp16_skips_a_step_whose_gradients_overflow_and_scales_the_next_ones_down(tmp_path, train_here, monkeypatch):
    """A first scale far too large: nothing is learned until it has come down, nothing is broken either."""
    scaler = torch.amp.GradScaler
    far = {"init_scale": 2.0**36, "backoff_factor": 2.0**-12}
    monkeypatch.setattr(torch.amp, "GradScaler", lambda device: scaler(device, **far))
    runs = {}
    for steps in (1, 6):
        train_here("normals", tmp_path / str(steps), steps=steps, precision="fp16", size=32)
        state = read_state(RunFolder(tmp_path / str(steps)).checkpoints()[-1])
        runs[steps] = state
    assert runs[1]["precision"]["scale"] == 2.0**24
    assert not runs[1]["optimiser"]["state"]  # the first step was not done
    assert runs[6]["precision"]["scale"] <= 2.0**24
    assert runs[6]["optimiser"]["state"]
    assert all(bool(torch.isfinite(value).all()) for value in runs[6]["model"].values())


def test_several_datasets_are_one_after_the_other(tmp_path):
    class Numbers:
        def __init__(self, first, count):
            self.values, self.epoch = list(range(first, first + count)), 0

        def set_epoch(self, epoch):
            self.epoch = epoch

        def __len__(self):
            return len(self.values)

        def __getitem__(self, index):
            return {"value": self.values[index], "epoch": self.epoch}

    joined = data.Joined([Numbers(0, 3), Numbers(3, 1), Numbers(4, 5)])
    joined.set_epoch(2)
    assert [joined[i]["value"] for i in range(len(joined))] == list(range(9))
    assert all(joined[i]["epoch"] == 2 for i in range(9))


def test_parts_trained_apart_come_together(tmp_path, train_here):
    """The depth network beside the normal networks, on true maps; each file brings the parts that its card tells of."""
    preset = "tiny-depth-maps-detail"
    normals = train_here("normals", tmp_path / "n", steps=2, preset=preset)
    depth = train_here("depth", tmp_path / "d", steps=2, preset=preset)
    detail = train_here("detail", tmp_path / "e", steps=2, preset=preset, init=(normals,))
    coarse = train_here("coarse", tmp_path / "c", steps=1, preset=preset, init=(detail, depth), predicted_normals=True)
    tensors = load_file(coarse)
    for part, source in (("normals", normals), ("depth", depth), ("detail", detail)):
        for name, value in load_file(source).items():
            if name.startswith(part + "."):
                assert torch.equal(tensors[name], value), name
    levels = load_checkpoint(coarse).card["training"]["levels"]
    assert {name: note["run"] for name, note in levels.items()} == {
        "normals": "n", "depth": "d", "detail": "e", "coarse": "c",
    }  # fmt: skip
    assert levels["depth"]["metrics"]["depth_cm"] > 0
    with pytest.raises(UsageError, match="stage depth first"):
        train_here("coarse", tmp_path / "x", steps=1, preset=preset, init=(detail,), predicted_normals=True)
