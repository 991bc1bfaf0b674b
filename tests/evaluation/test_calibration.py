"""Calibration: the shift against a plain search, weights whose best shift is known, what changes and what does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.cli import main
from lifecast.errors import UsageError
from lifecast.evaluation.benchmark import read_items, read_true_mesh
from lifecast.evaluation.calibration import AROUND, SHIFTS, best_shift, calibrate, overlaps
from lifecast.evaluation.metrics import stratified_points
from lifecast.model.checkpoint import load_checkpoint

SLOPE = 20 * 0.99
"""Of the slab weights' logits over |z|."""


@pytest.mark.parametrize("seed", range(4))
def test_overlaps_are_those_of_each_shift_by_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=300), 1).astype(np.float32)  # with ties
    inside = rng.random(300) < 0.3 + 0.2 * (logits > 0)
    shifts = np.arange(-20, 21) / 8
    found = overlaps(logits, inside, shifts)
    for shift, value in zip(shifts, found, strict=True):
        predicted = logits + shift > 0
        union = (predicted | inside).sum()
        assert value == pytest.approx((predicted & inside).sum() / union if union else 0.0)


def test_a_solid_that_nothing_is_inside_of_overlaps_nothing() -> None:
    nothing = np.zeros(5, bool)
    assert overlaps(np.full(5, -1.0, np.float32), nothing, np.array([0.0, 2.0])).tolist() == [0.0, 0.0]


def test_the_best_shift_undoes_one() -> None:
    rng = np.random.default_rng(0)
    people = []
    for _ in range(3):
        logits = rng.normal(size=4000).astype(np.float32)
        people.append((logits - np.float32(0.75), logits > 0))
    found = best_shift(people)
    assert found.shift == pytest.approx(0.75, abs=0.011)
    assert found.after > 0.99 > found.before
    half = best_shift(people, share=0.5)
    assert half.shift == pytest.approx(found.shift / 2, abs=0.011)
    assert found.before < half.after < found.after
    # Within the standard error of the best one nothing is moved further.
    spread = [(people[0][0] + np.float32(0.75 + offset), people[0][1]) for offset in (-0.6, -0.2, 0.1, 0.8)]
    wavering = best_shift(spread)
    assert wavering.shift == 0
    unmoved = best_shift([(logits + np.float32(0.75), inside) for logits, inside in people])
    assert (unmoved.shift, unmoved.before) == (0.0, unmoved.after)


def test_slabs_become_as_thick_as_overlaps_people_most(
    slab_weights: Path, benchmark_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "calibrated.safetensors"
    assert main(["calibrate", str(slab_weights), str(benchmark_data), "--out", str(out), "--people", "1"]) == 0
    assert "coarse: logits" in (said := capsys.readouterr().out)
    assert "1 people" in said
    before = load_checkpoint(slab_weights).model
    loaded = load_checkpoint(out)
    after, card = loaded.model, loaded.card
    notes = {level: card["training"]["levels"][level]["calibrated"] for level in ("coarse", "fine")}
    # A coarse slab of half thickness 0.3 and a fine one of 0.2 must end up alike.
    ends = {level: t + notes[level]["shift"] / SLOPE for level, t in (("coarse", 0.3), ("fine", 0.2))}
    assert ends["coarse"] == pytest.approx(ends["fine"], abs=0.002)
    assert notes["coarse"]["iou"] == pytest.approx(notes["fine"]["iou"], abs=0.002)
    thicknesses = np.arange(5, 60) / 200
    truth = read_true_mesh(benchmark_data, read_items(benchmark_data, views=1)[0])
    where = stratified_points(np.stack([truth.bounds[0] - AROUND, truth.bounds[1] + AROUND]), 30_000, 1)
    inside = truth.inside(where)
    slabs = [np.abs(where[:, 2]) < thickness for thickness in thicknesses]
    curve = np.array([(slab & inside).sum() / (slab | inside).sum() for slab in slabs])
    assert notes["coarse"]["iou"] == pytest.approx(curve.max(), abs=0.01)
    assert ends["coarse"] == pytest.approx(thicknesses[curve.argmax()], abs=0.02)
    changed = {name for name, value in after.state_dict().items() if not torch.equal(value, before.state_dict()[name])}
    assert changed == {"coarse.mlp.layers.3.bias", "fine.mlp.layers.2.bias"}
    for name, level in (("coarse.mlp.layers.3.bias", "coarse"), ("fine.mlp.layers.2.bias", "fine")):
        moved = after.state_dict()[name] - before.state_dict()[name]
        torch.testing.assert_close(moved, torch.full_like(moved, notes[level]["shift"]))


def test_again_calibrated_weights_stay_and_shifts_add_up(
    slab_weights: Path, benchmark_data: Path, tmp_path: Path
) -> None:
    once, twice = tmp_path / "once.safetensors", tmp_path / "twice.safetensors"
    for source, out in ((slab_weights, once), (once, twice)):
        assert main(["calibrate", str(source), str(benchmark_data), "--out", str(out), "--people", "1"]) == 0
    first, second = (load_checkpoint(path).card["training"]["levels"] for path in (once, twice))
    for level in ("coarse", "fine"):
        assert first[level]["calibrated"]["shift"] == pytest.approx(second[level]["calibrated"]["shift"], abs=0.021)
        assert first[level]["calibrated"]["people"] == 1


def test_what_cannot_be_calibrated_is_refused(slab_weights: Path, benchmark_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^people 0"):
        calibrate(slab_weights, benchmark_data, people=0)
    with pytest.raises(UsageError, match=r"^share 2"):
        calibrate(slab_weights, benchmark_data, share=2.0)
    with pytest.raises(UsageError, match=r"^points 10"):
        calibrate(slab_weights, benchmark_data, points=10)
    assert main(["calibrate", str(slab_weights), str(benchmark_data), "--out", str(tmp_path / "out.pt")]) != 0
    assert main(["calibrate", "nobody", str(benchmark_data), "--out", str(tmp_path / "out.safetensors")]) != 0
    assert not list(tmp_path.iterdir())
    assert SHIFTS[len(SHIFTS) // 2] == 0
