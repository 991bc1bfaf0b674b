"""Rigged results: which files are written in which pose, and what becomes of somebody who cannot be rigged."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "surface" / "output"))
from rigged_files import ReadGlb, bend, rig_of_body

from lifecast.errors import LifecastError
from lifecast.options import ReconstructOptions
from lifecast.results import write_results
from lifecast.rigging import NotRigged


class Ball(SimpleNamespace):
    """A reconstruction that writes its name."""

    def save(self, path: Path, *_: bool) -> list[Path]:
        path.write_text("a statue")
        return [path]


@pytest.fixture
def result() -> Any:
    return Ball(body=None, notes=("small",))


def test_a_vrm_stands_in_a_t_pose_whatever_the_other_files_do(
    result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = rig_of_body(bend({"upperarm01.L": ("zy", [70.0, 15.0]), "root": ("y", [20.0])}), (0.1, 0.8205, -0.05))
    monkeypatch.setattr("lifecast.rigging.rig", lambda *_: photo)
    options = ReconstructOptions(formats=("glb", "vrm"))
    assert options.rig
    written = write_results(result, tmp_path / "me", options)
    assert [path.name for path in written] == ["me.glb", "me.vrm"]
    as_photographed, avatar = (ReadGlb(path.read_bytes()) for path in written)
    np.testing.assert_allclose(as_photographed.skinned(), photo.mesh.vertices, atol=1e-6)
    assert avatar.tree["extensions"]["VRMC_vrm"]["meta"]["name"] == "me"
    places = {avatar.tree["nodes"][node]["name"]: place[:3, 3] for node, place in avatar.places().items()}
    arm = places["wrist.L"] - places["upperarm01.L"]
    np.testing.assert_allclose(arm / np.linalg.norm(arm), [1, 0, 0], atol=0.01)
    assert avatar.skinned()[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert result.notes == ("small",)


def test_somebody_who_cannot_be_rigged_gets_a_model_and_a_note(
    result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecast.rigging.rig", lambda *_: NotRigged("the body is far from the surface"))
    written = write_results(result, tmp_path / "me", ReconstructOptions(formats=("glb", "vrm")))
    assert [path.name for path in tmp_path.iterdir()] == [path.name for path in written] == ["me.glb"]
    assert result.notes == ("small", "the body is far from the surface")
    with pytest.raises(LifecastError, match=r"far from the surface; a VRM cannot be without: ask for a \.glb"):
        write_results(result, tmp_path / "you", ReconstructOptions(formats=("vrm",)))
    assert [path.name for path in tmp_path.iterdir()] == ["me.glb"]
