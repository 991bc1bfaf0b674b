"""Trimming a batch: nobody is cut, maps stay aligned, sides suit the network."""

from __future__ import annotations

import torch

from lifecast.training.trim import kept_range, trim


def batch_of(size: int, boxes: list[tuple[int, int, int, int]]) -> dict[str, torch.Tensor]:
    count = len(boxes)
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    place = torch.stack([rows, columns, rows * 0]).float()[None].expand(count, -1, -1, -1)
    mask = torch.zeros(count, 1, size, size)
    for i, (top, bottom, left, right) in enumerate(boxes):
        mask[i, 0, top:bottom, left:right] = 1
    small = place[:, :2, ::4, ::4]
    return {
        "image": place, "mask": mask, "front": place, "back": place, "depth": small, "depth_mask": mask[..., ::4, ::4],
        "points": torch.zeros(count, 5, 3),
    }  # fmt: skip


def test_everybody_is_kept_and_the_maps_stay_aligned() -> None:
    torch.manual_seed(0)
    batch = batch_of(256, [(60, 201, 100, 140), (40, 190, 120, 151)])
    starts = set()
    for _ in range(20):
        cut = trim(batch, 32)
        height, width = cut["image"].shape[-2:]
        assert height % 32 == 0
        assert width % 32 == 0
        assert (height, width) == (192, 96)
        assert cut["mask"].sum() == batch["mask"].sum(), "nobody loses a pixel"
        top, left = (int(v) for v in cut["image"][0, :2, 0, 0])
        starts.add((top, left))
        assert torch.equal(cut["depth"][0, :, 0, 0], torch.tensor([float(top), float(left)]))
        assert cut["depth"].shape[-2:] == (height // 4, width // 4)
        shown = cut["extent"] * 256
        assert shown.tolist() == [[left, top, width, height]] * 2
        assert cut["points"] is batch["points"]
    assert len(starts) > 3, "the place within its freedom varies"


def test_a_picture_of_nobody_or_of_somebody_everywhere_stays_whole() -> None:
    assert kept_range(torch.zeros(64, dtype=torch.bool), 32) == (0, 64)
    assert kept_range(torch.ones(64, dtype=torch.bool), 32) == (0, 64)
    edge = torch.zeros(128, dtype=torch.bool)
    edge[-3:] = True
    first, end = kept_range(edge, 32)
    assert end == 128
    assert first == 96
