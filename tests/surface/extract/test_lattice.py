"""The sparse store of lattice values."""

import numpy as np
import torch

from lifecast.space.field import OUTSIDE_LOGIT, CallableField
from lifecast.surface.extract.lattice import SparseLattice, decode, encode


def counting_lattice(resolution: int) -> SparseLattice:
    """Values that tell the point apart, so that a mixed-up address shows."""
    return SparseLattice(CallableField(lambda p: p @ p.new_tensor([1.0, 10.0, 100.0]), logits=True), resolution)


def test_codes_go_there_and_back() -> None:
    indices = torch.tensor([[-1, -1, -1], [0, 5, 2045], [2046, 0, 7]])
    assert torch.equal(decode(encode(indices)), indices)
    assert len(encode(indices).unique()) == 3


def test_every_point_has_its_own_value() -> None:
    resolution = 60
    lattice = counting_lattice(resolution)
    rng = np.random.default_rng(0)
    known: dict[int, float] = {}
    for _ in range(4):  # the store grows between batches
        indices = torch.from_numpy(rng.integers(-1, resolution + 1, (3_000, 3)))
        codes = encode(indices)
        values = lattice.values(codes)
        outside = ((indices < 0) | (indices == resolution)).any(dim=1)
        expected = (indices / (resolution / 2) - 1) @ torch.tensor([1.0, 10.0, 100.0])
        assert (values[outside] == OUTSIDE_LOGIT).all()
        torch.testing.assert_close(values[~outside], expected[~outside], atol=1e-4, rtol=0)
        known.update(zip(codes[~outside].tolist(), values[~outside].tolist(), strict=True))
        earlier = torch.tensor(list(known))
        assert lattice.peek(earlier).tolist() == list(known.values())
    assert lattice.asked == len(known)


def test_what_was_not_asked_is_unknown() -> None:
    lattice = counting_lattice(32)
    lattice.values(encode(torch.tensor([[3, 4, 5]])))
    assert lattice.peek(encode(torch.tensor([[3, 4, 6], [20, 20, 20]]))).isnan().all()


def test_cells_are_visited_once() -> None:
    lattice = counting_lattice(200)
    cells = encode(torch.from_numpy(np.random.default_rng(1).integers(0, 200, (5_000, 3)))).unique()
    first, second = cells[: len(cells) // 2], cells[len(cells) // 3 :]
    assert torch.equal(lattice.visit(torch.cat((first, first))), first)
    fresh = lattice.visit(second)
    assert not torch.isin(fresh, first).any()
    assert lattice.visited(cells).all()
    assert len(fresh) + len(first) == len(cells)
