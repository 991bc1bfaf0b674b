"""The close-up head: what a fresh one leaves alone, and what the model makes of a close-up."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import Architecture
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.model import Model
from lifecast.model.same_part import same_part
from lifecast.space.maps import Maps
from lifecast.space.unit_normals import unit_normals


@pytest.fixture(scope="module")
def architecture() -> Architecture:
    preset = preset_named("tiny")
    assert preset.maps is not None
    head = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, norm="none")
    return dataclasses.replace(preset, maps=dataclasses.replace(preset.maps, close_up=head, close_up_size=64))


@pytest.fixture
def given() -> Maps:
    draw = torch.Generator().manual_seed(2)
    mask = torch.rand(2, 1, 64, 64, generator=draw) * 0.8 + 0.1
    front, back = (unit_normals(torch.randn(2, 3, 64, 64, generator=draw)) * mask for _ in range(2))
    return Maps(front, back, mask)


def test_a_fresh_head_changes_nothing(architecture: Architecture, given: Maps) -> None:
    torch.manual_seed(0)
    model = Model(architecture).eval()
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        found = model(image, given=given, until="close_up").maps
    assert found is not None
    assert found.coarse is given
    for name in ("front", "back", "mask"):
        torch.testing.assert_close(getattr(found.fine, name), getattr(given, name))


def test_it_corrects_by_picture_and_maps(architecture: Architecture, given: Maps) -> None:
    torch.manual_seed(0)
    model = Model(architecture).eval()
    assert model.close_up is not None
    torch.nn.init.normal_(model.close_up.unet.head.weight, std=0.1)
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        one = model(image, given=given, until="close_up", masked=False).maps
        other = model(-image, given=given, until="close_up", masked=False).maps
    assert one is not None
    assert other is not None
    assert not torch.allclose(one.fine.front, other.fine.front)
    torch.testing.assert_close(one.fine.front.norm(dim=1), torch.ones(2, 64, 64))


def test_the_picture_of_a_close_up_has_a_size_of_its_own(architecture: Architecture) -> None:
    assert architecture.picture_side("close_up") == 64
    with pytest.raises(UsageError, match="has no close-up head"):
        preset_named("tiny").picture_side("close_up")
    assert architecture.maps is not None
    with pytest.raises(UsageError, match="must be a multiple of 4"):
        dataclasses.replace(architecture.maps, close_up_size=62)
    with pytest.raises(UsageError, match="predicts the mask"):
        dataclasses.replace(architecture.maps, mask=False)


def test_without_given_maps_or_a_head_a_close_up_is_refused(architecture: Architecture, given: Maps) -> None:
    image = torch.zeros(2, 3, 64, 64)
    with pytest.raises(UsageError, match="needs the maps of its square"):
        Model(architecture)(image, until="close_up")
    with pytest.raises(UsageError, match="has no close-up head"):
        Model(preset_named("tiny"))(image, given=given, until="close_up")


def test_its_weights_fit_any_other_heads(architecture: Architecture) -> None:
    assert architecture.maps is not None
    other = dataclasses.replace(architecture, maps=dataclasses.replace(architecture.maps, size=64))
    assert same_part("close_up", architecture, other)
    wider = dataclasses.replace(architecture.maps, close_up_size=128)
    assert not same_part("close_up", architecture, dataclasses.replace(architecture, maps=wider))
