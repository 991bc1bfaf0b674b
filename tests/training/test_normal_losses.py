"""The losses of the normal maps together: what the back is asked for where it is to be guessed."""

from __future__ import annotations

import pytest
import torch

from lifecast.space.maps import Maps
from lifecast.space.unit_normals import unit_normals
from lifecast.training.adversary import Adversary
from lifecast.training.normal_losses import normal_losses
from lifecast.training.recipe import LossWeights

GUESSED = LossWeights(
    l1=1.0, l1_over="mask", cosine=1.0, fold_energy=1.0, fold_amount=1.0, perceptual=0.0, back_blur=6.0
)


def facing(side: float, noise: float = 0.0, tilt: float = 0.0) -> torch.Tensor:
    """Normals (1, 3, 64, 64) of a flat surface, with noise in each pixel or tilted to the side."""
    draw = torch.Generator().manual_seed(0)
    normals = torch.zeros(1, 3, 64, 64)
    normals[:, 2] = side
    return unit_normals(
        normals + noise * torch.randn(1, 3, 64, 64, generator=draw) + tilt * torch.eye(3)[0].view(3, 1, 1)
    )


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 8:56, 8:56] = 1
    return {
        "image": torch.zeros(1, 3, 64, 64), "mask": mask, "front": facing(1.0) * mask, "back": facing(-1.0) * mask
    }  # fmt: skip


def total(found: dict[str, torch.Tensor], *names: str) -> float:
    return sum(float(found[name]) for name in names)


def test_a_guessed_back_may_have_any_folds_but_must_face_the_right_way(batch: dict[str, torch.Tensor]) -> None:
    noisy = Maps(facing(1.0), facing(-1.0, noise=0.2))
    tilted = Maps(facing(1.0), facing(-1.0, tilt=0.3))
    by_place = LossWeights(l1=1.0, l1_over="mask", cosine=1.0, fold_energy=1.0, perceptual=0.0)
    names = ("l1", "cosine", "fold_energy")
    costs = {
        (weights is GUESSED, maps is noisy): total(normal_losses(maps, batch, weights), *names)
        for weights in (GUESSED, by_place)
        for maps in (noisy, tilted)
    }
    assert costs[True, True] < 0.3 * costs[False, True], "noise costs little where the back is guessed"
    assert costs[True, False] > 0.8 * costs[False, False], "a tilt costs the same"
    assert float(normal_losses(noisy, batch, GUESSED)["fold_amount"]) > 0, "but amounts are compared on both sides"


def test_a_back_that_copies_its_front_costs(batch: dict[str, torch.Tensor]) -> None:
    weights = LossWeights(l1=0.0, perceptual=0.0, fold_echo=1.0, back_blur=6.0)
    seen = facing(1.0, noise=0.2) * batch["mask"]
    batch = {**batch, "front": seen}
    copied, other = seen * torch.tensor([1.0, 1.0, -1.0]).view(3, 1, 1), facing(-1.0, noise=0.2).flip(-1)
    costs = [float(normal_losses(Maps(seen, back), batch, weights)["fold_echo"]) for back in (copied, other)]
    assert costs[0] > 5 * costs[1]


def test_the_front_is_met_point_by_point_in_any_case(batch: dict[str, torch.Tensor]) -> None:
    noisy = Maps(facing(1.0, noise=0.2), facing(-1.0))
    guessed, by_place = (
        normal_losses(
            noisy, batch, LossWeights(l1=1.0, l1_over="mask", cosine=1.0, fold_energy=1.0, perceptual=0.0, back_blur=b)
        )
        for b in (6.0, None)
    )
    for name in ("l1", "cosine", "fold_energy"):
        assert float(guessed[name]) == pytest.approx(float(by_place[name]), rel=1e-4), name


@pytest.mark.parametrize(("side", "judged"), [("both", (True, True)), ("back", (False, True))])
def test_the_discriminator_judges_the_sides_that_the_recipe_names(
    batch: dict[str, torch.Tensor], side: str, judged: tuple[bool, bool]
) -> None:
    front, back = facing(1.0, noise=0.1).requires_grad_(), facing(-1.0, noise=0.1).requires_grad_()
    weights = LossWeights(l1=0.0, perceptual=0.0, adversarial=1.0, adversarial_side=side)  # type: ignore[arg-type]
    adversary = Adversary(0)
    normal_losses(Maps(front, back), batch, weights, adversary=adversary)["adversarial"].backward()
    assert tuple(one.grad is not None and bool(one.grad.any()) for one in (front, back)) == judged
    assert adversary.latest is not None
    assert adversary.latest.side.flatten().tolist() == [0.0, 1.0][-len(adversary.latest.side) :]
