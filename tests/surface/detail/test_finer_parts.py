"""Triangles at head and hands are split; the new vertices lie on the field's level and the mesh stays closed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lifecast.body.fitted_body import FittedBody
from lifecast.body.part_mesh import part_vertices
from lifecast.surface.detail.finer_parts import FinerParts, near_parts, onto_level, with_finer_parts
from lifecast.surface.extract.decimate import is_closed
from lifecast.surface.extract.surface import Surface, extract_surface


class Ball:
    """A field whose level is a ball: logits steep and not straight, as the networks' are."""

    device = torch.device("cpu")

    def __init__(self, middle: np.ndarray, radius: float) -> None:
        self.middle, self.radius = torch.tensor(middle).float(), radius

    def logits(self, points: torch.Tensor) -> torch.Tensor:
        away = self.radius - (points - self.middle).norm(dim=-1)
        return 40 * torch.tanh(12 * away) + 4000 * away**3

    def off(self, points: np.ndarray) -> np.ndarray:
        return np.abs(np.linalg.norm(points - self.middle.numpy(), axis=1) - self.radius)


@pytest.fixture(scope="module")
def body(large_body: FittedBody) -> FittedBody:
    """Of usual size, in the middle of the picture."""
    return replace(large_body, scale=0.78, offset=np.zeros(3, np.float32))


@pytest.fixture(scope="module")
def ball(body: FittedBody) -> Ball:
    """As large as the fitted head, and lower, so that a part of it is no head."""
    head = body.posed[0][part_vertices("head")]
    return Ball(head.mean(0) - [0, 0.1 * body.scale, 0], 0.12 * body.scale)


@pytest.fixture(scope="module")
def coarse(ball: Ball) -> Surface:
    return extract_surface(ball, 96)


def test_vertices_at_the_head_are_added_on_the_level(ball: Ball, coarse: Surface, body: FittedBody) -> None:
    finer = with_finer_parts(coarse, ball, body)
    inside = near_parts(coarse.vertices, body)
    assert 0.2 < inside.mean() < 0.9
    assert is_closed(finer.faces)
    # Four for one within, and nothing but neighbours split beyond.
    within = inside[coarse.faces].all(1).sum()
    assert 3 * within <= len(finer.faces) - len(coarse.faces) <= 3 * within + 3 * len(coarse.faces) ** 0.5 * 3
    np.testing.assert_array_equal(finer.vertices[: len(coarse.vertices)], coarse.vertices)
    new = finer.vertices[len(coarse.vertices) :]
    cell = 2 / 96
    assert ball.off(new).max() < 0.002 * cell
    np.testing.assert_allclose(np.linalg.norm(finer.normals, axis=1), 1, atol=1e-5)


def test_twice_is_finer_still(ball: Ball, coarse: Surface, body: FittedBody) -> None:
    once, twice = (with_finer_parts(coarse, ball, body, FinerParts(times=times)) for times in (1, 2))
    assert is_closed(twice.faces)
    assert len(twice.faces) - len(coarse.faces) > 4 * (len(once.faces) - len(coarse.faces))
    assert ball.off(twice.vertices[len(coarse.vertices) :]).max() < 0.002 * 2 / 96


def test_a_surface_without_head_or_hands_stays(body: FittedBody) -> None:
    far = Ball(body.posed[0].mean(0) + np.array([0, 0, 3.0]), 0.3)
    surface = extract_surface(Ball(np.zeros(3), 0.3), 32)
    moved = surface._replace(vertices=(surface.vertices + far.middle.numpy()).astype(np.float32))
    assert with_finer_parts(moved, far, body) is moved


def test_points_move_to_the_level_as_bisection_finds_it(ball: Ball) -> None:
    rng = np.random.default_rng(5)
    along = rng.normal(size=(500, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    reach = np.full(500, 0.02)
    points = (ball.middle.numpy() + along * (ball.radius + rng.uniform(-0.03, 0.03, (500, 1)))).astype(np.float32)
    found = onto_level(ball, points, along, reach)
    near = ball.off(points) < 0.0199
    assert 100 < near.sum() < 450
    assert ball.off(found[near]).max() < 4e-4
    np.testing.assert_array_equal(found[ball.off(points) > 0.0201], points[ball.off(points) > 0.0201])
    assert (np.linalg.norm(found - points, axis=1) <= 0.02 + 1e-6).all()
