"""A dataset of analytic people, for the training tests: ellipsoids with everything known in closed form.

`AnalyticPeople` has the interface and the sample dictionary of `lifecast.scans.dataset.PeopleDataset`, without files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


class AnalyticPeople:
    """One standing ellipsoid a view, of its own radii; colours shade its normals, so that they can be learnt."""

    def __init__(
        self, views: int = 8, size: int = 64, points: int = 200, window: int | None = None, seed: int = 0
    ) -> None:
        self.views, self.size, self.points, self.window, self.seed = views, size, points, window, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.views

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def radii(self, index: int) -> np.ndarray:
        """Half axes (3,) of a view's ellipsoid."""
        return np.random.default_rng([7, index]).uniform([0.25, 0.5, 0.15], [0.4, 0.7, 0.3])

    def maps(self, radii: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Front normals (3, S, S), 0 outside, and front depth (S, S), nan outside."""
        centre = (2 * np.arange(size) + 1) / size - 1
        x, y = np.meshgrid(centre, -centre)
        rest = 1 - (x / radii[0]) ** 2 - (y / radii[1]) ** 2
        z = radii[2] * np.sqrt(np.where(rest > 0, rest, np.nan))
        normal = np.stack([x / radii[0] ** 2, y / radii[1] ** 2, z / radii[2] ** 2])
        normal = normal / np.linalg.norm(normal, axis=0)
        return np.nan_to_num(normal), z

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < self.views:
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.epoch, index])
        radii = self.radii(index)
        front, _ = self.maps(radii, self.size)
        _, depth = self.maps(radii, self.size // 4)
        mask = (np.abs(front).sum(0, keepdims=True) > 0).astype(np.float32)
        back = front * np.array([1, 1, -1]).reshape(3, 1, 1)
        background = rng.uniform(-1, 1, (3, 1, 1))
        image = np.where(mask > 0, front, background) + rng.normal(0, 0.02, front.shape)
        x0 = y0 = 0
        side = self.window or self.size
        if self.window is not None:
            x0, y0 = (int(v) for v in rng.integers(0, self.size - side + 1, 2))
        low = np.array([2 * x0 / self.size - 1, 1 - 2 * (y0 + side) / self.size, -0.5])
        high = np.array([2 * (x0 + side) / self.size - 1, 1 - 2 * y0 / self.size, 0.5])
        points = rng.uniform(low, high, (self.points, 3))
        inside = ((points / radii) ** 2).sum(1) < 1
        depth_mask = np.isfinite(depth)
        sample = {
            "image": image,
            "mask": mask,
            "front": front,
            "back": back,
            "depth": np.nan_to_num(np.stack([depth, -depth])),
            "depth_mask": depth_mask[None].astype(np.float32),
            "points": points,
            "occupancy": inside,
        }
        tensors: dict[str, Any] = {name: torch.from_numpy(np.asarray(v, np.float32)) for name, v in sample.items()}
        return {**tensors, "window": torch.tensor([x0, y0, side, side]), "person": f"ellipsoid_{index}", "view": 0}


def open_split(
    options: Any, recipe: Any, part: Any, phase: Any, size: int, split: str, limbs: bool = False
) -> AnalyticPeople:
    """Analytic people with the signature of `lifecast.training.data.open_split`."""
    window = part.window if split == "train" and part.window and part.window < size else None
    return AnalyticPeople(7 if split == "train" else 2, size, phase.points, window, options.seed)
