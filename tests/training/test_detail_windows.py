"""Windows in which the detail head is trained: where they lie, and that they hold what the whole picture holds."""

import dataclasses

import pytest
import torch
from torch.utils.data import default_collate

from lifecast.model.ablations import preset_named
from lifecast.model.model import Model
from lifecast.training.detail_windows import DetailWindows, windowed
from lifecast.training.normal_losses import normal_losses
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage

WEIGHTS = LossWeights(l1=1.0, l1_over="mask", folds=1.0, mask=1.0, perceptual=0.0)


def test_windows_lie_on_people_inside_the_picture_at_multiples() -> None:
    torch.manual_seed(0)
    mask = torch.zeros(2, 1, 64, 48)
    mask[0, 0, 5:9, 40:46] = 1
    mask[1, 0, 50:60, 2:6] = 1
    windows = DetailWindows(21, 5).draw(mask, 4)
    assert windows.shape == (10, 4)
    assert (windows % 4 == 0).all()
    assert (windows[:, 2:] == 20).all()
    assert ((windows[:, :2] + windows[:, 2:]) <= torch.tensor([48, 64])).all()
    cut = windowed({name: mask for name in ("image", "mask", "front", "back")}, windows)
    assert cut["mask"].shape == (10, 1, 20, 20)
    assert (cut["mask"].flatten(1).sum(1) > 0).all()


def test_a_window_longer_than_the_picture_is_all_of_it() -> None:
    mask = torch.ones(1, 1, 32, 48)
    assert DetailWindows(400, 1).draw(mask, 16)[0].tolist()[1:] == [0, 32, 32]


@pytest.fixture
def detail_stage() -> Stage:
    preset = preset_named("tiny-detail")
    assert preset.maps is not None
    assert preset.maps.detail is not None
    maps = dataclasses.replace(preset.maps, detail=dataclasses.replace(preset.maps.detail, norm="none"))
    torch.manual_seed(0)
    model = Model(dataclasses.replace(preset, maps=maps))
    assert model.detail is not None
    torch.nn.init.normal_(model.detail.unet.head.weight, std=0.1)
    return Stage(model, "detail", WEIGHTS, windows=DetailWindows(128, 1))


def test_without_norms_a_window_of_all_the_picture_has_the_losses_of_the_picture(analytic_people, detail_stage) -> None:
    people = analytic_people(views=2, size=128, points=8)
    batch = default_collate([people[i] for i in range(2)])
    found = detail_stage(batch)
    wanted = normal_losses(detail_stage.maps(batch, masked=False), batch, WEIGHTS)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value)


def test_without_norms_a_window_predicts_what_the_picture_has_there(analytic_people, detail_stage) -> None:
    """But at the window's borders, beyond which it gets nothing."""
    people = analytic_people(views=1, size=128, points=8)
    batch = default_collate([people[0]])
    windows = torch.tensor([[0, 32, 96, 96]])
    with torch.no_grad():
        part, whole = detail_stage.maps(batch, False, windows), detail_stage.maps(batch, False)
    assert part.front.shape[-2:] == (96, 96)
    inner = 40  # pixels that the U-Net reaches
    torch.testing.assert_close(part.front[..., inner:, : 96 - inner], whole.front[..., 32 + inner :, : 96 - inner])
    assert not torch.equal(part.front[..., :4, :], whole.front[..., 32:36, :96])
