"""The parsing head: its shapes, its inputs, and that it learns parts which a picture shows."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import Architecture
from lifecast.model.encoders.config import UNetConfig
from lifecast.model.inference import predict_maps, predict_parsing
from lifecast.model.inference_options import PLAIN
from lifecast.model.model import Model
from lifecast.space.maps import MapPyramid, Maps
from lifecast.space.parsing import NOTHING, Part
from lifecast.training.figures import parsing_figures
from lifecast.training.losses import parsing_cross_entropy, parts_at
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage
from lifecast.training.trim import trim

SIZE = 128


@pytest.fixture(scope="module")
def architecture() -> Architecture:
    preset = preset_named("tiny")
    assert preset.maps is not None
    head = UNetConfig(widths=(8, 16), blocks=(1, 1), first_stride=2, output_stride=2, norm="none")
    return dataclasses.replace(preset, maps=dataclasses.replace(preset.maps, parsing=head, parsing_size=SIZE))


@pytest.fixture
def batch() -> dict[str, Tensor]:
    """Red over blue in the middle of the picture: an upper and a lower garment; the back is skin."""
    image = torch.zeros(2, 3, SIZE, SIZE)
    mask = torch.zeros(2, 1, SIZE, SIZE)
    mask[:, :, 16:112, 40:88] = 1
    image[:, 0, 16:64, 40:88], image[:, 2, 64:112, 40:88] = 1, 1
    parts = torch.full((2, 2, SIZE, SIZE), NOTHING, dtype=torch.uint8)
    parts[:, 0, 16:64, 40:88], parts[:, 0, 64:112, 40:88] = Part.UPPER, Part.LOWER
    parts[:, 1, 16:112, 40:88] = Part.SKIN
    zeros = torch.zeros(2, 3, SIZE, SIZE)
    depth = torch.zeros(2, 2, SIZE // 4, SIZE // 4)
    return {"image": image, "mask": mask, "front": zeros, "back": zeros, "depth": depth, "depth_mask": depth[:, :1],
            "parsing": parts}  # fmt: skip


def test_the_presets_of_the_switch_have_it() -> None:
    maps = preset_named("compact-parsing").maps
    assert maps is not None
    assert maps.parsing is not None
    assert maps.parsing_size == maps.normals_size == 256
    pretrained = preset_named("compact-parsing-pretrained").maps
    assert pretrained is not None
    assert pretrained.parsing is not None
    assert pretrained.parsing.pretrained == "mobilenet_v2"
    with pytest.raises(UsageError, match="no U-Net"):
        preset_named("paper-parsing")


def test_probabilities_of_both_sides_sum_to_one(architecture: Architecture) -> None:
    torch.manual_seed(0)
    model = Model(architecture).eval()
    image = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        maps = predict_maps(model, image, PLAIN.fitting(architecture))
        found = predict_parsing(model, image, maps)
    assert found.shape == (2, len(Part), SIZE // 2, SIZE // 2)
    torch.testing.assert_close(found.sum(1), torch.ones(2, SIZE // 2, SIZE // 2))


def test_given_maps_are_what_the_normal_head_would_predict(architecture: Architecture) -> None:
    torch.manual_seed(0)
    model = Model(architecture).eval()
    image = torch.rand(2, 3, SIZE, SIZE) * 2 - 1
    with torch.inference_mode():
        maps = model(image, until="normals").maps
        own, given = (model(image, given=one, until="parsing").parsing for one in (None, maps))
        other = model(image, given=Maps(*(torch.zeros(2, c, SIZE, SIZE) for c in (3, 3, 1))), until="parsing").parsing
    assert own is not None
    torch.testing.assert_close(own, given)
    assert not torch.allclose(own, other)


def test_without_the_head_parsing_is_refused() -> None:
    with pytest.raises(UsageError, match="no parsing head"):
        Model(preset_named("tiny"))(torch.zeros(1, 3, SIZE, SIZE), until="parsing")


def test_the_stage_learns_parts_and_moves_no_other_head(architecture: Architecture, batch: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    model = Model(architecture)
    stage = Stage(model, "parsing", LossWeights(perceptual=0.0))
    assert stage.size == SIZE
    stage.train()
    optimiser = torch.optim.Adam([p for p in stage.parameters() if p.requires_grad], 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        stage(trim(batch, stage.multiple))["total"].backward()
        optimiser.step()
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
    assert moved == {"parsing"}
    with torch.no_grad():
        figures = {name: float(a / b) for name, (a, b) in stage.eval().measure(batch).items()}
    assert figures["parsing_front"] > 0.95
    assert figures["parsing_back"] > 0.95
    assert stage.score(figures) == pytest.approx((figures["parsing_front"] + figures["parsing_back"]) / 2)


def test_loss_and_figures_count_the_person_alone() -> None:
    parts = torch.full((1, 2, 8, 8), NOTHING, dtype=torch.uint8)
    parts[:, :, :4], parts[:, 0, 4:] = Part.HAIR, Part.SHOES
    logits = torch.zeros(1, 2, len(Part), 4, 4)
    logits[:, :, Part.HAIR] = 3.0
    assert (parts_at(parts, 4)[0, 0, :, 0] == torch.tensor([Part.HAIR, Part.HAIR, Part.SHOES, Part.SHOES])).all()
    one = torch.nn.functional.cross_entropy(logits[0, 0, :, 0, 0][None], torch.tensor([int(Part.HAIR)]))
    wrong = torch.nn.functional.cross_entropy(logits[0, 0, :, 0, 0][None], torch.tensor([int(Part.SHOES)]))
    torch.testing.assert_close(parsing_cross_entropy(logits, parts), (16 * one + 8 * wrong) / 24)
    figures = {name: (int(a), int(b)) for name, (a, b) in parsing_figures(logits, {"parsing": parts}).items()}
    assert figures == {"parsing_front": (8, 16), "parsing_back": (8, 8)}


def test_a_pyramid_gives_its_coarse_maps(architecture: Architecture) -> None:
    torch.manual_seed(0)
    model = Model(architecture).eval()
    image = torch.rand(1, 3, SIZE, SIZE) * 2 - 1
    with torch.inference_mode():
        coarse = model(image, until="normals").maps.coarse
        fine = Maps(*(torch.zeros_like(one) for one in coarse[:3]))
        one = model(image, given=MapPyramid(coarse, fine), until="parsing").parsing
        same = model(image, given=coarse, until="parsing").parsing
    torch.testing.assert_close(one, same)
