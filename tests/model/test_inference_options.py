"""Inference options: names of steps, what stands on what, what fits an architecture, values that cannot be."""

import dataclasses
import json
import math

import pytest

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.inference_options import DEPENDENT, PLAIN, STEPS, InferenceOptions, inference_from_dict
from lifecast.model.presets import INFERENCE, PRESETS

ALL = InferenceOptions(
    mirror=True, sharpen=0.5, close_ups=True, parsing=True, integrate=256, back_folds=1.0, body=True, silhouette=True,
    relief=True,
)  # fmt: skip
"""With every step on."""


def test_every_step_is_named_once_in_the_order_in_which_they_run():
    assert list(STEPS) == [field.name for field in dataclasses.fields(InferenceOptions)]
    assert ALL.running() == list(STEPS)
    assert PLAIN.running() == ["refine_mask", "lost_parts", "clean_background", "pose", "lift", "smooth"]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_switched_off_with_those_that_stand_on_it_and_no_other(step):
    changed = ALL.without(step)
    assert getattr(changed, step) == STEPS[step]
    off = {step, *DEPENDENT.get(step, ())}
    assert changed.running() == [name for name in STEPS if name not in off]
    for name in set(STEPS) - off:
        assert getattr(changed, name) == getattr(ALL, name)
    assert changed.without(step) == changed


def test_what_stands_on_a_step_stands_on_what_that_one_stands_on():
    for step, standing in DEPENDENT.items():
        for name in standing:
            assert set(DEPENDENT.get(name, ())) <= set(standing), step
    assert {"lift", "body_limbs"}.isdisjoint(ALL.without("pose").running())


def test_several_steps_are_switched_off_at_once_in_any_order():
    assert ALL.without() == ALL
    assert ALL.without("relief", "mirror") == ALL.without("mirror", "relief") == ALL.without("mirror").without("relief")
    assert ALL.without(*STEPS).running() == []


def test_names_may_be_written_as_on_a_command_line():
    assert ALL.without(" body-limbs", "clean-background ") == ALL.without("body_limbs", "clean_background")


@pytest.mark.parametrize("name", ["shoes", "", "Relief", "relief,mirror", "tilt", "hidden_limbs"])
def test_an_unknown_step_is_refused_with_the_known_ones(name):
    with pytest.raises(UsageError) as refusal:
        ALL.without("relief", name)
    assert repr(name) in str(refusal.value)
    assert all(step in str(refusal.value) for step in STEPS)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sharpen": -0.1}, r"sharpened by -0\.1"),
        ({"sharpen": 2.01}, r"sharpened by 2\.01"),
        ({"sharpen": math.nan}, "sharpened by nan"),
        ({"integrate": 7}, "integrated at 7 pixels"),
    ],
)
def test_values_that_cannot_be_are_refused(values, reason):
    with pytest.raises(UsageError, match=reason):
        InferenceOptions(**values)
    with pytest.raises(UsageError, match=reason):
        inference_from_dict(values)


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("mirror", "no"), ("mirror", 1), ("relief", None), ("sharpen", "0.5"), ("sharpen", None), ("sharpen", True),
        ("integrate", "256"), ("integrate", 256.5), ("integrate", True), ("relief", [0.5]),
    ],
)  # fmt: skip
def test_values_of_another_kind_are_refused_by_name(step, value):
    """As a file may hold them: "no" would switch a step on."""
    with pytest.raises(UsageError, match=f"step {step} cannot be "):
        inference_from_dict({step: value})


@pytest.mark.parametrize("options", [PLAIN, ALL, ALL.without("integrate", "pose")], ids=["plain", "all", "some"])
def test_options_survive_json(options):
    assert inference_from_dict(json.loads(json.dumps(options.to_dict()))) == options


def test_steps_that_a_file_does_not_name_have_their_defaults():
    assert inference_from_dict({}) == PLAIN
    assert inference_from_dict({"mirror": True}) == dataclasses.replace(PLAIN, mirror=True)


@pytest.mark.parametrize("tilt", [0.5, 0, 7.0, None])
def test_a_step_that_was_deleted_is_ignored_in_a_file(tilt):
    assert inference_from_dict(ALL.to_dict() | {"tilt": tilt}) == ALL
    assert "tilt" not in ALL.to_dict()


def test_a_file_that_has_hidden_limbs_gets_the_bodys():
    """Files from before the body was fitted name no `body`; later ones had it off unless it was asked for."""
    assert inference_from_dict({"hidden_limbs": True}) == dataclasses.replace(PLAIN, body=True)
    assert inference_from_dict({"hidden_limbs": True, "body": False}).body
    assert not inference_from_dict({"hidden_limbs": False}).body
    assert inference_from_dict({"hidden_limbs": False, "body": True}).body
    assert "hidden_limbs" not in ALL.to_dict()


def test_what_stands_on_a_body_does_not_run_without_one():
    assert ON_BODY.isdisjoint(PLAIN.running())
    assert set(dataclasses.replace(PLAIN, body=True).running()) >= ON_BODY


def test_a_body_is_used_while_a_step_that_stands_on_it_runs():
    assert ALL.uses_body
    assert ALL.without("fitted_hands", "fitted_face", "finer_parts").uses_body
    assert not ALL.without("fitted_hands", "fitted_face", "finer_parts", "body_limbs").uses_body
    assert not PLAIN.uses_body


def test_steps_that_nobody_knows_are_refused_by_name():
    with pytest.raises(UsageError, match="have no step colour, shoes; known: refine_mask"):
        inference_from_dict({"shoes": 1, "colour": True, "mirror": True})


ON_MAPS = {"mirror", "sharpen", "back_folds", "relief"}
ON_DEPTHS = {"integrate", "body_limbs"}
ON_BODY = {"body", "body_limbs", "fitted_hands", "finer_parts", "fitted_face"}
ON_LIFT = {"lift"} | ON_BODY
ON_POSE = {"pose", "close_ups", "back_folds"} | ON_LIFT


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("compact-parsing", set()),
        ("compact", set()),
        ("compact-no-lifter", ON_LIFT),
        ("compact-no-pose", ON_POSE),
        ("compact-no-mask", {"silhouette"}),
        ("compact-no-depth-maps", ON_DEPTHS),
        ("compact-no-normals", ON_MAPS | ON_DEPTHS | ON_POSE | {"silhouette", "lost_parts"}),
        ("paper", ON_DEPTHS | ON_POSE | {"silhouette", "lost_parts"}),
        ("paper-mask", ON_DEPTHS | ON_POSE),
    ],
)
def test_what_an_architecture_has_no_inputs_for_is_off(name, off):
    fitting = ALL.fitting(preset_named(name))
    without_parsing = set() if name.endswith("parsing") else {"parsing"}
    assert set(STEPS) - set(fitting.running()) == off | without_parsing
    assert fitting.fitting(preset_named(name)) == fitting


def test_fitting_switches_nothing_on():
    nothing = ALL.without(*STEPS)
    assert nothing.fitting(PRESETS["compact"]) == nothing


def test_options_are_not_changed_in_place():
    before = dataclasses.replace(INFERENCE["compact"])
    INFERENCE["compact"].without("relief")
    assert INFERENCE["compact"] == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        ALL.mirror = False
