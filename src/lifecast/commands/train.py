"""`lifecast train`: the networks, a stage at a time, on prepared data or on people who are made meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from lifecast.options import Inline
from lifecast.training.options import TrainOptions
from lifecast.training.stage_names import StageName
from lifecast.training.stream.options import USUAL, StreamOptions


@dataclass(frozen=True)
class Train(TrainOptions):
    """`TrainOptions` whose stage is named without an option."""

    stage: tyro.conf.Positional[StageName]
    """Which networks are trained."""
    streaming: Inline[StreamOptions] = USUAL
    """Of stream: what people are made from, how many are kept, and for how long."""


def train(options: Inline[Train]) -> int:
    """Train one stage of the networks.

    A stage is the normal head, the depth head, the detail head, the coarse net, the fine net on a frozen coarse one, or
    both nets jointly. A run's folder holds its log, checkpoints, pictures and `weights.safetensors`, which is usable at
    any time. Each stage starts from the weights of the ones before, and presets with a pose lifter (compact) from
    `lifecast lift`'s:

        lifecast train normals --data DATA --out RUNS/normals --init RUNS/lifter.safetensors
        lifecast train depth --data DATA --out RUNS/depth1 --init RUNS/normals/weights.safetensors
        lifecast train depth --data DATA --out RUNS/depth --init RUNS/depth1/weights.safetensors --predicted-normals
        lifecast train detail --data DATA --out RUNS/detail --init RUNS/depth/weights.safetensors
        lifecast train coarse --data DATA --out RUNS/coarse --init RUNS/detail/weights.safetensors --predicted-normals
        lifecast train fine --data DATA --out RUNS/fine --init RUNS/coarse/weights.safetensors --predicted-normals

    Without a dataset, --stream makes people while the networks train, from --assets, --poses and --lighting:

        lifecast train normals --stream --assets MAKEHUMAN_ASSETS --out RUNS/normals --pool POOL --minutes 600

    The last file holds all parts. The same command resumes a run with --resume, killed or interrupted however.
    `lifecast train all` goes all of this way, from making people on (`lifecast train all --help`).
    """
    from lifecast.training.loop import train as run

    run(options)
    return 0
