"""Loading weights: devices, sizes and steps, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import lifecast
from lifecast.errors import CheckpointError, UsageError
from lifecast.loading import load
from lifecast.model.checkpoint import load_checkpoint
from lifecast.photo.decode import Photo
from lifecast.photo.person import Person

Doll = tuple[np.ndarray, np.ndarray]


def test_weights_and_devices_that_are_not_there(doll_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such weights"):
        load("fantasy")
    for device in ("gpu", "meta", "cuda" if not torch.cuda.is_available() else "xla"):
        with pytest.raises(UsageError, match="device"):
            load(doll_weights, device)


def test_normals_at_another_size(doll_weights: Path, doll: Doll) -> None:
    usual, finer = lifecast.load(doll_weights), lifecast.load(doll_weights, normals_at=256)
    for model, size in ((usual, None), (finer, 256)):
        assert model.model.architecture.maps is not None
        assert model.model.architecture.maps.fine_size == size
    photo, mask = doll
    maps = finer.reconstruct(photo, mask=mask, resolution=64).front_normals
    assert maps is not None
    assert maps.shape == (256, 256, 3)
    for wrong in (32, 100, 8192):
        with pytest.raises(UsageError, match=f"normals at {wrong}"):
            lifecast.load(doll_weights, normals_at=wrong)


def test_steps_of_the_weights_run_but_for_those_left_out() -> None:
    recorded = load_checkpoint("compact").inference
    assert load("compact", "cpu").inference == recorded
    assert load("compact", "cpu", without=("relief", "integrate")).inference == recorded.without("relief", "integrate")
    with pytest.raises(UsageError, match="no step 'sparkle'"):
        load("compact", "cpu", without=("sparkle",))


def test_finder_and_masker_are_handed_on(doll_weights: Path) -> None:
    def finder(photo: Photo) -> list[Person]:
        return []

    def masker(image: np.ndarray, found: np.ndarray | None) -> np.ndarray:
        return np.ones(image.shape[:2], np.float32)

    model = load(doll_weights, finder=finder, masker=masker)
    assert model.finder is finder
    assert model.masker is masker
    assert model.framer.masker is masker
