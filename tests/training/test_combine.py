"""Weights out of several files: what is taken, what is averaged, what is said of it, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lifecast.cli import main
from lifecast.errors import CheckpointError, UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.checkpoint import load_checkpoint, read_description
from lifecast.training.combine import combine
from lifecast.training.weights import export, new_model


def weights(folder: Path, name: str, seed: int, parts: tuple[str, ...] = ("normals", "coarse", "fine")) -> Path:
    """A file of the preset tiny, drawn from `seed`, whose `parts` say that run `name` trained them."""
    model, _ = new_model(preset_named("tiny"), (), seed)
    path = folder / f"{name}.safetensors"
    export(path, model, {part: {"run": name, "minutes": 3.0, "before": [{"run": "first"}]} for part in parts})
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [weights(tmp_path, name, seed) for seed, name in enumerate(("base", "one", "two"))]


def state_of(path: Path, part: str) -> dict[str, torch.Tensor]:
    """All weights of a part, in its modules' order."""
    modules = [getattr(load_checkpoint(path).model, part)]
    return {f"{i}.{name}": value for i, module in enumerate(modules) for name, value in module.state_dict().items()}


@pytest.mark.parametrize(("shares", "of_first"), [(None, 0.5), ((1.0, 3.0), 0.25), ((0.0, 2.0), 0.0)])
def test_named_parts_are_the_weighted_mean_and_the_others_the_bases(
    files: list[Path], tmp_path: Path, shares: tuple[float, ...] | None, of_first: float
) -> None:
    base, one, two = files
    model, history = combine(base, (one, two), ("normals", "fine"), shares)
    out = tmp_path / "out.safetensors"
    export(out, model, history)
    for part in ("normals", "fine"):
        first, second, found = state_of(one, part), state_of(two, part), state_of(out, part)
        assert found.keys() == first.keys()
        for name, value in found.items():
            torch.testing.assert_close(value, of_first * first[name] + (1 - of_first) * second[name])
    kept, found = state_of(base, "coarse"), state_of(out, "coarse")
    assert all(torch.equal(found[name], value) for name, value in kept.items())


def test_the_history_says_what_was_taken_and_what_was_averaged(files: list[Path]) -> None:
    base, one, two = files
    _, history = combine(base, (one,), ("fine",))
    assert (history["normals"]["run"], history["fine"]["run"]) == ("base", "one")
    assert "averaged_with" not in history["fine"]
    _, history = combine(base, (one, two), ("fine",), (2, 1))
    assert history["fine"]["run"] == "one"
    assert history["fine"]["before"] == [{"run": "first"}]
    assert history["fine"]["averaged_with"] == [{"run": "two", "minutes": 3.0}]
    assert history["fine"]["shares"] == [2, 1]


def test_a_mean_of_means_still_says_what_they_were_means_of(files: list[Path], tmp_path: Path) -> None:
    base, one, two = files
    mean = tmp_path / "mean.safetensors"
    export(mean, *combine(base, (one, two), ("fine",), (2, 1)))
    of_these = {"averaged_with": [{"run": "two", "minutes": 3.0}], "shares": [2, 1]}
    _, history = combine(base, (mean, base), ("fine",), (3, 1))
    found = history["fine"]
    assert found["first_was_mean_of"] == of_these
    assert [run["run"] for run in found["averaged_with"]] == ["base"]
    assert found["shares"] == [3, 1]
    _, history = combine(base, (base, mean), ("fine",))
    assert history["fine"]["averaged_with"] == [{"run": "one", "minutes": 3.0, **of_these}]
    assert "shares" not in history["fine"]


def test_bad_shares_and_missing_names_are_refused(files: list[Path]) -> None:
    base, one, two = files
    for shares in ((1.0,), (1.0, -1.0), (0.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(UsageError, match=r"^shares "):
            combine(base, (one, two), ("fine",), shares)
    with pytest.raises(UsageError, match="at least one"):
        combine(base, (), ("fine",))
    with pytest.raises(UsageError, match="at least one"):
        combine(base, (one,), ())


def test_sources_that_do_not_fit_are_refused_by_name(files: list[Path], tmp_path: Path) -> None:
    base, one, _ = files
    untrained = weights(tmp_path, "untrained", 5, ("normals",))
    with pytest.raises(CheckpointError, match=r"untrained\.safetensors: holds no trained weights of the part 'fine'"):
        combine(base, (one, untrained), ("fine",))
    other, _ = new_model(preset_named("tiny-single-level"), (), 0)
    foreign = tmp_path / "foreign.safetensors"
    export(foreign, other, {"coarse": {"run": "foreign"}})
    with pytest.raises(CheckpointError, match=r"foreign\.safetensors: holds preset"):
        combine(base, (foreign,), ("coarse",))


def test_command_writes_half_precision_and_leaves_nothing_after_an_error(files: list[Path], tmp_path: Path) -> None:
    base, one, two = map(str, files)
    out = tmp_path / "ours.safetensors"
    assert main(["combine", base, one, two, "--parts", "normals", "--out", str(out), "--precision", "float16"]) == 0
    assert read_description(out).card["training"]["levels"]["normals"]["averaged_with"][0]["run"] == "two"
    whole, half = state_of(files[0], "fine"), state_of(out, "fine")
    assert all(torch.equal(value.half().float(), half[name]) for name, value in whole.items())
    assert out.stat().st_size < 0.6 * files[0].stat().st_size
    refused = tmp_path / "refused.safetensors"
    assert main(["combine", base, str(tmp_path / "none"), "--parts", "fine", "--out", str(refused)]) != 0
    assert not refused.exists()
    assert main(["combine", base, one, "--parts", "fine", "--out", str(tmp_path / "refused.pt")]) == 2
