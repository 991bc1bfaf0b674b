"""Measuring every picture of a benchmark: one result file a picture, in parallel, going on where it
stopped.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lifecast.atomic import atomic_file, write_text
from lifecast.errors import LifecastError, ScanError
from lifecast.evaluation.benchmark import Item, ViewMaps, read_true_mesh, read_true_regions, read_view, resized_maps
from lifecast.evaluation.body_error import body_figures, read_true_body
from lifecast.evaluation.cards import read_classes
from lifecast.evaluation.closeups import closeup_figures, region_map
from lifecast.evaluation.detail_share import detail_figures
from lifecast.evaluation.foreign_mesh import find_mesh, fit_to_person, read_mesh
from lifecast.evaluation.measure import Truth, measure
from lifecast.evaluation.normal_error import angle_error_degrees, mask_iou
from lifecast.evaluation.panels import strip
from lifecast.evaluation.predict import Prediction, Predictor
from lifecast.evaluation.protocol import PROTOCOLS
from lifecast.evaluation.regions import region_figures
from lifecast.evaluation.request import Request
from lifecast.evaluation.truth import bounding_mask
from lifecast.free_memory import free_bytes
from lifecast.threads import available_cores, inherited_threads, threads_each

Result = dict[str, Any]


WORKER_BYTES = 3e9
"""Memory to leave for each process; at a lattice of 512 it takes about half."""
DEFINITIONS = 4
"""Which definitions results were measured by: 1 had open pockets (closed mouths) in the true solid, 2 counted pixels
without a predicted normal as right, 3 knew no regions and no fine detail."""


DECIDING = (
    "protocol",
    "meshes",
    "mesh_space",
    "masks",
    "without",
    "body",
    "resolution",
    "seed",
    "backgrounds",
    "samples",
)
"""Fields of a request that decide the figures as they are; data, weights and levels do, too."""


@dataclass(frozen=True)
class Plan:
    """A request, and the prepared folders that it is measured on."""

    request: Request
    data: Path
    """Prepared dataset: the request's own, or the one that was made of its scans."""
    cards: Path | None = None
    """Folder of made people whose cards say what they wear."""

    def fingerprint(self) -> str:
        """Hash all that decides the figures; results of another fingerprint are measured again."""
        asked = self.request
        decided = {name: getattr(asked, name) for name in DECIDING}
        parts: dict[str, Any] = {
            "definitions": DEFINITIONS, "data": str(self.data), "levels": asked.level, "weights": None,
        } | {name: str(value) if isinstance(value, Path) else value for name, value in decided.items()}  # fmt: skip
        if asked.meshes is None:
            from lifecast.model.checkpoint import checkpoint_files

            weights = b"".join(file.read_bytes() for file in checkpoint_files(asked.weights))
            parts["weights"] = hashlib.sha256(weights).hexdigest()
        for name in ("dataset.json", "split.json"):
            parts[name] = hashlib.sha256((self.data / name).read_bytes()).hexdigest()
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_bounding: dict[tuple[Path, str], np.ndarray] = {}
"""(F,) which triangles bound each person met so far. Finding that takes as long as measuring two pictures, and an
ablation measures the same people a dozen times. A byte a triangle: some 140 kB a made person."""


class Evaluator:
    """Measures single pictures; weights are loaded with the first one."""

    def __init__(self, plan: Plan, out: Path, fingerprint: str) -> None:
        self.plan, self.out, self.fingerprint = plan, out, fingerprint
        self.asked = plan.request
        protocol, samples = PROTOCOLS[self.asked.protocol], self.asked.samples
        self.protocol = protocol if samples is None else replace(protocol, samples=samples)
        self._predictor: Predictor | None = None

    @property
    def predictor(self) -> Predictor:
        """The loaded weights."""
        if self._predictor is None:
            asked = self.asked
            self._predictor = Predictor(
                asked.weights, asked.resolution, asked.level, asked.device, asked.masks, asked.without, asked.body
            )
        return self._predictor

    def __call__(self, item: Item) -> Result:
        """Measure one picture and write its result and strip; one that gave no mesh is counted as failed."""
        begun = time.perf_counter()
        view = read_view(self.plan.data, item, self.asked.seed, self.asked.backgrounds)
        truth = self.truth(item)
        folders = [self.plan.data] if self.plan.cards is None else [self.plan.cards, self.plan.data]
        result: Result = {
            "fingerprint": self.fingerprint,
            "item": asdict(item),
            "facing": item.facing,
            "classes": read_classes(item.person, folders),
        }
        prediction = self.predict(view, item, truth)
        result |= {"levels": {}, "triangles": {}, "failed": prediction.failed, "seconds": prediction.seconds}
        result["maps"] = map_errors(prediction, view)
        detailed = self.protocol.detail
        result["detail"] = detail_errors(prediction, view, truth) if detailed else {}
        result["body"], result["regions"] = self.body_errors(prediction, item, truth), {}
        for level, mesh in prediction.meshes.items():
            found = measure(mesh, truth, self.protocol, self.asked.seed)
            result["levels"][level] = {a: m.to_json() for a, m in found.items()}
            result["triangles"][level] = len(mesh.faces)
            if detailed and truth.outer_regions is not None:
                result["regions"][level] = region_figures(mesh, truth.outer, truth.outer_regions, self.asked.seed)
        if prediction.meshes and self.asked.strips:
            self.write_strip(item, strip(view, prediction, mesh, truth.outer))
        result["total_seconds"] = time.perf_counter() - begun
        write_text(result_path(self.out, item), json.dumps(result, indent=1))
        return result

    def truth(self, item: Item) -> Truth:
        """Read the true person in the picture's view space; which triangles bound it is found once."""
        soup = read_true_mesh(self.plan.data, item)
        person = (self.plan.data.resolve(), item.person)
        if person not in _bounding:
            _bounding[person] = bounding_mask(soup)
        return Truth(soup, _bounding[person], self.protocol.render_size, read_true_regions(self.plan.data, item))

    def predict(self, view: ViewMaps, item: Item, truth: Truth) -> Prediction:
        """Predict with the weights, or read the mesh that another program left."""
        if self.asked.meshes is None:
            return self.predictor(view.picture)
        path = find_mesh(self.asked.meshes, item)
        if path is None:
            return Prediction(failed={"mesh": f"no mesh of {item.name} in {self.asked.meshes}"})
        try:
            mesh = read_mesh(path)
            if self.asked.mesh_space == "person":
                mesh = fit_to_person(mesh, truth.outer, self.asked.seed)
        except ScanError as error:
            return Prediction(failed={"mesh": str(error)})
        return Prediction({"mesh": mesh})

    def body_errors(self, prediction: Prediction, item: Item, truth: Truth) -> dict[str, float]:
        """Measure the fitted body, where there is one and the true one is known."""
        true = None if prediction.body is None else read_true_body(self.plan.data, item)
        if prediction.body is None or true is None:
            return {}
        return body_figures(prediction.body, true, truth.outer)

    def write_strip(self, item: Item, picture: np.ndarray) -> None:
        """Write the strip next to the result, as WebP."""
        with atomic_file(strip_path(self.out, item)) as part:
            if not cv2.imwrite(str(part), picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 85]):
                raise OSError(f"{part}: could not be written")


def map_errors(prediction: Prediction, view: ViewMaps) -> dict[str, float]:
    """Measure the predicted maps inside the true mask, at their own size.

    Empty if there are none.
    """
    figures: dict[str, float] = {}
    if prediction.front is not None and prediction.back is not None:
        size = prediction.front.shape[0]
        front, mask = resized_maps(view.front, view.mask, size)
        back, _ = resized_maps(view.back, view.mask, size)
        figures["front_degrees"] = angle_error_degrees(prediction.front, front, mask)
        figures["back_degrees"] = angle_error_degrees(prediction.back, back, mask)
        if prediction.mask is not None:
            figures["mask_iou"] = mask_iou(prediction.mask, mask)
    return figures


def detail_errors(prediction: Prediction, view: ViewMaps, truth: Truth) -> dict[str, float]:
    """Measure the fine detail of the predicted maps, and front normals of face and hands.

    Empty if there are none.
    """
    if prediction.front is None or prediction.back is None:
        return {}
    figures = detail_figures("front", prediction.front, view.front, view.mask)
    figures |= detail_figures("back", prediction.back, view.back, view.mask)
    if truth.outer_regions is not None:
        size = prediction.front.shape[0]
        front, mask = resized_maps(view.front, view.mask, size)
        shown = region_map(truth.outer, truth.outer_regions, size)
        figures |= closeup_figures(prediction.front, front, mask, shown)
    return figures


def result_path(out: Path, item: Item) -> Path:
    """Name the file of one picture's figures."""
    return out / "items" / f"{item.name}.json"


def strip_path(out: Path, item: Item) -> Path:
    """Name the file of one picture's strip."""
    return out / "items" / f"{item.name}.webp"


def finished(out: Path, item: Item, fingerprint: str) -> Result | None:
    """Read the stored result of `item`, if it was measured under the same plan."""
    try:
        stored: Result = json.loads(result_path(out, item).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # absent, or from a program that was stopped while another wrote: measured anew
    return stored if isinstance(stored, dict) and stored.get("fingerprint") == fingerprint else None


_evaluator: Evaluator | None = None


def _begin(plan: Plan, out: Path, fingerprint: str, threads: int) -> None:
    """In a fresh worker: its share of the cores, and what it measures with."""
    global _evaluator
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    _evaluator = Evaluator(plan, out, fingerprint)


def _work(items: list[Item]) -> list[Result]:
    """One person's pictures, one after the other: what was found of the true mesh serves all of them."""
    assert _evaluator is not None
    return [_evaluator(item) for item in items]


def default_workers(plan: Plan) -> int:
    """Choose a process for each available core, as far as memory goes; one on a GPU.

    Several would have to share the GPU.
    """
    import torch

    if plan.request.meshes is None and plan.request.device != "cpu" and torch.cuda.is_available():
        return 1
    return max(1, min(available_cores(), int(free_bytes(torch.device("cpu")) // WORKER_BYTES)))


def run(
    plan: Plan,
    items: list[Item],
    out: Path,
    workers: int | None = None,
    progress: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Measure `items` into `out`/items and return their results in the order of `items`.

    What an earlier run with the same plan has measured is kept. `progress` is called with each result as it comes. By
    default there are `default_workers`, which share the cores.
    """
    fingerprint = plan.fingerprint()
    (out / "items").mkdir(parents=True, exist_ok=True)
    results: dict[str, Result] = {}
    missing: list[Item] = []
    for item in items:
        stored = finished(out, item, fingerprint)
        if stored is None:
            missing.append(item)
        else:
            results[item.name] = stored
            if progress is not None:
                progress(stored)
    people = [list(own) for _, own in groupby(missing, key=lambda item: item.person)]
    workers = max(1, min(default_workers(plan) if workers is None else workers, len(people)))
    threads = threads_each(workers)
    if workers == 1:
        _begin(plan, out, fingerprint, threads)
        for item in missing:
            results[item.name] = _work([item])[0]
            if progress is not None:
                progress(results[item.name])
    else:
        arguments = (plan, out, fingerprint, threads)
        with (
            inherited_threads(threads),
            ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=arguments) as pool,
        ):
            futures = {pool.submit(_work, own): own for own in people}
            try:
                for future in as_completed(futures):
                    for item, result in zip(futures[future], future.result(), strict=True):
                        results[item.name] = result
                        if progress is not None:
                            progress(result)
            except (LifecastError, KeyboardInterrupt):
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [results[item.name] for item in items]
