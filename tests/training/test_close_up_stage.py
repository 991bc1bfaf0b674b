"""The way of close-ups: rendered beside views, given predicted maps, and learned from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from torch.utils.data import default_collate

from lifecast.errors import DataError, UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.model import Model
from lifecast.people.close_up_views import CloseUpViews
from lifecast.scans.close_up_dataset import CloseUpDataset
from lifecast.scans.close_up_file import CLOSE_UP_SIZE, FILE
from lifecast.scans.dataset_format import FORMAT
from lifecast.scans.landmark_file import FILE as LANDMARK_FILE
from lifecast.scans.prepared_person import write_view
from lifecast.scans.read import Material, Scan
from lifecast.scans.render import Renderer
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.shading import PLAIN
from lifecast.space.skeleton import Joint
from lifecast.training.given_close_ups import add_to_dataset
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage

SIZE = 128


def bumpy_ball() -> Scan:
    mesh = trimesh.creation.icosphere(subdivisions=5, radius=1.0)
    points = np.asarray(mesh.vertices) * (0.4 + 0.01 * np.sin(np.asarray(mesh.vertices) * 25).prod(1, keepdims=True))
    white = np.full((len(points), 3), 255, np.uint8)
    faces = np.asarray(mesh.faces, np.int32)
    material = Material("plain", np.full(3, 0.5, np.float32))
    return Scan(points.astype(np.float32), faces, np.zeros((len(points), 2), np.float32), white,
                np.zeros(len(faces), np.int32), [material])  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One pose with one view and four close-ups."""
    person = tmp_path / "mannequin_000000_pose_000"
    person.mkdir()
    scan = bumpy_ball()
    renderer = Renderer(scan, seamless_normals(scan.vertices, scan.faces), SIZE)
    joints = np.full((33, 3), np.nan)
    joints[[Joint.NOSE, Joint.LEFT_EAR, Joint.RIGHT_EAR]] = [0.0, 0.2, 0.3]
    joints[[Joint.LEFT_PINKY, Joint.LEFT_INDEX]] = [0.2, -0.1, 0.3]
    joints[[Joint.RIGHT_PINKY, Joint.RIGHT_INDEX]] = [-0.2, -0.1, 0.3]
    write_view(person, "view_000", renderer.render(np.eye(3), np.zeros(2), PLAIN))
    close_ups = CloseUpViews(person, renderer, joints)
    close_ups.add(0, np.eye(3), np.zeros(2), PLAIN, 4, np.random.default_rng(0))
    close_ups.close()
    (person / "person.json").write_text(json.dumps({"views": [{"files": "view_000"}]}))
    np.savez(person / LANDMARK_FILE, landmarks=np.zeros((1, 33, 4), np.float32))
    (tmp_path / "dataset.json").write_text(json.dumps({"format": FORMAT, "size": SIZE, "points": False}))
    (tmp_path / "split.json").write_text(json.dumps({"train": [person.name], "test": []}))
    return tmp_path


def model_with_close_ups() -> Model:
    preset = preset_named("tiny-detail")
    assert preset.maps is not None
    head = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, norm="none")
    torch.manual_seed(0)
    return Model(dataclasses.replace(preset, maps=dataclasses.replace(preset.maps, close_up=head)))


def test_close_ups_are_of_head_and_hands_near_their_landmarks(folder: Path) -> None:
    person = folder / "mannequin_000000_pose_000"
    listed = json.loads((person / FILE).read_text())["close_ups"]
    assert len(listed) == 4
    middles = {"head": (0.0, 0.2), "left_hand": (0.2, -0.1), "right_hand": (-0.2, -0.1)}
    for one in listed:
        away = np.abs(np.array(one["middle"]) - middles[one["what"]])
        assert (away <= 0.15 * one["half"] + 1e-9).all()
        assert one["shift"] == pytest.approx([-one["middle"][0], -one["middle"][1]])
        assert len(list(person.glob(f"{one['files']}_*"))) == 5


def test_predicted_maps_are_added_once_and_learned_from(folder: Path) -> None:
    model = model_with_close_ups()
    with pytest.raises(DataError, match="without predicted maps"):
        CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0)
    assert list(add_to_dataset(model.eval(), folder, anew=False)) == [("mannequin_000000_pose_000", 0)]
    assert list(add_to_dataset(model, folder, anew=False)) == []
    people = CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0)
    batch = default_collate([people[i] for i in range(4)])
    stage = Stage(model, "close_up", LossWeights(l1=1.0, l1_over="mask", cosine=1.0, mask=0.1, perceptual=0.0))
    stage.train()
    assert stage.size == CLOSE_UP_SIZE
    assert stage.multiple == 4
    assert not stage.limbs
    optimiser = torch.optim.Adam([p for p in stage.parameters() if p.requires_grad], 3e-3)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        total = stage(batch)["total"]
        total.backward()
        optimiser.step()
        losses.append(float(total))
    assert losses[-1] < 0.7 * losses[0]
    with torch.no_grad():
        figures = {name: float(a / b) for name, (a, b) in stage.eval().measure(batch).items()}
    assert figures["front_deg"] < 0.8 * figures["given_front_deg"]
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
    assert moved == {"close_up"}


def test_folders_and_weights_that_cannot_be_used_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match="have none"):
        list(add_to_dataset(Model(preset_named("tiny")), folder, anew=False))
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "dataset.json").write_text(json.dumps({"size": SIZE}))
    with pytest.raises(DataError, match="no close-ups; make some"):
        list(add_to_dataset(model_with_close_ups(), empty, anew=False))
