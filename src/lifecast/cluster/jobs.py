"""What a cluster's workers do for each verb: plain values that are pickled to them, and the work on one item."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecast.cluster.inputs import is_url, list_inputs, local_file, unique_stem
from lifecast.cluster.manifest import Manifest
from lifecast.cluster.pool import run_on_cluster
from lifecast.errors import LifecastError, OptionError, ScanError
from lifecast.options import NetworkOptions, ReconstructOptions
from lifecast.overlap import is_within
from lifecast.writable import check_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lifecast.people.crew import Order
    from lifecast.scans.prepare import Execute, Outcome, Tasks
    from lifecast.scans.settings import Settings

MANIFEST = "manifest.jsonl"
"""Its name in the output folder."""


@dataclass(frozen=True)
class ReconstructJob:
    """Photographs to models: an item is a path or a URL."""

    out: str
    options: ReconstructOptions
    networks: NetworkOptions = field(default_factory=NetworkOptions)

    def open(self) -> Callable[[str], dict[str, Any]]:
        """Load the networks once a worker."""
        import lifecast
        from lifecast.photo.decode import read_photo
        from lifecast.results import check_results, facts, write_results

        check_folder(Path(self.out))
        model = lifecast.load(self.networks.weights, self.networks.device, self.networks.normals_at)
        asked = self.options

        def work(item: str) -> dict[str, Any]:
            stem = Path(self.out) / unique_stem(item)
            check_results(stem, asked)
            with local_file(item) as path:
                photo = read_photo(path, name=item)
            results = model.reconstruct_all(photo, asked)
            made = []
            for number, result in enumerate(results, 1):
                suffix = "" if len(results) == 1 else f"_{number}"
                files = write_results(result, stem.with_name(f"{stem.name}{suffix}"), asked)
                made.append({"files": [path.name for path in files], **facts(result)})
            return {"people": made}

        return work


@dataclass(frozen=True)
class SynthesizeJob:
    """People to learn from: an item is a person's number."""

    order: Order

    def open(self) -> Callable[[str], dict[str, Any]]:
        """Load the body model once a worker, which computes on one core."""
        from lifecast.scans.cores import one_thread

        one_thread()  # before NumPy is loaded, where the worker has not loaded it
        from lifecast.people.body import body_model
        from lifecast.people.crew import make

        body_model()
        return lambda item: {"person": make(self.order, int(item))}


@dataclass(frozen=True)
class PrepareJob:
    """Scans to training data: an item is a person's name."""

    sources: dict[str, str]
    out: str
    settings: Settings
    lights: NDArray[np.float32]

    def open(self) -> Callable[[str], dict[str, Any]]:
        """Prepare a worker to compute on one core; there is nothing to load."""
        from lifecast.scans.cores import one_thread
        from lifecast.scans.prepare import keep_or_make

        one_thread()

        def work(item: str) -> dict[str, Any]:
            outcome = keep_or_make(item, Path(self.sources[item]), Path(self.out), self.settings, self.lights)
            if outcome.state == "failed":
                raise ScanError(outcome.reason)
            return {"state": outcome.state, "reason": outcome.reason, "notes": outcome.notes}

        return work


def reconstruct_on(address: str, workers: int, job: ReconstructJob, inputs: Iterable[str], json_lines: bool) -> int:
    """Run `lifecast reconstruct --cluster`; return the exit status.

    Every photograph is reported as it ends.
    """
    from rich.console import Console

    from lifecast.photo.decode import SUFFIXES

    say = Console(highlight=False, emoji=False, soft_wrap=True, file=sys.stdout)
    out = Path(job.out)
    inputs = list(inputs)
    for folder in (Path(name) for name in inputs if not is_url(name)):
        if folder.is_dir() and is_within(out, folder) and is_within(folder, out):
            raise OptionError("output", out, "is also an input; name another folder for the results")
    out.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(out / MANIFEST)
    done = done_and_there(manifest, out)
    counts = {True: 0, False: 0}
    # A worker's working folder is another one.
    listed = list_inputs(inputs, frozenset(SUFFIXES))
    items = (name if is_url(name) else str(Path(name).absolute()) for name in listed)
    gpus = 1.0 if job.networks.device.startswith("cuda") else 0.0
    if not json_lines:
        say.print(
            f"Ray ({address}) starts {workers} worker{'s' * (workers > 1)}, each loads the networks", markup=False
        )
    with redirect_stdout(sys.stderr):  # Ray tells of dead workers on standard output, which is for results
        for outcome in run_on_cluster(
            items, job, manifest, address=address, workers=workers, gpus_per_worker=gpus, done=done
        ):
            counts[outcome.done] += 1
            if json_lines:
                line = {"input": outcome.item, **(outcome.result if outcome.done else {"error": outcome.reason})}
                say.print(json.dumps(line), markup=False)
            else:
                said = f"{outcome.seconds:.1f} s" if outcome.done else f"skipped: {outcome.reason}"
                say.print(f"{outcome.item}  {said}", markup=False)
    if not json_lines:
        kept = f", {len(done)} of the manifest were done before" if done else ""
        say.print(f"{counts[True]} reconstructed, {counts[False]} failed{kept}; {manifest.path}", markup=False)
    return 1 if counts[False] else 0


def done_and_there(manifest: Manifest, out: Path) -> set[str]:
    """List the items that the manifest lists as done and whose files are still in `out`.

    The folder is listed once, not file by file.
    """
    there = {entry.name for entry in os.scandir(out)}
    return manifest.done(
        lambda outcome: there.issuperset(name for one in outcome.result.get("people", ()) for name in one["files"])
    )


def prepare_on(address: str, workers: int) -> Execute:
    """Make what `lifecast.scans.prepare.prepare` takes as `execute` to run on a cluster.

    Whether a person is there and undamaged is found by its checksums, so the manifest is a record only: a person that
    it lists as done and that was damaged since is made again.
    """

    def execute(
        tasks: Tasks, out: Path, settings: Settings, lights: NDArray[np.float32]
    ) -> Generator[Outcome, None, None]:
        from lifecast.scans.prepare import Outcome

        sources = {person: str(path.resolve()) for person, path in tasks}
        manifest = Manifest(out / MANIFEST)
        job = PrepareJob(sources, str(out.resolve()), settings, lights)
        for done in run_on_cluster(sources, job, manifest, address=address, workers=workers, done=()):
            if done.done:
                result = done.result
                yield Outcome(done.item, result["state"], result["reason"], notes=result["notes"])
            else:
                yield Outcome(done.item, "failed", done.reason)

    return execute


def synthesize_on(
    address: str, workers: int, order: Order, numbers: Iterable[int], tell: Callable[[int], None]
) -> None:
    """Make people `numbers` on a cluster; `tell` is called with each number as it is finished.

    Raises LifecastError at the end where some could not be made, naming the first with its reason.
    """
    failed = []
    manifest = Manifest(order.out / MANIFEST)
    items = (str(number) for number in numbers)
    job = SynthesizeJob(
        replace(
            order,
            out=order.out.resolve(),  # a worker's working folder is another one
            assets=tuple(folder.resolve() for folder in order.assets),
            poses=order.poses and order.poses.resolve(),
        )
    )
    for outcome in run_on_cluster(items, job, manifest, address=address, workers=workers, done=()):
        if outcome.done:
            tell(int(outcome.item))
        else:
            failed.append(outcome)
    if failed:
        first = failed[0]
        raise LifecastError(
            f"{len(failed)} people could not be made; person {first.item}: {first.reason} (all in {manifest.path})"
        )
