"""The picture of all results."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lifecast.sheet import CELL, write_sheet


@pytest.mark.parametrize(("suffix", "count", "blocks"), [(".png", 60, 1), (".webp", 60, 2), (".jpg", 3, 1)])
def test_a_sheet_of_more_rows_than_the_format_is_high(suffix: str, count: int, blocks: int, tmp_path: Path) -> None:
    rows = [Image.new("RGB", (64, CELL + 18), (4 * number, 0, 0)) for number in range(count)]
    write_sheet(tmp_path / f"sheet{suffix}", rows)
    with Image.open(tmp_path / f"sheet{suffix}") as sheet:
        high = -(-count // blocks) if blocks == 1 else (16_383 - 18) // (CELL + 22)
        assert sheet.size == (blocks * 68 - 4, 18 + high * (CELL + 22))
        last = divmod(count - 1, high)
        pixel = sheet.convert("RGB").getpixel((last[0] * 68 + 32, 18 + last[1] * (CELL + 22) + 100))
        assert isinstance(pixel, tuple)
        assert abs(pixel[0] - 4 * (count - 1)) < 16
