import numpy as np
import pytest
import torch

from lifecast.model.model import Model
from lifecast.model.presets import PRESETS
from lifecast.model.silhouette import SILHOUETTE_BOUND, silhouette_bound

SIZE = SILHOUETTE_BOUND.size


def plain_bound(mask):
    """The same, a texel at a time: mask (SIZE, SIZE) -> (SIZE, SIZE)."""

    def window(values, row, column, reach):
        return values[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]

    texels = [(row, column) for row in range(SIZE) for column in range(SIZE)]
    mask = np.minimum(2 * mask, 1)
    reached = np.array([window(mask, *texel, SILHOUETTE_BOUND.margin).max() for texel in texels]).reshape(SIZE, SIZE)
    for _ in range(2):
        reached = np.array([window(reached, *texel, 1).mean() for texel in texels]).reshape(SIZE, SIZE)
    return SILHOUETTE_BOUND.fall * np.clip(2 * reached - 2, -1, 0)


def test_equals_the_plain_loop():
    rng = np.random.default_rng(0)
    mask = (rng.random((SIZE, SIZE)) < 0.01).astype(np.float32) * rng.random((SIZE, SIZE), np.float32)
    mask[40:60, 10:90] = 1
    bound = silhouette_bound(torch.from_numpy(mask)[None, None])
    assert bound.shape == (1, 1, SIZE, SIZE)
    np.testing.assert_allclose(bound[0, 0].numpy(), plain_bound(mask), atol=1e-5)


@pytest.mark.parametrize("size", [64, 256])
def test_nothing_changes_within_the_mask_and_all_of_it_far_away(size):
    mask = torch.zeros(1, 1, size, size)
    mask[..., size // 4 : size // 2, size // 4 : size // 2] = 1
    bound = torch.nn.functional.interpolate(silhouette_bound(mask), size=(size, size))
    assert bool((bound[mask > 0.5] == 0).all())
    assert bool((bound[..., -size // 4 :, :] == -SILHOUETTE_BOUND.fall).all())


def test_occupancy_is_bounded_to_the_mask():
    torch.manual_seed(0)
    model = Model(PRESETS["tiny"]).eval()
    points = torch.rand(1, 200, 3) * 1.8 - 0.9
    image = torch.rand(1, 3, 256, 256) * 2 - 1
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., :64] = 1  # the person's: the left half
    bound = silhouette_bound(mask)
    left, right = points[..., 0] < -0.02, points[..., 0] > 0.15
    with torch.no_grad():
        prediction = model(image)
        for found in (prediction, prediction._replace(fine_features=None)):
            bounded, free = model.occupancy(found, points, bound), model.occupancy(found, points)
            assert torch.equal(bounded[left], free[left])
            assert float(bounded[right].max()) < 1e-4 < float(free[right].min())
