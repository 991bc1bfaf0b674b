"""The whole two-level system learns one made person by heart: networks, losses, sampling and surface fit together."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.model.ablations import preset_named
from lifecast.model.presets import PRESETS
from lifecast.training.loop import train
from lifecast.training.options import TrainOptions

SHARED = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).parents[2].parent / "shared"))
ASSETS, POSES = SHARED / "makehuman-assets", SHARED / "poses"
STEPS = {"normals": 800, "depth": 400, "coarse": 1200, "fine": 1600}

# Half of the batches are cut to where the person is, which takes a third of the time; the others are whole, as in use:
# the group norms' statistics differ. The fine level is to know single texels by heart, and a cut shifts them.
STAGE = """
[{name}]
optimiser = "adamw"
learning_rate = 4e-3
average = 0.98
clip = 1.0
near = "{near}"
trim = {trim}
schedule = {{ shape = "one-cycle", warmup = 0.1 }}
phases = [{{ batch = 4, points = 4000 }}]
losses = {{ {losses}, balance = "even", perceptual = 0.0 }}
"""
MAPS = 'l1 = 1.0, l1_over = "mask", cosine = 1.0, mask = 1.0'
LOSSES = {"normals": MAPS, "depth": "l1 = 0.0, depth = 8.0, depth_bins = 0.3", "joint": MAPS}


@pytest.fixture(scope="module")
def one_person(tmp_path_factory):
    """A dataset of four views of one made person, who is training and test set at once."""
    if not (ASSETS.is_dir() and POSES.is_dir()):
        pytest.skip(f"no {ASSETS} or no {POSES} (set LIFECAST_SHARED)")
    from lifecast.people.crew import Order, make_all
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import prepare
    from lifecast.scans.settings import Settings

    root = tmp_path_factory.mktemp("overfit")
    make_all(Order(root / "people", 0, ASSETS, POSES), [3], 1, lambda number: None)
    settings = Settings(size=512, views=4, uniform=20_000, near5=100_000, near3=100_000, rays=16, lightings=4)
    prepare(list_scans(root / "people").people, root / "data", settings)
    person = next(path.name for path in (root / "data").iterdir() if path.is_dir())
    (root / "data" / "split.json").write_text(json.dumps({"train": [person], "test": [person]}))
    return root / "data"


@pytest.mark.slow
def test_one_person_is_learnt_by_heart(one_person, tmp_path, monkeypatch, record_property):
    """IoU above 0.95, front normals within 8 degrees, and a mesh within 1 cm, from the pictures alone."""
    from lifecast.evaluation.measure import Truth
    from lifecast.evaluation.metrics import compare_surfaces, volume_iou
    from lifecast.evaluation.predict import Predictor
    from lifecast.evaluation.triangles import Triangles
    from lifecast.evaluation.truth import bounding_mask
    from lifecast.scans.dataset import PeopleDataset

    # Depth as `compact` has it: z spans about +-0.2 of a person, which an MLP resolves slowly.
    preset = dataclasses.replace(preset_named("tiny-depth-maps"), name="by-heart", depth_scale=8.0)
    monkeypatch.setitem(PRESETS, preset.name, preset)
    recipe = tmp_path / "overfit.toml"
    parts = [
        STAGE.format(
            name=name,
            near="near3" if name == "fine" else "near5",
            trim=0.0 if name == "fine" else 0.5,
            losses=LOSSES.get(name, "occupancy = 1.0"),
        )
        for name in (*STEPS, "joint")
    ]
    head = 'name = "overfit"\naugment = false\nvalidate_minutes = 1e6\npictures_minutes = 1e6\n'
    recipe.write_text(head + "".join(parts))

    weights: tuple[Path, ...] = ()
    for stage, steps in STEPS.items():
        options = TrainOptions(
            stage=stage, data=one_person, out=tmp_path / stage, preset=preset.name, recipe=str(recipe), steps=steps,
            init=weights, workers=0, predicted_normals=stage != "normals",
        )  # fmt: skip
        weights = (train(options),)
    lines = (tmp_path / "fine" / "log.jsonl").read_text().splitlines()
    front_degrees = json.loads(lines[-1])["validation"]["front_deg"]

    predictor = Predictor(weights[0], resolution=256, levels="fine", masks="predicted")
    people = PeopleDataset(one_person, "test", size=preset.image_size, points=0)
    stored = np.load(one_person / people.people[0] / "mesh.npz")
    views = json.loads((one_person / people.people[0] / "person.json").read_text())["views"]
    ious, distances, bounding = [], [], None
    for view, record in enumerate(views):
        with torch.inference_mode():
            encoded = predictor.model.encode(people[view]["image"][None])
            mesh = predictor.surface(encoded, "fine")
        rotation = np.array(record["rotation"]).reshape(3, 3)
        vertices = stored["vertices"].astype(np.float64) @ rotation.T + [*record["shift"], 0.0]
        soup = Triangles(vertices, stored["faces"].astype(np.int64))
        bounding = bounding_mask(soup) if bounding is None else bounding
        found = compare_surfaces(mesh, Truth(soup, bounding).outer, 10_000).summary()
        distances.append((found["prediction_to_truth_cm"], found["truth_to_prediction_cm"]))
        ious.append(volume_iou(mesh, soup, 50_000))
    record_property("front_degrees", front_degrees)
    record_property("iou", ious)
    record_property("point_to_surface_cm", distances)
    assert front_degrees < 8
    assert np.mean(ious) > 0.95, ious
    assert np.mean(distances) < 1.0, distances
