"""Functions of points as fields."""

from __future__ import annotations

import torch

from lifecast.space.field import CallableField


def test_occupancies_become_logits_and_logits_stay() -> None:
    occupancy = torch.tensor([0.5, 0.9, 1e-9])
    field = CallableField(lambda points: occupancy[points[:, 0].long()])
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    torch.testing.assert_close(field.logits(points), torch.log(occupancy / (1 - occupancy)))
    plain = CallableField(lambda points: points[:, 1] * 7, logits=True)
    assert torch.equal(plain.logits(torch.ones(2, 3)), torch.tensor([7.0, 7.0]))


def test_certain_occupancies_stay_finite() -> None:
    field = CallableField(lambda points: points[:, 0])
    logits = field.logits(torch.tensor([[0.0, 0, 0], [1.0, 0, 0]]))
    torch.testing.assert_close(logits, torch.tensor([-27.631, 27.631]), atol=1e-3, rtol=0)


def test_points_are_handed_over_in_chunks_in_their_order() -> None:
    sizes = []

    def function(points: torch.Tensor) -> torch.Tensor:
        sizes.append(len(points))
        return points[:, 0]

    field = CallableField(function, logits=True, chunk=3)
    points = torch.arange(8.0)[:, None].expand(-1, 3)
    assert torch.equal(field.logits(points), torch.arange(8.0))
    assert sizes == [3, 3, 2]
    assert field.logits(points[:0]).shape == (0,)
    assert field.device == torch.device("cpu")
