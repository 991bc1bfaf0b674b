"""Maps as they are used: each step without weights, against its definition applied to what the model predicts."""

import dataclasses
from dataclasses import replace

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.inference import limb_maps, predict_maps
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.model.model import Model
from lifecast.space.integration import INTEGRATION, integrated_depths
from lifecast.space.limb_map import limb_map, mirrored_limbs
from lifecast.space.maps import SHARPENING, Maps, averaged, mirrored, sharpened
from lifecast.space.resizing import resize_image

EVERYTHING = "tiny-pose-depth-maps-detail"
MIRROR = InferenceOptions(mirror=True)


def random_model(name: str) -> Model:
    """A model whose front normals point about to the camera and whose back ones away, as people's do."""
    torch.manual_seed(7)
    model = Model(preset_named(name)).eval()
    with torch.no_grad():
        model.normals.unet.head.bias[[2, 5]] = torch.tensor([3.0, -3.0])
    if model.detail is not None:
        torch.nn.init.normal_(model.detail.unet.head.weight, std=0.1)
    return model


@pytest.fixture(scope="module")
def model():
    return random_model(EVERYTHING)


@pytest.fixture(scope="module")
def inputs():
    """Picture, mask and limb maps of one person, and the small picture, which is another one."""
    draw = torch.Generator().manual_seed(1)
    image = torch.rand(1, 3, 256, 256, generator=draw) * 2 - 1
    small = torch.rand(1, 3, 128, 128, generator=draw) * 2 - 1
    mask = torch.zeros(1, 1, 256, 256)
    mask[..., 40:220, 90:200] = 1
    return {"image": image, "small": small, "mask": mask, "pose": torch.rand(1, 6, 64, 64, generator=draw)}


def assert_same(one: Maps, other: Maps, **tolerance: float) -> None:
    """Every map that either has, but for logits, which are for losses alone."""
    for name in ("front", "back", "mask", "depth"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            torch.testing.assert_close(mine, theirs, msg=lambda text, name=name: f"{name}: {text}", **tolerance)


@torch.no_grad()
@pytest.mark.parametrize("name", ["tiny", EVERYTHING, "tiny-fine-normals"])
def test_without_any_step_the_maps_are_the_models(name, inputs):
    model = random_model(name)
    for given in ({}, {"small": inputs["small"]}, {key: inputs[key] for key in ("small", "mask", "pose")}):
        found = predict_maps(model, inputs["image"], PLAIN, **given)
        wanted = model(inputs["image"], until="maps", **given).maps
        assert_same(found.coarse, wanted.coarse, atol=0, rtol=0)
        assert_same(found.fine, wanted.fine, atol=0, rtol=0)


@torch.no_grad()
def test_mirroring_averages_the_maps_of_picture_and_mirrored_picture(model, inputs):
    found = predict_maps(model, **inputs, options=MIRROR)
    one = model(until="maps", **inputs).maps
    turned = {name: values.flip(-1) for name, values in inputs.items()}
    turned["pose"] = mirrored_limbs(inputs["pose"])
    other = model(until="maps", **turned).maps
    for mine, a, b in zip(found, one, other, strict=True):
        assert_same(mine, averaged(a, mirrored(b)))
    assert not torch.allclose(found.fine.front, one.fine.front, atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("name", ["tiny", EVERYTHING])
@pytest.mark.parametrize("given", [(), ("mask",), ("small", "mask", "pose")], ids=["alone", "mask", "all"])
def test_mirrored_prediction_does_not_know_left_from_right(name, given, inputs):
    model = random_model(name)
    chosen = {key: inputs[key] for key in given}
    plain = predict_maps(model, inputs["image"], MIRROR, **chosen)
    turned = {key: mirrored_limbs(v) if key == "pose" else v.flip(-1) for key, v in chosen.items()}
    others = predict_maps(model, inputs["image"].flip(-1), MIRROR, **turned)
    for maps, other in zip(plain, others, strict=True):
        assert_same(maps, mirrored(other), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(maps.front.norm(dim=1, keepdim=True), maps.mask, atol=1e-4, rtol=1e-3)


def model_with_detail_of_maps() -> Model:
    """One whose detail head needs nothing of the normal head but its maps."""
    preset = preset_named(EVERYTHING)
    assert preset.maps is not None
    maps = replace(preset.maps, detail_unit=True, detail_features=False)
    torch.manual_seed(7)
    model = Model(replace(preset, maps=maps)).eval()
    with torch.no_grad():
        model.normals.unet.head.bias[[2, 5]] = torch.tensor([3.0, -3.0])
    torch.nn.init.normal_(model.detail.unet.head.weight, std=0.1)
    return model


@torch.no_grad()
@pytest.mark.parametrize("given", [(), ("mask",), ("small", "mask", "pose")], ids=["alone", "mask", "all"])
def test_a_detail_head_of_maps_corrects_the_mean_of_both_pictures_once(given, inputs):
    model = model_with_detail_of_maps()
    chosen = {key: inputs[key] for key in given}
    calls = []
    handle = model.detail.register_forward_hook(lambda *_: calls.append(1))
    found = predict_maps(model, inputs["image"], MIRROR, **chosen)
    handle.remove()
    assert len(calls) == 1
    turned = {key: mirrored_limbs(v) if key == "pose" else v.flip(-1) for key, v in chosen.items()}
    one = model(inputs["image"], until="maps", **chosen).maps
    other = model(inputs["image"].flip(-1), until="maps", **turned).maps
    assert_same(found.coarse, averaged(one.coarse, mirrored(other.coarse)), atol=1e-5, rtol=1e-4)
    picture = resize_image(inputs["image"], 128)
    wanted = model(picture, given=found.coarse, until="detail", mask=chosen.get("mask")).maps
    assert_same(found.fine, wanted.fine, atol=0, rtol=0)
    assert torch.equal(found.fine.depth, found.coarse.depth)


@torch.no_grad()
def test_a_detail_head_given_its_own_input_gives_its_own_output(inputs):
    model = model_with_detail_of_maps()
    picture = inputs["small"]
    whole = model(picture, pose=inputs["pose"], until="detail").maps
    small = resize_image(picture, 64)
    coarse = model(small, pose=inputs["pose"], until="normals").maps.coarse
    again = model(picture, given=coarse, until="detail").maps
    assert_same(again.fine._replace(depth=None), whole.fine._replace(depth=None), atol=1e-4, rtol=1e-3)
    assert_same(again.coarse, coarse, atol=0, rtol=0)


@torch.no_grad()
def test_a_detail_head_on_raw_outputs_or_features_cannot_be_given_maps(model, inputs):
    maps = model(inputs["image"], until="maps").maps.coarse
    with pytest.raises(UsageError, match="maps alone"):
        model(inputs["image"], given=maps, until="detail")


@torch.no_grad()
def test_only_the_fine_nets_normals_are_sharpened(model, inputs):
    plain, sharp = (predict_maps(model, **inputs, options=InferenceOptions(sharpen=s)) for s in (0.0, 0.5))
    assert_same(sharp.coarse, plain.coarse, atol=0, rtol=0)
    front, back = sharpened(plain.fine.front, 0.5), sharpened(plain.fine.back, 0.5)
    assert_same(sharp.fine, plain.fine._replace(front=front, back=back), atol=0, rtol=0)
    assert not torch.allclose(front, plain.fine.front, atol=1e-3)


@torch.no_grad()
def test_both_nets_get_depths_that_follow_the_fine_normals(model, inputs):
    plain = predict_maps(model, **inputs, options=InferenceOptions(sharpen=0.5))
    found = predict_maps(model, **inputs, options=InferenceOptions(sharpen=0.5, integrate=64))
    fine = plain.fine
    depth = integrated_depths(fine.depth, fine.front, fine.back, fine.mask, 64)
    assert_same(found.coarse, plain.coarse._replace(depth=depth), atol=0, rtol=0)
    assert_same(found.fine, fine._replace(depth=depth), atol=0, rtol=0)
    assert depth.shape == (1, 2, 64, 64)


@torch.no_grad()
def test_a_smaller_picture_is_integrated_at_a_smaller_size(model, inputs):
    small = {name: values[..., ::2, ::2] for name, values in inputs.items()}
    found = predict_maps(model, **small, options=InferenceOptions(integrate=64))
    assert found.fine.depth.shape[-1] == 32
    assert found.coarse.depth is found.fine.depth


@torch.no_grad()
def test_depths_that_are_not_predicted_are_not_integrated(inputs):
    model, options = random_model("tiny"), InferenceOptions(integrate=64)
    found, plain = (predict_maps(model, inputs["image"], o) for o in (options, PLAIN))
    assert_same(found.fine, plain.fine, atol=0, rtol=0)
    assert found.fine.depth is None


@torch.no_grad()
def test_all_steps_together_are_those_one_after_the_other(model, inputs):
    options = InferenceOptions(mirror=True, sharpen=0.5, integrate=64)
    maps = predict_maps(model, **inputs, options=MIRROR)
    fine = maps.fine._replace(front=sharpened(maps.fine.front, 0.5), back=sharpened(maps.fine.back, 0.5))
    depth = integrated_depths(fine.depth, fine.front, fine.back, fine.mask, 64)
    found = predict_maps(model, **inputs, options=options)
    assert_same(found.coarse, maps.coarse._replace(depth=depth))
    assert_same(found.fine, Maps(fine.front, fine.back, fine.mask, None, depth))


def test_an_architecture_without_map_heads_is_refused():
    with pytest.raises(UsageError, match="predicts no normals"):
        predict_maps(Model(preset_named("tiny-no-normals")), torch.zeros(1, 3, 256, 256), PLAIN)


def test_limb_maps_are_drawn_of_each_person():
    draw = torch.Generator().manual_seed(2)
    joints = torch.rand(2, 33, 4, generator=draw) - 0.5
    maps = limb_maps(joints)
    assert maps.shape == (2, 6, 128, 128)
    for drawn, person in zip(maps, joints, strict=True):
        assert torch.equal(drawn, limb_map(person))


@torch.no_grad()
def test_a_pose_conditions_every_head_that_an_architecture_conditions_on_it(inputs):
    """Depths too, and the detail of normals; an architecture without pose channels predicts the same."""
    model, blind = random_model(EVERYTHING), random_model("tiny-depth-maps-detail")
    image, pose = inputs["image"], inputs["pose"]
    with_pose, without = (predict_maps(model, image, PLAIN, pose=p).fine for p in (pose, None))
    for name in ("front", "back", "mask", "depth"):
        assert not torch.allclose(getattr(with_pose, name), getattr(without, name), atol=1e-4), name
    assert_same(predict_maps(model, image, PLAIN, pose=torch.zeros_like(pose)).fine, without, atol=0, rtol=0)
    assert_same(*(predict_maps(blind, image, PLAIN, pose=p).fine for p in (pose, None)), atol=0, rtol=0)


def test_steps_that_are_not_of_maps_change_no_map(model, inputs):
    others = dataclasses.replace(PLAIN, body=True, silhouette=True, relief=True)
    none = PLAIN.without("refine_mask", "lost_parts", "clean_background", "pose", "lift")
    with torch.no_grad():
        found = [predict_maps(model, **inputs, options=options).fine for options in (others, none, PLAIN)]
    assert_same(found[0], found[2], atol=0, rtol=0)
    assert_same(found[1], found[2], atol=0, rtol=0)


@torch.no_grad()
def test_constants_reach_their_steps(model, inputs):
    options = InferenceOptions(sharpen=0.5, integrate=64)
    usual = predict_maps(model, **inputs, options=options).fine
    integration = replace(INTEGRATION, stay=10.0)
    stiff = predict_maps(model, **inputs, options=options, integration=integration).fine.depth
    rough = predict_maps(model, **inputs, options=PLAIN).fine
    torch.testing.assert_close(
        stiff,
        integrated_depths(rough.depth, usual.front, usual.back, rough.mask, 64, constants=integration),
    )
    assert not torch.equal(stiff, usual.depth)
    wide = replace(SHARPENING, within=6.0)
    sharp = predict_maps(model, **inputs, options=InferenceOptions(sharpen=0.5), sharpening=wide).fine
    torch.testing.assert_close(sharp.front, sharpened(rough.front, 0.5, wide))
    assert not torch.equal(sharp.front, usual.front)
