"""Time and memory of converting a checkpoint of the released model's full size, with random weights.

    python benchmarks/convert.py [--keep FOLDER]

Makes a legacy `torch.save` file of 1.55 GB, converts it in a process of its own, and prints that process's
wall time and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from lifecast.networks.levels import TwoLevel
from lifecast.networks.official import official_state
from lifecast.networks.preset import PIFUHD


def make_checkpoint(path: Path) -> None:
    """A file like the authors': options of both levels, 764 weights of which 8 are second names."""
    torch.manual_seed(0)
    with torch.device("meta"):
        model = TwoLevel(PIFUHD)
    model = model.to_empty(device="cpu").requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(std=0.02)
    options = argparse.Namespace(name="fine", loadSizeBig=1024)
    coarse_options = argparse.Namespace(name="coarse", loadSize=512, z_size=200.0, merge_layer=2)
    content = {"opt": options, "opt_netG": coarse_options, "model_state_dict": official_state(model)}
    torch.save(content, path, _use_new_zipfile_serialization=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder to leave both files in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source, target = folder / "random.pt", folder / "random.safetensors"
        make_checkpoint(source)
        print(f"made      {source.stat().st_size:>15,} bytes")
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "lifecast", "convert", str(source), str(target)], check=True)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(f"converted {target.stat().st_size:>15,} bytes in {seconds:.1f} s, peak memory {peak / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
