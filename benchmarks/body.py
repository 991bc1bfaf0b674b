"""How fast the parametric body is: `python benchmarks/body.py [--batch N]`.

Prints seconds to load it, and to pose a batch forward and backward, on one thread.
"""

from __future__ import annotations

import argparse
import os
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import torch  # noqa: E402

from lifecast.body.kinematics import rotations_from_vectors  # noqa: E402
from lifecast.body.model import Body  # noqa: E402

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    batch = parser.parse_args().batch
    torch.set_num_threads(1)
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        body = Body()
        seconds.append(time.process_time() - start)
    print(f"load: {min(seconds):.3f} s of processor time at best, {max(seconds):.3f} at worst of {REPEATS}")
    shape = torch.zeros(batch, body.components, requires_grad=True)
    turns = torch.zeros(batch, len(body.joints), 3, requires_grad=True)
    expression = torch.zeros(batch, len(body.actions))
    forward, backward = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        posed = body.pose(shape, expression, rotations_from_vectors(turns))
        middle = time.process_time()
        posed.vertices.square().sum().backward()
        forward.append(middle - start)
        backward.append(time.process_time() - middle)
    print(f"{batch} bodies: {min(forward):.3f} s forward, {min(backward):.3f} s backward")


if __name__ == "__main__":
    main()
