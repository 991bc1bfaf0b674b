"""`lifecast train`: the networks on prepared data, a stage at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro


def train(
    stage: Annotated[Literal["normals", "depth", "detail", "coarse", "fine", "joint"], tyro.conf.Positional],
    data: Path,
    out: Path,
    also: tuple[Path, ...] = (),
    preset: str | None = None,
    recipe: str | None = None,
    resume: bool = False,
    init: tuple[Path, ...] = (),
    devices: int = 1,
    nodes: int = 1,
    precision: Literal["32", "bf16", "fp16"] | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    batch: int | None = None,
    size: int | None = None,
    points: int | None = None,
    learning_rate: float | None = None,
    workers: int | None = None,
    threads: int | None = None,
    predicted_normals: bool = False,
    perceptual: Literal["auto", "vgg19", "mobilenet_v2", "none"] | None = None,
    perceptual_weights: Path | None = None,
    backgrounds: Path | None = None,
    seed: int = 0,
) -> int:
    """Train one stage: the normal networks, their depth network, their detail, the coarse level, the fine level on a
    frozen coarse one, or both levels jointly.

    A run's folder holds its log, checkpoints, pictures and `weights.safetensors`, which is usable at any time. Each
    stage starts from the weights of the ones before, and presets with a lifter (compact) from `lifecast lift`'s:

        lifecast train normals --data DATA --out RUNS/normals --init RUNS/lifter.safetensors
        lifecast train depth --data DATA --out RUNS/depth1 --init RUNS/normals/weights.safetensors
        lifecast train depth --data DATA --out RUNS/depth --init RUNS/depth1/weights.safetensors --predicted-normals
        lifecast train detail --data DATA --out RUNS/detail --init RUNS/depth/weights.safetensors
        lifecast train coarse --data DATA --out RUNS/coarse --init RUNS/detail/weights.safetensors --predicted-normals
        lifecast train fine --data DATA --out RUNS/fine --init RUNS/coarse/weights.safetensors --predicted-normals

    The last file holds all levels. The same command resumes a run with --resume, killed or interrupted however.
    `lifecast train all` goes all of this way, from making people on (`lifecast train all --help`).

    Args:
        stage: which levels are trained
        data: dataset folder that `lifecast prepare` wrote
        out: the run's folder
        also: further datasets to train on; validation stays with the test people of DATA
        preset: architecture; by default that of the first --init, or compact
        recipe: built-in recipe (paper, cpu, gpu-short; tiny, for tests) or the path of a .toml file; by default the
            resumed run's, or cpu or gpu-short by the machine
        resume: go on with the run in OUT, if there is one
        init: weights to start from; each brings its trained levels, later ones win
        devices: GPUs on each machine, or CPU processes
        nodes: machines
        precision: number format of the arithmetic
        minutes: time budget of the whole run; the schedule fits itself to it
        steps: length of the run in optimiser steps
        batch: pictures in a step, in each process
        size: image side in pixels
        points: points asked in each picture
        learning_rate: peak learning rate
        workers: processes that load data
        threads: threads of the arithmetic on a CPU
        predicted_normals: feed the levels predicted normal maps instead of the true ones
        perceptual: network of the perceptual loss; auto: vgg19 where its weights are given, else mobilenet_v2
        perceptual_weights: its weights file (vgg19 needs one)
        backgrounds: folder of pictures to put behind people
        seed: decides start weights, order, points and augmentation
    """
    options = dict(locals())
    from lifecast.training.loop import train as run
    from lifecast.training.options import TrainOptions

    run(TrainOptions(**options))
    return 0
