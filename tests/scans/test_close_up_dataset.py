"""Close-ups as samples: what is read of their files, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lifecast.errors import DataError
from lifecast.scans.augmentation import Augmentation
from lifecast.scans.close_up_dataset import CloseUpDataset
from lifecast.scans.close_up_file import CLOSE_UP_SIZE, FILE
from lifecast.scans.dataset_format import FORMAT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One person with one close-up: a tilted plane that fills the upper half."""
    person = tmp_path / "mannequin_000000_pose_000"
    person.mkdir()
    (tmp_path / "dataset.json").write_text(json.dumps({"format": FORMAT, "size": 1024, "points": False}))
    (tmp_path / "split.json").write_text(json.dumps({"train": [person.name], "test": []}))
    mask = np.zeros((CLOSE_UP_SIZE, CLOSE_UP_SIZE), np.uint8)
    mask[: CLOSE_UP_SIZE // 2] = 255

    def stored(normal: tuple[float, float, float]) -> np.ndarray:
        picture = np.full((*mask.shape, 3), 128, np.uint8)
        picture[mask > 0] = np.round((np.array(normal) * 0.5 + 0.5) * 255)
        return picture[..., ::-1]

    stem = person / "close_up_000"
    cv2.imwrite(f"{stem}_colour.jpg", np.full((*mask.shape, 3), 90, np.uint8))
    for name, normal in (("front", (0.6, 0.0, 0.8)), ("back", (0.6, 0.0, -0.8)), ("given_front", (0.0, 0.6, 0.8)),
                         ("given_back", (0.0, 0.6, -0.8))):  # fmt: skip
        cv2.imwrite(f"{stem}_{name}.png", stored(normal))
    for name in ("mask", "given_mask"):
        cv2.imwrite(f"{stem}_{name}.png", mask)
    depth = np.zeros((CLOSE_UP_SIZE // 4, CLOSE_UP_SIZE // 4), np.float16)
    np.savez(f"{stem}_depth.npz", front=depth, back=depth)
    one = {
        "view": 0, "what": "head", "middle": [0.0, 0.6], "half": 0.14, "files": stem.name,
        "rotation": np.eye(3).ravel().tolist(), "shift": [0.0, -0.6],
    }  # fmt: skip
    (person / "person.json").write_text(json.dumps({"views": []}))
    (person / FILE).write_text(json.dumps({"size": CLOSE_UP_SIZE, "given": True, "close_ups": [one]}))
    return tmp_path


def test_a_sample_has_true_and_given_maps_under_the_mask(folder: Path) -> None:
    sample = CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0)[0]
    front, back, mask = sample["given"]
    middle = CLOSE_UP_SIZE // 4
    np.testing.assert_allclose(sample["front"][:, middle, middle], [0.6, 0, 0.8], atol=0.01)
    np.testing.assert_allclose(front[:, middle, middle], [0, 0.6, 0.8], atol=0.01)
    np.testing.assert_allclose(back[:, middle, middle], [0, 0.6, -0.8], atol=0.01)
    assert mask[0, middle, middle] == 1
    assert (front[:, -middle:] == 0).all()
    assert (mask[:, -middle:] == 0).all()


def test_given_maps_move_with_the_picture(folder: Path) -> None:
    """Where both lie at the same place, as here, they stay together under any placement."""
    people = CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0, augmentation=Augmentation(), seed=4)
    for epoch in range(4):
        people.set_epoch(epoch)
        sample = people[0]
        front, _, mask = sample["given"]
        both = (mask[0] == 1) & (sample["mask"][0] == 1)
        assert both.any()
        inner = sample["front"][:, both]
        np.testing.assert_allclose((inner * front[:, both]).sum(0).mean(), 0.64, atol=0.02)  # their angle stays


def test_what_is_missing_is_named(folder: Path) -> None:
    listed = folder / "mannequin_000000_pose_000" / FILE
    content = json.loads(listed.read_text())
    listed.write_text(json.dumps(content | {"given": False}))
    with pytest.raises(DataError, match="without predicted maps; run `lifecast close-ups"):
        CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0)
    listed.unlink()
    with pytest.raises(DataError, match="--close-ups 3"):
        CloseUpDataset(folder, size=CLOSE_UP_SIZE, points=0)
