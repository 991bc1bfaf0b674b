"""Stages: what they train, on which inputs, with which losses."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn
from torch.utils.data import default_collate

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.model import Model, Prediction
from lifecast.model.presets import PRESETS
from lifecast.space.maps import Maps
from lifecast.training import losses
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage
from lifecast.training.stage_parts import stage_size
from lifecast.training.trim import trim

ALL = LossWeights(l1=2.0, l1_over="mask", cosine=1.0, mask=1.0, depth=5.0, perceptual=0.0)


@pytest.fixture
def batch(analytic_people):
    people = analytic_people(views=3, size=64, points=150)
    return default_collate([people[i] for i in range(3)])


def tiny_stage(stage, predicted=False, weights=ALL, name="tiny"):
    torch.manual_seed(0)
    model = Model(preset_named(name))
    with torch.no_grad():  # residual blocks start as the identity, where some gradients are zero
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return Stage(model, stage, weights, predicted_normals=predicted)


@pytest.mark.parametrize(
    ("stage", "predicted", "trained"),
    [
        ("normals", False, {"normals"}),
        ("coarse", False, {"coarse"}),
        ("coarse", True, {"coarse"}),
        ("fine", False, {"fine"}),
        ("fine", True, {"fine"}),
        ("joint", False, {"coarse", "fine"}),
        ("joint", True, {"normals", "coarse", "fine"}),
    ],
)
def test_gradients_reach_exactly_the_parts_that_a_stage_trains(batch, stage, predicted, trained):
    module = tiny_stage(stage, predicted)
    module(batch)["total"].backward()
    for level, part in module.model.named_children():
        with_gradient = [name for name, p in part.named_parameters() if p.grad is not None and bool(p.grad.any())]
        if level not in trained:
            assert not with_gradient, level
            assert not any(p.requires_grad for p in part.parameters())
        else:
            missing = {name for name, _ in part.named_parameters()} - set(with_gradient)
            assert not missing, level
    assert set(module.parts) == trained


@pytest.mark.parametrize(
    ("stage", "trained"),
    [
        ("normals", {"normals"}),
        ("depth", {"depth"}),
        ("detail", {"detail"}),
        ("joint", {"normals", "depth", "detail", "coarse", "fine"}),
    ],
)
def test_the_heads_are_trained_one_after_the_other(batch, stage, trained):
    weights = dataclasses.replace(ALL, depth_bins=0.3)
    module = tiny_stage(stage, predicted=stage == "joint", weights=weights, name="tiny-depth-maps-detail")
    parts = module(batch)
    assert ("depth_bins" in parts) == (stage in ("depth", "joint"))
    assert ("l1" in parts) == (stage != "depth")
    parts["total"].backward()
    parameters = dict(module.model.named_parameters())
    moved = {name.split(".")[0] for name, p in parameters.items() if p.grad is not None and bool(p.grad.any())}
    assert moved == trained
    assert {name.split(".")[0] for name, p in parameters.items() if p.requires_grad} == moved


def test_depth_on_predicted_maps_trains_its_adapter_and_the_normals_along(batch):
    weights = dataclasses.replace(ALL, depth_bins=0.3)
    module = tiny_stage("depth", predicted=True, weights=weights, name="tiny-depth-maps-detail-depth-features")
    module(batch)["total"].backward()
    assert bool(module.model.depth.adapter.weight.grad.any())
    assert bool(module.model.normals.unet.head.weight.grad.any())
    assert module.model.detail.unet.head.weight.grad is None


def test_the_depth_head_gets_true_or_predicted_maps_by_the_switch(batch):
    truth, predicted = (tiny_stage("depth", p, name="tiny-depth-maps") for p in (False, True))
    with torch.no_grad():
        maps = predicted.maps(batch, masked=True)
        given = {**batch, "front": maps.front, "back": maps.back, "mask": maps.mask}
        torch.testing.assert_close(truth.maps(given, masked=True).depth, maps.depth)
        assert not torch.allclose(truth.maps(batch, masked=True).depth, maps.depth)
    assert set(truth.measure(batch)) == {"depth_cm"}
    assert set(predicted.measure(batch)) == {"depth_cm", "front_deg", "back_deg", "mask_iou"}


def test_nets_with_depth_maps_train_on_true_and_on_predicted_ones(batch):
    for predicted in (False, True):
        module = tiny_stage("fine", predicted, name="tiny-depth-maps-detail")
        with torch.no_grad():
            prediction = module.predict(batch, batch["points"])
        assert prediction.fine_logit.shape == batch["occupancy"].shape
        assert prediction.maps.coarse.depth.shape[1] == 2
        assert (prediction.maps.coarse is prediction.maps.fine) == (not predicted)


@pytest.mark.parametrize("fed", ["true", "corrected"])
@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_nets_may_train_on_better_depths_than_predicted_ones(batch, stage, fed):
    module = tiny_stage(stage, predicted=True, name="tiny-depth-maps-detail")

    def coarse_logit():
        return module.predict(batch, batch["points"]).coarse_logits[-1]

    usual = coarse_logit()
    with torch.no_grad():
        predicted = coarse_logit()
    module.fed_depth = fed
    trained = coarse_logit()
    with torch.no_grad():
        validated = coarse_logit()
    assert not torch.allclose(trained, usual)
    torch.testing.assert_close(validated, predicted)
    batch["depth"] = batch["depth"] + 0.3 * batch["depth_mask"]
    assert not torch.allclose(coarse_logit(), trained)
    with torch.no_grad():
        torch.testing.assert_close(coarse_logit(), predicted)


def test_joint_training_reaches_the_map_heads_through_the_occupancy_too(batch):
    only_occupancy = LossWeights(l1=0.0, l1_over="mask", perceptual=0.0)
    module = tiny_stage("joint", predicted=True, weights=only_occupancy)
    module(batch)["total"].backward()
    assert any(bool(p.grad.any()) for p in module.model.normals.parameters() if p.grad is not None)


def test_total_is_the_weighted_sum_of_its_parts(batch):
    parts = tiny_stage("joint", predicted=True)(batch)
    weight = {"coarse": 1.0, "fine": 1.0, "depth": 5.0, "l1": 2.0, "cosine": 1.0, "mask": 1.0}
    assert set(parts) == {*weight, "total"}
    expected = sum(weight[name] * float(part.detach()) for name, part in parts.items() if name != "total")
    assert float(parts["total"].detach()) == pytest.approx(expected, rel=1e-5)


def test_a_net_gets_the_true_normals_or_the_predicted_ones_by_the_switch(batch):
    truth, predicted = tiny_stage("coarse"), tiny_stage("coarse", predicted=True)
    with torch.no_grad():
        maps = predicted.model(batch["image"], until="normals").maps.fine
    true_loss, predicted_loss = (float(module(batch)["coarse"].detach()) for module in (truth, predicted))
    batch |= {"front": maps.front, "back": maps.back, "mask": maps.mask}
    assert float(truth(batch)["coarse"].detach()) == pytest.approx(predicted_loss, rel=1e-4)
    assert true_loss != pytest.approx(predicted_loss, rel=1e-4)


def test_training_and_use_query_the_same_nets(analytic_people):
    """The logits that losses are on are those that `Model.occupancy` gives for features of the same pass."""
    people = analytic_people(views=2, size=PRESETS["tiny"].image_size, points=50)
    batch = default_collate([people[i] for i in range(2)])
    module = tiny_stage("fine").eval()
    with torch.no_grad():
        trained = module.predict(batch, batch["points"])
        used = module.model(batch["image"], given=Maps(batch["front"], batch["back"], batch["mask"]))
        fine = module.model.occupancy(used, batch["points"])
        coarse = module.model.occupancy(used._replace(fine_features=None), batch["points"])
    torch.testing.assert_close(torch.sigmoid(trained.fine_logit), fine, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(torch.sigmoid(trained.coarse_logits[-1]), coarse, rtol=1e-4, atol=1e-5)


def test_every_stack_of_the_coarse_net_has_its_loss(batch):
    module = tiny_stage("coarse")
    logits = tuple(torch.randn_like(batch["occupancy"]) for _ in range(3))
    module.predict = lambda *_: Prediction(None, coarse_logits=logits)
    expected = torch.stack([losses.extended_bce(logit, batch["occupancy"]) for logit in logits]).mean()
    torch.testing.assert_close(module(batch)["coarse"], expected)


def test_windows_of_the_fine_level_answer_like_the_whole_image(analytic_people):
    """With an encoder that sees no neighbours, a window's answers inside it are exactly the whole image's."""
    preset = PRESETS["tiny"]
    people = analytic_people(views=2, size=preset.image_size, points=3000)
    batch = default_collate([people[i] for i in range(2)])
    module = tiny_stage("fine").eval()
    module.model.fine.encoder = nn.Sequential(
        nn.AvgPool2d(2), nn.Conv2d(preset.input_channels, preset.fine.features, 1)
    )
    windows = torch.tensor([[64, 32, 128, 128], [0, 128, 128, 128]])
    with torch.no_grad():
        whole = module.predict(batch, batch["points"]).fine_logit
        cut = module.predict(batch, batch["points"], windows).fine_logit
    pixels = torch.stack([1 + batch["points"][..., 0], 1 - batch["points"][..., 1]], -1) * preset.image_size / 2
    from_corner = pixels - windows[:, None, :2]
    inside = ((from_corner > 2) & (from_corner < 126)).all(-1)  # all four texels of a sample in the window
    assert int(inside.sum()) > 300
    torch.testing.assert_close(cut[inside], whole[inside], rtol=1e-4, atol=1e-5)
    assert (cut - whole)[~inside].abs().max() > 1e-3


@pytest.mark.parametrize("stage", ["coarse", "fine"])
def test_a_trimmed_batch_answers_like_the_whole_one(analytic_people, stage):
    """With encoders that see no neighbours, what is inside the part that is kept gets exactly the same logits."""
    preset = PRESETS["tiny"]
    people = analytic_people(views=2, size=preset.image_size, points=2000)
    batch = default_collate([people[i] for i in range(2)])
    module = tiny_stage(stage).eval()
    for level, stride in ((module.model.coarse, 2), (module.model.fine, 2)):
        level.encoder = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(preset.input_channels, level.config.features, 1))
    cut = trim(batch, 32)
    assert cut["image"].shape[-1] < preset.image_size
    with torch.no_grad():
        whole, part = (module.predict(one, batch["points"]) for one in (batch, cut))
    x0, y0, width, height = cut["extent"][0].tolist()
    places = torch.stack([(1 + batch["points"][..., 0]) / 2, (1 - batch["points"][..., 1]) / 2], -1)
    margin = 0.02
    inside = (
        (places[..., 0] > x0 + margin) & (places[..., 0] < x0 + width - margin)
        & (places[..., 1] > y0 + margin) & (places[..., 1] < y0 + height - margin)
    )  # fmt: skip
    assert int(inside.sum()) > 500
    torch.testing.assert_close(part.coarse_logits[-1][inside], whole.coarse_logits[-1][inside], rtol=1e-4, atol=1e-4)
    if stage == "fine":
        torch.testing.assert_close(part.fine_logit[inside], whole.fine_logit[inside], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["tiny", "tiny-depth-maps-detail", "compact", "paper"])
def test_trimmed_sides_suit_every_network_of_a_stage(name):
    with torch.device("meta"):
        model = Model(preset_named(name))
    for stage in ("normals", "depth", "detail", "coarse", "fine", "joint"):
        try:
            module = Stage(model, stage, ALL, predicted_normals=stage not in ("normals", "detail"))
        except UsageError:
            continue
        side = module.multiple
        assert side <= module.size
        count = 2 if module.size >= 2 * side else 1
        where = torch.device("meta")
        batch = {
            "image": torch.empty(1, 3, side, count * side, device=where),
            "points": torch.empty(1, 5, 3, device=where),
            "extent": torch.tensor([[0.0, 0.0, 1.0, 1.0]]),
        }
        if stage in ("coarse", "fine", "joint"):
            assert module.predict(batch, batch["points"]).coarse_logits[-1].shape == (1, 5)
        elif stage == "depth":
            assert module.maps(batch, masked=True).depth.shape[0] == 1
        else:
            assert module.maps(batch, masked=True).front.shape[0] == 1


def test_figures_of_a_perfect_prediction(batch):
    module = tiny_stage("normals")
    truth = Maps(batch["front"], batch["back"], batch["mask"], batch["mask"] * 20 - 10)
    module.maps = lambda batch, masked: truth
    figures = {name: float(amount / count) for name, (amount, count) in module.measure(batch).items()}
    assert figures["front_deg"] == pytest.approx(0, abs=1e-3)
    assert figures["back_deg"] == pytest.approx(0, abs=1e-3)
    assert figures["mask_iou"] == 1
    assert module.score(figures) == pytest.approx(0, abs=1e-3)


def test_the_back_counts_by_its_weight(batch):
    def l1_and_cosine(back):
        module = tiny_stage("normals", weights=dataclasses.replace(ALL, back=back))
        parts = module(batch)
        return torch.stack([parts["l1"], parts["cosine"]]).detach()

    both, front = l1_and_cosine(1.0), l1_and_cosine(0.0)
    assert (both > front).all()
    torch.testing.assert_close(l1_and_cosine(0.25), front + (both - front) / 4)


def test_figures_of_known_errors(batch):
    module = tiny_stage("normals")
    turned = torch.stack([-batch["front"][:, 1], batch["front"][:, 0], batch["front"][:, 2]], 1)  # 90 degrees about z
    module.maps = lambda batch, masked: Maps(turned, -batch["back"], 1 - batch["mask"])
    figures = {name: float(amount / count) for name, (amount, count) in module.measure(batch).items()}
    inside = batch["mask"][:, 0] > 0.5
    z = batch["front"][:, 2][inside].clamp(-1, 1)
    expected = torch.rad2deg(torch.arccos((z**2).clamp(-1, 1))).mean()  # cosine: z^2 + 0
    assert figures["front_deg"] == pytest.approx(float(expected), rel=1e-3)
    assert figures["back_deg"] == pytest.approx(180, abs=0.1)
    assert figures["mask_iou"] == 0


def test_occupancy_and_depth_figures(batch):
    module = tiny_stage("coarse")
    logit = batch["occupancy"] * 2 - 1
    logit[:, :10] = -1  # some inside points missed
    module.predict = lambda b, *_: Prediction(None, coarse_logits=(logit,), surface_depth=b["depth"] + 0.05)
    figures = {name: float(amount / count) for name, (amount, count) in module.measure(batch).items()}
    missed = float(batch["occupancy"][:, :10].sum())
    total = float(batch["occupancy"].sum())
    assert figures["coarse_iou"] == pytest.approx((total - missed) / total)
    assert figures["depth_cm"] == pytest.approx(6.4, rel=1e-3)


def test_sizes_of_the_stages():
    paper, compact = PRESETS["paper"], PRESETS["compact"]
    assert [stage_size(paper, stage, False) for stage in ("normals", "coarse", "fine", "joint")] == [
        512, 512, 1024, 1024,
    ]  # fmt: skip
    assert stage_size(compact, "coarse", False) == compact.coarse.image_size
    assert stage_size(compact, "coarse", True) == compact.maps.global_size
    assert stage_size(compact, "normals", False) == compact.maps.global_size
    assert stage_size(compact, "detail", False) == compact.maps.size
    with pytest.raises(UsageError, match="no detail head"):
        stage_size(paper, "detail", False)


def test_stages_that_a_preset_lacks_are_refused():
    with pytest.raises(UsageError, match="no fine net"):
        tiny_stage("fine", name="tiny-single-level")
    with pytest.raises(UsageError, match="no normals"):
        tiny_stage("normals", name="tiny-no-normals")
    with pytest.raises(UsageError, match="--predicted-normals"):
        tiny_stage("coarse", predicted=True, name="tiny-no-normals")
