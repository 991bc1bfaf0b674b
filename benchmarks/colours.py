"""How near the colours of backs and sides are to the true ones, on made people.

    python benchmarks/colours.py RAW DATA --cache CACHE                # of `lifecast synthesize` and `prepare`
    python benchmarks/colours.py RAW DATA --cache CACHE --people person_000003 person_000017

A person is reconstructed once, from its first prepared picture before grey, and kept in CACHE; later runs do the
colours alone. The truth is the paint without light, at the photograph's exposure: each channel is scaled so that it
fits what the camera sees clearly. Both are drawn without light from behind and from both sides and compared
where both are covered, half a centimetre a pixel. A row a person and view:

- difference: mean distance in 0..255 RGB; broad: the same after a blur of 2.5 cm, which cannot see texture.
- edges: correlation of the gradients' lengths, of grey after a blur of 1 cm.
- texture: what the blur of 2.5 cm takes away, root mean square over that of the truth.
- features: distance of the two pictures' MobileNetV2 features (`training.perceptual`); nan without its package.
- parts: share of the pixels whose part (`space.parsing`) is right, face and skin being one. The front has this alone.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

import lifecast
from lifecast import pipeline
from lifecast.errors import CheckpointError
from lifecast.people.parsing import part_of_mesh
from lifecast.reconstruction import Reconstruction
from lifecast.scans.normalise import normalise
from lifecast.scans.orientation import orient_outward
from lifecast.scans.rays import LineOfSight
from lifecast.scans.read import read_scan
from lifecast.scans.texels import TexelPool
from lifecast.space.parsing import Part
from lifecast.surface.colour.colour_surface import SurfaceColours, colour_surface
from lifecast.surface.colour.photograph import prepare_photograph
from lifecast.surface.colour.srgb import to_linear, to_srgb
from lifecast.surface.output.picture import turn
from lifecast.surface.output.texture import paint_texels
from lifecast.surface.raster import rasterize
from lifecast.training.perceptual import PerceptualLoss, perceptual_loss

GREY = (150, 155, 160)
SIZE = 512
VIEWS = {"behind": 180, "left": -90, "right": 90}
RIM = 4
"""Pixels at an outline that are not compared."""
BROAD, FINE = 5.0, 2.0
"""Pixels, the standard deviations of the blurs."""


@dataclass
class Case:
    """One person: what the colours are made of, and the truth."""

    arguments: tuple[Any, ...]
    """Of `colour_surface`."""
    made: Reconstruction
    scale: float
    """Units of the prepared view a unit of the reconstruction's, ..."""
    shift: np.ndarray
    """... and (3,) where its origin lies there."""
    truth: dict[int, tuple[np.ndarray, np.ndarray]]
    """By yaw: (SIZE, SIZE, 3) linear paint, and (SIZE, SIZE) index into `names`, -1 where nobody is."""
    names: list[str]
    """Of the parts of the file."""
    parsing: np.ndarray | None = None
    """(2, P, h, w) that the weights predicted."""


class Figures(NamedTuple):
    """Of one view."""

    difference: float
    broad: float
    edges: float
    texture: float
    features: float
    parts: float


def reconstruct(person: str, people: Path, data: Path, weights: str) -> Case:
    """Reconstruct a made person and draw the truth."""
    record = json.loads((data / person / "person.json").read_text())
    view = record["views"][0]
    picture = cv2.imread(str(data / person / f"{view['files']}_colour.jpg"))[..., ::-1].astype(np.float32)
    mask = cv2.imread(str(data / person / f"{view['files']}_mask.png"), cv2.IMREAD_GRAYSCALE)[..., None] / 255
    picture = (picture * mask + (1 - mask) * GREY).astype(np.uint8)
    caught: list[tuple[Any, ...]] = []

    def catching(*arguments: Any) -> SurfaceColours:
        caught.append(arguments)
        return colour_surface(*arguments)

    own, pipeline.colour_surface = pipeline.colour_surface, catching  # type: ignore[assignment]
    try:
        made = lifecast.load(weights).reconstruct(picture, body=True)
    finally:
        pipeline.colour_surface = own

    scan = read_scan(people / person / "person.glb")
    card = json.loads((people / person / "card.json").read_text())
    normalise(scan, None, None, np.array(card["pelvis"], np.float64))
    orient_outward(scan.vertices, scan.faces)
    texels = TexelPool(scan, SIZE / 2)
    sight = LineOfSight(scan, texels)
    part = np.zeros(len(scan.faces), np.int64)
    for k, (_, start, end) in enumerate(scan.parts):
        part[start:end] = k
    centres = (np.arange(SIZE) + 0.5) * 2 / SIZE - 1
    xy = np.stack(np.meshgrid(centres, -centres), -1).reshape(-1, 2).astype(np.float32)
    rotation, moved = np.array(view["rotation"]).reshape(3, 3), np.array([*view["shift"], 0])
    truth, front = {}, None
    for yaw in (0, *VIEWS.values()):
        turned = turn(yaw).astype(np.float64)
        hits = sight.cast(xy, turned @ rotation, (turned @ moved)[:2], False)
        met = np.flatnonzero(hits.face >= 0)
        paint, of = np.zeros((SIZE * SIZE, 3), np.float32), np.full(SIZE * SIZE, -1)
        paint[met], of[met] = texels.sample(hits.face[met], hits.weights(met)), part[hits.face[met]]
        truth[yaw] = paint.reshape(SIZE, SIZE, 3), of.reshape(SIZE, SIZE)
        if yaw == 0:
            front = np.where(hits.face >= 0, hits.depth, np.nan).reshape(SIZE, SIZE)
    scale = made.camera.side / picture.shape[0]
    corner = made.camera.to_photo(np.zeros(2)) * 2 / picture.shape[0] - 1
    shift = np.array([corner[0], -corner[1], 0], np.float32)
    depth = rasterize(torch.tensor(made.vertices * scale + shift), torch.tensor(made.faces).long(), SIZE).depth.numpy()
    assert front is not None
    shift[2] = np.nanmedian(front - np.where(np.isfinite(depth), depth, np.nan))
    *own_arguments, _, parsing = caught[0]  # the constants are today's
    return Case(tuple(own_arguments), made, scale, shift, truth, [name for name, _, _ in scan.parts], parsing)


def exposure(case: Case, painted: SurfaceColours) -> np.ndarray:
    """(3,) by which the photograph is brighter than the truth, linear."""
    colours, covered, trust, _ = drawn(case, painted, 0)
    paint, of = case.truth[0]
    both = covered & (of >= 0) & (trust > 0.9)
    seen = to_linear(colours[both] / 255)
    ratio: np.ndarray = (seen * paint[both]).sum(0) / (paint[both] ** 2).sum(0)
    return ratio


def drawn(case: Case, painted: SurfaceColours, yaw: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw a model as its texture has it: colours (SIZE, SIZE, 3), covered, trust and parts (SIZE, SIZE)."""
    made = case.made
    faces = torch.tensor(made.faces).long()
    raster = rasterize(torch.tensor((made.vertices * case.scale + case.shift) @ turn(yaw).T), faces, SIZE)
    photo = prepare_photograph(made.image, made.mask)
    covered = raster.covered.numpy()
    colours, trust = np.zeros((SIZE, SIZE, 3), np.float32), np.zeros((SIZE, SIZE), np.float32)
    colours[covered] = paint_texels(raster, faces, made.vertices, painted.colours, painted.trust, photo)
    trust[covered] = raster.interpolate(faces, torch.tensor(painted.trust)[:, None])[:, 0]
    parts = np.zeros((SIZE, SIZE), np.int64)
    assert painted.parts is not None
    corner = raster.weights[raster.covered].argmax(1, keepdim=True)
    nearest = faces[raster.face[raster.covered]].gather(1, corner)[:, 0]
    parts[covered] = painted.parts[nearest.numpy()]
    return colours, covered, trust, parts


def parts_right(parts: np.ndarray, of: np.ndarray, names: list[str], both: np.ndarray) -> float:
    """Share of the pixels (SIZE, SIZE) of `both` whose part is that of the truth's mesh, face and skin being one."""
    true = np.array([Part.SKIN if name == "body" else part_of_mesh(name) for name in names])[of[both]]
    found = parts[both]
    face = int(Part.FACE)
    return float((np.where(found == face, Part.SKIN, found) == np.where(true == face, Part.SKIN, true)).mean())


def compare(colours: np.ndarray, truth: np.ndarray, both: np.ndarray, perceptual: PerceptualLoss | None) -> Figures:
    """Compare two pictures (SIZE, SIZE, 3) 0..255 where `both` (SIZE, SIZE) are covered."""
    inner = cv2.erode(both.astype(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) > 0

    def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
        weight = cv2.GaussianBlur(both.astype(np.float32), (0, 0), sigma)[..., None]
        result: np.ndarray = cv2.GaussianBlur(picture * both[..., None], (0, 0), sigma) / np.maximum(weight, 1e-3)
        return result

    def lengths(picture: np.ndarray) -> np.ndarray:
        down, across = np.gradient(blurred(picture, FINE).mean(2))
        result: np.ndarray = np.hypot(down, across)[inner]
        return result

    broad, true_broad = blurred(colours, BROAD), blurred(truth, BROAD)
    detail = [np.sqrt(((p - b)[inner] ** 2).mean()) for p, b in ((colours, broad), (truth, true_broad))]
    features, parts = np.nan, np.nan
    if perceptual is not None:
        rows, columns = (np.flatnonzero(both.any(axis)) for axis in (1, 0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        shown = [np.where(both[..., None], picture, 127.5)[box] / 127.5 - 1 for picture in (colours, truth)]
        one, other = (torch.tensor(picture.transpose(2, 0, 1)).float()[None] for picture in shown)
        features = float(perceptual(one, other))
    return Figures(
        float(np.linalg.norm((colours - truth)[inner], axis=1).mean()),
        float(np.linalg.norm((broad - true_broad)[inner], axis=1).mean()),
        float(np.corrcoef(lengths(colours), lengths(truth))[0, 1]),
        float(detail[0] / max(detail[1], 1e-6)),
        features,
        parts,
    )


def main() -> None:
    """Print a line a person and view, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path, help="folder of raw made people (person.glb and card.json each)")
    parser.add_argument("data", type=Path, help="the same people prepared, views near the front")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", default="compact", help="those that CACHE is made with")
    parser.add_argument("--people", nargs="+", help="names; default: all in the folder")
    parser.add_argument("--pictures", type=Path, help="folder for a picture a person: model above, truth below")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[Figures]] = {view: [] for view in VIEWS}
    seconds, front = [], []
    try:
        perceptual = perceptual_loss("mobilenet_v2")
    except CheckpointError:
        perceptual = None
    for person in arguments.people or sorted(path.name for path in arguments.raw.glob("person_*")):
        kept = arguments.cache / f"{person}.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(reconstruct(person, arguments.raw, arguments.data, arguments.weights)))
        case: Case = pickle.loads(kept.read_bytes())
        begun = time.process_time()
        painted = colour_surface(*case.arguments, parsing=case.parsing)
        seconds.append(time.process_time() - begun)
        gain = exposure(case, painted)
        _, covered, _, parts = drawn(case, painted, 0)
        of = case.truth[0][1]
        front.append(parts_right(parts, of, case.names, covered & (of >= 0)))
        pictures = []
        for view, yaw in VIEWS.items():
            colours, covered, _, parts = drawn(case, painted, yaw)
            paint, of = case.truth[yaw]
            truth = (255 * to_srgb(paint * gain)).astype(np.float32)
            both = covered & (of >= 0)
            figures = compare(colours, truth, both, perceptual)._replace(parts=parts_right(parts, of, case.names, both))
            rows[view].append(figures)
            print(f"{person} {view:7}" + "".join(f"  {n} {v:6.2f}" for n, v in figures._asdict().items()), flush=True)
            pictures.append(np.concatenate([colours, truth]))
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            sheet = np.concatenate(pictures, 1).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(arguments.pictures / f"{person}.png"), sheet[..., ::-1])
    for name, views in {"behind": ("behind",), "sides": ("left", "right")}.items():
        mean = np.mean([figures for view in views for figures in rows[view]], axis=0)
        print(f"mean {name:13}" + "".join(f"  {n} {v:6.2f}" for n, v in zip(Figures._fields, mean, strict=True)))
    print(f"mean front          parts {np.mean(front):6.2f}")
    print(f"colours: {np.mean(seconds):.2f} s of a processor a person")


if __name__ == "__main__":
    main()
