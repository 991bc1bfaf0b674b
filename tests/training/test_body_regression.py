"""Training of the body regressor: its bodies and errors are those of made people, and it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lifecast.body.fitted_body import shipped_body
from lifecast.errors import OptionError
from lifecast.model.heads.body_regressor import INPUTS, BodyRegressorConfig, regress
from lifecast.model.regressed_body import regressed_bodies
from lifecast.people.appearance import draw_build
from lifecast.people.body import body_model
from lifecast.people.figure import Figure
from lifecast.people.joints import JointFinder
from lifecast.people.pose_library import PoseLibrary
from lifecast.people.stances import draw_pose
from lifecast.scans.normalise import SPAN
from lifecast.space.skeleton import Joint, mirrored_landmarks
from lifecast.training.body_regression import points_of, train_regressor, usual_body
from lifecast.training.landmark_errors import LandmarkErrors, _places
from lifecast.training.made_bodies import CLIP_SHARE, BodySample, MadeBodies, draw_made_bodies
from lifecast.training.regression_batches import draw_batch, view_rotations
from lifecast.training.regression_figures import regression_figures, unseen_batch
from lifecast.training.regression_recipe import RegressionRecipe

NO_CLIPS = PoseLibrary()
SMALL = BodyRegressorConfig(width=64, blocks=1, dropout=0.0)
STILL = RegressionRecipe(batch=32, steps=120, elevation=(0.0, 0.0), roll=0.0, front=1.0, mixed=0.0, hand=1.0)


@pytest.fixture(scope="module")
def sample() -> BodySample:
    return BodySample(shipped_body(), body_model())


@pytest.fixture(scope="module")
def made() -> MadeBodies:
    return draw_made_bodies(6, shipped_body(), body_model(), NO_CLIPS, seed=5)


def errors_of(count: int, size: float) -> LandmarkErrors:
    draw = torch.Generator().manual_seed(6)
    joints = torch.randn(count, 33, 3, generator=draw) * 0.3
    return LandmarkErrors(
        _places(joints), torch.randn(count, 33, 3, generator=draw) * size, torch.rand(count, 33, generator=draw)
    )


def test_a_sample_has_the_landmarks_that_made_people_have(sample: BodySample, made: MadeBodies) -> None:
    model = body_model()
    rng = np.random.default_rng([5, 0, 2])  # as body 0 of seed 5 is drawn
    build = draw_build(rng)
    rest = model.rest(build.phenotype, build.local, {})
    figure = Figure(model.bones, model.parents, rest)
    draw_pose(figure, NO_CLIPS, rng, CLIP_SHARE)
    transforms = figure.transforms()
    true = JointFinder(model).joints(rest, transforms)
    true -= transforms[0, :, :3] @ rest.heads[0] + transforms[0, :, 3]
    points = sample.posed(made.shape[:1], made.rotations[:1])
    found = sample.landmarks(points)[0].numpy()
    apart = np.linalg.norm(found - true, axis=1)[list(INPUTS)]
    assert apart.max() < 0.012  # what 24 components leave out of a body
    assert np.isfinite(apart).all()


def test_bodies_are_drawn_by_their_numbers_alone() -> None:
    body, model = shipped_body(), body_model()
    all_of_them = draw_made_bodies(10, body, model, NO_CLIPS, seed=1)
    last = draw_made_bodies(2, body, model, NO_CLIPS, seed=1, first=8)
    assert torch.equal(last.shape, all_of_them.shape[8:])
    assert torch.equal(last.rotations, all_of_them.rotations[8:])
    other = draw_made_bodies(2, body, model, NO_CLIPS, seed=2, first=8)
    assert (other.shape - last.shape).abs().max() > 0.1


def test_a_hand_of_a_sample_is_a_hand(sample: BodySample, made: MadeBodies) -> None:
    points = sample.posed(made.shape, made.rotations)
    hands = sample.hands(points)
    assert hands.shape == (len(made), 2, 21, 3)
    for finger in range(1, 5):  # each point of a finger is farther along it, 1 to 7 cm on
        steps = (hands[:, :, 4 * finger + 2 : 4 * finger + 5] - hands[:, :, 4 * finger + 1 : 4 * finger + 4]).norm(
            dim=-1
        )
        assert float(steps.min()) > 0.01
        assert float(steps.max()) < 0.07
    joints = points[:, len(sample.vertices) :]
    wrist = shipped_body().joints.index("wrist.R")
    torch.testing.assert_close(hands[:, 1, 0], joints[:, wrist])


def test_errors_are_those_of_the_views_that_are_alike() -> None:
    errors = errors_of(40, 0.1)
    joints = torch.zeros(1, 33, 3)
    joints[:, list(INPUTS)] = errors.places[7].reshape(1, -1, 3)
    disturbed = errors.disturbed(joints, torch.Generator().manual_seed(0))
    near = torch.cdist(_places(joints), errors.places)[0].topk(12, largest=False).indices
    assert 7 in near
    assert any(torch.equal(disturbed[0, :, 3], errors.visibility[k]) for k in near)
    k = next(k for k in near if torch.equal(disturbed[0, :, 3], errors.visibility[k]))
    moved = (disturbed[0, :, :3] - joints[0]).flatten()
    alike = torch.nn.functional.cosine_similarity(moved, errors.errors[k].flatten(), dim=0)
    assert alike > 0.95


def test_a_batch_stands_before_cameras(sample: BodySample, made: MadeBodies) -> None:
    recipe = RegressionRecipe(batch=64)
    batch = draw_batch(made, sample, errors_of(40, 0.0), recipe, 64, torch.Generator().manual_seed(2))
    torch.testing.assert_close(points_of(sample, batch.bodies), batch.points, atol=1e-5, rtol=0)
    spread = batch.points.amax(1) - batch.points.amin(1)
    assert float(spread[:, 1].median()) == pytest.approx(SPAN, rel=0.1)  # most stand
    true = sample.landmarks(batch.points)[:, list(INPUTS)]
    assert (batch.landmarks[:, list(INPUTS), :3] - true).abs().max() < 0.03  # noise alone
    assert not batch.found[batch.landmarks[:, [Joint.LEFT_WRIST, Joint.RIGHT_WRIST], 3] <= 0.5].any()
    assert batch.found.any()
    turned = (batch.bodies.rotations[:, 0, 2, 2] < 0).float().mean()
    assert 0.05 < float(turned) < 0.5  # some are from behind


def test_cameras_keep_their_range() -> None:
    recipe = RegressionRecipe(elevation=(-10.0, 5.0), roll=0.0, front=0.0)
    turns = view_rotations(500, recipe, torch.Generator().manual_seed(3))
    elevation = torch.rad2deg(torch.asin(turns[:, 2, 1]))  # how far up tilts toward the camera
    assert float(elevation.min()) >= -10.01
    assert float(elevation.max()) <= 5.01
    assert float(elevation.max() - elevation.min()) > 12
    assert float((turns[:, 0, 0] < 0).float().mean()) == pytest.approx(0.5, abs=0.1)


def test_a_few_bodies_are_learnt_by_heart(sample: BodySample, made: MadeBodies) -> None:
    few = MadeBodies(made.shape[:1], made.rotations[:1])
    errors = errors_of(40, 0.0)
    net, steps = train_regressor(few, sample, errors, SMALL, STILL, seed=1)
    assert steps == STILL.steps
    body = shipped_body()
    batch = unseen_batch(MadeBodies(few.shape.repeat(8, 1), few.rotations.repeat(8, 1, 1, 1)), sample, errors, STILL, 9)
    before = regression_figures(type(net)(SMALL, usual_body(batch)).eval(), batch, body, sample)
    after = regression_figures(net, batch, body, sample)
    assert after.vertices_cm < 4
    assert after.vertices_cm < before.vertices_cm / 2
    assert after.height_cm < 0.75 * before.height_cm


def test_the_same_seed_trains_the_same_network(sample: BodySample, made: MadeBodies) -> None:
    recipe = RegressionRecipe(batch=8, steps=3)
    one, _ = train_regressor(made, sample, errors_of(20, 0.01), SMALL, recipe, seed=4)
    again, _ = train_regressor(made, sample, errors_of(20, 0.01), SMALL, recipe, seed=4)
    other, _ = train_regressor(made, sample, errors_of(20, 0.01), SMALL, recipe, seed=5)
    assert torch.equal(one.last.weight, again.last.weight)
    assert not torch.equal(one.last.weight, other.last.weight)


def test_minutes_end_the_training(sample: BodySample, made: MadeBodies) -> None:
    recipe = RegressionRecipe(batch=8, steps=100_000)
    _, steps = train_regressor(made, sample, errors_of(20, 0.01), SMALL, recipe, minutes=1e-4)
    assert steps < 50


def test_a_fitted_body_is_where_the_network_puts_it(sample: BodySample, made: MadeBodies) -> None:
    net, _ = train_regressor(made, sample, errors_of(20, 0.01), SMALL, RegressionRecipe(batch=8, steps=5), seed=4)
    batch = draw_batch(made, sample, errors_of(20, 0.01), STILL, 2, torch.Generator().manual_seed(2))
    bodies = regressed_bodies(net, batch.landmarks, batch.hands, batch.found)
    values = regress(net, batch.landmarks, batch.hands, batch.found)
    points = points_of(sample, values)
    for row, fitted in enumerate(bodies):
        vertices, joints = fitted.posed
        np.testing.assert_allclose(vertices[sample.vertices], points[row, : len(sample.vertices)].numpy(), atol=1e-4)
        np.testing.assert_allclose(joints, points[row, len(sample.vertices) :].numpy(), atol=1e-4)
        hands = {f"hand.{side}" for side, there in zip("LR", batch.found[row].tolist(), strict=True) if there}
        assert fitted.fitted == hands
    alone = regressed_bodies(net, batch.landmarks)
    assert alone[0].fitted == frozenset()
    mirrored = regressed_bodies(net, mirrored_landmarks(batch.landmarks))
    np.testing.assert_allclose(mirrored[0].shape, alone[0].shape, atol=1e-5)
    np.testing.assert_allclose(mirrored[0].offset * [-1, 1, 1], alone[0].offset, atol=2e-3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("bodies", 0), ("learning_rate", 1.5), ("hand", 1.2), ("elevation", (20.0, -5.0))],
)
def test_values_that_cannot_be_used(field: str, value: object) -> None:
    with pytest.raises(OptionError) as error:
        RegressionRecipe(**{field: value})  # type: ignore[arg-type]
    assert error.value.field == field


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lifecast.cli import main

    assert main(["body", "train", str(tmp_path / "net.safetensors")]) == 2
    assert "--data" in " ".join(capsys.readouterr().err.split())
