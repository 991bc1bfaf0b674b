"""How much memory may still be taken, a container's limit included."""

from __future__ import annotations

from pathlib import Path

import torch


def free_bytes(device: torch.device) -> int:
    """Estimate the memory in bytes that may still be taken.

    It is the GPU's, or the lesser of the machine's and of what the container's limit leaves.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    amounts = []
    information = Path("/proc/meminfo")
    if information.is_file():
        lines = dict(line.split(":", 1) for line in information.read_text().splitlines())
        amounts.append(int(lines["MemAvailable"].split()[0]) * 1024)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and limit.read_text().strip() != "max":
        # Pages of files that were read or written count as used, and are given up when memory is wanted.
        statistics = Path("/sys/fs/cgroup/memory.stat")
        lines = dict(line.split() for line in statistics.read_text().splitlines()) if statistics.is_file() else {}
        amounts.append(int(limit.read_text()) - int(used.read_text()) + int(lines.get("inactive_file", 0)))
    return min(amounts, default=1 << 62)
