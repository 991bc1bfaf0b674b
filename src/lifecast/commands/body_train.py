"""`lifecast body train`: the network that predicts a body from landmarks, trained on made bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro
from rich.console import Console

from lifecast.counted_progress import counted_progress
from lifecast.errors import OptionError
from lifecast.options import Inline
from lifecast.overlap import refuse_overlap
from lifecast.training.regression_recipe import RegressionRecipe
from lifecast.writable import check_file


@dataclass(frozen=True)
class BodyTrain:
    """What `lifecast body train` is asked for."""

    out: tyro.conf.Positional[Path]
    """The file to write (.safetensors)."""
    data: tuple[Path, ...] = ()
    """Folders of made people that `lifecast prepare` or `lifecast mannequins` wrote, with landmarks: what the lifter
    gets wrong in their views is what made bodies' landmarks are disturbed by."""
    weights: str = "compact"
    """Weights whose pose lifter lifts landmarks."""
    poses: Path | None = None
    """A folder of motion clips (.bvh, and humanoid3d .txt) to take some of the poses from."""
    assets: tuple[Path, ...] = ()
    """Copies of MakeHuman's public assets, whose poses some bodies take."""
    recipe: Inline[RegressionRecipe] = field(default_factory=RegressionRecipe)
    minutes: float | None = None
    """End the training's steps after so many minutes, if they are not over by then."""
    init: Path | None = None
    """Go on from this regressor's file; a lower learning rate (1e-3) suits that."""
    seed: int = 0
    """Of bodies and training; with the same seed and no --minutes the same file comes out."""

    def __post_init__(self) -> None:
        if not self.data:
            raise OptionError("data", "", "name at least one folder of made people with landmarks")
        if self.minutes is not None and self.minutes <= 0:
            raise OptionError("minutes", self.minutes, "give more than 0")
        refuse_overlap(self.out, "out", {"data": self.data, "assets": self.assets, "poses": self.poses})


def body_train(asked: Inline[BodyTrain]) -> int:
    """Train the body regressor, which predicts a body from landmarks and hands' points.

    It learns from made bodies alone: their numbers are drawn, so they are known. OUT holds it:

        lifecast body train body_regressor.safetensors --data POSES --poses CLIPS --assets MAKEHUMAN
    """
    from lifecast.scans.cores import one_thread

    one_thread()  # layers this small are slower on more
    from lifecast.training.regressor_training import train_body_regressor

    check_file(asked.out, "out")
    console = Console(stderr=True, highlight=False, emoji=False)
    recipe = asked.recipe
    with counted_progress(console) as bar:
        drawing = bar.add_task("bodies", total=recipe.bodies + recipe.unseen)
        training = bar.add_task("training", total=100)
        card = train_body_regressor(
            asked.out, asked.data, asked.weights, asked.poses, asked.assets, recipe, asked.seed, asked.minutes,
            lambda _number: bar.advance(drawing),
            lambda share, _loss: bar.update(training, completed=100 * share),
            asked.init,
        )  # fmt: skip
    figures = card["figures"]
    console.print(
        f"{asked.out}: {asked.out.stat().st_size / 1e6:.2f} MB; on {figures['bodies']:.0f} unseen made bodies vertices "
        f"are off by {figures['vertices_cm']:.1f} cm, joints by {figures['joints_cm']:.1f} cm, statures by "
        f"{figures['height_cm']:.1f} cm",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    return 0
