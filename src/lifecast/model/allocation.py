"""Keeping freed memory: the paper's encoders allocate and free maps of 268 MB dozens of times.

glibc hands such blocks back to the kernel at once, and the kernel fills every page with zeros when they are asked for
again: an addition of two maps then takes six times as long as it must. `keep_freed_pages` makes glibc keep them.
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of glibc's `mallopt(3)`."""
LARGEST = 2**31 - 1


def keep_freed_pages() -> bool:
    """Let the whole process keep freed memory up to 2 GB for its next request.

    Returns whether that could be arranged. Large blocks come out of the heap rather than from a mapping of their own,
    and the heap's end is not given back. Call it before the first large allocation. Only glibc is asked; elsewhere
    nothing happens.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, LARGEST))
