"""Training samples: shapes and ranges, labels that fit the mesh, flips, windows, repeatability, workers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import trimesh
from torch.utils.data import DataLoader

from lifecast.errors import DataError, UsageError
from lifecast.scans.augmentation import NONE, Augmentation
from lifecast.scans.dataset import PeopleDataset
from lifecast.scans.occupancy import sample_pools, winding_number
from lifecast.scans.photographic.bystanders import Bystanders
from lifecast.scans.photographic.framing import CutOff
from lifecast.scans.photographic.held_things import HeldThings
from lifecast.scans.photographic.landmarks import HiddenLandmarks
from lifecast.scans.photographic.occluders import Occluders
from lifecast.scans.photographic.seeds import SampleSeed, Stream
from lifecast.scans.photographic.steps import OFF
from lifecast.scans.prepared_person import write_view
from lifecast.scans.read import Material, Scan
from lifecast.scans.render import Renderer, view_rotation
from lifecast.scans.seamless_normals import seamless_normals
from lifecast.scans.shading import PLAIN


def moved_mesh(root: Path, person: str, view: int) -> tuple[np.ndarray, np.ndarray]:
    """A person's mesh in the view space of one of the views."""
    record = json.loads((root / person / "person.json").read_text())["views"][view]
    with np.load(root / person / "mesh.npz") as mesh:
        vertices, faces = mesh["vertices"], mesh["faces"]
    return vertices @ np.array(record["rotation"]).reshape(3, 3).T + [*record["shift"], 0], faces


def test_a_sample_is_as_promised(prepared: Path) -> None:
    samples = PeopleDataset(prepared, "train", size=128, points=500)
    assert len(samples) == 2 * 4
    sample = samples[3]
    shapes = {name: tuple(value.shape) for name, value in sample.items() if isinstance(value, torch.Tensor)}
    assert shapes == {
        "image": (3, 128, 128), "mask": (1, 128, 128), "front": (3, 128, 128), "back": (3, 128, 128),
        "depth": (2, 32, 32), "depth_mask": (1, 32, 32), "points": (500, 3), "occupancy": (500,), "window": (4,),
    }  # fmt: skip
    assert all(sample[n].dtype == torch.float32 for n in ("image", "mask", "front", "depth", "points", "occupancy"))
    assert sample["image"].min() >= -1
    assert sample["image"].max() <= 1
    inside = sample["mask"][0] > 0
    for name in ("front", "back"):
        length = sample[name].norm(dim=0)
        torch.testing.assert_close(length[inside], torch.ones(int(inside.sum())), atol=1e-4, rtol=0)
        assert (length[~inside] == 0).all()
    assert (sample["front"][2][sample["mask"][0] == 1] > -0.3).all()
    assert sample["back"][2][inside].mean() < -0.3
    there = sample["depth_mask"][0] > 0
    assert (sample["depth"][0][there] >= sample["depth"][1][there]).all()
    assert (sample["depth"][:, ~there] == 0).all()
    assert sample["window"].tolist() == [0, 0, 128, 128]
    grey = sample["image"][:, ~inside]
    assert grey.abs().max() < 0.01


@pytest.mark.parametrize("augmentation", [
    None,
    Augmentation(flip=1.0, scale=(0.9, 0.9), rotation=8, shift=(0.1, 0.1), photographic=OFF),
    Augmentation(photographic=replace(OFF, cut_off=CutOff(1.0, border=0.5, zoom=0.2, decentring=0.1))),
])  # fmt: skip
def test_labels_fit_the_moved_mesh(prepared: Path, augmentation: Augmentation | None) -> None:
    samples = PeopleDataset(prepared, "all", size=128, points=2000, augmentation=augmentation, seed=5)
    for index in (0, 5, 10):
        sample = samples[index]
        vertices, faces = moved_mesh(prepared, sample["person"], sample["view"])
        if augmentation is not None:
            seed = SampleSeed(5, 0, index)
            placement = augmentation.placement(seed.main())
            cut_off = augmentation.photographic.cut_off
            placement, _ = cut_off.placement(placement, seed.stream(Stream.CUT_OFF))
            vertices, faces = placement.points(vertices), faces[:, :: -1 if placement.flip else 1]
        truth = winding_number(vertices, faces, sample["points"].numpy())
        sure = np.abs(truth - 0.5) > 0.05
        np.testing.assert_array_equal((truth > 0.5)[sure], sample["occupancy"].numpy()[sure] > 0.5)
        assert sure.mean() > 0.98
        # What is occupied projects onto the person.
        points = sample["points"][sample["occupancy"] > 0.5]
        looked_up = torch.nn.functional.grid_sample(
            sample["mask"][None], (points[:, :2] * torch.tensor([1, -1]))[None, None], align_corners=False
        )
        assert (looked_up > 0.2).float().mean() > 0.995


def one_person(root: Path, scan: Scan, seed: int) -> Path:
    """A dataset of one view of one scan under even light, written by hand."""
    normals = seamless_normals(scan.vertices, scan.faces)
    renderer = Renderer(scan, normals, 128)
    rotation = view_rotation(0, 0)
    shift = renderer.shift(rotation)
    (root / "somebody").mkdir(parents=True)
    write_view(root / "somebody", "view_000", renderer.render(rotation, shift, PLAIN))
    pools = sample_pools(scan.vertices, scan.faces, {"uniform": 500, "near5": 2000}, np.random.default_rng(seed))
    arrays = {}
    for name, (points, occupied) in pools.items():
        arrays |= {f"{name}_points": points, f"{name}_inside": np.packbits(occupied)}
    np.savez(root / "somebody" / "points.npz", **arrays)
    view = {"rotation": rotation.ravel().tolist(), "shift": shift.tolist(), "files": "view_000"}
    (root / "somebody" / "person.json").write_text(json.dumps({"views": [view]}))
    (root / "dataset.json").write_text(json.dumps({"format": 1, "size": 128}))
    (root / "split.json").write_text(json.dumps({"train": ["somebody"], "test": []}))
    return root


def test_a_flipped_sample_is_the_sample_of_the_flipped_scan(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(-0.4, 0.4, (4, 3))
    body = trimesh.util.concatenate([trimesh.creation.icosphere(4, 0.25).apply_translation(p) for p in places])
    vertices, faces = np.asarray(body.vertices, np.float32), np.asarray(body.faces, np.int32)
    colour = ((vertices + 1) * 120).astype(np.uint8)
    rest = (np.zeros(len(faces), np.int32), [Material("plain", np.ones(3, np.float32))])
    uv = np.zeros((len(vertices), 2), np.float32)
    mirror = np.array([-1, 1, 1], np.float32)
    scan = Scan(vertices, faces, uv, colour, *rest)
    mirrored = Scan(vertices * mirror, np.ascontiguousarray(faces[:, ::-1]), uv, colour, *rest)
    original = PeopleDataset(one_person(tmp_path / "a", scan, 1), size=128, points=1000, augmentation=FLIP, seed=2)
    twin = PeopleDataset(one_person(tmp_path / "b", mirrored, 1), size=128, points=0)
    original.backgrounds = None
    flipped, expected = original[0], twin[0]
    solid = (expected["mask"] == 1) & (flipped["mask"] == 1)
    assert (flipped["mask"] - expected["mask"]).abs().mean() < 2e-3
    for name, tolerance in (("image", 0.015), ("front", 0.01), ("back", 0.01)):
        difference = (flipped[name] - expected[name]).abs() * solid
        assert difference.sum() / solid.sum() / 3 < tolerance, name
    assert (flipped["depth"] - expected["depth"]).abs().mean() < 2e-3
    assert (flipped["depth_mask"] == expected["depth_mask"]).float().mean() > 0.995
    # The mirrored scan's own winding number at the flipped points gives the flipped labels.
    shift = np.array([*json.loads((tmp_path / "b" / "somebody" / "person.json").read_text())["views"][0]["shift"], 0])
    truth = winding_number(mirrored.vertices + shift, mirrored.faces, flipped["points"].numpy())
    sure = np.abs(truth - 0.5) > 0.05
    np.testing.assert_array_equal((truth > 0.5)[sure], flipped["occupancy"].numpy()[sure] > 0.5)


FLIP = Augmentation(**{**vars(NONE), "flip": 1.0})


def test_normals_turn_with_the_picture(prepared: Path) -> None:
    turned = Augmentation(**{**vars(NONE), "rotation": 90.0})
    still, samples = (PeopleDataset(prepared, "all", size=128, points=0, augmentation=a) for a in (None, turned))
    placement = samples.augmentation.placement(np.random.default_rng([0, 0, 1]))
    assert abs(placement.angle) > 0.3
    c, s = np.cos(placement.angle), np.sin(placement.angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    before, after = still[1], samples[1]
    solid = after["mask"][0].numpy() == 1
    for name in ("front", "back"):
        moved = placement.picture(before[name].permute(1, 2, 0).numpy(), 128, 0)[solid] @ turn.T
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        cosine = (moved * after[name].permute(1, 2, 0).numpy()[solid]).sum(axis=1)
        assert cosine.min() > 0.995, name


def test_scale_acts_on_depth_and_size(prepared: Path) -> None:
    small = Augmentation(**{**vars(NONE), "scale": (0.5, 0.5)})
    still, samples = (PeopleDataset(prepared, "all", size=128, points=0, augmentation=a) for a in (None, small))
    assert samples[2]["mask"].sum() / still[2]["mask"].sum() == pytest.approx(0.25, rel=0.05)
    # Front depth less back depth is the person's thickness: its mean halves (over all views: 32 x 32 pixels are few).
    thick = []
    for dataset in (still, samples):
        views = [dataset[i] for i in range(len(dataset))]
        whole = sum((v["depth"][0] - v["depth"][1]).sum() for v in views)
        thick.append(float(whole / sum(v["depth_mask"].sum() for v in views)))
    assert thick[1] / thick[0] == pytest.approx(0.5, rel=0.06)


def test_epochs_and_seeds_decide_a_sample(prepared: Path) -> None:
    samples = PeopleDataset(prepared, "train", size=64, points=100, augmentation=Augmentation(), seed=1)
    first = samples[0]
    samples.set_epoch(1)
    second = samples[0]
    samples.set_epoch(0)
    again = samples[0]
    other = PeopleDataset(prepared, "train", size=64, points=100, augmentation=Augmentation(), seed=2)[0]
    for name in ("image", "front", "points", "occupancy"):
        assert torch.equal(first[name], again[name]), name
    assert not torch.equal(first["image"], second["image"])
    assert not torch.equal(first["points"], other["points"])


def test_workers_that_stay_alive_see_a_new_epoch(prepared: Path) -> None:
    samples = PeopleDataset(prepared, "train", size=64, points=50, augmentation=CROWDED)
    loader = DataLoader(samples, batch_size=4, num_workers=2, persistent_workers=True)
    for epoch in (0, 1):
        samples.set_epoch(epoch)
        batch = next(iter(loader))
        assert batch["image"].shape == (4, 3, 64, 64)
        assert torch.equal(batch["image"][2], samples[2]["image"])
        assert torch.equal(batch["points"][3], samples[3]["points"])


CROWDED = Augmentation(photographic=replace(OFF, bystanders=Bystanders(1.0)))
OCCLUDED = replace(
    NONE, photographic=replace(OFF, held_things=HeldThings(1.0), occluders=Occluders(1.0), bystanders=Bystanders(1.0))
)


def with_joints(prepared: Path, copy: Path) -> Path:
    """The dataset with a hand of everybody where the capsule people have one."""
    shutil.copytree(prepared, copy)
    for path in copy.glob("*/person.json"):
        card = json.loads(path.read_text())
        joints: list[list[float | None]] = [[None] * 3 for _ in range(33)]
        for finger in (17, 19, 21):
            joints[finger] = [0.2, -0.05, 0.3]
        card["joints"] = joints
        path.write_text(json.dumps(card))
    return copy


def test_what_is_before_a_person_takes_pixels_and_nothing_else(prepared: Path, tmp_path: Path) -> None:
    data = with_joints(prepared, tmp_path / "data")
    plain, occluded = (PeopleDataset(data, "all", size=128, points=300, augmentation=a) for a in (NONE, OCCLUDED))
    hid = 0
    for index in range(len(plain)):
        expected, sample = plain[index], occluded[index]
        gone = sample["mask"] < expected["mask"] - 1e-3
        hid += int(gone.any())
        assert (sample["mask"] <= expected["mask"] + 1e-6).all()
        visible = sample["mask"][0] > 0
        for name in ("front", "back"):
            torch.testing.assert_close(sample[name][:, visible], expected[name][:, visible])
            assert (sample[name][:, ~visible] == 0).all()
        there = sample["depth_mask"][0] > 0
        assert (sample["depth_mask"] <= expected["depth_mask"]).all()
        torch.testing.assert_close(sample["depth"][:, there], expected["depth"][:, there])
        assert (sample["depth"][:, ~there] == 0).all()
        hidden = torch.nn.functional.max_pool2d(sample["mask"], 4)[0] == 0
        assert not (there & hidden).any(), "no depth is asked where nothing of the person is visible"
        # The person goes on behind what hides them.
        assert torch.equal(sample["points"], expected["points"])
        assert torch.equal(sample["occupancy"], expected["occupancy"])
    assert hid > len(plain) // 2


def test_beyond_the_photograph_nothing_is_asked(prepared: Path) -> None:
    cut = replace(NONE, photographic=replace(OFF, cut_off=CutOff(1.0, border=0, zoom=0, decentring=0)))
    plain, samples = (PeopleDataset(prepared, "all", size=128, points=400, augmentation=a) for a in (NONE, cut))
    lost = 0
    for index in range(len(plain)):
        expected, sample = plain[index], samples[index]
        visible = sample["mask"][0] > 0
        rows, columns = visible.any(1).nonzero()[:, 0], visible.any(0).nonzero()[:, 0]
        box = np.s_[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        for name in ("mask", "front", "back"):
            assert torch.equal(sample[name][box], expected[name][box]), name
            assert (sample[name][:, ~visible] == 0).all()
        lost += int((sample["mask"] != expected["mask"]).any())
        at_x, at_y = (sample["points"][:, 0] + 1) * 64, (1 - sample["points"][:, 1]) * 64
        inside = sample["occupancy"] > 0.5
        assert inside.any()
        assert ((at_x[inside] >= columns[0] - 1) & (at_x[inside] <= columns[-1] + 2)).all()
        assert ((at_y[inside] >= rows[0] - 1) & (at_y[inside] <= rows[-1] + 2)).all()
    assert lost == len(plain)


def test_landmarks_beyond_the_photograph_are_unsure(prepared: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(prepared, data)
    landmarks = np.zeros((4, 33, 4), np.float32)
    landmarks[..., 1] = np.linspace(0.7, -0.7, 33)
    landmarks[..., 3] = 1
    for person in data.glob("*/person.json"):
        np.savez(person.parent / "landmarks.npz", landmarks=landmarks)
    off = replace(OFF, cut_off=CutOff(1.0, border=0, zoom=0, decentring=0))
    kinds = (off, replace(off, hidden_landmarks=HiddenLandmarks(visibility=(0.1, 0.1), error=0)))
    sure, unsure = (
        PeopleDataset(data, "all", 128, 0, augmentation=replace(NONE, photographic=k), limbs=True) for k in kinds
    )
    less = 0
    for index in range(len(sure)):
        expected, sample = sure[index], unsure[index]
        assert torch.equal(sample["mask"], expected["mask"])
        assert (sample["limbs"][0] <= expected["limbs"][0] + 1e-6).all()
        assert torch.equal(sample["limbs"][1:], expected["limbs"][1:])
        less += int((sample["limbs"][0] < expected["limbs"][0] - 0.1).any())
    assert less > len(sure) // 2


def test_points_lie_in_the_window(prepared: Path) -> None:
    samples = PeopleDataset(prepared, "train", size=128, points=300, near="near3", window=48)
    seen = set()
    for epoch in range(4):
        samples.set_epoch(epoch)
        sample = samples[1]
        x0, y0, w, h = sample["window"].tolist()
        assert (w, h) == (48, 48)
        assert 0 <= x0 <= 80
        assert 0 <= y0 <= 80
        column, row = (sample["points"][:, 0] + 1) * 64, (1 - sample["points"][:, 1]) * 64
        assert ((column >= x0 - 1e-3) & (column <= x0 + 48 + 1e-3) & (row >= y0 - 1e-3) & (row <= y0 + 48 + 1e-3)).all()
        assert sample["mask"][0, y0 : y0 + 48, x0 : x0 + 48].max() > 0
        assert 0 < sample["occupancy"].mean() < 1
        seen.add((x0, y0))
    assert len(seen) > 1


def test_a_smaller_size_shows_the_same(prepared: Path) -> None:
    whole, half = (PeopleDataset(prepared, "all", size=size, points=0)[4] for size in (128, 64))
    shrunk = torch.nn.functional.avg_pool2d(whole["image"], 2)
    assert (shrunk - half["image"]).abs().mean() < 0.02
    assert torch.nn.functional.avg_pool2d(whole["mask"], 2).sub(half["mask"]).abs().max() < 0.02


def test_photographs_stand_behind_the_person(prepared: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((80, 80, 3), (250, 10, 10), np.uint8))
    samples = PeopleDataset(prepared, "all", size=64, points=0, augmentation=FLIP, backgrounds=tmp_path)
    sample = samples[0]
    behind = sample["image"][:, sample["mask"][0] == 0].mean(dim=1)
    torch.testing.assert_close(behind, torch.tensor([10, 10, 250]) / 127.5 - 1, atol=0.02, rtol=0)


def test_what_is_missing_or_damaged_is_named(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dataset\.json"):
        PeopleDataset(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(prepared, copy)
    person = PeopleDataset(copy, "all").people[0]
    (copy / person / "view_000_back.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"view_000_back\.png"):
        PeopleDataset(copy, "all", size=64)[0]
    (copy / person / "points.npz").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"points\.npz"):
        PeopleDataset(copy, "all", size=64)[1]
    (copy / "dataset.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="format 99"):
        PeopleDataset(copy)
    for bad in ({"size": 65}, {"window": 500}, {"near_fraction": 2.0}, {"split": "half"}):
        with pytest.raises(UsageError):
            PeopleDataset(prepared, **{"size": 64, **bad})
