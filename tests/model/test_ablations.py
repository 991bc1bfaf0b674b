import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import SWITCHES, TABLE_ROWS, ablation, preset_named
from lifecast.model.config import COMPACT, PAPER, PRESETS, TINY, Architecture
from lifecast.model.heads.normals import Maps
from lifecast.model.model import Model

NORMALS = ((), ("no-normals",), ("front-normals",))
ROWS = [(*row, *normals) for row in (*TABLE_ROWS, ("absolute-depth",)) for normals in NORMALS]


LARGE_ROWS = [*TABLE_ROWS, ("absolute-depth",), *NORMALS[1:]]


@pytest.mark.parametrize(
    ("base", "row"),
    [(TINY, row) for row in ROWS] + [(base, row) for base in (PAPER, COMPACT) for row in LARGE_ROWS],
    ids=lambda value: value.name if isinstance(value, Architecture) else "-".join(value),
)
def test_every_row_can_be_built_and_asked(base, row):
    preset = ablation(base, *row)
    size = preset.normals.size if preset.normals else 0
    with torch.device("meta"), torch.no_grad():
        model = Model(preset)
        one, two, three = (torch.empty(1, channels, size, size) for channels in (1, 2, 3))
        normals = Maps(three, three, one, depth=two) if preset.normals else None
        encoded = model.encode(torch.empty(1, 3, preset.image_size, preset.image_size), normals=normals)
        assert model.occupancy(encoded, torch.empty(1, 4, 3)).shape == (1, 4)
    assert preset_named(preset.name) == preset


def test_input_channels_follow_the_normals():
    assert PAPER.input_channels == 9
    assert preset_named("paper-front-normals").input_channels == 6
    assert preset_named("paper-no-normals").input_channels == 3
    assert COMPACT.input_channels == 12
    assert preset_named("compact-no-mask").input_channels == 11
    assert preset_named("compact-no-mask-no-depth-maps").input_channels == 9
    assert preset_named("paper-mask").input_channels == 10


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
    vector = features[0, model.coarse.level.features :]  # (G, h, w)
    assert torch.equal(vector, vector[:, :1, :1].expand_as(vector))
    assert vector.abs().max() > 0


def test_normals_for_the_fine_level_at_its_own_resolution():
    preset = preset_named("tiny-fine-normals")
    torch.manual_seed(0)
    model = Model(preset).eval()
    image = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        encoded = model.encode(image)
        assert encoded.normals.front.shape[-1] == 256
        direct = model.predict_normals(image)
        assert torch.equal(encoded.normals.front, direct.front)
        expected = model.fine.encode(image, direct.front, direct.back, direct.mask)[-1]
        assert torch.equal(encoded.fine_features, expected)
        usual = Model(TINY)
        usual.load_state_dict(model.state_dict())
        # The coarse level keeps the maps of the usual size.
        assert torch.equal(usual.eval().encode(image).coarse_features, encoded.coarse_features)


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
        ("paper-single-level-joint", "no fine level"),
        ("paper-no-normals-front-normals", "no normal network"),
        ("compact-mask", "changes nothing"),
    ],
)
def test_presets_that_do_not_exist_are_refused(name, reason):
    with pytest.raises(UsageError, match=reason):
        preset_named(name)


def test_every_switch_is_explained():
    assert all(switch.__doc__ for switch in SWITCHES.values())
    assert not set(SWITCHES) & set(PRESETS)
