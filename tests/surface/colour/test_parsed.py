"""Parts as a network names them: borders are the photograph's, and the back has its own parts."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from painted import HAIR, SHIRT, SKIN, capsule_person, colour, distance, dressed, joints_of_the_person, paint_photo

from lifecast.space.parsing import Part
from lifecast.surface.colour.parsed import front_and_back, without_specks
from lifecast.surface.colour.part_grid import Grid

N = 64


def probabilities(parts: np.ndarray, sure: float = 0.8) -> np.ndarray:
    """(P, h, w) that say `parts` (h, w) by `sure`."""
    rest = (1 - sure) / (len(Part) - 1)
    return np.where(np.arange(len(Part))[:, None, None] == parts, sure, rest).astype(np.float32)


@pytest.fixture
def grid() -> Grid:
    """Red above row 30, blue below, all over but for a rim."""
    colours = np.zeros((N, N, 3), np.float32)
    colours[:30], colours[30:] = (40, 60, 40), (30, 10, -50)
    covered = np.zeros((N, N), bool)
    covered[4:-4, 4:-4] = True
    depth = np.where(covered, 0, -np.inf).astype(np.float32)
    return Grid(colours, covered, depth, np.zeros((N, N), bool), np.where(covered, 0, -1))


def test_borders_are_the_photographs(grid: Grid) -> None:
    rows = np.arange(N)[:, None].repeat(N, 1)
    said = np.where(rows < 32, Part.UPPER, Part.LOWER)  # two cells off
    front, back = front_and_back(np.stack([probabilities(said, 0.6)] * 2), grid)
    assert (front[4:29, 4:-4] == Part.UPPER).all()
    assert (front[30:-4, 4:-4] == Part.LOWER).all()
    assert (back[4:31, 8:-8] == Part.UPPER).all()  # nobody saw the back: as it was said
    assert (front[~grid.covered] == -1).all()


def test_the_back_has_no_face(grid: Grid) -> None:
    said = np.full((N, N), Part.FACE)
    front, back = front_and_back(np.stack([probabilities(said)] * 2), grid)
    assert (front[grid.covered] == Part.FACE).all()
    assert (back[grid.covered] == Part.SKIN).all()


def test_specks_belong_to_what_surrounds_them() -> None:
    parts = np.full((20, 20), int(Part.UPPER))
    parts[5:7, 5:7] = Part.SKIN
    parts[10:16, 10:16] = Part.LOWER
    found = without_specks(parts, 10)
    assert (found[5:7, 5:7] == Part.UPPER).all()
    assert (found[10:16, 10:16] == Part.LOWER).all()
    parts[:, 0] = -1
    assert (without_specks(parts, 10)[:, 0] == -1).all()


def test_the_back_of_a_person_takes_the_cloth_of_its_parts() -> None:
    person = capsule_person()
    image, mask = paint_photo(person, dressed)
    size = 256
    y = 1 - (np.arange(size)[:, None].repeat(size, 1) + 0.5) * 2 / size
    front = np.select([y > 0.63, y > 0.43, y > 0], [Part.HAIR, Part.FACE, Part.UPPER], Part.LOWER)
    back = np.select([y > 0.45, y > 0], [Part.HAIR, Part.UPPER], Part.LOWER)  # long hair down the neck
    parsing = np.stack([probabilities(front, 0.95), probabilities(back, 0.95)])
    joints = joints_of_the_person()
    found = colour(person, image, mask, joints=joints, parsing=parsing)
    points = person.vertices
    nape = (np.abs(points[:, 0]) < 0.03) & (points[:, 2] < -0.03) & (points[:, 1] > 0.48) & (points[:, 1] < 0.6)
    assert nape.sum() > 50
    assert np.median(distance(found.colours[nape], HAIR)) < 25
    trunk = (np.abs(points[:, 0]) < 0.05) & (points[:, 2] < -0.1) & (points[:, 1] > 0.12) & (points[:, 1] < 0.3)
    assert np.median(distance(found.colours[trunk], SHIRT)) < 25
    short = colour(person, image, mask, joints=joints)
    low = nape & (points[:, 1] < 0.52)
    assert np.median(distance(short.colours[low], SKIN)) < np.median(distance(found.colours[low], SKIN))
