"""The whole two-level system learns one made person by heart: networks, losses, sampling and surface fit together."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.training.loop import train
from lifecast.training.options import TrainOptions

SHARED = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).parents[2].parent / "shared"))
ASSETS, POSES = SHARED / "makehuman-assets", SHARED / "poses"
SCALE = 2  # of the preset `tiny`'s sizes: its coarse level sees 256 pixels, its fine level 512

STAGE = """
[{name}]
optimiser = "adamw"
learning_rate = 4e-3
average = 0.98
clip = 1.0
near = "{near}"
schedule = {{ shape = "one-cycle", warmup = 0.1 }}
phases = [{{ size = {size}, batch = 4, points = 3000 }}]
losses = {{ l1 = 2.0, l1_over = "mask", cosine = 1.0, mask = 1.0, depth = 4.0, balance = "even", perceptual = 0.0 }}
"""


@pytest.fixture(scope="module")
def one_person(tmp_path_factory):
    """A dataset of four views of one made person, who is training and test set at once."""
    if not (ASSETS.is_dir() and POSES.is_dir()):
        pytest.skip(f"no {ASSETS} or no {POSES} (set LIFECAST_SHARED)")
    from lifecast.people.crew import Order, make_all
    from lifecast.scans.prepare import Settings, prepare
    from lifecast.scans.read import find_scans

    root = tmp_path_factory.mktemp("overfit")
    make_all(Order(root / "people", 0, ASSETS, POSES), [3], 1, lambda number: None)
    settings = Settings(size=512, views=4, uniform=20_000, near5=100_000, near3=100_000, rays=16, lightings=4)
    prepare(find_scans(root / "people"), root / "data", settings)
    person = next(path.name for path in (root / "data").iterdir() if path.is_dir())
    (root / "data" / "split.json").write_text(json.dumps({"train": [person], "test": [person]}))
    return root / "data"


@pytest.mark.slow
def test_one_person_is_learnt_by_heart(one_person, tmp_path):
    """IoU above 0.95, front normals within 8 degrees, and a mesh within 1 cm, from the pictures alone."""
    from lifecast.evaluation.measure import Truth
    from lifecast.evaluation.metrics import compare_surfaces, volume_iou
    from lifecast.evaluation.predict import Predictor
    from lifecast.evaluation.triangles import Triangles
    from lifecast.scans.dataset import PeopleDataset

    recipe = tmp_path / "overfit.toml"
    sizes = {"normals": 128, "coarse": 128, "fine": 256, "joint": 256}
    text = "".join(
        STAGE.format(name=name, size=SCALE * size, near="near3" if name == "fine" else "near5")
        for name, size in sizes.items()
    )
    head = 'name = "overfit"\naugment = false\nvalidate_minutes = 1e6\npictures_minutes = 1e6\n'
    recipe.write_text(head + text)

    def run(stage, steps, *init):
        options = TrainOptions(
            stage=stage, data=one_person, out=tmp_path / stage, preset="tiny", recipe=str(recipe), steps=steps,
            init=init, workers=0, predicted_normals=stage != "normals",
        )  # fmt: skip
        return train(options)

    normals = run("normals", 500)
    coarse = run("coarse", 900, normals)
    weights = run("fine", 700, coarse)
    lines = (tmp_path / "fine" / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["validation"]["front_deg"] < 8

    predictor = Predictor(weights, resolution=256, levels="fine")
    size = SCALE * predictor.model.preset.image_size
    people = PeopleDataset(one_person, "test", size=size, points=0)
    stored = np.load(one_person / people.people[0] / "mesh.npz")
    views = json.loads((one_person / people.people[0] / "person.json").read_text())["views"]
    ious, distances = [], []
    for view, record in enumerate(views):
        with torch.inference_mode():
            encoded = predictor.model.encode(people[view]["image"][None])
            mesh = predictor.surface(encoded, "fine")
        rotation = np.array(record["rotation"]).reshape(3, 3)
        vertices = stored["vertices"].astype(np.float64) @ rotation.T + [*record["shift"], 0.0]
        truth = Truth(Triangles(vertices, stored["faces"].astype(np.int64)))
        found = compare_surfaces(mesh, truth.outer, 10_000).summary()
        distances.append((found["prediction_to_truth_cm"], found["truth_to_prediction_cm"]))
        ious.append(volume_iou(mesh, truth.soup, 50_000))
    assert np.mean(ious) > 0.95, ious
    assert np.mean(distances) < 1.0, distances
