"""Limb maps against a slow drawing of single points, and under mirroring."""

from __future__ import annotations

import math

import pytest
import torch

from lifecast.model.ablations import preset_named
from lifecast.model.config import PRESETS
from lifecast.model.model import Model
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
    seen = []
    for limb in LIMBS:
        (ax, ay, az, av), (bx, by, bz, bv) = points[limb.start], points[limb.end]
        flat = (bx - ax) ** 2 + (by - ay) ** 2
        t = min(1.0, max(0.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / flat))
        far = ((ax + t * (bx - ax) - x) ** 2 + (ay + t * (by - ay) - y) ** 2) / limb.radius**2
        length = math.sqrt(flat + (bz - az) ** 2)
        slope = [(bz - az) * (b - a) / length**2 for a, b in ((ax, bx), (ay, by))]
        seen.append((far, az + t * (bz - az), slope, limb.side, (av + bv) / 2))
    cover = max(math.exp(-far) for far, *_ in seen)
    near = [math.exp(-far + z / drawn.BLEND) for far, z, *_ in seen]
    back = [math.exp(-far - z / drawn.BLEND) for far, z, *_ in seen]

    def mean(weights: list[float], values: list[float]) -> float:
        return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights) * cover

    return [
        max(math.exp(-s[0]) * s[4] for s in seen),
        mean(near, [s[1] for s in seen]) * drawn.DEPTH_SCALE,
        mean(back, [s[1] for s in seen]) * drawn.DEPTH_SCALE,
        mean(near, [s[2][0] for s in seen]),
        mean(near, [s[2][1] for s in seen]),
        mean(near, [float(s[3]) for s in seen]),
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


def test_a_limb_toward_the_camera_is_told_from_one_going_away(landmarks: torch.Tensor) -> None:
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


def test_networks_look_at_limbs_only_where_the_preset_says_so(landmarks: torch.Tensor) -> None:
    torch.manual_seed(0)
    image, limbs = torch.rand(1, 3, 128, 128) * 2 - 1, limb_map(landmarks, 32)[None]
    told = Model(preset_named("tiny-depth-maps-limbs")).eval()
    blind = Model(preset_named("tiny-depth-maps")).eval()
    with torch.inference_mode():
        assert not torch.allclose(told.predict_maps(image, limbs=limbs)[0].front, told.predict_maps(image)[0].front)
        none = told.predict_maps(image, limbs=torch.zeros_like(limbs))[0]
        torch.testing.assert_close(none.front, told.predict_maps(image)[0].front)
        torch.testing.assert_close(blind.predict_maps(image, limbs=limbs)[0].front, blind.predict_maps(image)[0].front)


def test_a_mirrored_picture_with_mirrored_limbs_gives_mirrored_maps(landmarks: torch.Tensor) -> None:
    torch.manual_seed(0)
    assert PRESETS["compact"].normals is not None
    assert PRESETS["compact"].normals.limbs
    model = Model(PRESETS["compact"]).eval()
    image, limbs = torch.rand(1, 3, 512, 512) * 2 - 1, limb_map(landmarks, 64)[None]
    with torch.inference_mode():
        plain = model.predict_maps(image, limbs=limbs)[0]
        turned = model.predict_maps(image.flip(-1), limbs=mirrored_limbs(limbs))[0]
    assert plain.depth is not None
    assert turned.depth is not None
    torch.testing.assert_close(plain.depth, turned.depth.flip(-1), atol=1e-4, rtol=1e-3)
