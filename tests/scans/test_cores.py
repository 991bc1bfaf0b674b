"""Threads: one for a while, or one for good, whichever library was loaded first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from lifecast.scans.cores import torch_on_one_thread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_torch_has_its_threads_again_afterwards() -> None:
    with torch_on_one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(ValueError, match="bad"), torch_on_one_thread():
        raise ValueError("bad")
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("first", ["import torch", "pass"])
def test_torch_keeps_to_one_thread_loaded_before_or_after(first: str) -> None:
    script = f"{first}; from lifecast.scans.cores import one_thread; one_thread(); import torch, cv2"
    told = "print(torch.get_num_threads(), cv2.getNumThreads())"
    environment = {**os.environ, "OMP_NUM_THREADS": "3"}
    done = subprocess.run([sys.executable, "-c", f"{script}; {told}"], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1"]
