"""The sparse search against the dense lattice: the same cells, the same triangles, few questions."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from lifecast.space.field import CallableField
from lifecast.surface.extract import seeds
from lifecast.surface.extract.lattice import SparseLattice, decode, encode
from lifecast.surface.extract.refine import CORNER_OFFSETS, SurfaceCells, cells_on_surface
from lifecast.surface.extract.seeds import seed_lattice
from lifecast.surface.extract.surface import extract_surface, surface_of_cells

R = 64


def dense_cells(lattice: SparseLattice) -> SurfaceCells:
    """Slow and obvious: ask every point of the lattice, look at every cell."""
    side = torch.arange(-1, lattice.resolution + 1)
    codes = encode(torch.stack(torch.meshgrid(side, side, side, indexing="ij"), dim=-1))  # (R + 2)^3
    values = lattice.values(codes.reshape(-1)).reshape(codes.shape)
    low, high = slice(0, -1), slice(1, None)
    corners = [values[x, y, z] for x in (low, high) for y in (low, high) for z in (low, high)]
    eight = torch.stack(corners, dim=-1)  # (R + 1, R + 1, R + 1, 8)
    inside = eight > 0
    on_surface = inside.any(dim=-1) & ~inside.all(dim=-1)
    return SurfaceCells(codes[low, low, low][on_surface], eight[on_surface])


def assert_same_as_dense(function: Callable[[Tensor], Tensor], resolution: int = R) -> SparseLattice:
    """The same cells, values, vertices and triangles as the dense lattice, bit for bit. Returns the sparse lattice."""
    dense_lattice = SparseLattice(CallableField(function, logits=True), resolution)
    dense = dense_cells(dense_lattice)
    lattice = SparseLattice(CallableField(function, logits=True), resolution)
    cells = cells_on_surface(lattice)
    assert len(dense.codes) > 0
    assert torch.equal(cells.codes, dense.codes)
    assert torch.equal(cells.values, dense.values)
    lattice.asked = dense_lattice.asked = 0  # the allowance for placing vertices goes by it
    ours = surface_of_cells(lattice, cells, keep_islands=True)
    theirs = surface_of_cells(dense_lattice, dense, keep_islands=True)
    np.testing.assert_array_equal(ours.faces, theirs.faces)
    np.testing.assert_array_equal(ours.vertices, theirs.vertices)
    np.testing.assert_array_equal(ours.normals, theirs.normals)
    return lattice


@pytest.fixture
def few_seeds(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seeds as sparse for 64^3 as they are for 400^3: one in 512 points. Gives their covering radius, view units."""
    monkeypatch.setattr(seeds, "SEEDS_AT_512", R**3 // 512)
    return seed_lattice(512).covering_radius * 2 / R


def noise(seed: int, scale: float) -> Callable[[Tensor], Tensor]:
    """Smooth random logits, blobs of about `scale` voxels, not cut by the cube's faces."""
    volume = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((R, R, R)), scale)
    from_middle = np.abs(np.mgrid[:R, :R, :R] - (R - 1) / 2).max(axis=0)
    volume = volume / volume.std() * 3 - 0.15 * np.maximum(from_middle - (R / 2 - 12), 0) ** 2
    values = torch.from_numpy(volume.astype(np.float32))[None, None]

    def field(points: Tensor) -> Tensor:
        at = (points + 1) * R / (R - 1) - 1  # the volume's own grid: lattice point i is its entry i
        return functional.grid_sample(values, at.flip(-1)[None, None, None], align_corners=True).reshape(-1)

    return field


def islands(seed: int, radius: float) -> Callable[[Tensor], Tensor]:
    """A body beside eight islands of a radius, near each other and it, and a hollow of that radius inside; sharp."""
    rng = np.random.default_rng(seed)
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    around = torch.from_numpy((0.72 * corners + rng.uniform(-0.08, 0.08, (8, 3))).astype(np.float32))
    middle = torch.from_numpy(rng.uniform(-0.1, 0.1, (1, 3)).astype(np.float32))

    def field(points: Tensor) -> Tensor:
        from_middle = (points - middle).norm(dim=1)
        body = (from_middle - radius - 0.25).abs() - 0.25
        pebbles = torch.stack([(points - centre).norm(dim=1) - radius for centre in around])
        return -torch.minimum(body, pebbles.min(dim=0).values) * 400

    return field


def sheets(seed: int, thickness: float, softness: float) -> Callable[[Tensor], Tensor]:
    """Wavy discs, thin as cloth, at random places and slants."""
    rng = np.random.default_rng(seed)
    frames = [np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(3)]
    centres = rng.uniform(-0.3, 0.3, (3, 3))

    def field(points: Tensor) -> Tensor:
        nearest = torch.full_like(points[:, 0], 10.0)
        for frame, centre in zip(frames, centres, strict=True):
            local = (points - points.new_tensor(centre)) @ points.new_tensor(frame)
            height = local[:, 2] - 0.05 * torch.sin(9 * local[:, 0])
            gap = torch.maximum(height.abs() - thickness / 2, local[:, :2].norm(dim=1) - 0.55)
            nearest = torch.minimum(nearest, gap)
        return -nearest / softness

    return field


@pytest.mark.parametrize("seed", range(4))
def test_random_blobs(seed: int) -> None:
    assert_same_as_dense(noise(seed, scale=4.0))


@pytest.mark.parametrize("seed", range(4))
def test_random_blobs_with_few_seeds(seed: int, few_seeds: float) -> None:
    """All but islands too small to be sure of a seed."""
    lattice = SparseLattice(CallableField(noise(seed, scale=5.0), logits=True), R)
    cells = cells_on_surface(lattice)
    dense = dense_cells(SparseLattice(CallableField(noise(seed, scale=5.0), logits=True), R))
    found = torch.isin(dense.codes, cells.codes)
    assert int(found.sum()) == len(cells.codes)
    assert torch.equal(dense.values[found], cells.values)
    assert len(cells.codes) > 0.98 * len(dense.codes)
    # Every sheet that was not found is smaller than the stated size: no ball of the covering radius fits in its box.
    missing = np.zeros((R + 1,) * 3, dtype=bool)
    missing[tuple((decode(dense.codes[~found]) + 1).T.numpy())] = True
    boxes = ndimage.find_objects(ndimage.label(missing, np.ones((3, 3, 3)))[0])
    for box in boxes:
        assert min(side.stop - side.start for side in box) < few_seeds * R


@pytest.mark.parametrize("seed", range(4))
def test_islands_and_hollows_above_the_covering_radius(seed: int, few_seeds: float) -> None:
    assert_same_as_dense(islands(seed, radius=few_seeds * 1.02))


@pytest.mark.parametrize("softness", [0.002, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_thin_sheets(seed: int, softness: float, few_seeds: float) -> None:
    assert_same_as_dense(sheets(seed, thickness=1.6 * 2 / R, softness=softness))


@pytest.mark.parametrize("gap", [-0.02, 0.0, 1e-4, 0.02])
def test_touching_parts(gap: float, few_seeds: float) -> None:
    def field(points: Tensor) -> Tensor:
        away = points.new_tensor([0.25 + gap / 2, 0.0, 0.0])
        left, right = (points + away).norm(dim=1), (points - away).norm(dim=1)
        return (0.25 - torch.minimum(left, right)) * 300

    assert_same_as_dense(field)


def test_a_body_cut_off_by_the_lattice_is_closed(few_seeds: float) -> None:
    def field(points: Tensor) -> Tensor:
        return (0.7 - (points - points.new_tensor([0.6, -0.7, 0.1])).norm(dim=1)) * 50

    assert_same_as_dense(field)


def test_a_field_that_is_inside_everywhere_is_a_closed_box(few_seeds: float) -> None:
    assert_same_as_dense(lambda points: torch.full_like(points[:, 0], 4.0))


def test_signs_at_random_at_every_point() -> None:
    signs = torch.from_numpy(np.random.default_rng(3).standard_normal((24, 24, 24)).astype(np.float32))

    def field(points: Tensor) -> Tensor:
        index = ((points + 1) * 12).round().long().clamp(0, 23)
        return signs[index[:, 0], index[:, 1], index[:, 2]]

    assert_same_as_dense(field, resolution=24)


def test_the_conflict_check_finds_an_island_that_no_seed_pair_gives_away(
    few_seeds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pebble at a seed, in a cave of the body: every neighbouring seed is inside, like the pebble's own."""
    points = torch.from_numpy(seed_lattice(512).points(R)).to(torch.float32) * (2 / R) - 1
    seed = points[points.norm(dim=1).argmin()]

    def field(points: Tensor) -> Tensor:
        from_seed = points - seed
        cave = from_seed.norm(dim=1) - 0.16
        tunnel = torch.maximum(from_seed[:, :2].norm(dim=1) - 0.05, -from_seed[:, 2])
        body = torch.maximum(points.norm(dim=1) - 0.8, -torch.minimum(cave, tunnel))
        pebble = from_seed.norm(dim=1) - 0.07
        return -torch.minimum(body, pebble) * 400

    assert_same_as_dense(field)
    no_path = torch.zeros(0, dtype=torch.int64)
    monkeypatch.setattr(
        "lifecast.surface.extract.refine.conflicts", lambda _, paths: (paths.take(no_path), no_path, no_path)
    )
    with pytest.raises(AssertionError):
        assert_same_as_dense(field)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "surface.py"
    spec = importlib.util.spec_from_file_location("benchmark_surface", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("voxels", [0.25, 10.0])
def test_questions_at_512(voxels: float, benchmark: ModuleType) -> None:
    field = CallableField(lambda p: torch.sigmoid(-benchmark.person_distance(p) * 256 / voxels))
    lattice = SparseLattice(field, 512)
    cells = cells_on_surface(lattice)
    least = len((cells.codes[:, None] + torch.tensor(CORNER_OFFSETS)).unique())
    assert 200_000 < least < 400_000
    assert lattice.asked <= 1.2 * least
    surface = surface_of_cells(lattice, cells)
    assert surface.asked <= 1.6 * least  # with the questions that place vertices


def test_no_point_of_the_lattice_is_asked_twice(few_seeds: float) -> None:
    asked: list[Tensor] = []
    function = noise(0, scale=5.0)

    def recording(points: Tensor) -> Tensor:
        asked.append(points)
        return function(points)

    surface = extract_surface(CallableField(recording, logits=True), R, refine_vertices=False)
    points = torch.cat(asked)
    assert surface.asked == len(points)
    assert len(points.unique(dim=0)) == len(points)
