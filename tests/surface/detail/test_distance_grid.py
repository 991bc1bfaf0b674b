"""Signed distances on a grid, against spheres, whose distances are known."""

import numpy as np
import torch
import trimesh

from lifecast.surface.detail.distance_grid import DistanceGrid

RADIUS, SPACING = 0.3, 0.02


def sphere(middle: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=RADIUS)
    return np.asarray(mesh.vertices) + np.array([middle, 0, 0]), np.asarray(mesh.faces)


def points(half: float, count: int = 3000) -> torch.Tensor:
    return (torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1) * half


def test_distances_to_a_sphere() -> None:
    grid = DistanceGrid.of_mesh(*sphere(), SPACING, margin=0.1)
    asked = points(0.4)
    wanted = asked.norm(dim=1) - RADIUS
    error = (grid(asked) - wanted).abs()
    near = wanted.abs() < SPACING / 4
    assert float(error[near].max()) < 0.05 * SPACING
    assert float(error[~near & (asked.norm(dim=1) > SPACING)].max()) < 0.6 * SPACING


def test_two_solids_that_overlap_are_one() -> None:
    (first, faces), (second, _) = sphere(-0.1), sphere(0.1)
    grid = DistanceGrid.of_mesh(np.vstack([first, second]), np.vstack([faces, faces + len(first)]), SPACING, margin=0.1)
    asked = points(0.4)
    shift = torch.tensor([0.1, 0.0, 0.0])
    outside = torch.minimum((asked - shift).norm(dim=1), (asked + shift).norm(dim=1)) - RADIUS
    sure = outside.abs() > 0.1 * SPACING
    assert torch.equal(grid(asked)[sure] < 0, outside[sure] < 0)


def test_a_box_may_cut_the_mesh() -> None:
    box = (np.array([0.0, 0.0, 0.1]), np.array([0.4, 0.4, 0.4]))
    grid = DistanceGrid.of_mesh(*sphere(), SPACING, margin=0.1, box=box)
    asked = torch.rand(2000, 3, generator=torch.Generator().manual_seed(1)) * 0.3 + 0.1
    wanted = asked.norm(dim=1) - RADIUS
    near = wanted.abs() < SPACING / 4
    assert float((grid(asked) - wanted)[near].abs().max()) < 0.05 * SPACING
    low, high = grid.box
    assert (low <= torch.tensor(box[0])).all()
    assert (high >= torch.tensor(box[1])).all()


def test_beyond_the_grid_the_nearest_point_counts() -> None:
    grid = DistanceGrid.of_mesh(*sphere(), SPACING, margin=0.1)
    low, high = grid.box
    far = torch.tensor([[5.0, 0.0, 0.0], [-5.0, 0.0, 0.0]])
    at_edge = torch.tensor([[float(high[0]), 0.0, 0.0], [float(low[0]), 0.0, 0.0]])
    torch.testing.assert_close(grid(far), grid(at_edge), atol=1e-4, rtol=0)
