"""The tabulated networks against the plain ones, on random weights."""

import dataclasses

import pytest
import torch

from lifecast.model import column_field
from lifecast.model.ablations import preset_named
from lifecast.model.column_field import ColumnField, Taps
from lifecast.model.config import Architecture
from lifecast.model.mlp import PixelAlignedMLP
from lifecast.model.model import Model, Prediction
from lifecast.model.pixel_aligned import sample_features
from lifecast.model.presets import PRESETS

TINY = PRESETS["tiny"]
PAPER = PRESETS["paper"]
DEEP = preset_named("tiny-depth-maps")
assert TINY.fine is not None
assert PAPER.fine is not None

VARIANTS = {
    "tiny": TINY,
    "official conventions": dataclasses.replace(TINY, align_corners=True, padding="zeros", depth_scale=1.28),
    "no box": dataclasses.replace(TINY, mask_box=False),
    "coarse only": dataclasses.replace(TINY, fine=None),
    "fine by depth": dataclasses.replace(TINY, fine=dataclasses.replace(TINY.fine, condition="depth")),
    "fine by depth and embedding": dataclasses.replace(
        DEEP, fine=dataclasses.replace(DEEP.fine, depth_features=True) if DEEP.fine else None
    ),
    "no skips": dataclasses.replace(TINY, coarse=dataclasses.replace(TINY.coarse, skips=())),
}


def random_model(architecture: Architecture, seed: int = 0) -> tuple[Model, Prediction]:
    """A model whose logits are spread over several units, and small random features for it."""
    torch.manual_seed(seed)
    model = Model(architecture)
    for net in (model.coarse, model.fine):
        if net is not None:
            for layer in net.mlp.layers:
                torch.nn.init.normal_(layer.weight, std=1.4 / layer.in_features**0.5)
                torch.nn.init.normal_(layer.bias, std=0.3)
    coarse = torch.randn(2, architecture.coarse.map_channels, 24, 24)
    fine = torch.randn(2, architecture.fine.map_channels, 40, 40) if architecture.fine else None
    return model, Prediction(None, (coarse,), fine)


def points_in_and_around(count: int) -> torch.Tensor:
    """Random points, some outside of the box, some on its faces, some on one line of sight."""
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(5)) * 2.3 - 1.15
    points[:20] = points[:20].round()
    points[20:80, :2] = points[20, :2]
    return points


@pytest.mark.parametrize("bounded", [False, True], ids=["free", "bounded"])
@pytest.mark.parametrize("name", VARIANTS)
def test_equals_the_plain_network(name: str, bounded: bool) -> None:
    model, prediction = random_model(VARIANTS[name])
    points = points_in_and_around(3000)
    bound = -2 * torch.rand(2, 1, 12, 12) if bounded else None
    with torch.no_grad():
        plain = model.occupancy(prediction, points[None].expand(2, -1, -1), bound)
    for index in (0, 1):
        fast = ColumnField(model, prediction, bound, index).occupancy(points)
        torch.testing.assert_close(fast, plain[index], atol=2e-5, rtol=0)
    assert plain.std() > 0.05  # the comparison would see a difference


def test_equals_the_papers_mlps_at_full_width() -> None:
    coarse, fine = PAPER.coarse, PAPER.fine
    assert fine is not None
    with torch.device("meta"):
        model = Model(dataclasses.replace(PAPER, maps=None, normal_inputs="none"))
    assert model.fine is not None
    model.coarse.mlp = PixelAlignedMLP(257, coarse.mlp, coarse.skips, coarse.embedding_layer)
    model.fine.mlp = PixelAlignedMLP(272, fine.mlp, fine.skips, fine.embedding_layer)
    with torch.no_grad():
        for layer in (*model.coarse.mlp.layers, *model.fine.mlp.layers):
            torch.nn.init.normal_(layer.weight, std=1.4 / layer.in_features**0.5)
    features = torch.randn(1, 256, 16, 16), torch.randn(1, 16, 32, 32)
    prediction = Prediction(None, (features[0],), features[1])
    points = points_in_and_around(500)
    with torch.no_grad():
        plain = model.occupancy(prediction, points[None])[0]
    torch.testing.assert_close(ColumnField(model, prediction).occupancy(points), plain, atol=1e-4, rtol=0)


def test_a_bound_lowers_the_logits_of_a_field() -> None:
    """Of the points in the box: what lies outside stays outside."""
    model, prediction = random_model(TINY)
    points = points_in_and_around(500)
    bound = torch.full((2, 1, 12, 12), -3.0)
    lowered = ColumnField(model, prediction, bound).logits(points) - ColumnField(model, prediction).logits(points)
    inside = (points[:, :2].abs() <= 1).all(dim=1)
    torch.testing.assert_close(lowered, torch.where(inside, -3.0, 0.0), atol=1e-4, rtol=0)
    assert 0 < inside.sum() < len(points)


def test_without_fine_features_the_coarse_net_is_queried() -> None:
    model, prediction = random_model(TINY)
    coarse = prediction._replace(fine_features=None)
    points = points_in_and_around(500)
    with torch.no_grad():
        plain = model.occupancy(coarse, points[None].expand(2, -1, -1))[0]
    torch.testing.assert_close(ColumnField(model, coarse).occupancy(points), plain, atol=2e-5, rtol=0)


def test_without_a_table_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, prediction = random_model(TINY)
    points = points_in_and_around(500)
    with_table = ColumnField(model, prediction)
    monkeypatch.setattr(column_field, "TABLE_BYTES", 0)
    without = ColumnField(model, prediction)
    assert type(without.stages[0][0]) is not type(with_table.stages[0][0])
    torch.testing.assert_close(without.logits(points), with_table.logits(points), atol=1e-4, rtol=0)


def test_chunks_do_not_change_the_answer() -> None:
    model, prediction = random_model(TINY)
    points = points_in_and_around(2000)
    field = ColumnField(model, prediction)
    whole = field.logits(points)
    field.chunk = 37
    torch.testing.assert_close(field.logits(points), whole, atol=1e-5, rtol=0)
    assert field.logits(points[:0]).shape == (0,)


def test_half_precision_features_are_taken() -> None:
    model, prediction = random_model(TINY)
    assert prediction.fine_features is not None
    half = prediction._replace(
        coarse_stacks=(prediction.coarse_features.half(),), fine_features=prediction.fine_features.bfloat16()
    )
    points = points_in_and_around(300)
    logits = ColumnField(model, half).logits(points)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, ColumnField(model, prediction).logits(points), atol=0.2, rtol=0.05)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_taps_sample_as_grid_sample_does(align_corners: bool, padding: str) -> None:
    features = torch.randn(1, 3, 7, 9)
    points = points_in_and_around(400)
    taps, weights = Taps((7, 9), align_corners=align_corners, padding=padding)(points)  # type: ignore[arg-type]
    table = torch.cat((features[0].reshape(3, 63).T, torch.zeros(1, 3)))
    blended = (table[taps] * weights[..., None]).sum(dim=1)
    plain = sample_features(features, points[None], align_corners=align_corners, padding=padding)  # type: ignore[arg-type]
    torch.testing.assert_close(blended, plain[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("table", [True, False], ids=["table", "sampled"])
@pytest.mark.parametrize("name", ["tiny", "official conventions"])
def test_smooth_features_are_the_plain_ones_at_texels(name: str, table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the spline has each texel's own value; between them it differs from the bilinear blend."""
    if not table:
        monkeypatch.setattr(column_field, "TABLE_BYTES", 0)
    model, prediction = random_model(VARIANTS[name])
    # One texel of the fine features is a whole number of the coarse ones' apart only if both have one size.
    assert prediction.fine_features is not None
    fine = prediction.coarse_features.new_zeros(2, prediction.fine_features.shape[1], 24, 24).normal_()
    prediction = prediction._replace(fine_features=fine)
    centres = torch.linspace(-1, 1, 24) if model.architecture.align_corners else (torch.arange(24) * 2 + 1) / 24 - 1
    x, y = torch.meshgrid(centres, centres, indexing="ij")
    points = torch.stack((x, y, 0.3 * x * y), -1).reshape(-1, 3)
    plain, smooth = ColumnField(model, prediction), ColumnField(model, prediction, smooth=True)
    torch.testing.assert_close(smooth.logits(points), plain.logits(points), atol=2e-3, rtol=0)
    between = points[:-24] * 0.97
    assert (smooth.logits(between) - plain.logits(between)).abs().mean() > 0.02


def test_smooth_taps_end_with_the_map() -> None:
    """Beyond the outermost texels' centres zeros' padding falls to 0 within a texel, a border's stays."""
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.1, 0.0], [1.3, 0.0]])  # texels are 0.25 apart
    sums = {}
    for padding in ("zeros", "border"):
        taps = Taps((9, 9), align_corners=True, padding=padding, smooth=True)  # type: ignore[arg-type]
        sums[padding] = taps(points)[1].sum(1).tolist()
    assert sums["zeros"] == pytest.approx([1, 1, 0.6, 0], abs=1e-5)
    assert sums["border"] == pytest.approx([1, 1, 1, 1], abs=1e-5)
