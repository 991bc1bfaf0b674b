"""Picture strips: the surface that occupancy gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from lifecast.model.ablations import preset_named
from lifecast.model.model import Model
from lifecast.training import pictures
from lifecast.training.losses import angle_degrees
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage


def sphere(stage, batch, points, radius=0.5, sharpness=40.0):
    """Occupancy of a sphere at the origin."""
    return torch.sigmoid((radius - points.norm(dim=-1)) * sharpness)


def test_a_spheres_normals_come_out_of_its_occupancy(monkeypatch):
    monkeypatch.setattr(pictures, "ask", sphere)
    batch = {"image": torch.zeros(1, 3, 64, 64)}
    front, back = pictures.surface_normals(None, batch, resolution=64)
    centre = (torch.arange(64) * 2 + 1) / 64 - 1
    x, y = centre[None, :].expand(64, 64), -centre[:, None].expand(64, 64)
    middle = (x**2 + y**2).sqrt() < 0.35
    z = (0.25 - x**2 - y**2).clamp_min(0).sqrt()
    for maps, side in ((front, 1.0), (back, -1.0)):
        true = torch.stack([x, y, side * z])[None]
        assert float(angle_degrees(maps, true)[0][middle].max()) < 5
    outside = (x**2 + y**2).sqrt() > 0.55
    assert not front[:, :, outside].any()


def test_strips_of_nets_on_predicted_normals_have_these(analytic_people):
    people = analytic_people(views=2, size=64, points=50)
    batch = default_collate([people[i] for i in range(2)])
    torch.manual_seed(0)
    model = Model(preset_named("tiny"))
    columns = {}
    for predicted in (False, True):
        stage = Stage(model, "coarse", LossWeights(), predicted_normals=predicted).eval()
        with torch.no_grad():
            columns[predicted] = pictures.occupancy_columns(stage, batch)
            maps = stage.model(batch["image"], until="coarse_maps").maps.fine
    boxes = pictures.person_boxes(batch["mask"])
    assert len(columns[False]) == 5
    assert len(columns[True]) == 7
    assert np.array_equal(columns[True][1], pictures.as_pixels(maps.front, boxes))
    assert np.array_equal(columns[True][2], pictures.as_pixels(maps.back, boxes))


def test_crossing_is_interpolated():
    z = torch.tensor([1.0, 0.0, -1.0])
    values = torch.tensor([[[[0.1, 0.7, 0.9], [0.0, 0.1, 0.2], [0.8, 0.9, 0.9]]]])
    depth = pictures.first_crossing(values, z)[0, 0]
    assert abs(float(depth[0]) - (1 - 0.4 / 0.6)) < 1e-6
    assert torch.isnan(depth[1])
    assert float(depth[2]) == 1.0


def test_light_falls_on_the_front_from_the_viewer():
    facing = torch.zeros(1, 3, 2, 2)
    facing[0, 2, 0, 0] = 1.0
    facing[0, 2, 0, 1] = -1.0
    shown = pictures.shaded(facing)
    assert float(shown[0, 0, 0, 0]) > float(shown[0, 0, 0, 1])
    assert (shown[0, :, 1] == 1).all()  # nothing there: white
    assert torch.equal(pictures.shaded(-facing, -1)[0, :, 0, 0], shown[0, :, 0, 0])


def test_cells_are_bytes_of_the_image():
    image = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    cell = pictures.as_pixels(image, [(0.0, 0.0, 1.0, 1.0)])
    assert cell.shape == (1, pictures.CELL, pictures.CELL, 3)
    assert np.unique(cell.reshape(-1, 3), axis=0).tolist() == [[0, 128, 255]]


def test_a_cell_shows_the_person_large():
    mask = torch.zeros(2, 1, 64, 64)
    mask[0, :, 10:50, 20:30] = 1
    left, top, right, bottom = pictures.person_boxes(mask)[0]
    assert (right - left, bottom - top) == pytest.approx((44 / 64, 44 / 64))
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((25 / 64, 30 / 64))
    assert pictures.person_boxes(mask)[1] == (0.0, 0.0, 1.0, 1.0)
    image = (mask * 2 - 1).expand(-1, 3, -1, -1)
    cell = pictures.as_pixels(image, pictures.person_boxes(mask))[0]
    assert 0.2 < (cell > 127).mean() < 0.25  # 400 of 44^2 pixels
