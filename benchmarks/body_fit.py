"""How near fitted bodies come to true ones: `python benchmarks/body_fit.py DATA PEOPLE [--count N] [--weights W]`.

DATA are prepared views of the made people in PEOPLE (`lifecast prepare`, `lifecast synthesize`). Each person's first
view is reconstructed before a generated background, as `lifecast evaluate` does, as far as the body. Prints in
centimetres of the person: the skin's vertices after the pelvis is taken off; in centimetres of a person of 180 cm: the
twelve main joints' depths, as `lifecast lift` has them, and those of the lifted landmarks beside them.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

import lifecast
from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fit.fit_body import NotFitted, fit_body
from lifecast.body.fit.landmark_points import LANDMARK_JOINTS
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.people.body import body_model
from lifecast.people.surface_mesh import split_seams
from lifecast.people.wavefront import triangles, triangles_uv
from lifecast.person_body import person_evidence
from lifecast.photo.decode import read_photo
from lifecast.photo.person import find_people
from lifecast.scans.background import Backgrounds
from lifecast.space.skeleton import MAIN_JOINTS
from lifecast.space.units import CM_PER_UNIT
from lifecast.space.view import Camera
from lifecast.training.landmarked_views import joints_in_views

SEED = 77


def true_skin(person: Path, data: Path) -> np.ndarray:
    """The skin's vertices (13380, 3) in the first view's space; drawn in by millimetres under clothes."""
    mesh = body_model().mesh
    rows = mesh.groups["body"]
    _, old, _ = split_seams(triangles(mesh.faces[rows]), triangles_uv(mesh.faces[rows], mesh.face_uv[rows]))
    skin = np.zeros((SKIN_VERTICES, 3))
    skin[old] = trimesh.load(person / "person.glb", process=False).geometry["body"].vertices
    record = json.loads((data / "person.json").read_text())
    view = record["views"][0]
    placed = (skin - record["origin"]) * record["scale"]
    turned: np.ndarray = placed @ np.array(view["rotation"]).reshape(3, 3).T + [*view["shift"], 0.0]
    return turned


def depth_error(found: np.ndarray, true: np.ndarray) -> float:
    """Mean |z| of main joints (12,) in centimetres, their median taken off."""
    apart = (found - true) * CM_PER_UNIT
    return float(np.abs(apart - np.median(apart)).mean())


def measure(fitted: FittedBody, skin: np.ndarray, joints: np.ndarray, lifted: np.ndarray, scale: float) -> list[float]:
    """The vertices' error, and depth errors of the body's and of the lifted joints."""
    vertices, found = fitted.posed
    names = shipped_body().joints
    main = [names.index(LANDMARK_JOINTS[joint]) for joint in MAIN_JOINTS]
    hips = [names.index(f"upperleg01.{side}") for side in "LR"]
    pelvis = found[hips].mean(0) - joints[[23, 24]].mean(0)
    apart = np.linalg.norm(vertices[:SKIN_VERTICES] - pelvis - skin, axis=1).mean() / scale * 100
    true = joints[list(MAIN_JOINTS), 2]
    return [float(apart), depth_error(found[main, 2], true), depth_error(lifted[list(MAIN_JOINTS), 2], true)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("people", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--weights", default="compact")
    given = parser.parse_args()
    model = lifecast.load(given.weights)
    rows, seconds = [], []
    for data in sorted(given.data.glob("person_*"))[: given.count]:
        colour, mask = (np.array(Image.open(data / f"view_000_{name}")) for name in ("colour.jpg", "mask.png"))
        behind = Backgrounds(None, SEED).draw(np.random.default_rng(zlib.crc32(data.name.encode())), len(colour))
        cover = mask.reshape(len(mask), -1)[:, : len(mask)][..., None] / 255
        photo = read_photo((colour * cover + behind * (1 - cover)).astype(np.uint8))
        people = find_people(photo)
        if not people:
            print(f"{data.name}: nobody found")
            continue
        framed, predicted = model.predict(photo, people[0], Camera.whole(len(colour)))
        evidence = person_evidence(photo, people[0], framed, predicted)
        begun = time.process_time()
        fitted = fit_body(evidence)
        seconds.append(time.process_time() - begun)
        if isinstance(fitted, NotFitted):
            print(f"{data.name}: {fitted.reason}")
            continue
        scale = float(json.loads((data / "person.json").read_text())["scale"])
        skin = true_skin(given.people / data.name, data)
        rows.append(measure(fitted, skin, joints_in_views(data)[0], evidence.joints, scale))
        print(f"{data.name}: " + ", ".join(f"{value:.2f}" for value in rows[-1]))
    for name, of in (("mean", np.mean), ("median", np.median)):
        vertices, depth, lifted = of(np.array(rows), axis=0)
        print(f"{name}: vertices {vertices:.2f} cm, depths {depth:.2f} cm, of the lifted landmarks {lifted:.2f} cm")
    print(f"seconds of processor time a fit: {np.median(seconds):.2f}, at most {max(seconds):.2f}")


if __name__ == "__main__":
    main()
