"""Recipes: what they say and what is refused."""

from __future__ import annotations

import json
import re

import pytest

from lifecast.errors import UsageError
from lifecast.training.recipe import (
    RECIPES,
    Phase,
    built_in_recipes,
    load_recipe,
    recipe_from_dict,
    recipe_to_dict,
)


def test_every_built_in_recipe_survives_json():
    assert set(built_in_recipes()) >= {"paper", "cpu", "gpu-short"}
    for name in built_in_recipes():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe_from_dict(json.loads(json.dumps(recipe_to_dict(recipe)))) == recipe


def test_paper_holds_the_papers_values():
    paper = load_recipe("paper")
    assert (paper.normals.optimiser, paper.normals.learning_rate) == ("adam", 2e-4)
    assert (paper.normals.losses.l1, paper.normals.losses.perceptual_network) == (5.0, "auto")
    for level, near in ((paper.coarse, "near5"), (paper.fine, "near3")):
        assert level.optimiser == "rmsprop"
        assert (level.schedule.shape, level.schedule.every, level.schedule.factor) == ("step", 10, 0.1)
        assert level.near == near
        assert [(phase.batch, phase.points) for phase in level.phases] == [(8, 8000)]
        assert level.losses.balance == "batch"
    assert paper.fine.window == 512
    assert paper.coarse.window is None


def changed(tmp_path, pattern, replacement, name="cpu"):
    """The path of a built-in recipe with a change in its text."""
    text = (RECIPES / f"{name}.toml").read_text()
    edited, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1
    path = tmp_path / "changed.toml"
    path.write_text(edited)
    return path


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        (r"^clip = 1\.0", "clipp = 1.0", "unknown key 'clipp'"),
        (r"mask = 1\.0", "maks = 1.0", "losses: unknown key 'maks'"),
        (r"^learning_rate = 1e-3", 'learning_rate = "fast"', "learning_rate: expected float"),
        (r"^learning_rate = 1e-3", "learning_rate = -1", "must be positive"),
        (r'^optimiser = "adamw"', 'optimiser = "sgd"', "'sgd' is not one of adam, adamw, rmsprop"),
        (r"share = 0\.85", "share = 0.75", "sum to 0.9"),
        (r"scale = 0\.5", "size = 250", "multiple of 32"),
        (r"^\[joint\]", "[jiont]", "unknown key 'jiont'"),
        (r"^average = 0\.998", "average = 1.5", "average"),
        (r"batch = 4", "batch = true", "batch: expected int"),
        (r'^name = "cpu"', "name = ", "not TOML"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path, pattern, replacement, told):
    path = changed(tmp_path, pattern, replacement)
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        load_recipe(path)
    assert "changed.toml" in str(caught.value)


def test_missing_tables_and_files_are_told(tmp_path):
    path = tmp_path / "half.toml"
    path.write_text('name = "half"\n[normals]\nphases = [{}]\n')
    with pytest.raises(UsageError, match="'coarse' is missing"):
        load_recipe(path)
    with pytest.raises(UsageError, match=r"choose cpu, gpu-short, paper"):
        load_recipe("papr")
    with pytest.raises(UsageError, match="no such recipe file"):
        load_recipe(tmp_path / "none.toml")


def test_a_phases_side_is_its_size_or_a_share_of_the_presets():
    assert Phase(size=96).side(512) == 96
    assert Phase(scale=0.5).side(512) == 256
    assert Phase().side(512) == 512
    with pytest.raises(UsageError, match="scale"):
        Phase(scale=1.5)


def test_phases_follow_their_shares():
    part = load_recipe("cpu").normals
    assert [part.phase_at(p) for p in (0.0, 0.14, 0.15, 0.99, 1.0)] == [0, 0, 1, 1, 1]
