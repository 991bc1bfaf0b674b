import dataclasses

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import SWITCHES, TABLE_ROWS, ablation, preset_named
from lifecast.model.config import Architecture
from lifecast.model.inference_options import STEPS
from lifecast.model.model import Model
from lifecast.model.presets import COMPACT, PAPER, PRESETS, TINY
from lifecast.space.maps import Maps

NORMALS = ((), ("no-normals",), ("front-normals",))
ROWS = [(*row, *normals) for row in (*TABLE_ROWS, ("absolute-depth",)) for normals in NORMALS]


LARGE_ROWS = [*TABLE_ROWS, ("absolute-depth",), *NORMALS[1:]]


@pytest.mark.parametrize(
    ("base", "row"),
    [(TINY, row) for row in ROWS] + [(base, row) for base in (PAPER, COMPACT) for row in LARGE_ROWS],
    ids=lambda value: value.name if isinstance(value, Architecture) else "-".join(value),
)
def test_every_row_can_be_built_and_queried(base, row):
    preset = ablation(base, *row)
    size = preset.maps.size if preset.maps else 0
    with torch.device("meta"), torch.no_grad():
        model = Model(preset)
        one, two, three = (torch.empty(1, channels, size, size) for channels in (1, 2, 3))
        maps = Maps(three, three, one, depth=two) if preset.maps else None
        prediction = model(torch.empty(1, 3, preset.image_size, preset.image_size), given=maps)
        assert model.occupancy(prediction, torch.empty(1, 4, 3)).shape == (1, 4)
    assert preset_named(preset.name) == preset


def test_single_levels_stand_on_depth():
    alone = preset_named("paper-fine-only")
    assert alone.fine is None
    assert alone.coarse.image_size == 1024
    assert alone.coarse.feature_size == 512
    with torch.device("meta"):
        assert Model(alone).coarse.mlp.inputs == 16 + 1
        assert Model(preset_named("paper-fine-global")).coarse.mlp.inputs == 16 + 256 + 1
        assert Model(preset_named("paper-absolute-depth")).fine.mlp.inputs == 16 + 1
        assert Model(preset_named("paper-single-level")).fine is None


def test_the_global_feature_is_a_resnet_34():
    with torch.device("meta"):
        vector = Model(preset_named("paper-fine-global")).coarse.global_feature
    convolutions = [m for m in vector.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size != (1, 1)]
    assert len(convolutions) + 1 == 34  # and the linear layer


def test_a_global_feature_reaches_every_point():
    torch.manual_seed(0)
    model = Model(preset_named("tiny-fine-global-no-normals")).eval()
    image = torch.rand(1, 3, 256, 256)
    features = model.coarse.encode(image)[0]
    vector = features[0, model.coarse.config.features :]  # (G, h, w)
    assert torch.equal(vector, vector[:, :1, :1].expand_as(vector))
    assert vector.abs().max() > 0


def test_normals_for_the_fine_level_at_its_own_resolution():
    torch.manual_seed(0)
    model = Model(preset_named("tiny-fine-normals")).eval()
    usual = Model(TINY).eval()
    usual.load_state_dict(model.state_dict())
    image = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        prediction, other = model(image), usual(image)
        direct = model.normals.read(model.normals(image).raw)
        assert torch.equal(prediction.maps.fine.front, direct.front)
        expected = model.fine.encode(image, direct.front, direct.back, direct.mask)[-1]
        assert torch.equal(prediction.fine_features, expected)
        # The coarse net keeps the maps of the usual size.
        assert torch.equal(other.coarse_features, prediction.coarse_features)
        assert other.maps.fine.front.shape[-1] == 128


def test_joint_training_is_said_by_the_preset_and_changes_no_weight():
    joint = preset_named("tiny-joint")
    assert joint.training == "joint"
    with torch.device("meta"):
        shapes = [{n: p.shape for n, p in Model(preset).named_parameters()} for preset in (joint, TINY)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("paperr", "no preset"),
        ("paper-magic", "SWITCH"),
        ("paper-single-level-joint", "no fine net"),
        ("paper-no-normals-front-normals", "no normal network"),
        ("compact-mask", "changes nothing"),
        ("compact-no-relief", "no preset 'compact-no-relief'"),
        ("paper-detail", "no U-Net that a detail head could stand on"),
        ("tiny-no-detail", "no detail head to leave out"),
    ],
)
def test_presets_that_do_not_exist_are_refused(name, reason):
    with pytest.raises(UsageError, match=reason):
        preset_named(name)


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("no-pose", ("pose", "lifter")),
        ("no-lifter", ("lifter",)),
        ("no-mask", ("mask",)),
        ("no-depth-features", ("depth-features",)),
    ],
)
def test_what_a_switch_takes_away_from_compact_its_opposite_gives_back(there, back):
    restored = ablation(COMPACT, there, *back)
    assert restored == dataclasses.replace(COMPACT, name=f"compact-{'-'.join((there, *back))}")
    assert preset_named(restored.name) == restored


def test_a_switch_changes_what_has_weights_and_no_inference_option():
    assert not {name.replace("_", "-") for name in STEPS} & set(SWITCHES) - {"pose", "parsing"}
    for switch in ("no-pose", "no-lifter", "no-depth-maps", "no-detail", "no-depth-features", "no-normals"):
        with torch.device("meta"):
            parts = [{n: p.shape for n, p in Model(a).named_parameters()} for a in (COMPACT, ablation(COMPACT, switch))]
        assert parts[0] != parts[1], switch


def test_every_switch_is_explained():
    assert all(switch.__doc__ for switch in SWITCHES.values())
    assert not set(SWITCHES) & set(PRESETS)
