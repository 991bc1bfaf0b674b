"""`lifecast reconstruct`: photographs of people to coloured 3D models."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from lifecast.commands.report import Report
from lifecast.errors import LifecastError, OptionError, OptionsError, PhotoError, UsageError
from lifecast.options import Inline, NetworkOptions, ReconstructOptions, check_picture_name
from lifecast.writable import check_file, check_folder

if TYPE_CHECKING:
    from PIL.Image import Image

    from lifecast.photo.decode import Photo
    from lifecast.photo.person import Person
    from lifecast.pipeline import Progress, Reconstructor


@dataclass(frozen=True)
class Reconstruct:
    """What `lifecast reconstruct` is asked for."""

    inputs: tyro.conf.Positional[tuple[str, ...]] = ()
    """Photographs, folders of them, or patterns such as 'holiday/*.jpg'. A - stands for a photograph on standard input,
    which becomes stdin.glb."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = None
    """Folder for what is written; it is made if need be. By default each photograph's own folder."""
    networks: Inline[NetworkOptions] = field(default_factory=NetworkOptions)
    options: Inline[ReconstructOptions] = field(default_factory=ReconstructOptions)
    mask: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Picture of the photograph's size, the person white on black: overrules the search. For one photograph."""
    sheet: Annotated[Path | None, tyro.conf.arg(metavar="FILE.png")] = None
    """Also draw one picture of all results: photograph, normal maps, the model from three sides."""
    json: bool = False
    """One line of JSON a result on standard output."""
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None
    """Run on this Ray cluster ("local": started for this run). Inputs may then be URLs and @LISTS too; needs --output,
    which every worker must reach. A second run does only what its manifest.jsonl lacks."""
    workers: int = 1
    """Workers on the cluster; each loads the networks once."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise UsageError("name at least one photograph, folder or pattern")
        check_picture_name("sheet", self.sheet)
        if self.mask is not None and self.options.box is not None:
            raise OptionsError("give {mask} or {box}, not both")
        if self.cluster is None:
            return
        if self.output is None or self.mask is not None or self.options.box is not None or self.sheet is not None:
            raise OptionsError("{cluster} needs {output}, and goes without {mask}, {box} and {sheet}")
        if "-" in self.inputs:
            raise OptionsError("{cluster} reads no standard input: save the photograph as a file")
        if self.workers < 1:
            raise OptionError("workers", self.workers, "give at least 1")

    @property
    def one_person(self) -> str:
        """The option that says who the person is in one photograph; empty without."""
        return "mask" if self.mask is not None else "box" if self.options.box is not None else ""


def reconstruct(asked: Inline[Annotated[Reconstruct, tyro.conf.FlagCreatePairsOff]]) -> int:
    """Reconstruct coloured 3D models from photographs of people.

    A photograph NAME.jpg becomes NAME.glb beside it, or in --output; of several people NAME_1.glb, NAME_2.glb, the
    largest first. Files of the same name are replaced, each in one step: at no moment is there half a file. A
    photograph that cannot be used is reported and skipped. Exit status: 0 all good, 1 some failed, 2 wrong usage.
    """
    from lifecast.photo.listing import list_photographs, result_names
    from lifecast.results import unwritable

    options = asked.options
    check_places(asked)
    if asked.cluster is not None:
        from lifecast.cluster.jobs import ReconstructJob, reconstruct_on

        assert asked.output is not None
        # A worker's working folder is another one.
        clips = tuple(str(Path(clip).resolve()) if clip.lower().endswith(".bvh") else clip for clip in options.animate)
        job = ReconstructJob(str(asked.output.resolve()), replace(options, animate=clips), asked.networks)
        return reconstruct_on(asked.cluster, asked.workers, job, asked.inputs, asked.json)
    listing = list_photographs(asked.inputs)
    if asked.one_person and len(listing.paths) + len(listing.missing) > 1:
        raise OptionsError(f"{{{asked.one_person}}} is for one photograph, and several were named")

    report = Report(asked.json)
    for given, problem in listing.missing.items():
        report.failed(given, PhotoError(problem))
    names = result_names(listing.paths, asked.output, options.endings(), numbered=options.person == "all")
    blocked = unwritable(names, options)
    for path, stem in zip(listing.paths, names, strict=True):
        if stem in blocked:
            report.failed(_called(path), blocked[stem])
    if len(blocked) == len(listing.paths):
        return report.summary()
    with report.stage("loading the networks"):
        from lifecast.loading import load

        model = load(asked.networks.weights, asked.networks.device, asked.networks.normals_at)
    rows: list[Image] = []
    for number, (path, stem) in enumerate(zip(listing.paths, names, strict=True), 1):
        if stem not in blocked:
            place = f"[{number}/{len(listing.paths)}] " if len(listing.paths) > 1 else ""
            with report.stage(f"{place}{_called(path)}") as progress:
                rows += reconstruct_photograph(model, path, stem, asked, report, progress)
    if asked.sheet is not None and rows:
        from lifecast.sheet import write_sheet

        write_sheet(asked.sheet, rows)
        report.say(f"drew {asked.sheet}")
    return report.summary()


def check_places(asked: Reconstruct) -> None:
    """Check before any work that what is asked for can be read and written.

    Raises UsageError, OutputError, or ScanError for a motion that cannot be read, if not.
    """
    from lifecast.body.motion.catalogue import clip_named
    from lifecast.surface.output.turntable import check_animation

    if "-" in asked.inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("-: standard input is a terminal; pipe a photograph in: lifecast reconstruct - < photo.jpg")
    if asked.output is not None and asked.output.exists() and not asked.output.is_dir():
        raise OptionError("output", asked.output, "is a file where a folder is needed")
    if asked.options.turntable:
        check_animation(asked.options.animation)
    for clip in asked.options.animate:
        clip_named(clip)
    if asked.output is not None:
        check_folder(asked.output, "--output")
    if asked.sheet is not None:
        check_file(asked.sheet, "--sheet")


def reconstruct_photograph(
    model: Reconstructor, path: Path, stem: Path, asked: Reconstruct, report: Report, progress: Progress
) -> list[Image]:
    """Reconstruct and write who is asked for of one photograph.

    Returns their rows of the sheet, if one is wanted.
    """
    from lifecast.results import check_results, write_results
    from lifecast.sheet import row

    options, called, rows = asked.options, _called(path), []
    try:
        check_results(stem, options)  # the disk may have filled since, or a card been taken out
        photo, people, seconds = _people(model, path, options, asked.mask, progress)
    except LifecastError as error:
        report.failed(called, error)
        return []
    for which, one in enumerate(people, 1):
        name = stem if len(people) == 1 else stem.with_name(f"{stem.name}_{which}")
        number = which if len(people) > 1 else None
        try:
            result = model.reconstruct_person(photo, one, options, progress, seconds)
            progress("saving")
            begun = time.perf_counter()
            written = write_results(result, name, options)
            result.timings["saving"] = time.perf_counter() - begun
            if asked.sheet is not None:
                rows.append(row(result, photo.colour))
        except LifecastError as error:
            report.failed(called, error, number)
        except OSError as error:  # what no check foresaw
            report.failed(called, LifecastError(f"its result cannot be written: {error}"), number)
        else:
            report.done(called, result, written, number)
    return rows


def _called(path: Path) -> str:
    """What a photograph is called in messages: as the user named it."""
    from lifecast.photo.listing import STANDARD_INPUT

    return "-" if path is STANDARD_INPUT else str(path)


def _people(
    model: Reconstructor,
    path: Path,
    options: ReconstructOptions,
    mask: Path | None,
    progress: Progress,
) -> tuple[Photo, list[Person], dict[str, float]]:
    """The photograph, who is to be reconstructed from it, and the seconds that finding them took."""
    from lifecast.photo.decode import read_photo
    from lifecast.photo.listing import STANDARD_INPUT
    from lifecast.photo.search import turn_photo

    progress("finding the person")
    begun = time.perf_counter()
    if path is STANDARD_INPUT:
        photo = read_photo(sys.stdin.buffer.read(), "standard input")
    else:
        photo = read_photo(path)
    photo = turn_photo(photo, options.turn)
    people = model.find(photo, options.person, mask, options.box)
    return photo, people, {"finding the person": time.perf_counter() - begun}
