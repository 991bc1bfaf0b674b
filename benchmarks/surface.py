"""Questions, seconds and memory of the surface search, on analytic people whose every value is known.

    python benchmarks/surface.py                              # 512
    python benchmarks/surface.py --resolutions 256 1024
    python benchmarks/surface.py --networks                   # points a second of random MLPs, plain and tabulated

For each field and resolution it prints what each method asks, divided by the least any method can ask: the corners of
the cells whose corners differ in sign. "Found" is the share of these cells that the method found. The last column
divides by a smaller set instead, the ends of the lattice edges that change sign, which do not settle the triangles.
Every measurement runs in a process of its own; its peak memory includes Python, torch and the field's own arrays.
Networks are asked for four neighbours on each of 2,500 lines of sight at a time, about what a round of the search asks.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lifecast.model.column_field import ColumnField
from lifecast.model.mlp import PixelAlignedMLP
from lifecast.model.model import Model, Prediction
from lifecast.model.presets import PRESETS
from lifecast.space.field import CallableField
from lifecast.surface.extract.lattice import STEPS, SparseLattice, decode
from lifecast.surface.extract.refine import CORNER_OFFSETS, cells_on_surface
from lifecast.surface.extract.surface import extract_surface

LIMBS = (
    # start, end (view units, a person of 1.4), radii there
    ((0.00, 0.02, 0.00), (0.00, 0.34, 0.00), 0.115, 0.135),  # torso
    ((-0.05, 0.33, 0.00), (0.05, 0.33, 0.00), 0.12, 0.12),  # shoulders
    ((0.00, 0.44, 0.00), (0.00, 0.52, 0.01), 0.045, 0.045),  # neck
    ((0.00, 0.58, 0.015), (0.00, 0.63, 0.005), 0.075, 0.08),  # head
    ((-0.16, 0.37, 0.00), (-0.30, 0.17, -0.02), 0.05, 0.042),  # arms
    ((-0.30, 0.17, -0.02), (-0.37, -0.06, 0.06), 0.038, 0.028),
    ((0.16, 0.37, 0.00), (0.27, 0.15, 0.00), 0.05, 0.042),
    ((0.27, 0.15, 0.00), (0.33, -0.08, 0.08), 0.038, 0.028),
    ((-0.37, -0.07, 0.06), (-0.385, -0.14, 0.075), 0.026, 0.014),  # hands
    ((0.33, -0.09, 0.08), (0.345, -0.16, 0.095), 0.026, 0.014),
    ((-0.07, -0.02, 0.00), (-0.09, -0.36, 0.02), 0.09, 0.062),  # legs
    ((-0.09, -0.36, 0.02), (-0.10, -0.70, -0.02), 0.058, 0.04),
    ((0.07, -0.02, 0.00), (0.10, -0.36, 0.03), 0.09, 0.062),
    ((0.10, -0.36, 0.03), (0.13, -0.70, -0.01), 0.058, 0.04),
    ((-0.10, -0.72, -0.01), (-0.12, -0.73, 0.12), 0.035, 0.028),  # feet
    ((0.13, -0.72, 0.00), (0.16, -0.73, 0.13), 0.035, 0.028),
)


def person_distance(points: Tensor) -> Tensor:
    """About the distance (N,) of points (N, 3) from a clothed person's surface, view units, negative inside."""
    nearest = torch.full_like(points[:, 0], 1e3)
    for start, end, radius_start, radius_end in LIMBS:
        a = points.new_tensor(start)
        along = points.new_tensor(end) - a
        share = ((points - a) @ along / (along @ along)).clamp(0, 1)  # (N,)
        gap = (points - a - share[:, None] * along).norm(dim=1) - (radius_start + (radius_end - radius_start) * share)
        blend = (0.5 + (nearest - gap) / 0.06).clamp(0, 1)  # smooth union over 3 cm
        nearest = nearest + (gap - nearest) * blend - 0.03 * blend * (1 - blend)
    x, y, z = points.unbind(dim=1)
    folds = torch.sin(55 * y + 18 * x + 6 * torch.sin(9 * z)) * torch.sin(23 * x + 31 * z)
    return nearest - 0.006 * folds


FIELDS = {"sharp": 0.25, "soft": 10.0}
"""Voxels of a 512 lattice over which the logit rises by 1."""

OCTREE_START = 64
OCTREE_SPAN = 0.05


class Outcome(NamedTuple):
    """What one method did with one field."""

    method: str
    asked: int
    found: float
    seconds: float
    gigabytes: float
    least: int
    edge_ends: int


def person(softness: str) -> CallableField:
    """The person's occupancy as a field of the given softness."""
    width = FIELDS[softness] * 2 / 512
    return CallableField(lambda points: torch.sigmoid(-person_distance(points) / width))


def least_questions(softness: str, resolution: int) -> tuple[Tensor, int, int]:
    """The cells on the surface (C,), how many corners they have, and how many of these end a changing edge."""
    lattice = SparseLattice(person(softness), resolution)
    cells = cells_on_surface(lattice).codes
    corners = (cells[:, None] + torch.tensor(CORNER_OFFSETS)).unique()
    inside = lattice.peek(corners) > 0
    at_edge = torch.zeros_like(inside)
    for step in (*STEPS, *(-step for step in STEPS)):
        neighbour = lattice.peek(corners + step)
        at_edge |= ~neighbour.isnan() & ((neighbour > 0) != inside)
    return cells, len(corners), int(at_edge.sum())


def dense(field: CallableField, resolution: int) -> tuple[int, Tensor]:
    """Ask every point, a layer at a time. Returns the questions and the cells found, as codes."""
    side = torch.arange(resolution) * (2 / resolution) - 1
    y, z = torch.meshgrid(side, side, indexing="ij")
    before: Tensor | None = None
    cells = []
    for i in range(resolution):
        points = torch.stack((side[i].expand_as(y), y, z), dim=-1).reshape(-1, 3)
        inside = (field.logits(points) > 0).reshape(resolution, resolution)
        if before is not None:
            both = torch.stack((before, inside))
            corners = [both[:, a : a + resolution - 1, b : b + resolution - 1] for a in (0, 1) for b in (0, 1)]
            eight = torch.cat(corners)  # (8, R - 1, R - 1)
            j, k = torch.nonzero(eight.any(dim=0) & ~eight.all(dim=0), as_tuple=True)
            cells.append(i * STEPS[0] + (j + 1) * STEPS[1] + (k + 1) * STEPS[2])
        before = inside
    return resolution**3, torch.cat(cells)


def octree(field: CallableField, resolution: int) -> tuple[int, Tensor]:
    """The usual octree: start at 64, halve every cell whose corners span at least 0.05, the rest is interpolated."""
    lattice = SparseLattice(field, resolution)
    stride = resolution // OCTREE_START
    side = torch.arange(0, resolution, stride)
    codes = torch.cartesian_prod(*[(side + 1) * step for step in STEPS]).sum(dim=1)
    while True:
        corners = codes[:, None] + stride * torch.tensor(CORNER_OFFSETS)
        values = lattice.values(corners)
        if stride == 1:
            break
        occupancies = values.sigmoid()
        wide = occupancies.amax(dim=1) - occupancies.amin(dim=1) >= OCTREE_SPAN
        stride //= 2
        codes = (codes[wide, None] + stride * torch.tensor(CORNER_OFFSETS)).reshape(-1)
        inside_cube = (decode(codes) < resolution - stride).all(dim=1) if stride == 1 else slice(None)
        codes = codes[inside_cube]
    inside = values > 0
    return lattice.asked, codes[inside.any(dim=1) & ~inside.all(dim=1)]


def measure(method: str, softness: str, resolution: int, answer: multiprocessing.Queue) -> None:
    """Run one method in this process and put its Outcome."""
    field = person(softness)
    started = time.perf_counter()
    if method == "every point":
        asked, cells = dense(field, resolution)
    elif method == "octree":
        asked, cells = octree(field, resolution)
    elif method == "lifecast, cells":
        lattice = SparseLattice(field, resolution)
        cells = cells_on_surface(lattice).codes
        asked = lattice.asked
    else:
        asked, cells = extract_surface(field, resolution).asked, torch.zeros(0, dtype=torch.int64)
    seconds = time.perf_counter() - started
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    truth, least, edge_ends = least_questions(softness, resolution)
    found = float(torch.isin(truth, cells).float().mean()) if len(cells) else math.nan
    answer.put(Outcome(method, asked, found, seconds, gigabytes, least, edge_ends))


def rates(name: str) -> tuple[float, float]:
    """Points a second that a preset's MLPs are queried at, plain (in chunks of 10,000) and as a `ColumnField`."""
    preset = PRESETS[name]
    assert preset.fine is not None
    with torch.device("meta"):  # only the MLPs are needed
        model = Model(preset)
    assert model.fine is not None
    features = []
    for net in (model.coarse, model.fine):
        mlp = net.mlp
        net.mlp = PixelAlignedMLP(mlp.inputs, net.config.mlp, mlp.skips, mlp.embedding_layer)
        features.append(torch.randn(1, net.config.map_channels, net.config.feature_size, net.config.feature_size))
    prediction = Prediction(None, (features[0],), features[1])
    lines = torch.randint(0, 512, (2500, 1, 2)).expand(-1, 4, -1) / 256 - 1
    depths = torch.rand(2500, 1, 1) - 0.5 + torch.arange(4).reshape(4, 1) / 256
    points = torch.cat((lines, depths), dim=-1).reshape(-1, 3)

    def rate(answer: Callable[[], Tensor]) -> float:
        answer()
        started, rounds = time.perf_counter(), 0
        while time.perf_counter() - started < 3:
            answer()
            rounds += 1
        return rounds * len(points) / (time.perf_counter() - started)

    field = ColumnField(model, prediction)
    with torch.inference_mode():
        return rate(lambda: model.occupancy(prediction, points[None])), rate(lambda: field.logits(points))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolutions", type=int, nargs="+", default=[512])
    parser.add_argument("--dense", action="store_true", help="run the dense lattice too (minutes), not only count it")
    parser.add_argument("--networks", action="store_true", help="measure networks instead")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    methods = ["every point"] * options.dense + ["octree", "lifecast, cells", "lifecast, mesh"]
    print(f"{torch.get_num_threads()} threads")
    if options.networks:
        for name in ("paper", "compact"):
            plain, tabulated = rates(name)
            print(f"{name:<8} plain {plain:>9.0f} points/s, tabulated {tabulated:>9.0f} points/s")
        return
    print("field  lattice  method              asked  /least   found  seconds   peak GB  /edge ends")
    for softness in FIELDS:
        for resolution in options.resolutions:
            for method in methods:
                answer = spawn.Queue()
                process = spawn.Process(target=measure, args=(method, softness, resolution, answer))
                process.start()
                o = answer.get()
                process.join()
                found = "" if math.isnan(o.found) else f"{o.found:.2%}"
                print(
                    f"{softness:<6} {resolution:>7}  {method:<16} {o.asked:>9}  {o.asked / o.least:6.2f} {found:>7} "
                    f"{o.seconds:8.2f}  {o.gigabytes:8.2f}  {o.asked / o.edge_ends:10.2f}"
                )
            count = resolution**3
            print(
                f"{softness:<6} {resolution:>7}  every point, counted: {count}, {count / o.least:.0f} times the least"
            )


if __name__ == "__main__":
    main()
