"""The lattice of seeds and the paths between them."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from lifecast.surface.extract.lattice import decode, encode
from lifecast.surface.extract.seeds import Paths, seed_lattice


@pytest.mark.parametrize(("modulus", "resolution"), [(1, 12), (8, 40), (64, 50), (512, 70), (4096, 100)])
def test_the_seeds_are_the_lattice_of_the_basis(modulus: int, resolution: int) -> None:
    shape = seed_lattice(modulus)
    points = shape.points(resolution)
    assert abs(round(np.linalg.det(shape.basis))) == modulus
    assert len(np.unique(points, axis=0)) == len(points) == pytest.approx(resolution**3 / modulus, rel=0.1)
    present = {tuple(point) for point in points.tolist()}
    for vector in shape.basis:
        moved = points + vector
        inside = ((moved >= 0) & (moved < resolution)).all(axis=1)
        assert all(tuple(point) in present for point in moved[inside].tolist())


@pytest.mark.parametrize("modulus", [64, 512, 4096])
def test_every_ball_of_the_covering_radius_holds_a_seed(modulus: int) -> None:
    shape = seed_lattice(modulus)
    resolution = 100
    margin = shape.covering_radius + 1
    centres = np.random.default_rng(0).uniform(margin, resolution - margin, (20_000, 3))
    nearest = cKDTree(shape.points(resolution)).query(centres)[0]
    assert 0.9 * shape.covering_radius < nearest.max() <= shape.covering_radius
    assert shape.covering_radius < 0.75 * modulus ** (1 / 3)  # a cubic lattice: 0.866


def test_a_path_takes_single_steps_from_start_to_end() -> None:
    starts = torch.tensor([[3, 4, 5], [9, 9, 9], [2, 2, 2]])
    ends = torch.tensor([[7, 1, 6], [9, 9, 9], [2, -1, 2]])
    paths = Paths(starts, ends)
    assert paths.lengths().tolist() == [8, 0, 3]
    places = decode(paths.at(torch.arange(10)[None]))
    assert torch.equal(places[:, 0], starts)
    assert torch.equal(places[:, -1], ends)
    steps = places.diff(dim=1).abs().sum(dim=-1)
    assert steps.sum(dim=1).tolist() == [8, 0, 3]
    assert steps.max() == 1
    assert torch.equal(encode(places), paths.at(torch.arange(10)[None]))
