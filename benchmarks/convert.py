"""Time and memory of converting a checkpoint of the released model's full size, with random weights.

    python benchmarks/convert.py [--keep FOLDER] [--person photo.jpg]

Makes a legacy `torch.save` file of 1.55 GB, converts it in a process of its own, and prints that process's
wall time and peak memory. With `--person`, the MLPs (1.5 of the 387 million weights) are first fitted to that
photograph's person, half as thick as wide, so that the file is good for timing reconstructions of that photograph:
the field of random weights turns everywhere, and its surface has fourteen times a person's triangles. The peak memory
is then at least that of the fit, since a child's counts from its parent's: read it without `--person`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from lifecast.model.model import Model
from lifecast.model.pifuhd.names import official_state
from lifecast.model.presets import PIFUHD
from lifecast.photo.decode import read_photo
from lifecast.pipeline import Reconstructor

STEPS = 1500


def random_model() -> Model:
    """The released architecture with random weights."""
    torch.manual_seed(0)
    with torch.device("meta"):
        model = Model(PIFUHD)
    model = model.to_empty(device="cpu").requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(std=0.02)
    return model


def fit_person(model: Model, path: Path) -> None:
    """Fit the MLPs to the person in a photograph: inside the mask, thicker the farther from its edge."""
    torch.manual_seed(0)
    normals = model.normals
    assert normals is not None
    for generator in (normals.front, normals.back):
        assert generator is not None
        # Maps of noise would make noise of the features. These are nearly blank; the picture is an input too.
        generator.head.weight.mul_(1e-3)
        generator.head.bias.mul_(1e-3)
    reconstructor = Reconstructor(model)
    photo = read_photo(path)
    person = reconstructor.find(photo)[0]
    framed = reconstructor.framer.frame(photo, person)
    mask = framed.mask
    assert mask is not None, "the fit needs a mask"
    given = torch.from_numpy(np.array(mask))[None, None]
    with torch.no_grad():
        encoded = model(framed.inputs[0], small=framed.inputs[-1], mask=given)
    assert model.fine is not None
    assert encoded.fine_features is not None
    size = mask.shape[0]
    inward = np.asarray(ndimage.distance_transform_edt(mask > 0.5)) * 2 / size  # view units from the mask's edge
    half = torch.from_numpy(0.5 * inward.astype(np.float32))  # (S, S): half of the thickness along z
    rows, columns = (torch.from_numpy(index) for index in np.nonzero(ndimage.binary_dilation(mask > 0.5, iterations=8)))
    parameters = [*model.coarse.mlp.parameters(), *model.fine.mlp.parameters()]
    for layer in [*model.coarse.mlp.layers, *model.fine.mlp.layers]:
        torch.nn.init.kaiming_normal_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam([parameter.requires_grad_() for parameter in parameters], 1e-3)
    # The last steps are small ones: what a large one leaves is a field that flickers, and asks for more points.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        some = torch.randint(len(rows), (768,))
        row, column = rows[some], columns[some]
        depth = half[row, column]
        z = torch.where(torch.rand(768) < 0.5, (torch.rand(768) - 0.5) * 0.8, torch.randn(768) * (depth + 0.03))
        points = torch.stack(((column + 0.5) * 2 / size - 1, 1 - (row + 0.5) * 2 / size, z), 1)[None].float()
        everywhere = torch.rand(1, 256, 3) * 2 - 1
        points = torch.cat((points, everywhere), 1)
        column = ((everywhere[0, :, 0] + 1) * size / 2).long().clamp(0, size - 1)
        row = ((1 - everywhere[0, :, 1]) * size / 2).long().clamp(0, size - 1)
        truth = (points[0, :, 2].abs() < torch.cat((depth, half[row, column]))).float()
        coarse, embedding = model.coarse.query(encoded.coarse_features, points)
        fine = model.fine.query(encoded.fine_features, points, embedding)
        loss = sum(torch.nn.functional.binary_cross_entropy_with_logits(v[0], truth) for v in (coarse, fine))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.requires_grad_(False)
    print(f"fitted to the person in {path.name}: cross entropy of both nets {float(loss.detach()):.3f}")


def make_checkpoint(path: Path, photo: Path | None = None) -> None:
    """A file like the authors': options of both nets, 764 weights of which 8 are second names."""
    model = random_model()
    if photo is not None:
        fit_person(model, photo)
    options = argparse.Namespace(name="fine", loadSizeBig=1024)
    coarse_options = argparse.Namespace(name="coarse", loadSize=512, z_size=200.0, merge_layer=2)
    state = {name: tensor.contiguous() for name, tensor in official_state(model).items()}
    content = {"opt": options, "opt_netG": coarse_options, "model_state_dict": state}
    torch.save(content, path, _use_new_zipfile_serialization=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder to leave both files in")
    parser.add_argument("--person", type=Path, metavar="PHOTO", help="photograph to fit the MLPs to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source, target = folder / "random.pt", folder / "random.safetensors"
        make_checkpoint(source, options.person)
        print(f"made      {source.stat().st_size:>15,} bytes")
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "lifecast", "convert", str(source), str(target)], check=True)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(f"converted {target.stat().st_size:>15,} bytes in {seconds:.1f} s, peak memory {peak / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
