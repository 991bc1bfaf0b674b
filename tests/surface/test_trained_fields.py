"""Trained networks: the sparse search gives the triangles of the dense lattice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

import lifecast
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.column_field import ColumnField
from lifecast.scans.dataset import PeopleDataset
from lifecast.surface.extract.lattice import SparseLattice, decode, encode
from lifecast.surface.extract.refine import CORNER_OFFSETS, SurfaceCells, cells_on_surface
from lifecast.surface.extract.triangles import triangulate

UNSEEN = Path(__file__).parents[1] / "unseen_people"
SHIPPED = Path(lifecast.__file__).parent / "weights" / "compact"


def field_of(weights: Path, picture: np.ndarray, mask: np.ndarray) -> ColumnField:
    """The field of a picture (S, S, 3) uint8 before grey, as the photo pipeline would give it."""
    model = load_checkpoint(weights).model
    grey = np.where(mask[..., None] > 0.5, picture, 127).astype(np.float32)
    image = torch.from_numpy(grey / 127.5 - 1).permute(2, 0, 1)[None]
    size = model.architecture.image_size
    image = torch.nn.functional.interpolate(image, (size, size), mode="bilinear", antialias=True)
    with torch.inference_mode():
        return ColumnField(model, model(image))


def dense_cells(field: ColumnField, resolution: int) -> SurfaceCells:
    """Every cell on the surface, by asking every point, a layer at a time."""
    side = torch.arange(-1, resolution + 1)
    y, z = torch.meshgrid(side, side, indexing="ij")
    before: torch.Tensor | None = None
    codes, values = [], []
    for i in side:
        layer = encode(torch.stack((i.expand_as(y), y, z), dim=-1))  # (R + 2, R + 2)
        now = SparseLattice(field, resolution).values(layer)
        if before is not None:
            planes = (before, now)
            low, high = slice(0, -1), slice(1, None)
            eight = torch.stack([p[a, b] for p in planes for a in (low, high) for b in (low, high)], dim=-1)
            on_surface = (eight > 0).any(dim=-1) & ~(eight > 0).all(dim=-1)
            codes.append(layer[low, low][on_surface] - (1 << 22))
            values.append(eight[on_surface])
        before = now
    return SurfaceCells(torch.cat(codes), torch.cat(values))


def triangle_set(cells: SurfaceCells) -> set[tuple[int, ...]]:
    """Each triangle as the lattice edges that its vertices lie on (a middle as -1), in cyclic order."""
    mesh = triangulate(cells.codes.numpy(), cells.values.numpy(), np.array(CORNER_OFFSETS))
    names = mesh.with_middles(mesh.edges)
    names[len(mesh.edges) :] = -1
    corners = names[mesh.faces]
    turned = np.take_along_axis(corners, (corners.argmin(axis=1)[:, None] + np.arange(3)) % 3, axis=1)
    return set(map(tuple, turned.tolist()))


def share_of_same_triangles(field: ColumnField, resolution: int) -> float:
    """Triangles that both give, by those that either gives."""
    dense = triangle_set(dense_cells(field, resolution))
    ours = triangle_set(cells_on_surface(SparseLattice(field, resolution)))
    assert len(dense) > 1000
    return len(dense & ours) / len(dense | ours)


def test_a_small_network_that_learnt_a_doll(doll_weights: Path, doll: tuple[np.ndarray, np.ndarray]) -> None:
    """All of the body; what is missed are specks of a point or two, far below the size that is promised.

    Which specks a network so quickly fitted has depends on the processor that it was fitted on.
    """
    field, resolution = field_of(doll_weights, *doll), 80
    dense = dense_cells(field, resolution)
    ours = cells_on_surface(SparseLattice(field, resolution))
    found = torch.isin(dense.codes, ours.codes)
    assert int(found.sum()) == len(ours.codes), "nothing is there that the dense lattice lacks"
    assert len(ours.codes) > 0.95 * len(dense.codes)
    theirs = SurfaceCells(dense.codes[found], dense.values[found])
    by_code = (cells.values[torch.argsort(cells.codes)] for cells in (ours, theirs))
    torch.testing.assert_close(*by_code, rtol=0, atol=1e-4)
    missing = np.zeros((resolution + 2,) * 3, dtype=bool)
    missing[tuple((decode(dense.codes[~found]) + 1).T.numpy())] = True
    for box in ndimage.find_objects(ndimage.label(missing, np.ones((3, 3, 3)))[0]):
        assert max(side.stop - side.start for side in box) <= 4


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.exists(), reason=f"no {SHIPPED.name} in the package")
@pytest.mark.parametrize("index", range(4))
def test_the_shipped_weights_at_256(index: int) -> None:
    """On made people whom they have not seen."""
    person = PeopleDataset(UNSEEN, "all", size=512, points=0)[index]
    picture = ((person["image"].permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    assert share_of_same_triangles(field_of(SHIPPED, picture, person["mask"][0].numpy()), 256) >= 0.999
