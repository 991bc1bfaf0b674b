"""The ablation's rows, comparisons and table; and two rows trained for real, in small."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from lifecast.errors import UsageError
from lifecast.evaluation.ablation import MeasuredRow, Study, evaluation_request, recipe_text, run_study
from lifecast.evaluation.ablation_rows import (
    CLAIMS,
    ROWS,
    RUNS,
    needed_runs,
    row_named,
    row_preset,
    run_named,
)
from lifecast.evaluation.ablation_table import compare_rows, comparisons, markdown, place_in_paper, places
from lifecast.evaluation.overview import Overview
from lifecast.evaluation.protocol import PROTOCOLS
from lifecast.evaluation.statistics import Summary
from lifecast.evaluation.triangles import Triangles
from lifecast.model.ablations import inference_for
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.presets import PRESETS
from lifecast.scans.prepare import prepare
from lifecast.scans.settings import Settings
from lifecast.training.recipe import load_recipe


def test_every_row_stands_on_runs_that_come_before_it() -> None:
    seen: set[str] = set()
    for run in RUNS:
        assert set(run.stands_on) <= seen
        seen.add(run.name)
    assert {row.run for row in ROWS} <= seen
    assert {name for better, worse, _ in CLAIMS for name in (better, worse)} <= {row.name for row in ROWS}


def test_rows_need_only_what_they_stand_on() -> None:
    assert [run.name for run in needed_runs([row_named("embedding")])] == ["picture-coarse", "alternate"]
    both = [run.name for run in needed_runs([row_named("normals"), row_named("front-normals")])]
    assert both == ["normals", "front-coarse", "front", "both-coarse", "both"]


@pytest.mark.parametrize("base", ["tiny", "compact", "paper"])
def test_every_row_has_the_same_budget_and_the_network_it_is_called_after(base: str) -> None:
    for row in ROWS:
        levels = [r for r in needed_runs([row]) if r.stage != "normals"]
        assert sum(run.share for run in levels) == 1.0
        preset = row_preset(PRESETS[base], run_named(row.run))
        assert (preset.fine is None) == (row.name in ("fine-only", "fine-global", "single-level"))
        if row.table == "Table 1":
            assert preset.normal_inputs == ("both" if row.name == "normals" else "none")
        assert preset.mask_input == (row.name == "mask")
        if preset.maps is not None:
            assert not preset.maps.pose_channels
            assert preset.maps.depth is None
            assert preset.maps.detail is None
    absolute = row_preset(PRESETS[base], run_named("absolute-depth")).fine
    embedded = row_preset(PRESETS[base], run_named("alternate")).fine
    assert absolute is not None
    assert embedded is not None
    assert (absolute.condition, embedded.condition) == ("depth", "embedding")
    assert absolute.encoder == embedded.encoder


def test_the_recipe_is_readable_and_treats_all_stages_alike(tmp_path: Path) -> None:
    study = Study(tmp_path / "data", tmp_path, preset="tiny", batch=3, points=70)
    (tmp_path / "recipe.toml").write_text(recipe_text(study))
    recipe = load_recipe(tmp_path / "recipe.toml")
    for name in ("normals", "coarse", "fine", "joint"):
        part = recipe.stage(name)  # type: ignore[arg-type]
        assert part.phases[0].batch == 3
        assert part.learning_rate == recipe.coarse.learning_rate
        assert part.schedule == recipe.coarse.schedule
    assert recipe.fine.window == recipe.joint.window == 128
    assert recipe.fine.phases[0].points == 70


@pytest.mark.parametrize("base", ["tiny", "compact", "paper"])
def test_no_row_is_bounded_by_the_silhouette(base: str, tmp_path: Path) -> None:
    """As in the paper; the row with a mask would be the only one."""
    study = Study(tmp_path / "data", tmp_path / "study", preset=base)
    bounded = set()
    for row in study.wanted:
        used = inference_for(row_preset(study.base, run_named(row.run)))
        bounded |= {row.name} if used.silhouette else set()
        assert not used.without(*evaluation_request(study, row).without).silhouette
    assert bounded == ({"mask"} if base == "compact" else set())


def measured(name: str, chamfer: dict[str, float]) -> MeasuredRow:
    mean = float(np.mean(list(chamfer.values())))
    summary = Summary(mean, mean, mean, mean, mean, len(chamfer), len(chamfer))
    found = Overview(
        PROTOCOLS["all"], len(chamfer), ["fine"], {"none": {"fine": {"chamfer_cm": summary}}}, {}, {}, {}, []
    )
    return MeasuredRow(row_named(name), name, {"fine": 7}, 1.0, found, chamfer)


def row_of(name: str, base: dict[str, float], more: float, spread: float = 0.01) -> MeasuredRow:
    rng = np.random.default_rng(len(name))
    return measured(name, {k: v + more + spread * float(rng.normal()) for k, v in base.items()})


PICTURES = {f"p{i:02d}_view_000": 2.0 + 0.5 * np.sin(i) for i in range(30)}


def test_pairs_are_compared_picture_by_picture() -> None:
    better, worse = row_of("alternate", PICTURES, 0.0), row_of("end-to-end", PICTURES, 0.1)
    found = compare_rows(better, worse, "")
    # People differ by far more than the rows do; only pairing can tell.
    assert found.verdict == "holds"
    assert found.difference_cm == pytest.approx(-0.1, abs=0.01)
    assert found.pictures == 30
    assert compare_rows(worse, better, "").verdict == "does not hold"
    assert compare_rows(better, row_of("single-level", PICTURES, 0.0, 0.3), "").verdict in ("undecided",)
    half = {name: value for name, value in better.chamfer.items() if name < "p15"}
    assert compare_rows(measured("alternate", half), worse, "").pictures == 15
    assert compare_rows(measured("alternate", {"x_view_000": 1.0}), worse, "").verdict == "undecided"


def test_places_here_stand_beside_the_papers() -> None:
    rows = [
        row_of("fine-only", PICTURES, 0.5),
        row_of("single-level", PICTURES, 0.9),
        row_of("alternate", PICTURES, 0.0),
    ]
    assert places(rows) == {"fine-only": 2, "single-level": 3, "alternate": 1}
    assert place_in_paper(rows) == {"fine-only": 3, "single-level": 2, "alternate": 1}
    rows.append(row_of("absolute-depth", PICTURES, 1.0))
    assert "absolute-depth" not in places(rows)
    text = markdown(Study(Path("data"), Path("study"), preset="tiny"), rows)
    table = [line for line in text.splitlines() if line.startswith("| Table 1")]
    assert len(table) == 3
    assert "two levels, alternate" in table[2]
    assert [c.worse for c in comparisons(rows)] == ["fine-only", "single-level"]


def test_a_study_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    for change, says in (
        ({"preset": "none"}, "preset 'none'"),
        ({"rows": ("alternate", "alternative")}, "alternative"),
        ({"steps": 0}, "steps 0"),
        ({"minutes": 3.0, "steps": 3}, "either"),
        ({"batch": 0}, "batch 0"),
    ):
        with pytest.raises(UsageError, match=says):
            Study(tmp_path / "data", tmp_path, **change)  # type: ignore[arg-type]


@pytest.fixture
def prepared_people(tmp_path: Path, make_person: Callable[[float], Triangles]) -> Path:
    """Three people of capsules, prepared for training in small; one is the test split."""
    folder = tmp_path / "people"
    folder.mkdir()
    for name, girth in (("p0", 0.14), ("p1", 0.18), ("p2", 0.22)):
        mesh = make_person(girth)
        trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(folder / f"{name}.ply")
    out = tmp_path / "data"
    settings = Settings(size=128, views=2, uniform=500, near5=3000, near3=3000, rays=4, lightings=4, units="m")
    people = {path.stem: path for path in sorted(folder.glob("*.ply"))}
    prepare(people, out, settings, split={"train": ["p0", "p1"], "test": ["p2"]})
    return out


def test_rows_train_once_share_their_stages_and_are_measured(prepared_people: Path, tmp_path: Path) -> None:
    def study(seed: int) -> Study:
        return Study(
            prepared_people, tmp_path / "study", None, 4, "tiny", seed, batch=2, points=200, resolution=16,
            rows=("alternate", "absolute-depth"), workers=0,
        )  # fmt: skip

    said: list[str] = []
    rows = run_study(study(0), said.append)
    trained = [line.split(":")[0] for line in said if line.startswith("training")]
    assert trained == ["training picture-coarse", "training alternate", "training absolute-depth"]
    assert [row.row.name for row in rows] == ["alternate", "absolute-depth"]
    assert all(row.steps == {"coarse": 2, "fine": 2} for row in rows)
    assert all(row.found.pictures + len(row.found.failed) == 1 for row in rows)
    # Both fine nets stand on the very same coarse net.
    models = [
        load_checkpoint(tmp_path / "study" / "runs" / run / "weights.safetensors").model for run in trained_names(rows)
    ]
    for one, other in zip(models[0].coarse.parameters(), models[1].coarse.parameters(), strict=True):
        assert torch.equal(one, other)
    weights = tmp_path / "study" / "runs" / "alternate" / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    said.clear()
    again = run_study(study(0), said.append)
    assert not [line for line in said if line.startswith("training")]
    assert weights.stat().st_mtime_ns == before
    assert [row.chamfer for row in again] == [row.chamfer for row in rows]
    with pytest.raises(UsageError, match="other data, preset, budget or seed"):
        run_study(study(1), said.append)
    # Killed after the run had begun and before its first checkpoint: it begins anew, with the same outcome.
    begun = tmp_path / "study" / "runs" / "absolute-depth" / "ablation.json"
    begun.write_text(json.dumps(json.loads(begun.read_text()) | {"done": False}))
    shutil.rmtree(begun.parent / "training" / "checkpoints")
    said.clear()
    again = run_study(study(0), said.append)
    assert [line.split(":")[0] for line in said if line.startswith("training")] == ["training absolute-depth"]
    assert [row.chamfer for row in again] == [row.chamfer for row in rows]


def trained_names(rows: list[MeasuredRow]) -> list[str]:
    return [row.row.run for row in rows]
