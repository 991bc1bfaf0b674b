"""A maker for the tests: tiny prepared folders with ellipses in them, made in milliseconds, that fails where asked."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lifecast.errors import MissingExtra
from lifecast.scans.dataset_format import FORMAT
from lifecast.scans.prepared_person import write_view
from lifecast.scans.rendered_view import View

SIDE = 64


@dataclass(frozen=True)
class FakePeople:
    """See `lifecast.training.stream.maker.Maker`."""

    fails: tuple[int, ...] = ()
    crashes: tuple[int, ...] = ()
    fails_from: int | None = None
    """All numbers from this one on fail."""
    seconds: float = 0.0
    """How long making takes."""
    padding: int = 0
    """Further bytes of everybody."""
    people: int = 1
    """People of a number."""
    views: int = 2
    """Views of a number."""
    name: str = "fake"

    def check(self) -> None:
        if self.name == "impossible":
            raise MissingExtra("something", "person", "making people")

    def make(self, seed: int, number: int, folder: Path) -> None:
        if number in self.crashes:
            os.kill(os.getpid(), signal.SIGKILL)
        for person in range(self.people):
            inside = folder / f"person_{number:06d}_{person}"
            inside.mkdir()
            write_person(inside, np.random.default_rng([seed, number, person]), self.views // self.people)
        (folder / "padding").write_bytes(bytes(self.padding))
        time.sleep(self.seconds)
        # Only now, so that what a failing person leaves half-written must be removed.
        if number in self.fails or (self.fails_from is not None and number >= self.fails_from):
            raise ValueError(f"no {number}")

    def describe(self) -> dict[str, Any]:
        return {"maker": self.name, "views": self.views}

    def header(self) -> dict[str, Any]:
        return {"format": FORMAT, "size": SIDE}


def write_person(folder: Path, rng: np.random.Generator, views: int) -> None:
    """Write a prepared person: an ellipsoid of its own colour."""
    radii = rng.uniform([0.3, 0.5, 0.2], [0.5, 0.8, 0.4])
    centre = (2 * np.arange(SIDE) + 1) / SIDE - 1
    x, y = np.meshgrid(centre, -centre)
    rest = 1 - (x / radii[0]) ** 2 - (y / radii[1]) ** 2
    inside = rest > 0
    z = radii[2] * np.sqrt(np.where(inside, rest, np.nan))
    normals = np.stack([x / radii[0] ** 2, y / radii[1] ** 2, np.nan_to_num(z) / radii[2] ** 2], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    front = np.where(inside[..., None], (normals + 1) * 127.5, 128).astype(np.uint8)
    back = np.where(inside[..., None], (normals * [1, 1, -1] + 1) * 127.5, 128).astype(np.uint8)
    for view in range(views):
        colour = np.full((SIDE, SIDE, 3), rng.integers(0, 255, 3), np.uint8)
        depth = z[::4, ::4].astype(np.float32)
        write_view(
            folder, f"view_{view:03d}",
            View(colour=colour, mask=(inside * 255).astype(np.uint8), front=front, back=back, front_depth=depth,
                 back_depth=-depth),
        )  # fmt: skip
    points = {}
    for name in ("uniform", "near5", "near3"):
        points[f"{name}_points"] = places = rng.uniform(-1, 1, (200, 3)).astype(np.float32)
        points[f"{name}_inside"] = np.packbits(((places / radii) ** 2).sum(1) < 1)
    np.savez(folder / "points.npz", **points)
    view = {"yaw": 0.0, "elevation": 0.0, "rotation": np.eye(3).ravel().tolist(), "shift": [0.0, 0.0]}
    record = {"views": [view | {"files": f"view_{number:03d}"} for number in range(views)]}
    (folder / "person.json").write_text(json.dumps(record))
