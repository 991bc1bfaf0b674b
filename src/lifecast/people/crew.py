"""Making many people with several processes: only what is missing, each written atomically."""

from __future__ import annotations

import functools
import json
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from lifecast.atomic import atomic_folder, write_text
from lifecast.errors import LifecastError, OptionError, UsageError
from lifecast.overlap import refuse_overlap
from lifecast.scans.cores import DIED, one_thread

if TYPE_CHECKING:
    from lifecast.people.person import Person, Studio


@dataclass(frozen=True)
class Order:
    """What to make and from what. Raises `OptionError` for folders that cannot be used."""

    out: tyro.conf.Positional[Path]
    """The folder to write to."""
    seed: int = 0
    """People of the same seed are the same people, whatever the number of workers."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's public assets (folders that hold `base` or `clothes`), or kits (`lifecast kit`), one or
    more: some garments and the skins are taken from them; without them, all garments are sewn ones."""
    poses: Path | None = None
    """A folder of motion clips (.bvh, and humanoid3d .txt), or a kit, to take some of the poses from."""
    only_garments: tuple[str, ...] = ()
    """Keep to these garments: names of sewn ones, "sewn" for all of those, or names of the assets' .mhclo files; a test
    set can wear what no training person wears."""
    without_garments: tuple[str, ...] = ()
    """Leave these garments out, named in the same way."""

    def __post_init__(self) -> None:
        refuse_overlap(self.out, "out", {"assets": self.assets, "poses": self.poses})
        if self.poses is not None and not self.poses.exists():
            raise OptionError("poses", self.poses, "no such folder")


def folder(out: Path, number: int) -> Path:
    """Where person `number` lives."""
    return out / f"person_{number:06d}"


def missing(out: Path, count: int) -> list[int]:
    """List the people of 0 .. count-1 that are not there yet.

    A folder without its card does not count.
    """
    return [n for n in range(count) if not (folder(out, n) / "card.json").is_file()]


ORIGIN = "people.json"


def check_origin(order: Order) -> None:
    """Record what the folder's people are made from.

    A folder made otherwise is not mixed with this order's.

    Raises
    ------
    UsageError
        `out` holds people of another seed or another choice of garments, or a folder of `assets` is none.
    """
    from lifecast.people.assets import check_assets

    for folder in order.assets:
        check_assets(folder)
    now = {
        "format": 1, "seed": order.seed, "assets": len(order.assets), "poses": order.poses is not None,
        "only_garments": sorted(order.only_garments), "without_garments": sorted(order.without_garments),
    }  # fmt: skip
    check_unchanged(order.out / ORIGIN, now, "people made")


def check_unchanged(path: Path, now: dict[str, Any], what: str) -> None:
    """Record in `path` how the people of its folder are made, or compare with what it holds.

    UsageError where the file is damaged or says otherwise; `what` names what the folder holds ("people made").
    """
    if not path.is_file():
        write_text(path, json.dumps(now, indent=1) + "\n")
        return
    try:
        before = dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: is damaged ({error}); delete the folder or name another one") from error
    for key, value in now.items():
        if before.get(key) != value:
            raise UsageError(
                f"{path.parent}: holds {what} with {key} = {before.get(key)!r}, not {value!r}; name another folder"
            )


@functools.lru_cache(maxsize=2)
def studio(assets: tuple[Path, ...], poses: Path | None, only: tuple[str, ...], without: tuple[str, ...]) -> Studio:
    """The studio of an order, loaded once a process."""
    from lifecast.people.body import body_model
    from lifecast.people.outfits import left_out, refuse_gaps
    from lifecast.people.person import Studio
    from lifecast.people.pose_library import PoseLibrary
    from lifecast.people.wardrobe import Wardrobe

    sewn_out = left_out(only, without)
    refuse_gaps(sewn_out)
    library = PoseLibrary.read(poses, assets)  # first: its complaints should not wait for the body model
    model = body_model()
    return Studio(model, Wardrobe(model, assets, only, without), library, sewn_out)


def create(order: Order, number: int) -> Person:
    """Person `number` of the order, not written anywhere."""
    return studio(order.assets, order.poses, order.only_garments, order.without_garments).make(order.seed, number)


def make(order: Order, number: int) -> int:
    """Make and write one person; returns its number."""
    from lifecast.people.glb import glb_bytes
    from lifecast.scans.regions import FILE as REGIONS
    from lifecast.scans.regions import PARSING_FILE as PARSING
    from lifecast.scans.regions import write_regions

    person = create(order, number)
    with atomic_folder(folder(order.out, number)) as part:
        (part / "person.glb").write_bytes(glb_bytes(person.parts))
        write_regions(part / REGIONS, {p.name: p.regions for p in person.parts if p.regions is not None})
        write_regions(part / PARSING, {p.name: p.parsing for p in person.parts if p.parsing is not None})
        (part / "card.json").write_text(json.dumps(person.card, indent=1))
    return number


def make_all(order: Order, numbers: Iterable[int], workers: int, done: Callable[[int], None]) -> None:
    """Make these people; `done` is called with each one's number as it is finished."""
    share_out(order, functools.partial(make, order), numbers, workers, done)


def share_out(
    order: Order, task: Callable[[int], int], numbers: Iterable[int], workers: int, done: Callable[[int], None]
) -> None:
    """Run `task` for each of `numbers`.

    It uses the order's `studio` and returns the number that it is given. LifecastError, and an end to it, where
    somebody cannot be written: nobody after them could be, either.
    """
    task = functools.partial(_or_say_why, order.out, task)
    if workers <= 1:
        for number in numbers:
            done(task(number))
        return
    studio(
        order.assets, order.poses, order.only_garments, order.without_garments
    )  # forked workers share the parent's copy
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=one_thread)
    try:
        futures = [pool.submit(task, number) for number in numbers]
        for future in as_completed(futures):
            done(future.result())
    except BrokenProcessPool as error:
        raise LifecastError(f"{order.out}: {DIED}") from error
    finally:
        pool.shutdown(cancel_futures=True)  # an error need not wait for all who have not begun


def _or_say_why(out: Path, task: Callable[[int], int], number: int) -> int:
    try:
        return task(number)
    except LifecastError:
        raise
    except OSError as error:
        raise LifecastError(f"{out}: person {number} cannot be made: {error}; run again to go on from there") from error
