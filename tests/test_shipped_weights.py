"""The shipped weights, on four made people that no training run has seen: their figures must stay what they were.

`unseen_people/` holds them as `lifecast prepare` writes people, without their meshes: numbers 1, 12, 23 and 34 of seed
7001, which is kept for testing, one front view each:

    lifecast synthesize people --count 50 --seed 7001 --assets MAKEHUMAN_ASSETS --poses POSES
    lifecast prepare people unseen_people --size 512 --views 1 --front 1 --rays 32 --points 500 500 4000 \\
        --lighting LIGHTING --test-fraction 0.5
    lifecast landmarks unseen_people

`unseen_people_around/` holds others, numbers 2, 13, 24 and 35, from three sides each, without meshes and points:

    lifecast prepare people unseen_people_around --size 256 --views 3 --rays 32 --points 500 500 500 \\
        --lighting LIGHTING --test-fraction 0.5
    lifecast landmarks unseen_people_around
"""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

import pytest
import torch
import trimesh
from torch.utils.data import default_collate

from lifecast.evaluation import predict
from lifecast.evaluation.benchmark import read_items
from lifecast.evaluation.predict import Predictor
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.heads.pose_lifter import lift
from lifecast.photo import blazepose
from lifecast.photo.person import Person
from lifecast.scans.augmentation import NONE
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.landmark_file import read_landmarks
from lifecast.space.resizing import resize_image
from lifecast.training.landmarked_views import read_views, write_lifted
from lifecast.training.losses import angle_degrees
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage

PEOPLE = Path(__file__).parent / "unseen_people"
PEOPLE_AROUND = Path(__file__).parent / "unseen_people_around"

EXPECTED = {
    "front_deg": (13.291, 1.0),
    "back_deg": (12.340, 1.0),
    "mask_iou": (0.974, 0.02),
    "depth_cm": (2.543, 0.4),
    "coarse_iou": (0.647, 0.02),
    "fine_iou": (0.649, 0.02),
}
"""Of each figure, what was measured with these weights and these landmarks, and how far off it may be. IoU is that of
the points around the surface (sigma 3 cm); depth is that of the depth maps. (Clothes of these people have no folds, and
their pictures half of the pixels that the detail head sees: it makes folds as deep as those of real cloth. The one for
512 pixels had 11.9 degrees in front.)"""


@pytest.fixture(scope="module")
def lifted_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`PEOPLE`, their landmarks lifted by the lifter that ships."""
    return _lifted(PEOPLE, tmp_path_factory.mktemp("unseen") / "people")


def _lifted(people: Path, folder: Path) -> Path:
    """A copy of prepared people in `folder`, their landmarks lifted by the lifter that ships."""
    shutil.copytree(people, folder)
    model = load_checkpoint("compact").model
    assert model.pose_lifter is not None
    views = read_views([folder])
    write_lifted(views, lift(model.pose_lifter, views.landmarks))
    return folder


@pytest.fixture(scope="module")
def figures(lifted_people: Path) -> dict[str, float]:
    """From the picture (in front of a generated background) and the landmarks that BlazePose saw in it."""
    model = load_checkpoint("compact").model
    stage = Stage(model, "fine", LossWeights(), predicted_normals=True).eval()
    people = PeopleDataset(
        lifted_people, "all", size=stage.size, points=2000, near="near3", augmentation=NONE, limbs=stage.limbs, seed=5
    )
    views = _measured(stage, people)
    return {name: sum(view[name] for view in views) / len(views) for name in views[0]}


def _measured(stage: Stage, people: PeopleDataset) -> list[dict[str, float]]:
    """The stage's figures of each view."""
    with torch.inference_mode():
        views = [stage.measure(default_collate([people[index]])) for index in range(len(people))]
    return [{name: float(amount / count) for name, (amount, count) in view.items()} for view in views]


EXPECTED_AROUND = {
    ("front", "depth_cm"): (3.250, 0.4),
    ("side", "depth_cm"): (6.649, 0.8),
    ("back", "depth_cm"): (3.186, 0.8),
    ("front", "front_deg"): (10.967, 1.0),
    ("side", "front_deg"): (14.370, 1.0),
    ("back", "front_deg"): (10.630, 1.0),
}
"""By how the person stands to the camera (the fifteenth session's weights were better from the front and worse from
elsewhere than those before, which fronts alone did not show): the first U-Net's front normals, and depth."""


@pytest.fixture(scope="module")
def figures_around(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], float]:
    """The median over the views of each facing, from the picture and the landmarks that BlazePose saw in it."""
    folder = _lifted(PEOPLE_AROUND, tmp_path_factory.mktemp("around") / "people")
    model = load_checkpoint("compact").model
    stage = Stage(model, "depth", LossWeights(), predicted_normals=True).eval()
    people = PeopleDataset(folder, "all", size=stage.size, points=0, augmentation=NONE, limbs=stage.limbs, seed=5)
    items = read_items(folder, split="all")
    found: dict[tuple[str, str], list[float]] = {}
    for item, view in zip(items, _measured(stage, people), strict=True):
        for name, value in view.items():
            found.setdefault((item.facing, name), []).append(value)
    return {key: median(values) for key, values in found.items()}


@pytest.mark.parametrize("key", EXPECTED_AROUND)
def test_the_shipped_weights_know_people_from_every_side(
    figures_around: dict[tuple[str, str], float], key: tuple[str, str]
) -> None:
    measured, band = EXPECTED_AROUND[key]
    assert figures_around[key] == pytest.approx(measured, abs=band)


RECONSTRUCTED = {"point_iou": (0.648, 0.02), "front_deg": (13.164, 1.0), "back_deg": (14.067, 1.0)}
"""The same of whole reconstructions on a lattice of 96: which of those points are inside the mesh, and the normal maps
that were predicted on the way (the back's with folds that are guessed: 12.9 without). The networks find the mask
themselves; the landmarks are the stored ones. (The pictures have half of the pixels that the detail head sees; the one
before it, for 512 pixels, had 11.6 and 12.1 degrees.)"""


@pytest.fixture(scope="module")
def reconstructed() -> dict[str, float]:
    predictor = Predictor("compact", resolution=96, levels="fine", masks="predicted")
    people = PeopleDataset(PEOPLE, "all", size=512, points=4000, near="near3", augmentation=NONE, seed=5)
    sums: dict[str, list[float]] = {}
    for index in range(len(people)):
        sample = people[index]
        picture = ((sample["image"].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
        landmarks = read_landmarks(PEOPLE / sample["person"], 1)[0]
        landmarks[:, :3] = (landmarks[:, :3] * [1, -1, 1] + [1, 1, 0]) * 256  # view units to pixels
        somebody = [Person((0, 0, 512, 512), landmarks)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blazepose, "available", lambda: True)
            patch.setattr(predict, "find_people", lambda _, somebody=somebody: somebody)
            found = predictor(picture)
        assert not found.failed
        mesh = found.meshes["fine"]
        inside, true = mesh.inside(sample["points"].double().numpy()), sample["occupancy"].numpy() > 0.5
        sums.setdefault("point_iou", []).append((inside & true).sum() / (inside | true).sum())
        person = sample["mask"][0].numpy() > 0.5
        for name, normals in (("front", found.front), ("back", found.back)):
            assert normals is not None
            seen = resize_image(torch.from_numpy(normals).permute(2, 0, 1)[None], 512)
            degrees = angle_degrees(seen, sample[name][None])[0].numpy()
            sums.setdefault(f"{name}_deg", []).append(degrees[person].mean())
        body = trimesh.Trimesh(mesh.vertices, mesh.faces)
        assert body.is_watertight
        assert body.body_count == 1
    return {name: float(sum(values) / len(values)) for name, values in sums.items()}


@pytest.mark.parametrize("name", RECONSTRUCTED)
def test_what_the_shipped_weights_reconstruct_is_as_good_as_it_was(reconstructed: dict[str, float], name: str) -> None:
    measured, band = RECONSTRUCTED[name]
    assert reconstructed[name] == pytest.approx(measured, abs=band)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_shipped_weights_are_as_good_as_they_were(figures: dict[str, float], name: str) -> None:
    measured, band = EXPECTED[name]
    assert figures[name] == pytest.approx(measured, abs=band)
