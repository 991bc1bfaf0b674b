"""How mannequins are posed and rendered. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lifecast.errors import OptionError
from lifecast.options import Inline
from lifecast.overlap import refuse_overlap
from lifecast.people.crew import Order
from lifecast.people.pose_shares import USUAL_CLIP_SHARE
from lifecast.scans.settings import Settings

LIGHTINGS = 64


@dataclass(frozen=True)
class Sitting:
    """Which poses and views of each mannequin there are. Raises `OptionError` for a value that cannot be used."""

    order: Inline[Order]
    each: int = 10
    """Poses of each."""
    views: int = 3
    """Pictures of each pose."""
    size: int = 384
    """Pixels of the square pictures."""
    front: float = 0.67
    """Share of the views within 45 degrees of the front."""
    elevation: tuple[float, float] = (-5.0, 10.0)
    """Range of the camera's elevation in degrees, MIN MAX."""
    lighting: Path | None = None
    """Folder of EXR or HDR environment maps; built-in lights when absent."""
    pictures: bool = False
    """Keep pictures, masks, normals and depths of the views, in the light of shadows that people cast on themselves."""
    rays: int = 8
    """Visibility rays a vertex for these shadows."""
    close_ups: int = 0
    """Close-ups of head and hands of each view, for the close-up head; they need `pictures`."""
    clip_share: float = USUAL_CLIP_SHARE
    """Share of the poses that come from the motion clips and from MakeHuman's poses (of people of `synthesize`: 0.2).
    These are where networks are furthest off."""

    def __post_init__(self) -> None:
        if self.each < 1:
            raise OptionError("each", self.each, "give at least 1 pose")
        if self.close_ups < 0:
            raise OptionError("close_ups", self.close_ups, "give 0 or more")
        if self.close_ups and not self.pictures:
            raise OptionError("close_ups", self.close_ups, "add --pictures, too: close-ups are pictures")
        if not 0 <= self.clip_share <= 1:
            raise OptionError("clip_share", self.clip_share, "give a share from 0 to 1")
        refuse_overlap(self.order.out, "out", {"lighting": self.lighting})
        self.settings()  # refuses bad values of the others

    def settings(self) -> Settings:
        """Views as `prepare` draws them."""
        return Settings(
            size=self.size, views=self.views, front=self.front, elevation=self.elevation, rays=self.rays,
            lightings=LIGHTINGS, seed=self.order.seed,
        )  # fmt: skip
