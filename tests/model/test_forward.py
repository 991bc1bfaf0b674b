"""The one forward pass against a slow, obvious composition of the model's parts."""

import dataclasses

import pytest
import torch

from lifecast.errors import UsageError
from lifecast.model.ablations import preset_named
from lifecast.model.config import GeneratorConfig, HourglassConfig, MapsConfig
from lifecast.model.model import PARTS, Model
from lifecast.model.presets import PRESETS
from lifecast.space.maps import MapPyramid, Maps, under_mask
from lifecast.space.resizing import resize_image, resize_map

TINY = PRESETS["tiny"]
SMALL = {"width": 32, "stem": 8, "groups": 4}
HOURGLASSES = dataclasses.replace(
    TINY,
    name="hourglasses",
    maps=MapsConfig(GeneratorConfig(filters=4, downsamplings=3, blocks=2), size=128),
    coarse=dataclasses.replace(TINY.coarse, encoder=HourglassConfig(2, 1, pooled=True, **SMALL)),
    fine=dataclasses.replace(TINY.fine, encoder=HourglassConfig(1, 2, pooled=False, **SMALL)),
    mask_input=False,
    align_corners=True,
    padding="zeros",
    antialias=False,
)
"""The paper's kinds of networks under the authors' conventions, as small as `tiny`."""
EVERYTHING = dataclasses.replace(
    preset_named("tiny-pose-lifter-depth-maps-detail-depth-features-close-up-parsing"),
    name="everything",
    depth_scale=8.0,
)
ARCHITECTURES = [
    TINY,
    HOURGLASSES,
    EVERYTHING,
    *(
        preset_named(f"tiny-{switches}")
        for switches in (
            "no-normals", "front-normals-no-mask", "fine-normals", "depth-maps", "depth-maps-detail-fine-normals",
            "single-level", "fine-only", "fine-global", "absolute-depth",
        )
    ),
]  # fmt: skip


def random_model(architecture):
    """A model none of whose heads is the identity, as detail and depth are when they are fresh."""
    torch.manual_seed(0)
    model = Model(architecture).eval()
    for name, parameter in model.named_parameters():
        if "adapter" in name or name.startswith(("detail.unet.head", "depth.refine.head")):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


@pytest.fixture(scope="module")
def model():
    return random_model(TINY)


@pytest.fixture(scope="module")
def image():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module")
def points():
    return torch.rand(2, 50, 3, generator=torch.Generator().manual_seed(2)) * 1.8 - 0.9


def random_maps(seed, size, depth=False):
    draw = torch.Generator().manual_seed(seed)
    front, back = (torch.rand(2, 3, size, size, generator=draw) * 2 - 1 for _ in range(2))
    mask = torch.rand(2, 1, size, size, generator=draw)
    return Maps(front, back, mask, depth=torch.rand(2, 2, 64, 64, generator=draw) if depth else None)


def composed_maps(model, image, small, pose, mask):
    """Every head by itself: the normal head on the small picture, depth on its maps, detail on its outputs."""
    architecture, config = model.architecture, model.architecture.maps

    def read(raw):
        maps = model.normals.read(raw)
        return maps if mask is None else under_mask(maps, mask)

    picture = resize_image(small, config.normals_size, architecture.antialias)
    output = model.normals(picture, pose)
    coarse = read(output.raw if model.detail else resize_image(output.raw, config.normals_size))
    if model.depth is not None:
        coarse = coarse._replace(depth=model.depth(picture, coarse, pose, output.features).depth)
    if model.detail is not None:
        picture = resize_image(image, config.fine_size or config.size, architecture.antialias)
        return coarse, read(model.detail(picture, output, coarse.mask))._replace(depth=coarse.depth)
    if config.fine_size is not None and model.fine is not None:
        raw = model.normals(resize_image(image, config.fine_size, architecture.antialias), pose).raw
        return coarse, read(resize_image(raw, config.fine_size))._replace(depth=coarse.depth)
    return coarse, coarse


def composed_features(model, net, image, maps):
    """One net's encoder on picture and maps, all brought to its size."""
    size = net.config.image_size
    parts = [] if maps is None else [maps.front, maps.back, maps.mask, maps.depth]
    resized = [None if part is None else resize_map(part, size, model.architecture.align_corners) for part in parts]
    return net.encode(resize_image(image, size, model.architecture.antialias), *resized)


def same_maps(one, other):
    names = ("front", "back", "mask", "depth")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all((a is None and b is None) or torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("given", [(), ("small", "mask", "pose")], ids=["image", "all"])
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda architecture: architecture.name)
def test_forward_is_its_parts_put_together(architecture, given, image, points):
    model = random_model(architecture)
    image = image[..., : architecture.image_size, : architecture.image_size]
    draw = torch.Generator().manual_seed(3)
    mask = torch.zeros(2, 1, 256, 256)
    mask[..., 40:220, 90:200] = 1
    known = {"small": torch.rand(2, 3, 128, 128, generator=draw), "mask": mask}
    known["pose"] = torch.rand(2, 6, 64, 64, generator=draw)
    known = {name: known[name] for name in given}
    small = known.get("small", image)
    with torch.no_grad():
        prediction = model(image, points, **known)
        coarse_maps = fine_maps = None
        if model.normals is not None:
            coarse_maps, fine_maps = composed_maps(model, image, small, known.get("pose"), known.get("mask"))
            assert same_maps(prediction.maps.coarse, coarse_maps)
            assert same_maps(prediction.maps.fine, fine_maps)
        stacks = composed_features(model, model.coarse, small, coarse_maps)
        assert all(torch.equal(a, b) for a, b in zip(prediction.coarse_stacks, stacks, strict=True))
        queried = [model.coarse.query(features, points) for features in stacks]
        for found, (logit, _) in zip(prediction.coarse_logits, queried, strict=True):
            assert torch.equal(found, logit)
        assert torch.equal(prediction.coarse_features, stacks[-1])
        if architecture.coarse.depth_head:
            assert torch.equal(prediction.surface_depth, model.coarse.predict_depth(stacks[-1]))
        else:
            assert prediction.surface_depth is None
        axes, logit = 3, queried[-1][0]
        if model.fine is not None:
            fine = composed_features(model, model.fine, image, fine_maps)[-1]
            assert torch.equal(prediction.fine_features, fine)
            axes, logit = 2, model.fine.query(fine, points, queried[-1][1])
            assert torch.equal(prediction.fine_logit, logit)
        else:
            assert prediction.fine_features is None
            assert prediction.fine_logit is None
        torch.testing.assert_close(model.occupancy(prediction, points), torch.sigmoid(logit))
        alone = prediction._replace(fine_features=None)
        torch.testing.assert_close(model.occupancy(alone, points), torch.sigmoid(queried[-1][0]))
    assert (points.abs()[..., :axes] <= 1).all(), "so no box shows"


def test_parts_are_all_of_the_weights():
    names = {name.split(".")[0] for name in random_model(EVERYTHING).state_dict()}
    assert names == set(PARTS)
    assert {name.split(".")[0] for name in random_model(TINY).state_dict()} == {"normals", "coarse", "fine"}


def test_given_maps_are_the_input_of_both_nets(model, image):
    """The truth in training: no head runs, and each net gets it at its own size."""
    truth = random_maps(3, 256)
    runs = []
    handle = model.normals.register_forward_hook(lambda *_: runs.append(1))
    with torch.no_grad():
        prediction = model(image, given=truth)
        small = [resize_map(values, 128) for values in truth[:3]]
        coarse = model.coarse.encode(resize_image(image, 128), *small)[-1]
        fine = model.fine.encode(image, truth.front, truth.back, truth.mask)[-1]
    handle.remove()
    assert runs == []
    assert prediction.maps.coarse is prediction.maps.fine is truth
    assert torch.equal(prediction.coarse_features, coarse)
    assert torch.equal(prediction.fine_features, fine)


def test_a_given_pyramid_is_each_nets_own(model, image):
    """Such as steps without weights make of an earlier prediction."""
    given = MapPyramid(random_maps(4, 128), random_maps(5, 256))
    with torch.no_grad():
        prediction, coarse, fine = (model(image, given=maps) for maps in (given, given.coarse, given.fine))
    assert prediction.maps is given
    assert torch.equal(prediction.coarse_features, coarse.coarse_features)
    assert torch.equal(prediction.fine_features, fine.fine_features)
    assert not torch.allclose(prediction.coarse_features, fine.coarse_features)


@pytest.mark.parametrize("architecture", [TINY, EVERYTHING], ids=lambda architecture: architecture.name)
def test_a_given_prediction_gives_the_same_features(architecture, image, points):
    model = random_model(architecture)
    with torch.no_grad():
        whole = model(image, points)
        again = model(image, points, given=model(image, until="maps").maps)
    assert torch.equal(again.fine_logit, whole.fine_logit)
    assert torch.equal(again.coarse_logits[0], whole.coarse_logits[0])


def test_given_maps_are_handed_back_by_a_pass_that_ends_at_maps(model, image):
    truth, pyramid = random_maps(3, 128), MapPyramid(random_maps(4, 128), random_maps(5, 256))
    for until in ("normals", "maps", "coarse_maps"):
        assert model(image, given=truth, until=until).maps == (truth, truth)
        assert model(image, given=pyramid, until=until).maps is pyramid


def test_depths_are_predicted_from_given_maps_without():
    """On true maps, in training: the normal head does not run, so the depth head gets no features of it."""
    model = random_model(EVERYTHING)
    image, truth = torch.rand(2, 3, 64, 64), random_maps(3, 64)
    pose = torch.rand(2, 6, 32, 32)
    with torch.no_grad():
        found = model(image, given=truth, pose=pose, until="depth").maps
        wanted = model.depth(image, truth, pose)
    assert torch.equal(found.fine.depth, wanted.depth)
    assert torch.equal(found.fine.depth_logits, wanted.logits)
    assert found.fine.front is truth.front
    assert found.coarse is found.fine
    assert truth.depth is None


def test_given_maps_are_no_input_of_an_architecture_without(image, points):
    model = random_model(preset_named("tiny-no-normals"))
    with torch.no_grad():
        assert torch.equal(model(image, points, given=random_maps(3, 256)).fine_logit, model(image, points).fine_logit)
    assert model(image).maps is None


def test_maps_that_are_missing_among_the_given_ones_are_named(model, image):
    truth = random_maps(3, 256)
    with pytest.raises(UsageError, match="the mask are an input of architecture tiny and none were given"):
        model(image, given=truth._replace(mask=None))
    with pytest.raises(UsageError, match="depths"):
        random_model(EVERYTHING)(image, given=truth)
    assert random_model(EVERYTHING)(image, given=random_maps(3, 256, depth=True)).fine_features is not None


@torch.no_grad()
@pytest.mark.parametrize("architecture", [TINY, EVERYTHING], ids=lambda architecture: architecture.name)
def test_a_pass_ends_where_it_is_said(architecture, image):
    """Each part's result is that of the whole pass, from a picture as large as `picture_side` says."""
    model = random_model(architecture)
    whole = model(image)

    def until(part):
        prediction = model(resize_image(image, architecture.picture_side(part)), small=image, until=part)
        assert prediction.fine_features is None
        assert (prediction.coarse_stacks == ()) == (part != "coarse")
        return prediction

    assert same_maps(until("coarse_maps").maps.coarse, whole.maps.coarse)
    maps = model(image, until="maps").maps
    assert same_maps(maps.coarse, whole.maps.coarse)
    assert same_maps(maps.fine, whole.maps.fine)
    assert torch.equal(until("coarse").coarse_features, whole.coarse_features)
    output = model.normals(resize_image(image, architecture.maps.normals_size))
    assert same_maps(until("normals").maps.fine, model.normals.read(output.raw))
    if architecture is EVERYTHING:
        assert same_maps(until("depth").maps.fine, whole.maps.coarse)
        detail = until("detail").maps
        assert same_maps(detail.fine, whole.maps.fine._replace(depth=None))
        assert same_maps(detail.coarse, whole.maps.coarse._replace(depth=None))


def test_a_part_that_is_not_there_is_refused_by_name(model, image):
    with pytest.raises(UsageError, match="tiny has no depth head"):
        model(image, until="depth")
    with pytest.raises(UsageError, match="tiny has no detail head"):
        model(image, until="detail")
    with pytest.raises(UsageError, match="tiny-no-normals predicts no normals"):
        random_model(preset_named("tiny-no-normals"))(image, until="maps")
