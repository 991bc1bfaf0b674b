"""`lifecast reconstruct`: photographs of people to coloured 3D models."""

from __future__ import annotations

import json as json_format
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from lifecast.errors import LifecastError, PhotoError, UsageError

if TYPE_CHECKING:
    from lifecast.options import ReconstructOptions
    from lifecast.photo.decode import Photo
    from lifecast.pipeline import Reconstructor
    from lifecast.reconstruction import Reconstruction


def reconstruct(
    inputs: tyro.conf.Positional[tuple[str, ...]],
    output: Annotated[Path | None, tyro.conf.arg(aliases=("-o",), metavar="DIR")] = None,
    format: str = "glb",
    weights: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")] = "compact",
    resolution: int = 512,
    height: float = 1.70,
    person: Annotated[str, tyro.conf.arg(metavar="all|largest|K")] = "largest",
    mask: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None,
    box: Annotated[str, tyro.conf.arg(metavar="x,y,w,h")] = "",
    turn: Annotated[str, tyro.conf.arg(metavar="0|90|180|270|auto")] = "0",
    device: str = "auto",
    normals_at: Annotated[int | None, tyro.conf.arg(metavar="PIXELS")] = None,
    faces: Annotated[int | None, tyro.conf.arg(metavar="N")] = None,
    vertex_colours: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    stl_metres: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    keep_background: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    preview: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    turntable: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    animation: Literal["webp", "gif", "mp4"] = "webp",
    normals: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    sheet: Annotated[Path | None, tyro.conf.arg(metavar="FILE.png")] = None,
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    cluster: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS|local")] = None,
    workers: int = 1,
) -> int:
    """Photographs of people to coloured 3D models.

    A photograph NAME.jpg becomes NAME.glb beside it, or in --output; of several people NAME_1.glb, NAME_2.glb, the
    largest first. Files of the same name are replaced, each in one step: at no moment is there half a file. A
    photograph that cannot be used is reported and skipped. Exit status: 0 all good, 1 some failed, 2 wrong usage.

    Args:
        inputs: Photographs, folders of them, or patterns such as 'holiday/*.jpg'. A - stands for a photograph on
            standard input, which becomes stdin.glb.
        output: Folder for what is written; it is made if need be. By default each photograph's own folder.
        format: One or more of glb, obj, ply, stl, separated by commas.
        weights: Built-in weights, or a weights file.
        resolution: Lattice points along each side of the volume.
        height: The person's height in metres.
        person: The largest person, everybody, or the K-th largest.
        mask: Picture of the photograph's size, the person white on black: overrules the search. For one photograph.
        box: Around the whole person, in pixels of the upright photograph: overrules the search. For one photograph.
        turn: Turn the photographs first, clockwise; auto: so that each one's largest person stands. A --mask is turned
            with its photograph, a --box is of the turned one.
        device: auto, cpu or cuda.
        normals_at: Predict the fine level's normals at this size in place of enlarging smaller ones; with the authors'
            weights, 1024 shows finer folds than their own program, which predicts them at 512.
        faces: Simplify to about so many triangles.
        vertex_colours: Colours at the vertices of GLB and OBJ in place of a texture.
        stl_metres: STL in metres with y up, like the other formats, in place of millimetres with z up for printing.
        keep_background: Show the networks the background too, also where the person's mask is known.
        preview: Also write a picture: front, side, back, front normals.
        turntable: Also write an animation of the model turning.
        animation: Format of the turntable.
        normals: Also write the predicted normal maps.
        sheet: Also draw one picture of all results: photograph, normal maps, the model from three sides.
        json: One line of JSON a result on standard output.
        cluster: Run on this Ray cluster ("local": started for this run). Inputs may then be URLs and @LISTS too; needs
            --output, which every worker must reach. A second run does only what its manifest.jsonl lacks.
        workers: Workers on the cluster; each loads the networks once.
    """
    from lifecast.options import ReconstructOptions
    from lifecast.photo.listing import list_photographs, result_names
    from lifecast.results import check_results, unwritable, write_results
    from lifecast.surface.output.turntable import check_animation
    from lifecast.writable import check_file, check_folder

    options = ReconstructOptions.parse(
        lambda field: "--format" if field == "formats" else f"--{field}",
        person=person, box=box, turn=turn, height=height, resolution=resolution, faces=faces, formats=format,
        preview=preview, turntable=animation if turntable else None, normals=normals, vertex_colours=vertex_colours,
        stl_metres=stl_metres,
    )  # fmt: skip
    if not inputs:
        raise UsageError("name at least one photograph, folder or pattern")
    if "-" in inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("-: standard input is a terminal; pipe a photograph in: lifecast reconstruct - < photo.jpg")
    if sheet is not None and sheet.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise UsageError(f"--sheet {sheet}: name a .png, .jpg or .webp file")
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"-o {output}: is a file where a folder is needed")
    if options.turntable is not None:
        check_animation(options.turntable)
    if output is not None:
        check_folder(output, "--output")
    if sheet is not None:
        check_file(sheet, "--sheet")
    if cluster is not None:
        if output is None or mask is not None or options.box is not None or sheet is not None or keep_background:
            raise UsageError("--cluster needs --output, and goes without --mask, --box, --sheet and --keep-background")
        if "-" in inputs:
            raise UsageError("--cluster reads no standard input: save the photograph as a file")
        from lifecast.cluster.jobs import ReconstructJob, reconstruct_on

        job = ReconstructJob(str(output.resolve()), options, weights, device, normals_at)
        return reconstruct_on(cluster, workers, job, inputs, json)
    listing = list_photographs(inputs)
    if mask is not None and options.box is not None:
        raise UsageError("give --mask or --box, not both")
    if (mask is not None or options.box is not None) and len(listing.paths) + len(listing.missing) > 1:
        raise UsageError("--mask and --box are for one photograph, and several were named")

    report = Report(json)
    for given, problem in listing.missing.items():
        report.failed(given, PhotoError(problem))
    names = result_names(listing.paths, output, options.endings(), numbered=options.person == "all")
    blocked = unwritable(names, options)
    for path, stem in zip(listing.paths, names, strict=True):
        if stem in blocked:
            report.failed(_called(path), blocked[stem])
    if len(blocked) == len(listing.paths):
        return report.summary()
    with report.stage("loading the networks"):
        from lifecast.loading import load
        from lifecast.sheet import row, write_sheet

        model = load(weights, device, normals_at)
    rows: list[Any] = []
    for number, (path, stem) in enumerate(zip(listing.paths, names, strict=True), 1):
        if stem in blocked:
            continue
        called = _called(path)
        title = f"[{number}/{len(listing.paths)}] {called}" if len(listing.paths) > 1 else called
        with report.stage(title) as progress:
            try:
                check_results(stem, options)  # the disk may have filled since, or a card been taken out
                photo, people, seconds = _people(model, path, options, mask, progress)
            except LifecastError as error:
                report.failed(called, error)
                continue
            for which, one in enumerate(people, 1):
                name = stem if len(people) == 1 else stem.with_name(f"{stem.name}_{which}")
                try:
                    result = model.reconstruct_person(
                        photo, one, options.resolution, options.height, options.faces, progress, seconds
                    )
                    progress("saving")
                    begun = time.perf_counter()
                    written = write_results(result, name, options)
                    result.timings["saving"] = time.perf_counter() - begun
                    if sheet is not None:
                        rows.append(row(result, photo.colour))
                except LifecastError as error:
                    report.failed(called, error, which if len(people) > 1 else None)
                except OSError as error:  # what no check foresaw
                    report.failed(called, LifecastError(f"its result cannot be written: {error}"))
                else:
                    report.done(called, result, written, which if len(people) > 1 else None)
    if sheet is not None and rows:
        write_sheet(sheet, rows)
        report.say(f"drew {sheet}")
    return report.summary()


def _called(path: Path) -> str:
    """What a photograph is called in messages: as the user named it."""
    from lifecast.photo.listing import STANDARD_INPUT

    return "-" if path is STANDARD_INPUT else str(path)


def _people(
    model: Reconstructor,
    path: Path,
    options: ReconstructOptions,
    mask: Path | None,
    progress: Callable[[str], None],
) -> tuple[Photo, list[Any], dict[str, float]]:
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


class Report:
    """Words for people on standard error (or, without --json, results on standard output), JSON lines for programs."""

    def __init__(self, json: bool) -> None:
        self._json = json
        self._out = Console(highlight=False, emoji=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        self._done = self._failed = 0

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        """A spinner that names the stage, on a terminal; nothing elsewhere."""
        spinner = "line" if self._errors.options.ascii_only else "dots"
        with self._errors.status(_plain(title), spinner=spinner) as status:
            yield lambda stage: status.update(_plain(f"{title}: {stage}"))

    def say(self, text: str) -> None:
        """A line for people."""
        (self._errors if self._json else self._out).print(text, markup=False)

    def done(self, name: str, result: Reconstruction, written: list[Path], person: int | None) -> None:
        """One result was written."""
        from lifecast.results import facts

        self._done += 1
        if self._json:
            line = {"input": name, "person": person or 1, "files": [str(p) for p in written], **facts(result)}
            self._out.print(json_format.dumps(line), markup=False)
            return
        spent = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in result.timings.items())
        self.say(f"{', '.join(str(p) for p in written)}  ({sum(result.timings.values()):.1f} s: {spent})")
        for note in result.notes:
            self.say(f"  note: {note}")

    def failed(self, name: str, error: LifecastError, person: int | None = None) -> None:
        """One photograph, or one person of it, could not be used."""
        self._failed += 1
        if self._json:
            line = {"input": name, "error": str(error)} | ({"person": person} if person else {})
            self._out.print(json_format.dumps(line), markup=False)
        said = str(error) if name in str(error) else f"{name}: {error}"
        self._errors.print(f"skipped {said}", markup=False)

    def summary(self) -> int:
        """The last line, and the exit status."""
        if self._failed or self._done > 1:
            self.say(f"{self._done} reconstructed, {self._failed} failed")
        return 1 if self._failed else 0


def _plain(text: str) -> str:
    """Brackets in file names are no markup of rich's."""
    from rich.markup import escape

    return escape(text)
