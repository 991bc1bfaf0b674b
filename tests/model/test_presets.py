"""The architectures that come with lifecast: their sizes, their shapes, what a texel depends on."""

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import inference_for, preset_named
from lifecast.model.checkpoint import read_description
from lifecast.model.encoders.receptive_field import receptive_field
from lifecast.model.inference_options import PLAIN
from lifecast.model.model import Model
from lifecast.model.presets import COMPACT, INFERENCE, PAPER, PIFUHD, PRESETS, TINY


def meta_model(architecture):
    with torch.device("meta"):
        return Model(architecture).requires_grad_(False)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_paper_has_the_papers_sizes():
    model = meta_model(PAPER)
    assert count(model) == 387_049_625
    assert model.coarse.mlp.layers[0].in_features == 257
    assert [layer.out_features for layer in model.coarse.mlp.layers] == [1024, 512, 256, 128, 1]
    assert model.fine.mlp.layers[0].in_features == 272
    assert [layer.out_features for layer in model.fine.mlp.layers] == [512, 256, 128, 1]


def test_what_ships_is_preset_compact():
    assert read_description("compact").architecture == COMPACT


def test_compact_fits_the_package():
    assert 2 * count(meta_model(COMPACT)) <= 95e6  # bytes as float16


@pytest.mark.parametrize("architecture", PRESETS.values(), ids=PRESETS)
def test_every_output_has_the_shape_that_the_architecture_says(architecture):
    model = meta_model(architecture)
    size = architecture.image_size
    prediction = model(torch.empty(2, 3, size, size, device="meta"), torch.empty(2, 7, 3, device="meta"))
    maps = architecture.maps
    assert prediction.maps.fine.front.shape == (2, 3, maps.size, maps.size)
    assert prediction.maps.fine.back.shape == prediction.maps.fine.front.shape
    coarse = architecture.coarse
    assert prediction.coarse_features.shape == (2, coarse.map_channels, coarse.feature_size, coarse.feature_size)
    fine = architecture.fine
    assert prediction.fine_features.shape == (2, fine.map_channels, fine.feature_size, fine.feature_size)
    assert {logit.shape for logit in (*prediction.coarse_logits, prediction.fine_logit)} == {(2, 7)}
    assert model.occupancy(prediction, torch.empty(2, 7, 3, device="meta")).shape == (2, 7)


def test_feature_maps_of_the_two_shipped_designs():
    assert (PAPER.coarse.feature_size, PAPER.coarse.features) == (128, 256)
    assert (PAPER.fine.feature_size, PAPER.fine.features) == (512, 16)
    assert (COMPACT.coarse.feature_size, COMPACT.coarse.map_channels) == (128, 32 + 2)
    assert (COMPACT.fine.feature_size, COMPACT.fine.features) == (256, 16)


def test_the_adapters_of_compact_join_stages_of_the_same_texels():
    model = meta_model(COMPACT)
    assert COMPACT.maps.depth_adapter_stages() == (3, 2)
    assert tuple(model.depth.adapter.weight.shape) == (96, 224, 1, 1)
    assert model.detail.adapter is None
    assert COMPACT.maps.detail_of_maps


@pytest.mark.parametrize("architecture", [PAPER, PIFUHD, COMPACT], ids=["paper", "pifuhd", "compact"])
def test_every_texel_of_the_coarse_net_depends_on_the_whole_image_and_none_of_the_fine_net_does(architecture):
    """Section 3.1: holistic reasoning needs it; section 3.2: the fine net does without."""
    model = meta_model(architecture)
    coarse = receptive_field(model.coarse.encoder, architecture.input_channels, architecture.coarse.image_size)
    assert coarse >= 2 * architecture.coarse.image_size - 1
    fine = receptive_field(model.fine.encoder, architecture.input_channels, architecture.fine.image_size)
    assert fine < 2 * architecture.fine.image_size - 1


def test_of_tiny_only_the_middle_texels_of_the_coarse_net_do():
    """Enough for people in the middle of their pictures, and what makes it tiny."""
    model = meta_model(TINY)
    coarse = receptive_field(model.coarse.encoder, TINY.input_channels, TINY.coarse.image_size)
    assert TINY.coarse.image_size <= coarse < 2 * TINY.coarse.image_size - 1
    fine = receptive_field(model.fine.encoder, TINY.input_channels, TINY.fine.image_size)
    assert fine < TINY.fine.image_size


def test_every_preset_has_inference_options_that_fit_it():
    assert INFERENCE.keys() == PRESETS.keys()
    for name, architecture in PRESETS.items():
        fitting = INFERENCE[name].fitting(architecture)
        off = set(INFERENCE[name].running()) - set(fitting.running())
        # What is on in `PLAIN` is on wherever there is an input for it; what a preset asks for must have one, but for
        # the head that a switch adds.
        assert off <= set(PLAIN.running()) | {"parsing"}
    everything = preset_named("compact-parsing")
    assert INFERENCE["compact"].fitting(everything) == INFERENCE["compact"]


def test_an_ablation_has_its_bases_options_as_far_as_they_fit_it():
    assert inference_for(preset_named("compact-parsing")) == INFERENCE["compact"]
    plain = INFERENCE["compact"].without("parsing")
    assert inference_for(preset_named("compact")) == plain
    blind = inference_for(preset_named("compact-no-pose"))
    assert blind == plain.without("pose")
    assert not blind.body
    flat = inference_for(preset_named("compact-no-depth-maps-single-level"))
    assert flat == plain.without("integrate", "body_limbs")
    assert inference_for(preset_named("paper-joint")) == PLAIN.fitting(preset_named("paper-joint"))
    with pytest.raises(UsageError, match="no preset 'compacter'"):
        inference_for(preset_named("compacter"))
