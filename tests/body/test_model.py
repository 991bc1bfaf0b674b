"""The body in PyTorch: Anny's bodies in Anny's poses, batched, differentiable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lifecast.body.kinematics import rotations_from_vectors
from lifecast.body.model import Body
from lifecast.body.names import TOES
from lifecast.errors import UsageError
from lifecast.people.appearance import draw_build

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text())


@pytest.fixture(scope="module")
def body() -> Body:
    return Body()


def some(body: Body, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Shapes, expressions, rotation vectors and translations by chance."""
    chance = torch.Generator().manual_seed(7)
    return (
        torch.randn(batch, body.components, generator=chance),
        torch.rand(batch, len(body.actions), generator=chance) * 0.3,
        torch.randn(batch, len(body.joints), 3, generator=chance) * 0.4,
        torch.randn(batch, 3, generator=chance),
    )


@pytest.mark.parametrize("number", range(len(RECORDED["bodies"])))
def test_posed_bodies_are_annys(body: Body, number: int) -> None:
    one = RECORDED["bodies"][number]
    vectors = torch.zeros(1, len(body.joints), 3)
    for joint, vector in one["rotation_vectors"].items():
        vectors[0, body.joints.index(joint)] = torch.tensor(vector)
    rest = body.rest_of(one["phenotype"], one["local"], one["expression"])
    posed = body.posed(rest, rotations_from_vectors(vectors), torch.tensor([one["translation"]]))
    rows = np.searchsorted(body.vertex_rows, RECORDED["visible_rows"])
    joints = [body.joints.index(name) for name in RECORDED["bones"]]
    np.testing.assert_allclose(posed.vertices[0, rows], one["posed"], atol=1e-4)
    np.testing.assert_allclose(posed.joints[0, joints], one["posed_heads"], atol=1e-4)


def test_components_come_close_to_made_people(body: Body) -> None:
    """And the closer the more there are."""
    errors = []
    most = Body(components=64)
    for count in (4, 24, 64):
        total = []
        for one in RECORDED["bodies"]:
            shape = most.shape_of(one["phenotype"], one["local"])[:, :count]
            rest = most.rest_of(one["phenotype"], one["local"], {})
            found = most.rest(shape, torch.zeros(1, len(body.actions)))
            total.append((found.vertices - rest.vertices).norm(dim=-1).mean())
        errors.append(float(torch.stack(total).mean()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[1] < 2.5e-3
    assert errors[2] < 7e-4


def test_a_batch_is_its_bodies_one_by_one(body: Body) -> None:
    shape, expression, vectors, translation = some(body, 3)
    rotations = rotations_from_vectors(vectors)
    together = body.pose(shape, expression, rotations, translation)
    for k in range(3):
        one = body.pose(*(part[k : k + 1] for part in (shape, expression, rotations, translation)))
        torch.testing.assert_close(one.vertices[0], together.vertices[k], atol=2e-6, rtol=0)
        torch.testing.assert_close(one.joints[0], together.joints[k], atol=2e-6, rtol=0)


def test_gradients_are_finite_differences(body: Body) -> None:
    """In double precision, along a chance direction of everything that can vary; one body is in the rest pose."""
    double = Body().double()
    start = [part.double() for part in some(double, 2)]
    start[2][0] = 0  # the rest pose, where rotation vectors have their singular point
    pull = torch.randn(2, len(double.vertex_rows), 3, generator=torch.Generator().manual_seed(1)).double()

    def value(shape: torch.Tensor, expression: torch.Tensor, vectors: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
        posed = double.pose(shape, expression, rotations_from_vectors(vectors), move)
        return (posed.vertices * pull).sum() + posed.joints.square().sum()

    inputs = [part.clone().requires_grad_() for part in start]
    gradients = torch.autograd.grad(value(*inputs), inputs)
    directions = [torch.randn(part.shape, generator=torch.Generator().manual_seed(9)).double() for part in start]
    for k, (gradient, direction) in enumerate(zip(gradients, directions, strict=True)):
        step = 1e-5
        ahead, behind = list(start), list(start)
        ahead[k], behind[k] = start[k] + step * direction, start[k] - step * direction
        slope = (value(*ahead) - value(*behind)) / (2 * step)
        torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-6, atol=1e-6)


def test_the_mean_body_stands_on_its_feet_and_looks_ahead(body: Body) -> None:
    rest = body.rest(torch.zeros(1, 24), torch.zeros(1, len(body.actions)))
    vertices, joint = rest.vertices[0], dict(zip(body.joints, rest.joints[0], strict=True))
    assert 1.55 < float(vertices[:, 1].max() - vertices[:, 1].min()) < 1.8
    assert joint["head"][1] > joint["root"][1] > joint["foot.L"][1]
    assert joint["wrist.L"][0] > 0 > joint["wrist.R"][0]
    assert joint["toes.L"][2] > joint["foot.L"][2]
    assert joint["eye.L"][2] > joint["head"][2]


def test_joints_carry_what_hangs_from_them(body: Body) -> None:
    """A bent elbow moves the hand and leaves the other arm; bent toes leave the heel."""
    rest = body.rest(torch.zeros(1, 24), torch.zeros(1, len(body.actions)))
    vectors = torch.zeros(1, len(body.joints), 3)
    vectors[0, body.joints.index("lowerarm01.L"), 1] = 1.0
    vectors[0, body.joints.index("toes.R"), 0] = -0.5
    posed = body.posed(rest, rotations_from_vectors(vectors))
    moved = (posed.joints - rest.joints)[0].norm(dim=1)
    stayed = {joint for joint, far in zip(body.joints, moved, strict=True) if far < 1e-6}
    arm = {"lowerarm02.L", "wrist.L", *(f"finger{n}-{k}.L" for n in range(1, 6) for k in (1, 2, 3))}
    assert set(body.joints) - stayed == arm
    skin = (posed.vertices - rest.vertices)[0, :13380].norm(dim=1)
    foot = rest.vertices[0, :13380, 1] < -0.7
    right = rest.vertices[0, :13380, 0] < 0
    heel = rest.vertices[0, :13380, 2] < 0.02
    assert skin[foot & right].max() > 0.02
    assert skin[foot & right & heel].max() < 1e-6
    assert skin[foot & ~right].max() < 1e-6


def test_skinning_weights_and_their_strongest_four(body: Body) -> None:
    torch.testing.assert_close(body.weights.sum(1), torch.ones(len(body.vertex_rows)))
    assert int((body.weights > 0).sum(1).max()) <= 8
    joints, weights = body.influences(4)
    assert joints.shape == weights.shape == (len(body.vertex_rows), 4)
    torch.testing.assert_close(weights.sum(1), torch.ones(len(body.vertex_rows)))
    torch.testing.assert_close(joints[:, 0], body.weights.argmax(1))


def test_faces_are_parts_of_our_vertices(body: Body) -> None:
    assert body.vertex_rows[:13380].tolist() == list(range(13380))
    assert sorted(set(body.faces.flatten().tolist())) == list(range(len(body.vertex_rows)))
    ends = [rows.stop for rows in body.parts.values()]
    assert [rows.start for rows in body.parts.values()] == [0, *ends[:-1]]
    assert ends[-1] == len(body.faces)
    assert int(body.faces[body.parts["skin"]].max()) == 13379
    middle = body.mean.reshape(-1, 3)[body.faces[body.parts["left_eye"]]].mean((0, 1))
    assert middle[0] > 0.02


def test_only_components_that_there_are(body: Body) -> None:
    for count in (0, 65):
        with pytest.raises(UsageError, match=rf"components {count}: .* has 1 to 64"):
            Body(components=count)


def test_toes_are_bones_of_the_rig(body: Body) -> None:
    assert set(TOES) <= set(body.joints)


@pytest.mark.slow
def test_200_bodies_and_poses_are_annys(body: Body, reference: Any) -> None:
    rng = np.random.default_rng(5)
    turned = np.array([not joint.startswith("toes") for joint in body.joints])[:, None]
    ours = [k for k, joint in enumerate(body.joints) if not joint.startswith("toes")]
    annys = [reference.model.bone_labels.index(body.joints[k]) for k in ours]
    vertices, joints = [], []
    for _ in range(200):
        build = draw_build(rng)
        rotations = rotations_from_vectors(torch.from_numpy(rng.normal(0, 0.4, (1, len(body.joints), 3)) * turned))
        move = rng.normal(0, 1, 3)
        expected = reference.posed(build, rotations[0].numpy(), move)
        rest = body.rest_of(build.phenotype, build.local, build.expression)
        found = body.posed(rest, rotations.float(), torch.from_numpy(move[None]).float())
        vertices.append(np.linalg.norm(found.vertices[0].numpy() - expected.vertices[body.vertex_rows], axis=1))
        joints.append(np.linalg.norm(found.joints[0].numpy()[ours] - expected.heads[annys], axis=1))
    assert np.max(vertices) < 1e-4
    assert np.max(joints) < 1e-4
