"""Garments of the assets made looser and laid flat, on a column with a waist."""

from types import SimpleNamespace

import numpy as np
import pytest

from lifecast.errors import LifecastError
from lifecast.people.block_pattern import BlockPattern, block_patterns
from lifecast.people.body import RestBody
from lifecast.people.body_marks import Landmarks
from lifecast.people.loosened import LAYER, Looseness, laid_flat, loosen
from lifecast.people.tailor import Tailor
from lifecast.space.mesh_normals import vertex_normals

MARKS = Landmarks(np.array([0.19, 0.65, 0.02]), np.array([0.51, 0.3, 0.2]), 0.16, -0.74, 0.29, 0.75, 0.07)


def blocks(
    tailor: Tailor, shaped: SimpleNamespace, kind: str, low: float, high: float, radius: float | None = None,
    double: bool = False, lined: bool = False,
) -> list[BlockPattern]:  # fmt: skip
    """A tube with a texture that is sewn together behind; its vertices there may lie `double`."""
    rings, sides = 18, 32
    heights = np.linspace(low, high, rings)
    points, quads = shaped.column(low, high, rings, sides, shaped.girth(heights) + 0.008 if radius is None else radius)
    index = np.arange(rings * (sides + 1)).reshape(rings, sides + 1)
    texel = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
    u, v = np.meshgrid(np.arange(sides + 1) / sides, heights)
    uv = np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)
    if double:  # the last column of quads ends at vertices of its own
        seam = points.reshape(rings, sides, 3)[:, 0]
        first = np.arange(rings) * sides
        for row, quad in enumerate(quads.reshape(rings - 1, sides, 4)):
            quad[-1] = [quad[-1][0], len(points) + row, len(points) + row + 1, quad[-1][3]]
            assert quad[0][0] == first[row]
        points = np.concatenate([points, seam])
    if lined:
        inner = points * np.float32([0.97, 1, 0.97])
        quads = np.concatenate([quads, quads[:, [0, 3, 2, 1]] + len(points)])
        texel = np.concatenate([texel, texel[:, [0, 3, 2, 1]]])
        points = np.concatenate([points, inner])
    fit = shaped.fit_to(tailor, points)
    return block_patterns(tailor, MARKS, kind, kind, fit, quads.astype(np.int32), texel.astype(np.int32), uv)


def edge_lengths(corner: np.ndarray) -> np.ndarray:
    return np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2).ravel()


def loops(edges: np.ndarray) -> int:
    left, found = {tuple(e) for e in edges.tolist()}, 0
    while left:
        group = set(left.pop())
        found += 1
        while more := {e for e in left if group & set(e)}:
            left -= more
            group |= {v for e in more for v in e}
    return found


@pytest.mark.parametrize(("double", "lined"), [(False, False), (True, False), (False, True)])
def test_a_block_is_one_clean_sheet_of_even_triangles(
    tailor: Tailor, shaped: SimpleNamespace, double: bool, lined: bool
) -> None:
    (block,) = blocks(tailor, shaped, "skirt", -0.4, 0.2, 0.17, double, lined)
    points = block.place(tailor.rest)
    edges = edge_lengths(points[block.faces])
    assert 0.0085 < np.median(edges) < 0.012
    assert np.percentile(edges, 1) > 0.005
    assert edges.max() < 0.02
    ends = np.sort(np.concatenate([block.faces[:, [0, 1]], block.faces[:, [1, 2]], block.faces[:, [2, 0]]]), axis=1)
    assert np.unique(ends, axis=0, return_counts=True)[1].max() == 2
    normals = vertex_normals(points, block.faces, "area")
    assert (np.einsum("vx,vx->v", normals[:, [0, 2]], points[:, [0, 2]]) > 0).all()
    assert loops(block.hems) == 2
    assert np.abs(points[block.hems][:, :, 1] - np.where(points[block.hems][:, :, 1] < 0, -0.4, 0.2)).max() < 0.004
    # the texture's seam runs from hem to hem, and each point keeps its place in the texture
    ends = points[block.seams]
    assert np.ptp(ends[..., 1]) == pytest.approx(0.6, abs=0.01)
    assert np.abs(ends[..., 0]).max() < 0.004
    assert block.piece.max() == 0
    np.testing.assert_allclose(block.corner_uv[..., 1], points[block.faces][..., 1], atol=0.015)


def test_a_waistband_is_attached_and_the_hem_is_free(tailor: Tailor, shaped: SimpleNamespace) -> None:
    (skirt,) = blocks(tailor, shaped, "skirt", -0.4, 0.2, 0.17)
    height = skirt.place(tailor.rest)[:, 1]
    assert skirt.attached[height > 0.195].min() > 0.85
    assert skirt.attached[height < 0.12].max() < 0.01
    (top,) = blocks(tailor, shaped, "top", 0.2, 0.6)  # ends below the shoulders: held up by its upper edge
    assert top.attached[top.place(tailor.rest)[:, 1] > 0.595].min() > 0.85
    (belt,) = blocks(tailor, shaped, "belt", 0.2, 0.26)
    assert (belt.attached == 1).all()


def test_ease_is_how_much_wider_it_is(tailor: Tailor, shaped: SimpleNamespace) -> None:
    (block,) = blocks(tailor, shaped, "skirt", -0.5, 0.1, 0.16)
    fitted = block.place(tailor.rest)
    garment = loosen(block, tailor.rest, tailor.skin_faces, Looseness(0.06, 0, 0), "denim").garment
    low = (fitted[:, 1] < -0.1) & (fitted[:, 1] > -0.45)
    wider = 2 * np.pi * (np.linalg.norm(garment.points[:, [0, 2]], axis=1) - np.linalg.norm(fitted[:, [0, 2]], axis=1))
    np.testing.assert_allclose(wider[low], 0.06, rtol=0.1)
    np.testing.assert_allclose(garment.points[block.attached > 0.85], fitted[block.attached > 0.85], atol=0.0015)
    np.testing.assert_allclose(garment.points[:, 1], fitted[:, 1], atol=0.004)


def test_a_loose_garment_bridges_the_waist_and_a_tight_one_follows_it(tailor: Tailor, shaped: SimpleNamespace) -> None:
    (block,) = blocks(tailor, shaped, "dress", -0.2, 0.72)
    fitted = block.place(tailor.rest)
    waist = np.abs(fitted[:, 1] - 0.3) < 0.01
    radius = {}
    for ease in (0.0, 0.02, 0.06):
        points = loosen(block, tailor.rest, tailor.skin_faces, Looseness(ease, 0, 0), "denim").garment.points
        radius[ease] = float(np.linalg.norm(points[waist][:, [0, 2]], axis=1).mean()) - ease / (2 * np.pi)
    tight = float(np.linalg.norm(fitted[waist][:, [0, 2]], axis=1).mean())
    assert radius[0.0] == pytest.approx(tight, abs=0.001)
    assert tight + 0.003 < radius[0.02] < radius[0.06]
    assert radius[0.06] > tight + 0.012  # of the hollow's 4 cm


def test_triangles_laid_flat_keep_their_lengths_but_for_the_slack(tailor: Tailor, shaped: SimpleNamespace) -> None:
    (block,) = blocks(tailor, shaped, "skirt", -0.4, 0.2, 0.17)
    points = block.place(tailor.rest)
    flat = laid_flat(points, block.faces, block.along, Looseness(0, 0, 0))
    np.testing.assert_allclose(edge_lengths(flat), edge_lengths(points[block.faces]), atol=1e-6)
    # up is up on the body, counter-clockwise stays so
    np.testing.assert_allclose(np.diff(flat[..., 1], axis=1), np.diff(points[block.faces][..., 1], axis=1), atol=1e-4)
    one, two = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    assert (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).min() > 0
    longer = laid_flat(points, block.faces, block.along, Looseness(0, 0.1, 0.05))
    np.testing.assert_allclose(longer, flat * np.float32([1.05, 1.1]), atol=1e-6)


def test_a_sliver_is_given_a_height_when_laid_flat() -> None:
    points = np.float32([[0, 0, 0], [0.01, 0, 0], [0.005, 0.00001, 0]])
    for corners in ([0, 1, 2], [1, 2, 0], [2, 0, 1]):
        flat = laid_flat(
            points, np.array([corners], np.int32), np.tile(np.float32([0, -1, 0]), (3, 1)), Looseness(0, 0)
        )
        one, two = flat[0, 1] - flat[0, 0], flat[0, 2] - flat[0, 0]
        assert one[0] * two[1] - one[1] * two[0] == pytest.approx(0.01 * 0.0004, rel=0.01)


def test_it_fits_every_body_and_stays_out_of_it(tailor: Tailor, shaped: SimpleNamespace) -> None:
    (block,) = blocks(tailor, shaped, "dress", -0.2, 0.72)
    skin = tailor.skin * np.float32([1.4, 0.8, 1.4])
    rest = RestBody(skin, np.zeros((2, 3)), np.zeros((2, 3)))
    loosened = loosen(block, rest, tailor.skin_faces, Looseness(0.03), "wool")
    garment = loosened.garment
    assert (garment.part, garment.layer, garment.fabric) == ("dress", LAYER["dress"], "wool")
    assert loosened.corner_uv.shape == (len(garment.faces), 3, 2)
    radius = np.linalg.norm(garment.points[:, [0, 2]], axis=1)
    body = 1.4 * shaped.girth(garment.points[:, 1] / 0.8)
    assert (radius - body).min() > 0.001
    assert np.ptp(garment.points[:, 1]) == pytest.approx(0.8 * 0.92, abs=0.03)


def test_a_coat_and_the_shirt_drawn_beneath_it_are_two_sheets(tailor: Tailor, shaped: SimpleNamespace) -> None:
    coat, quads = shaped.column(-0.3, 0.5, 21, 32, 0.2)
    shirt, _ = shaped.column(-0.1, 0.5, 21, 32, 0.17)
    pocket = np.float32([[-0.05, 0, 0.22], [0.05, 0, 0.22], [0.05, 0.1, 0.22], [-0.05, 0.1, 0.22]])
    front = coat[quads].mean(1)[:, 2] < 0.16
    faces = np.concatenate([quads[front], quads + len(coat), np.array([[1344, 1345, 1346, 1347]])]).astype(np.int32)
    fit = shaped.fit_to(tailor, np.concatenate([coat, shirt, pocket]))
    found = block_patterns(
        tailor, MARKS, "suit", "coat", fit, faces, np.zeros_like(faces), np.zeros((1, 2), np.float32)
    )
    assert [(block.name, block.order) for block in found] == [("suit-1", 0), ("suit-2", 1)]
    layers = [loosen(b, tailor.rest, tailor.skin_faces, Looseness(), "wool", layer=4).garment.layer for b in found]
    assert layers == [4, 5]
    reach = [float(np.linalg.norm(block.place(tailor.rest)[:, [0, 2]], axis=1).max()) for block in found]
    assert reach == pytest.approx([0.17, 0.2], abs=0.004)  # and no pocket


def test_looseness_that_would_shrink_it_is_refused() -> None:
    with pytest.raises(LifecastError, match="ease"):
        Looseness(ease=-0.01)
