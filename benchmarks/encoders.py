"""How near each encoder comes to the rate at which this machine multiplies matrices.

    python benchmarks/encoders.py [--preset paper] [--threads 2] [--plain] [--weights FILE]

Prints, for the map heads and both nets, the arithmetic, the time, and GFLOP/s by the wall clock and by the CPU
seconds used (the one to read on a busy machine), each against a large float32 matrix product of the same run.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from lifecast.model.ablations import preset_named
from lifecast.model.allocation import keep_freed_pages
from lifecast.model.checkpoint import load_checkpoint
from lifecast.model.model import Model

Times = tuple[float, float]


def best_of(run: Callable[[], object], repeats: int) -> Times:
    """Smallest wall and CPU seconds of `run`, after one run to warm up."""
    run()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def parts(model: Model, device: str) -> dict[str, Callable[[], object]]:
    """Each encoder on inputs of its preset's size."""
    preset = model.architecture
    generator = torch.Generator().manual_seed(0)

    def picture(size: int, channels: int) -> torch.Tensor:
        made = torch.empty(1, channels, size, size, device=device)
        return made if device == "meta" else made.uniform_(-1, 1, generator=generator)

    found: dict[str, Callable[[], object]] = {}
    if model.normals is not None and preset.maps is not None:
        image = picture(preset.maps.normals_size, 3)
        found["normal head"] = lambda: model.normals(image)
    coarse = picture(preset.coarse.image_size, preset.input_channels)
    found["coarse encoder"] = lambda: model.coarse.encoder(coarse)
    if model.fine is not None and preset.fine is not None:
        fine = picture(preset.fine.image_size, preset.input_channels)
        encoder = model.fine.encoder
        found["fine encoder"] = lambda: encoder(fine)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--weights", help="a weights file in place of random weights of the preset")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="plain layout and allocator, for comparison")
    options = parser.parse_args()
    if not options.plain:
        keep_freed_pages()
    torch.set_num_threads(options.threads)
    if options.weights:
        model = load_checkpoint(options.weights).model
    else:
        torch.manual_seed(0)
        model = Model(preset_named(options.preset)).eval()
    if not options.plain:
        model.for_inference()
    with torch.device("meta"):
        shapes = Model(model.architecture)
    arithmetic = {}
    with torch.inference_mode():
        for name, run in parts(shapes, "meta").items():
            with FlopCounterMode(display=False) as counter:
                run()
            arithmetic[name] = counter.get_total_flops() / 1e9
        a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
        wall, cpu = best_of(lambda: a @ b, 5)
        flops = 2 * 2048**3 / 1e9
        rate, cpu_rate = flops / wall, flops / cpu
        print(f"matrix product   {flops:8.1f} GFLOP {wall:7.2f} s {rate:6.1f} GFLOP/s; {cpu_rate:6.1f} per CPU second")
        for name, run in parts(model, "cpu").items():
            wall, cpu = best_of(run, options.repeats)
            flops = arithmetic[name]
            share, cpu_share = flops / wall / rate, flops / cpu / cpu_rate
            line = f"{name:<16} {flops:8.1f} GFLOP {wall:7.2f} s {flops / wall:6.1f} GFLOP/s ({share:4.0%}); "
            print(line + f"{flops / cpu:6.1f} per CPU second ({cpu_share:4.0%})")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
