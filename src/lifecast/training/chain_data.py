"""The links of a chain that leave training data behind: made people, prepared, with BlazePose's landmarks.

`data_links` is all that the rest of a chain knows of where its data come from.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from lifecast.errors import DataError
from lifecast.scans.landmark_file import FILE
from lifecast.training import data
from lifecast.training.chain import Chain, MadeMannequins
from lifecast.training.chain_places import Places, there, written
from lifecast.training.links import Link, files_fingerprint, listing_fingerprint, listing_fingerprints


def data_links(chain: Chain, places: Places) -> list[Link]:
    """List the links that leave a prepared dataset at `places.data`.

    It has landmarks if the preset needs them. The dataset's fingerprint is the output of the one called "data".
    """
    links = [people_link(chain, places), prepare_link(chain, places)]
    if chain.posed:
        links.append(landmarks_link(places))
    if chain.mannequins is not None:
        links.append(mannequins_link(chain, places, chain.mannequins))
    return links


def mannequins_link(chain: Chain, places: Places, wanted: MadeMannequins) -> Link:
    """Make mannequins and their views, with BlazePose's landmarks (`mannequins`)."""
    from lifecast.people.crew import Order, check_origin
    from lifecast.people.mannequin_views import check_sitting, make_all_views, missing
    from lifecast.people.sitting import Sitting

    people = chain.people
    sitting = Sitting(
        Order(
            places.mannequins, wanted.seed, places.assets, places.poses, people.only_garments, people.without_garments
        ),
        each=wanted.each, views=wanted.views, size=wanted.size, front=wanted.front, lighting=places.lighting,
        pictures=True, rays=wanted.rays, close_ups=wanted.close_ups,
    )  # fmt: skip

    def make() -> None:
        check_origin(sitting.order)
        check_sitting(sitting)
        left = len(missing(sitting, wanted.count))
        with places.counting("mannequins", wanted.count, wanted.count - left) as done:
            make_all_views(sitting, wanted.count, chain.test_fraction, places.workers, done)
        data.fingerprint.cache_clear()

    def output() -> str:
        data_exists(places.mannequins)
        return data.fingerprint(places.mannequins)

    command = written(
        "mannequins mannequins", count=wanted.count, seed=wanted.seed, each=wanted.each, views=wanted.views,
        size=wanted.size, front=wanted.front, rays=wanted.rays, close_ups=wanted.close_ups, pictures=True,
        test_fraction=chain.test_fraction, lighting=places.lighting and "LIGHTING",
        assets=("ASSETS",) * len(places.assets), poses=places.poses and "POSES", only_garments=people.only_garments,
        without_garments=people.without_garments,
    )  # fmt: skip
    settings = dataclasses.asdict(wanted) | {
        "only_garments": people.only_garments, "without_garments": people.without_garments,
        "test_fraction": chain.test_fraction, "assets": listing_fingerprints(places.assets),
        "poses": None if places.poses is None else listing_fingerprint(places.poses),
        "lighting": None if places.lighting is None else listing_fingerprint(places.lighting),
    }  # fmt: skip
    return Link("mannequins", settings, (), command, make, there(places.mannequins), output)


def given_link(places: Places, before: str, weights: Path) -> Link:
    """Predict the maps that close-ups are corrected from (`close-ups`), by `weights`."""
    from lifecast.model.checkpoint import load_checkpoint
    from lifecast.scans.close_up_file import GIVEN
    from lifecast.training.given_close_ups import add_to_dataset, people_with_close_ups

    def make() -> None:
        total = len(people_with_close_ups(places.mannequins, anew=False))
        model = load_checkpoint(weights).model.for_inference()
        with places.counting("close-ups", total) as done:
            for person in add_to_dataset(model, places.mannequins, anew=False):
                done(person)

    def made() -> list[Path]:
        return sorted(places.mannequins.glob(f"*/*_{GIVEN}_*.png"))

    command = written("close-ups mannequins", weights=weights.relative_to(places.out).as_posix())
    return Link(
        "given", {}, ("mannequins", before), command, make, made,
        lambda: files_fingerprint(made(), places.mannequins),
    )  # fmt: skip


def people_link(chain: Chain, places: Places) -> Link:
    """Make people (`synthesize`)."""
    from lifecast.people.crew import Order, check_origin, make_all, missing

    people = chain.people
    order = Order(
        places.people, people.seed, places.assets, places.poses, people.only_garments, people.without_garments
    )

    def make() -> None:
        check_origin(order)
        numbers = missing(places.people, people.count)
        with places.counting("people", people.count, people.count - len(numbers)) as done:
            make_all(order, numbers, places.workers, done)

    command = written(
        "synthesize people", count=people.count, seed=people.seed, assets=("ASSETS",) * len(places.assets),
        poses=places.poses and "POSES", only_garments=people.only_garments, without_garments=people.without_garments,
    )  # fmt: skip
    settings = dataclasses.asdict(people) | {
        "assets": listing_fingerprints(places.assets),
        "poses": None if places.poses is None else listing_fingerprint(places.poses)
    }  # fmt: skip
    return Link(
        "people", settings, (), command, make, there(places.people),
        lambda: files_fingerprint(places.people.glob("person_*/*"), places.people),
    )  # fmt: skip


def prepare_link(chain: Chain, places: Places) -> Link:
    """Render and sample them (`prepare`)."""
    from lifecast.scans.listing import list_scans
    from lifecast.scans.prepare import Outcome, prepare

    wanted = chain.data

    def make() -> None:
        scans = list_scans(places.people).people

        def tell(outcome: Outcome) -> None:
            done()
            if outcome.state == "failed":
                places.console.print(f"{outcome.person}: left out: {outcome.reason}", markup=False)

        with places.counting("preparing", len(scans)) as done:
            prepare(scans, places.data, wanted, places.lighting, places.workers, chain.test_fraction, None, tell)
        data.fingerprint.cache_clear()  # of data that were there before in the same place

    def output() -> str:
        data_exists(places.data)
        return data.fingerprint(places.data)

    command = written(
        "prepare people data", size=wanted.size, views=wanted.views, elevation=wanted.elevation, front=wanted.front,
        lighting=places.lighting and "LIGHTING", lightings=wanted.lightings, rays=wanted.rays, seed=wanted.seed,
        points=(wanted.uniform, wanted.near5, wanted.near3), test_fraction=chain.test_fraction, units=wanted.units,
        up=wanted.up,
    )  # fmt: skip
    lighting = None if places.lighting is None else listing_fingerprint(places.lighting)
    settings = dataclasses.asdict(wanted) | {"test_fraction": chain.test_fraction, "lighting": lighting}
    return Link("data", settings, ("people",), command, make, there(places.data), output)


def landmarks_link(places: Places) -> Link:
    """Add BlazePose's landmarks (`landmarks`)."""
    from lifecast.scans.landmarks import add_to_dataset, people_of

    def make() -> None:
        with places.counting("landmarks", len(people_of(places.data))) as done:
            add_to_dataset(places.data, places.workers, done)

    def made() -> list[Path]:
        return sorted(places.data.glob(f"*/{FILE}"))

    return Link(
        "landmarks", {}, ("data",), written("landmarks data"), make, made,
        lambda: files_fingerprint(made(), places.data),
    )  # fmt: skip


def data_exists(root: Path) -> None:
    """Check that the prepared dataset is there; DataError if it is gone."""
    if not (root / "dataset.json").is_file():
        raise DataError(f"{root}: holds no prepared data any more")
