"""Limb maps against a slow drawing of single points, and under mirroring."""

from __future__ import annotations

import math

import pytest
import torch

from lifecast.space import limb_map as drawn
from lifecast.space.limb_map import CHANNELS, limb_map, mirrored_limbs
from lifecast.space.skeleton import LIMBS, MIRRORED_PAIRS


@pytest.fixture
def landmarks() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    place = torch.rand(33, 3, generator=generator) * torch.tensor([1.2, 1.6, 0.6]) - torch.tensor([0.6, 0.8, 0.3])
    return torch.cat((place, torch.rand(33, 1, generator=generator)), dim=1)


def reference(landmarks: torch.Tensor, size: int, row: int, column: int) -> list[float]:
    """One texel, one limb after the other."""
    points = [row_.tolist() for row_ in landmarks]
    for a, b in ((11, 12), (23, 24), (7, 8)):
        points.append([(u + v) / 2 for u, v in zip(points[a], points[b], strict=True)])
    x, y = (2 * column + 1) / size - 1, 1 - (2 * row + 1) / size
    parts = []
    for limb in LIMBS:
        (ax, ay, az, av), (bx, by, bz, bv) = points[limb.start], points[limb.end]
        flat = (bx - ax) ** 2 + (by - ay) ** 2
        t = min(1.0, max(0.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / flat))
        far = ((ax + t * (bx - ax) - x) ** 2 + (ay + t * (by - ay) - y) ** 2) / limb.radius**2
        length = math.sqrt(flat + (bz - az) ** 2)
        slope = [(bz - az) * (b - a) / length**2 for a, b in ((ax, bx), (ay, by))]
        parts.append((far, az + t * (bz - az), slope, limb.side, (av + bv) / 2))
    cover = max(math.exp(-far) for far, *_ in parts)
    near = [math.exp(-far + z / drawn.BLEND) for far, z, *_ in parts]
    back = [math.exp(-far - z / drawn.BLEND) for far, z, *_ in parts]

    def mean(weights: list[float], values: list[float]) -> float:
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights) * cover

    return [
        max(math.exp(-s[0]) * s[4] for s in parts),
        mean(near, [s[1] for s in parts]) * drawn.DEPTH_SCALE,
        mean(back, [s[1] for s in parts]) * drawn.DEPTH_SCALE,
        mean(near, [s[2][0] for s in parts]),
        mean(near, [s[2][1] for s in parts]),
        mean(near, [float(s[3]) for s in parts]),
    ]


def test_equals_the_slow_drawing(landmarks: torch.Tensor) -> None:
    found = limb_map(landmarks, 24)
    assert found.shape == (CHANNELS, 24, 24)
    for row, column in ((0, 0), (3, 17), (11, 12), (12, 9), (20, 6), (23, 23)):
        expected = torch.tensor(reference(landmarks, 24, row, column))
        torch.testing.assert_close(found[:, row, column], expected, atol=2e-5, rtol=1e-4)


def test_a_mirrored_person_has_the_mirrored_map(landmarks: torch.Tensor) -> None:
    turned = limb_map(landmarks[list(MIRRORED_PAIRS)] * torch.tensor([-1.0, 1.0, 1.0, 1.0]), 32)
    torch.testing.assert_close(mirrored_limbs(limb_map(landmarks, 32)[None])[0], turned, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(turned, limb_map(landmarks, 32), atol=0.1)


def test_a_limb_toward_the_camera_differs_from_one_going_away(landmarks: torch.Tensor) -> None:
    """The left forearm, pointing up and toward the viewer, has a positive slope in y; turned away, a negative one."""
    straight = torch.zeros(33, 4)
    straight[:, 3] = 1
    straight[15] = torch.tensor([0.5, 0.5, 0.3, 1.0])
    straight[13] = torch.tensor([0.5, 0.2, 0.0, 1.0])
    toward = limb_map(straight, 64)
    straight[15, 2] = -0.3
    away = limb_map(straight, 64)
    at = (slice(None), round(64 * (1 - 0.35) / 2), round(64 * (1 + 0.5) / 2))
    assert toward[at][1] > 0.3
    assert away[at][1] < -0.3
    assert toward[at][4] > 0.3
    assert away[at][4] < -0.3
    assert toward[at][5] > 0.8
