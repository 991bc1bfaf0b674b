"""The file beside a person's views that lists close-ups of them. Imports nothing heavy."""

from __future__ import annotations

FILE = "close_ups.json"
CLOSE_UP_SIZE = 320
"""Pixels of a close-up's square picture."""
GIVEN = "given"
"""Between a close-up's stem and `_front.png`, `_back.png` or `_mask.png`: maps predicted of the whole view."""
