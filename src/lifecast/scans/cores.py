"""One core a process.

Imports nothing heavy, because numeric libraries read these settings when they are loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "IGL_NUM_THREADS")

DIED = "a worker was ended from outside, most likely for want of memory; run again with fewer --workers, to go on"


def one_thread() -> None:
    """Keep this process, and those that it starts, to one thread each.

    The pool of workers uses the other cores. NumPy's BLAS obeys only where it is loaded afterwards.
    """
    for name in THREADS:
        os.environ[name] = "1"
    import cv2

    cv2.setNumThreads(1)
    torch = sys.modules.get("torch")  # loaded later, it reads the environment
    if torch is not None:
        torch.set_num_threads(1)


@contextmanager
def torch_on_one_thread() -> Iterator[None]:
    """Let PyTorch compute on one thread for a while.

    Its sums are then the same on any number of cores. Each thread sums a part of a long sum: with other threads, other
    parts are rounded.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
