"""One core a process. Imports nothing heavy, because numeric libraries read these settings when they are loaded."""

from __future__ import annotations

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "IGL_NUM_THREADS")

DIED = "a worker was ended from outside, most likely for want of memory; run again with fewer --workers, to go on"


def one_thread() -> None:
    """Keep this process, and those that it starts, to one thread each: the pool of workers uses the other cores."""
    for name in THREADS:
        os.environ[name] = "1"
    import cv2

    cv2.setNumThreads(1)
