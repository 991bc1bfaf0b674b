"""Architectures as JSON, there and back."""

import dataclasses
import json

import pytest

from lifecast.errors import UsageError
from lifecast.model.ablations import SWITCHES, ablation
from lifecast.model.config_json import architecture_from_dict, to_dict
from lifecast.model.presets import PRESETS

TINY = PRESETS["tiny"]


def ablations():
    """Every preset, and every single switch that applies to it."""
    for base in PRESETS.values():
        yield base
        for switch in SWITCHES:
            try:
                yield ablation(base, switch)
            except UsageError:
                continue


@pytest.mark.parametrize("architecture", list(ablations()), ids=lambda architecture: architecture.name)
def test_an_architecture_survives_json(architecture):
    assert architecture_from_dict(json.loads(json.dumps(to_dict(architecture)))) == architecture


def test_fields_that_are_missing_have_their_defaults():
    """So a file from before a field was added still loads."""
    values = to_dict(PRESETS["compact"])
    del values["maps"]["detail_features"], values["mask_box"]
    maps = dataclasses.replace(PRESETS["compact"].maps, detail_features=False)
    assert architecture_from_dict(values) == dataclasses.replace(PRESETS["compact"], maps=maps)


def test_reading_leaves_the_values_as_they_are():
    values = to_dict(TINY)
    architecture_from_dict(values)
    assert values == to_dict(TINY)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "Network"}, "no part of kind 'Network'"),
        ({"colour": 3, "age": 4}, "Architecture has no field age, colour"),
        ({"coarse": {"kind": "UNetConfig", "widths": [8], "blocks": [1], "depth": 2}}, "UNetConfig has no field depth"),
        ({"coarse": {"kind": "UNetConfig"}}, "UNetConfig cannot be made of"),
        ({"coarse": {}}, "no part of kind None"),
    ],
    ids=["unknown kind", "unknown fields", "unknown field of a part", "missing fields", "no kind"],
)
def test_json_of_something_else_is_refused(change, reason):
    with pytest.raises(UsageError, match=reason):
        architecture_from_dict(to_dict(TINY) | change)


def test_a_part_is_not_an_architecture():
    with pytest.raises(UsageError, match="a LevelConfig is a part of an architecture, not a whole one"):
        architecture_from_dict(to_dict(TINY.coarse))
