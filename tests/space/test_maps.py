"""What may be done to maps, against pixel-by-pixel definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from lifecast.space.maps import Maps, averaged, mirrored, sharpened, under_mask


def random_maps(seed: int, size: int = 8) -> Maps:
    """Maps of all kinds: unit normals under a mask, its logit, depths of another size and their distribution."""
    draw = torch.Generator().manual_seed(seed)
    front, back = (functional.normalize(torch.randn(2, 3, size, size, generator=draw), dim=1) for _ in range(2))
    logit = torch.randn(2, 1, size, size, generator=draw)
    mask = torch.sigmoid(logit)
    depth = torch.randn(2, 2, size // 2, size // 2, generator=draw)
    return Maps(front * mask, back * mask, mask, logit, depth, torch.randn(2, 2, 5, 2, 2, generator=draw))


def test_a_given_mask_takes_the_place_of_the_predicted_one() -> None:
    """Unit normals under it, also where the prediction hardly believed in a person; depths stay."""
    maps = random_maps(0)
    assert maps.mask is not None
    given = (torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    masked = under_mask(maps, given)
    torch.testing.assert_close(masked.front, maps.front / maps.mask * given)
    torch.testing.assert_close(masked.back, maps.back / maps.mask * given)
    assert masked.mask is not None
    assert torch.equal(masked.mask, given)
    assert masked.mask_logit is None, "the loss would otherwise be on another mask"
    assert masked.depth is maps.depth


def test_a_given_mask_of_another_size_is_resized() -> None:
    maps = random_maps(0)
    given = (torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(1)) > 0.5).double()
    masked = under_mask(maps, given).mask
    assert masked is not None
    assert masked.dtype == torch.float32
    wanted = functional.interpolate(given.float(), size=(8, 8), mode="bilinear", antialias=True)
    torch.testing.assert_close(masked, wanted)


def test_maps_without_a_mask_stay_under_a_given_one() -> None:
    plain = Maps(*random_maps(0)[:2])
    assert under_mask(plain, torch.zeros(2, 1, 8, 8)) is plain


def test_mirroring_exchanges_columns_and_turns_x_of_the_normals() -> None:
    maps = random_maps(2)
    turned = mirrored(maps)
    for column in range(8):
        for mine, theirs in ((turned.front, maps.front), (turned.back, maps.back)):
            assert torch.equal(mine[:, 0, :, column], -theirs[:, 0, :, 7 - column])
            assert torch.equal(mine[:, 1:, :, column], theirs[:, 1:, :, 7 - column])
        assert turned.mask is not None
        assert maps.mask is not None
        assert torch.equal(turned.mask[..., column], maps.mask[..., 7 - column])
    for mine, theirs in zip(mirrored(turned), maps, strict=True):
        assert mine is not None
        assert theirs is not None
        assert torch.equal(mine, theirs)
    assert mirrored(Maps(maps.front, maps.back))[2:] == (None, None, None, None)


def test_averaging_takes_the_mean_of_directions_under_the_mean_mask() -> None:
    one, other = random_maps(3), random_maps(4)
    mean = averaged(one, other)
    assert mean.mask is not None
    assert one.mask is not None
    assert other.mask is not None
    torch.testing.assert_close(mean.mask, (one.mask + other.mask) / 2)
    for found, a, b in zip(mean[:2], one[:2], other[:2], strict=True):
        wanted = (a + b) / (a + b).norm(dim=1, keepdim=True) * mean.mask
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    assert mean.depth is not None
    torch.testing.assert_close(mean.depth, one.depth + (other.depth - one.depth) / 2)  # type: ignore[operator]
    assert mean.depth_logits is None, "the mean of two distributions is no prediction"


def test_normals_without_a_mask_are_averaged_to_unit_length() -> None:
    one, other = Maps(*random_maps(3)[:2]), Maps(*random_maps(4)[:2])
    mean = averaged(one, other)
    torch.testing.assert_close(mean.front.norm(dim=1), torch.ones(2, 8, 8))
    assert mean[2:] == (None, None, None, None)


def bumpy(size: int) -> torch.Tensor:
    """Normals (1, 3, S, S) of a sheet with folds a few pixels broad, of length 1 within a disc and 0 beyond."""
    down, across = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    tilts = 0.5 * torch.sin(across / 2.5 + down / 9), 0.3 * torch.sin(down / 3.0)
    disc = ((across - size / 2) ** 2 + (down - size / 2) ** 2 < (0.4 * size) ** 2).float()
    return functional.normalize(torch.stack([*tilts, torch.ones(size, size)]), dim=0)[None] * disc


def smoothed(normals: np.ndarray, sigma: float) -> np.ndarray:
    """(S, S, 3), each channel blurred alone; unit length again."""
    radius = int(np.ceil(3 * sigma))
    blurred = ndimage.gaussian_filter(normals, sigma, mode="constant", radius=radius, axes=(0, 1))
    return blurred / np.maximum(np.linalg.norm(blurred, axis=-1, keepdims=True), 1e-6)


@pytest.mark.parametrize(("size", "amount"), [(512, 0.5), (256, 0.5), (512, 1.2)])
def test_sharpening_moves_directions_away_from_the_mean_around_them(size: int, amount: float) -> None:
    torch.manual_seed(5)
    length = torch.rand(1, 1, size, size) * 0.9 + 0.1
    normals = functional.normalize(torch.randn(1, 3, size, size) + torch.tensor([0, 0, 3.0]).view(3, 1, 1), dim=1)
    normals[..., : size // 4, :] = 0
    found = sharpened(normals * length, amount)
    unit = normals[0].permute(1, 2, 0).double().numpy()
    wanted = unit + amount * (unit - smoothed(unit, 1.5 * size / 512))
    wanted /= np.maximum(np.linalg.norm(wanted, axis=-1, keepdims=True), 1e-6)
    wanted = wanted * length[0, 0, ..., None].double().numpy() * (unit != 0).any(-1, keepdims=True)
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), wanted, atol=1e-4)


def test_sharpening_brings_back_folds_that_an_average_has_flattened() -> None:
    true = bumpy(512)
    inside = true.norm(dim=1) > 0
    flat = torch.from_numpy(smoothed(true[0].permute(1, 2, 0).numpy(), 1.0)).permute(2, 0, 1)[None] * inside[:, None]

    def error(maps: torch.Tensor) -> float:
        return float((maps - true).norm(dim=1)[inside].mean())

    assert error(sharpened(flat, 0.5)) < 0.7 * error(flat)
    assert torch.equal(sharpened(flat, 0.5).norm(dim=1) == 0, ~inside)


def test_a_flat_map_cannot_be_sharpened() -> None:
    flat = functional.normalize(torch.tensor([0.2, -0.4, 0.8]), dim=0).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    torch.testing.assert_close(sharpened(flat, 0.5), flat, atol=1e-5, rtol=1e-4)
