"""An evaluation from start to end: the benchmark's data, the measuring, the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import lifecast
from lifecast.atomic import atomic_file, write_text
from lifecast.errors import DataError
from lifecast.evaluation.benchmark import Item, read_items, read_view
from lifecast.evaluation.foreign_mesh import check_folder
from lifecast.evaluation.overview import Overview, overview
from lifecast.evaluation.predict import MASKS
from lifecast.evaluation.protocol import PROTOCOLS
from lifecast.evaluation.report import write_report
from lifecast.evaluation.request import Request
from lifecast.evaluation.run import Plan, Result, result_path, run
from lifecast.overlap import refuse_overlap
from lifecast.threads import available_cores

BENCHMARK_VIEWS = 4
"""Pictures of each person when scans are prepared for an evaluation."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""
Note = Callable[[str, bool], None]
"""Called with what is to be said of the scans that are prepared, and whether it is that somebody is left out."""


def evaluate(request: Request, progress: Progress | None = None, note: Note | None = None) -> Overview:
    """Measure, write the report into `request.out`, and return what was found.

    Raises a LifecastError for data, weights or meshes that cannot be used; single pictures that give no mesh
    are counted in the overview instead, and single scans that cannot be prepared are passed to `note`.
    """
    report = progress or (lambda what, done, total: None)
    if request.meshes is None:
        from lifecast.model.checkpoint import read_description

        read_description(request.weights)  # an unusable file is refused before anything is prepared
    data, cards = prepared(request, report, note)
    items = read_items(data, request.views, request.limit)
    if request.meshes is not None:
        check_folder(request.meshes, items)
    plan = Plan(request, data, cards)
    done = 0

    def count(result: Result) -> None:
        nonlocal done
        done += 1
        report("measuring", done, len(items))

    report("measuring", 0, len(items))
    results = run(plan, items, request.out, request.workers, count)
    found = overview(results, request.protocol, request.seed)
    facts = described(plan, items)
    write_text(request.out / "evaluation.json", json.dumps({"facts": facts} | found.to_json(), indent=1))
    title = f"Evaluation of {request.meshes or Path(request.weights).stem}"
    write_report(request.out, found, results, title, facts)
    return found


def read_results(request: Request) -> list[Result]:
    """Read what a finished `evaluate` of the same request measured, picture by picture.

    An evaluation's folder may hold results of more pictures, from a request with fewer limits.
    """
    made = request.out / "benchmark"  # of scans
    data = request.data if (request.data / "dataset.json").is_file() else made
    items = read_items(data, request.views, request.limit)
    return [json.loads(result_path(request.out, item).read_text(encoding="utf-8")) for item in items]


def write_pictures(request: Request, folder: Path, progress: Progress | None = None, note: Note | None = None) -> int:
    """Write the benchmark's pictures to `folder`/<picture>.png; return how many.

    They are as a method gets them. For other programs: what they make of `person_000003_view_001.png` is measured as
    `person_000003_view_001.obj`.
    """
    from PIL import Image

    refuse_overlap(folder, "pictures", request.folders())
    report = progress or (lambda what, done, total: None)
    data, _ = prepared(request, report, note)
    items = read_items(data, request.views, request.limit)
    for done, item in enumerate(items):
        report("writing pictures", done, len(items))
        view = read_view(data, item, request.seed, request.backgrounds)
        with atomic_file(folder / f"{item.name}.png") as part:
            Image.fromarray(view.picture).save(part)
    report("writing pictures", len(items), len(items))
    return len(items)


def prepared(request: Request, report: Progress, note: Note | None = None) -> tuple[Path, Path | None]:
    """Find the dataset and the folder of cards.

    Scans in `request.data` are made into a dataset first.
    """
    if not request.data.is_dir():
        raise DataError(f"{request.data}: no such folder; give a prepared dataset, or a folder of scans")
    if (request.data / "dataset.json").is_file():
        return request.data, request.cards
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import Outcome, prepare
    from lifecast.scans.settings import Settings

    say = note or (lambda text, left_out: None)
    listing = list_scans(request.data)
    scans = listing.people
    for line in listing.passed_over_lines():
        say(line, False)
    for person, reason in listing.failed.items():
        say(f"{person}: left out: {reason}", True)
    if request.limit is not None:
        scans = dict(sorted(scans.items())[: request.limit])
    # Fewer are chosen from the benchmark's four: a single one would look at the person from anywhere.
    settings = Settings(size=1024, views=max(BENCHMARK_VIEWS, request.views or 0), seed=request.seed)
    done = 0

    def count(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        report("preparing", done, len(scans))
        for line in outcome.lines():
            say(line, outcome.state == "failed")

    report("preparing", 0, len(scans))
    out = request.out / "benchmark"
    everybody = {"train": [], "test": sorted(scans)}
    prepare(scans, out, settings, request.lighting, request.workers or available_cores(), 0.0, everybody, count)
    return out, request.cards or request.data


def described(plan: Plan, items: list[Item]) -> dict[str, str]:
    """Describe an evaluation, for its report."""
    request = plan.request
    people = {item.person for item in items}
    facts = {
        "measured": f"meshes in {request.meshes}" if request.meshes else f"weights {request.weights}",
        "data": str(request.data),
        "pictures": f"{len(items)} of {len(people)} people",
        "protocol": request.protocol,
        "samples": f"{(request.samples or PROTOCOLS[request.protocol].samples):,} a surface",
        "seed": str(request.seed),
        "lifecast": lifecast.__version__,
        "plan": plan.fingerprint()[:16],
    }
    if request.meshes is None:
        facts["surface"] = f"{request.resolution}³ lattice"
        facts["backgrounds"] = str(request.backgrounds or "generated")
        facts["masks"] = MASKS[request.masks]
    elif request.mesh_space == "person":
        facts["placing"] = "scaled to the true height and aligned with scale before measuring"
    return facts
