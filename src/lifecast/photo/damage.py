"""Errors that mean "this file is damaged" when Pillow raises them."""

from __future__ import annotations

import struct
import zlib

DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error,
    zlib.error, NotImplementedError, RuntimeError, AttributeError,
)  # fmt: skip
"""What Pillow's decoders raise on damaged files; anything else is a bug worth a traceback."""
