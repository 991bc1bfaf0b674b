"""The maker of today's people: what `synthesize`, `prepare`, `landmarks` and `mannequins` do, for one number."""

from __future__ import annotations

import functools
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import lifecast
from lifecast.errors import MissingExtra
from lifecast.training.stream.options import StreamOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lifecast.people.crew import Order
    from lifecast.people.sitting import Sitting
    from lifecast.scans.settings import Settings

MANNEQUIN_POSES = 10
"""Poses of a mannequin, with one view each."""
FRONT = 0.67
ELEVATION = (-5.0, 10.0)
RAYS = 16
LIGHTINGS = 64
UNIFORM, NEAR5, NEAR3 = 2000, 8000, 8000
"""Views, lights and points as in the chain `compact`."""


@dataclass(frozen=True)
class MadePeople:
    """Draped people and, for a share of the numbers, mannequins; see `maker.Maker`.

    Which of the two a number is follows from seed and number.
    """

    given: StreamOptions
    landmarks: bool
    """Let BlazePose find landmarks, which networks are conditioned on."""

    @property
    def views(self) -> int:
        """As `Maker.views`."""
        share = self.given.mannequins
        return max(1, round((1 - share) * self.given.views + share * MANNEQUIN_POSES))

    def check(self) -> None:
        """Check for BlazePose and assets, as `Maker.check`."""
        from lifecast.photo import blazepose

        if self.landmarks and not blazepose.available():
            raise MissingExtra("mediapipe", "person", "finding landmarks")
        if self.given.assets:
            from lifecast.people.assets import check_assets

            for folder in self.given.assets:
                check_assets(folder)

    def settings(self) -> Settings:
        """Return the settings that `prepare` makes views by; their seed is the people's."""
        from lifecast.scans.settings import Settings

        return Settings(
            size=self.given.picture_size, views=self.given.views, front=FRONT, elevation=ELEVATION, rays=RAYS,
            lightings=LIGHTINGS, uniform=UNIFORM, near5=NEAR5, near3=NEAR3,
        )  # fmt: skip

    def describe(self) -> dict[str, Any]:
        """Describe the people, as `Maker.describe`; folders by their files' names and sizes."""
        from lifecast.training.links import listing_fingerprint, listing_fingerprints

        folders = {
            name: None if folder is None else listing_fingerprint(folder)
            for name, folder in (("poses", self.given.poses), ("lighting", self.given.lighting))
        } | {"assets": listing_fingerprints(self.given.assets)}
        return {
            "lifecast": lifecast.__version__, **folders, "without_garments": sorted(self.given.without_garments),
            "mannequins": self.given.mannequins, "landmarks": self.landmarks, "settings": asdict(self.settings()),
        }  # fmt: skip

    def header(self) -> dict[str, Any]:
        """Return the head of `dataset.json`, as `Maker.header`."""
        from lifecast.scans.dataset_format import header

        return header(self.settings(), *_lights(self.given.lighting)) | {"points": not self.given.mannequins}

    def is_mannequin(self, seed: int, number: int) -> bool:
        """Decide whether a number is a mannequin."""
        return bool(np.random.default_rng([seed, number, 0x3A]).random() < self.given.mannequins)

    def make(self, seed: int, number: int, folder: Path) -> None:
        """Make one number, as `Maker.make`."""
        if self.is_mannequin(seed, number):
            self._make_mannequin(seed, number, folder)
        else:
            self._make_draped(seed, number, folder)

    def _make_draped(self, seed: int, number: int, folder: Path) -> None:
        from lifecast.people import crew
        from lifecast.scans.landmarks import add_to_person
        from lifecast.scans.prepared_person import prepare_person

        order = self._order(seed, folder / "mesh")
        crew.make(order, number)
        source = crew.folder(order.out, number)
        settings, lights = replace(self.settings(), seed=seed), _lights(self.given.lighting)[1]
        prepare_person(source.name, source / "person.glb", folder, settings, lights)
        shutil.rmtree(order.out)
        if self.landmarks:
            add_to_person(folder / source.name)

    def _order(self, seed: int, folder: Path) -> Order:
        from lifecast.people.crew import Order

        given = self.given
        return Order(folder, seed, given.assets, given.poses, without_garments=given.without_garments)

    def _make_mannequin(self, seed: int, number: int, folder: Path) -> None:
        from lifecast.people.mannequin_views import make_views

        make_views(self._sitting(seed, folder), number)

    def _sitting(self, seed: int, folder: Path) -> Sitting:
        from lifecast.people.sitting import Sitting

        return Sitting(
            self._order(seed, folder), each=MANNEQUIN_POSES, views=1, size=self.given.picture_size, elevation=ELEVATION,
            lighting=self.given.lighting, pictures=True, rays=RAYS,
        )  # fmt: skip


@functools.lru_cache(maxsize=1)
def _lights(lighting: Path | None) -> tuple[list[str], NDArray[np.float32]]:
    from lifecast.scans.lighting import make_lightings

    return make_lightings(lighting, LIGHTINGS, 0)
