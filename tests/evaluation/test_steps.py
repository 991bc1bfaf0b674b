"""What each inference step gains: which steps are compared, how, and what is said of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.cli import main
from lifecast.errors import UsageError
from lifecast.evaluation import evaluate as evaluation
from lifecast.evaluation.request import Request
from lifecast.evaluation.steps import FIGURES, Difference, StepsTable, chosen_steps, measure_steps
from lifecast.model.checkpoint import load_checkpoint, save_checkpoint
from lifecast.model.inference_options import InferenceOptions

EVERYTHING = InferenceOptions(
    mirror=True, sharpen=0.5, close_ups=True, parsing=True, integrate=64, back_folds=1.0, body=True, silhouette=True,
    relief=True,
)  # fmt: skip
RELIEF_AND_MIRROR = InferenceOptions(mirror=True, silhouette=True, relief=True)


def test_all_steps_are_those_that_run_in_their_order() -> None:
    assert chosen_steps(EVERYTHING, ["all"]) == [field.name for field in dataclasses.fields(InferenceOptions)]
    assert chosen_steps(EVERYTHING.without("lift", "mirror"), ["all"]) == [
        "refine_mask", "lost_parts", "clean_background", "pose", "sharpen", "close_ups", "parsing", "integrate",
        "back_folds", "smooth", "silhouette", "relief",
    ]  # fmt: skip


def test_chosen_steps_come_in_the_order_in_which_they_run() -> None:
    assert chosen_steps(EVERYTHING, ["relief", " body-limbs", "mirror"]) == ["mirror", "body_limbs", "relief"]
    assert chosen_steps(EVERYTHING, []) == []


def test_unknown_steps_and_those_that_do_not_run_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^steps 'sparkle': there is no such step; choose all or from refine_mask, "):
        chosen_steps(EVERYTHING, ["relief", "sparkle"])
    with pytest.raises(UsageError, match=r"^steps 'sharpen': these weights do not run it; they run refine_mask, "):
        chosen_steps(EVERYTHING.without("sharpen"), ["sharpen"])


@pytest.fixture(scope="module")
def weights(slab_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slab, whose relief and silhouette change its surface."""
    model = load_checkpoint(slab_weights).model
    path = tmp_path_factory.mktemp("steps") / "slab.safetensors"
    save_checkpoint(path, model, {"name": "slab"}, inference=RELIEF_AND_MIRROR)
    return path


def request_of(data: Path, out: Path, weights: Path, limit: int | None = None) -> Request:
    return Request(
        data, out, str(weights), protocol="pifuhd", views=1, limit=limit, resolution=16, samples=10_000, workers=1,
        masks="predicted",
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared(benchmark_data: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StepsTable]:
    out = tmp_path_factory.mktemp("out")
    threads = torch.get_num_threads()
    table = measure_steps(request_of(benchmark_data, out, weights), ("relief", "silhouette"))
    torch.set_num_threads(threads)
    return out, table


def figure(folder: Path, name: str) -> dict[str, float]:
    """Of each picture, from the result files."""
    found = {}
    for path in (folder / "items").glob("*.json"):
        result = json.loads(path.read_text())
        assert list(result["levels"]) == ["fine"]
        found[path.stem] = {**result["levels"]["fine"]["none"], **result["maps"]}[name]
    return found


def test_differences_are_of_the_same_pictures_without_the_step_less_with_all(
    compared: tuple[Path, StepsTable],
) -> None:
    out, table = compared
    assert list(table.differences) == ["silhouette", "relief"]
    assert (table.pictures, table.people) == (2, 2)
    for step in table.differences:
        for name in ("chamfer_cm", "normal_consistency", "front_degrees", "back_degrees"):
            base, without = figure(out / "all", name), figure(out / f"without_{step}", name)
            assert sorted(base) == sorted(without) == ["anna_view_002", "ben_view_002"]
            assert table.base[name] == pytest.approx(sum(base.values()) / 2)
            anna, ben = (without[picture] - base[picture] for picture in sorted(base))
            found = table.differences[step][name]
            assert found.mean == pytest.approx((anna + ben) / 2, abs=1e-12)
            # Of two people drawn with replacement, a quarter of the draws are anna twice and a quarter ben twice.
            assert (found.low, found.high) == pytest.approx(sorted((anna, ben)), abs=1e-12)


def test_what_a_step_changes_and_what_it_does_not(compared: tuple[Path, StepsTable]) -> None:
    _, table = compared
    for step in ("relief", "silhouette"):
        assert abs(table.differences[step]["chamfer_cm"].high) > 1e-4
        for name in ("front_degrees", "back_degrees"):
            assert table.differences[step][name] == Difference(0.0, 0.0, 0.0), "both come after the maps"
    assert table.base["seconds"] > 0


def test_a_finished_comparison_is_not_measured_again(
    compared: tuple[Path, StepsTable], benchmark_data: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, table = compared
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/items/*.json")}
    assert len(before) == 6
    request = request_of(benchmark_data, out, weights)
    lost = out / "without_relief" / "items" / "ben_view_002.json"
    lost.unlink()  # stopped before its last picture
    again = measure_steps(request, ("relief", "silhouette"))
    assert {path for path, time in before.items() if path.stat().st_mtime_ns != time} == {lost}
    assert again.base == table.base
    for step, found in table.differences.items():
        for name in found.keys() - {"seconds"}:
            assert again.differences[step][name] == found[name]
    # One person of the two that were measured: the other's results stay out of it.
    monkeypatch.setattr("lifecast.evaluation.run.Evaluator.__call__", lambda *_: pytest.fail("measured again"))
    fewer = measure_steps(request_of(benchmark_data, out, weights, limit=1), ("relief",))
    assert (fewer.pictures, fewer.people) == (1, 1)
    assert fewer.base["chamfer_cm"] == figure(out / "all", "chamfer_cm")["anna_view_002"]
    assert np.isnan(fewer.differences["relief"]["chamfer_cm"].low), "of one person there is no interval"
    assert not fewer.differences["relief"]["chamfer_cm"].sure


def test_the_table_is_written_as_json_and_markdown(benchmark_data: Path, weights: Path, tmp_path: Path) -> None:
    table = measure_steps(request_of(benchmark_data, tmp_path, weights, limit=1), ("mirror",))
    assert (tmp_path / "steps.md").read_text() == table.markdown()
    written = json.loads((tmp_path / "steps.json").read_text())
    assert written["without"]["mirror"]["front_degrees"]["mean"] == table.differences["mirror"]["front_degrees"].mean
    assert written["base"] == table.base
    assert table.differences["mirror"]["front_degrees"].mean != 0


def test_markdown_has_a_row_a_step_and_bold_where_the_interval_keeps_off_0() -> None:
    table = StepsTable(
        "compact", 8, 2, {"chamfer_cm": 1.25, "seconds": 3.0},
        {
            "lift": {"chamfer_cm": Difference(0.5, 0.25, 0.75), "seconds": Difference(-1.0, -2.0, -0.5)},
            "relief": {"chamfer_cm": Difference(-0.125, -0.5, 0.25), "seconds": Difference(0.0, 0.0, 0.0)},
        },
        {"lift": ["body"], "relief": []},
    )  # fmt: skip
    text = table.markdown()
    assert "Weights `compact`, 8 pictures of 2 people." in text
    assert text.splitlines()[-5:] == [
        f"| without | {FIGURES['chamfer_cm']} | seconds |",
        "| --- | --- | --- |",
        "| (all steps) | 1.250 | 3.000 |",
        "| lift, body | **+0.500 [+0.250, +0.750]** | -1.000 |",
        "| relief | -0.125 [-0.500, +0.250] | +0.000 |",
    ]


@pytest.mark.parametrize(
    ("low", "high", "sure"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.1, False), (float("nan"), float("nan"), False)],
)
def test_a_difference_is_sure_if_its_interval_keeps_off_0(low: float, high: float, sure: bool) -> None:
    assert Difference(0.1, low, high).sure is sure


def test_meshes_left_out_steps_and_steps_that_do_not_run_are_refused_before_any_work(
    benchmark_data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "run", lambda *_: pytest.fail("measured"))
    request = request_of(benchmark_data, tmp_path / "out", weights)
    meshes = dataclasses.replace(request, meshes=tmp_path / "meshes")
    for refused, steps, says in (
        (meshes, ["all"], "meshes have none"),
        (dataclasses.replace(request, without=("relief",)), ["all"], "steps or without, not both"),
        (request, ["integrate"], "steps 'integrate': these weights do not run it"),
        (request, ["clean_background"], "these weights do not run it"),  # predicted masks leave the background
    ):
        with pytest.raises(UsageError, match=says):
            measure_steps(refused, steps)
    assert not (tmp_path / "out").exists()


def test_the_command_prints_and_writes_the_table(
    benchmark_data: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--data", benchmark_data, "--out", tmp_path, "--weights", weights, "--protocol", "pifuhd"]
    arguments += ["--views", 1, "--limit", 1, "--resolution", 16, "--samples", 10_000, "--workers", 1]
    arguments += ["--masks", "predicted", "--steps", "relief,mirror"]
    assert main([*map(str, arguments)]) == 0
    said = capsys.readouterr()
    table = (tmp_path / "steps.md").read_text()
    assert said.out.strip() == table.strip()
    assert "| relief |" in table
    assert "| mirror |" in table
    assert set(json.loads((tmp_path / "steps.json").read_text())["without"]) == {"mirror", "relief"}
    assert f"table: {tmp_path / 'steps.md'}" in said.err.replace("\n", "")


def test_the_command_leaves_steps_out(benchmark_data: Path, weights: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", "--data", benchmark_data, "--weights", weights, "--protocol", "pifuhd", "--views", 1]
    arguments += ["--limit", 1, "--resolution", 16, "--samples", 10_000, "--workers", 1, "--masks", "predicted"]
    arguments += ["--level", "fine"]
    whole, less = tmp_path / "whole", tmp_path / "less"
    assert main([*map(str, arguments), "--out", str(whole)]) == 0
    assert main([*map(str, arguments), "--out", str(less), "--without", "relief, silhouette"]) == 0
    assert figure(whole, "chamfer_cm").keys() == figure(less, "chamfer_cm").keys()
    assert figure(whole, "chamfer_cm") != figure(less, "chamfer_cm")
