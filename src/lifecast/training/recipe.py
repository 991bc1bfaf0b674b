"""Recipes: by which figures a stage is trained. A recipe is data, a TOML file; this module reads and checks it.

`recipes/paper.toml` holds the paper's values; `cpu.toml` is for a few CPU cores and hours, `gpu-short.toml` for a GPU
held for minutes. `--recipe` takes one of these names or a path. A key that no field here names is an error, never
ignored.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from lifecast.errors import UsageError
from lifecast.training.schedule import LearningRate
from lifecast.training.stage_names import PerceptualNetwork, StageName
from lifecast.training.tables import named_toml, read_table, read_toml

FedDepth = Literal["predicted", "true", "corrected"]
STAGES: tuple[str, ...] = get_args(StageName)
RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Phase:
    """A part of a run with one image size: small pictures first teach more for the same time."""

    size: int | None = None
    """Side of the stage's finest image, in pixels; none: the preset's own for that stage."""
    scale: float = 1.0
    """Without a size: the share of the preset's own, for every part of the stage alike."""
    batch: int = 8
    """Pictures in a step, in each process."""
    points: int = 8000
    """Points at which the occupancy is queried, for each picture."""
    share: float = 1.0
    """Share of the run that this phase takes; the shares of a stage sum to 1."""

    def __post_init__(self) -> None:
        if self.size is not None and (self.size < 32 or self.size % 32):
            raise UsageError(f"size = {self.size}: an image side must be a multiple of 32")
        if not 0 < self.scale <= 1:
            raise UsageError(f"scale = {self.scale}: must lie in (0, 1]")
        if self.batch < 1 or self.points < 1:
            raise UsageError(f"batch = {self.batch}, points = {self.points}: both must be at least 1")
        if not 0 < self.share <= 1:
            raise UsageError(f"share = {self.share}: must lie in (0, 1]")

    def side(self, own: int) -> int:
        """Compute the image side in pixels, `own` being the preset's."""
        return self.size if self.size is not None else round(own * self.scale)


@dataclass(frozen=True)
class LossWeights:
    """The weight of each loss; one with weight 0 is not computed."""

    occupancy: float = 1.0
    """Extended binary cross entropy, equation 5."""
    balance: Literal["batch", "even"] = "batch"
    """lambda of equation 5: the share of points outside in the batch (the paper), or one half, which leaves the 0.5
    level where a point is as likely inside as outside. Near people's surfaces two points in three are outside."""
    l1: float = 5.0
    """L1 distance of the normal maps, lambda_l1 of equation 6."""
    l1_over: Literal["image", "mask"] = "image"
    """Pixels that the L1 counts: all of them, the background pulled to 0 (the paper), or only the person's."""
    cosine: float = 0.0
    """1 - cosine of the angle between predicted and true normals inside the mask."""
    folds: float = 0.0
    """L1 distance of the maps' folds (`losses.fold_l1`)."""
    fold_energy: float = 0.0
    """Squared distance of the maps' folds (`losses.fold_energy`): teaches deep folds first."""
    fold_amount: float = 0.0
    """Squared distance of how deep the maps' folds are around each pixel, wherever they lie (`losses.fold_amount`): the
    front's, and the back's where that is guessed (`back_blur`)."""
    fold_echo: float = 0.0
    """Squared distance of how far the back's folds follow the front (`losses.fold_echo`): guesses must not copy it."""
    perceptual: float = 1.0
    """Perceptual loss, the first term of equation 6."""
    adversarial: float = 0.0
    """Loss of a discriminator that learns along (`training.adversary`); for one process."""
    adversarial_side: Literal["both", "back"] = "both"
    """Maps that it judges."""
    window: int | None = None
    """Side in pixels of a random window on the person that these two compare; none: the whole picture."""
    back: float = 1.0
    """Weight of the back map in these three, the front map's being 1: folds of the back are not visible."""
    back_blur: float | None = None
    """Pixels: what is not seen is to be guessed, not met point by point. The L1 and the cosine of the back compare maps
    blurred by this standard deviation, `perceptual` its last layers, and `folds` and `fold_energy` are the front's."""
    perceptual_network: PerceptualNetwork = "auto"
    """Whose features the perceptual loss compares."""
    mask: float = 0.0
    """Binary cross entropy of the predicted mask, where the preset predicts one."""
    depth: float = 0.0
    """L1 distance of the depth maps (the depth network's, or the coarse net's auxiliary ones), in view units, where
    the preset predicts them."""
    depth_bins: float = 0.0
    """Cross entropy of the depth network's distributions."""
    parsing: float = 1.0
    """Cross entropy of the parsing head's parts, where a stage trains it."""

    def __post_init__(self) -> None:
        if self.window is not None and (self.window < 32 or self.window % 32):
            raise UsageError(f"window = {self.window}: must be a multiple of 32")
        if self.back_blur is not None and self.back_blur <= 0:
            raise UsageError(f"back_blur = {self.back_blur}: must be above 0")
        for name in (
            "occupancy",
            "l1",
            "cosine",
            "folds",
            "fold_energy",
            "fold_amount",
            "fold_echo",
            "perceptual",
            "adversarial",
            "back",
            "mask",
            "depth",
            "depth_bins",
            "parsing",
        ):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} = {getattr(self, name)}: a loss's weight cannot be negative")


@dataclass(frozen=True)
class StageRecipe:
    """How one stage is trained."""

    phases: tuple[Phase, ...]
    """The parts of the run, in order."""
    optimiser: Literal["adam", "adamw", "rmsprop", "muon"] = "adam"
    """Rule of the steps; `muon` is Muon with AdamW for what has few channels (`training.muon`)."""
    learning_rate: float = 2e-4
    """At its peak."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay of Adam's two averages."""
    weight_decay: float = 0.0
    """Pull of the weights toward 0 (decoupled with AdamW)."""
    schedule: LearningRate = field(default_factory=lambda: LearningRate("constant"))
    """How the rate moves over the run."""
    epochs: float | None = None
    """Length of the run where neither --steps nor --minutes gives one."""
    clip: float = 0.0
    """Largest norm of the gradient; 0: unbounded."""
    average: float = 0.0
    """Decay of the moving average of the weights that is validated and exported; 0: none."""
    near: Literal["near5", "near3"] = "near5"
    """Spread of the points around the surface: 5 cm for the coarse, 3 cm for the fine net."""
    near_fraction: float = 15 / 16
    """Share of the points drawn around the surface, the rest being uniform in the volume."""
    window: int | None = None
    """Side of the random window, in pixels of the finest image, that the detail head or the fine net gets; none: the
    whole image."""
    windows: int = 1
    """Such windows of each picture, for the detail head: reading a picture costs more than a window."""
    fed_depth: FedDepth = "predicted"
    """Which depth maps the nets get with predicted normals. A net that is fed depths with an error learns to be
    vague: limbs come out thick. Fed `true` ones it learns to follow them, and in use follows the predicted ones, whose
    thickness is about right. `corrected` are the predicted ones, made to follow the normals as in use, with their error
    over stretches of more than a few centimetres taken off: right, and with the fine detail that there is in use."""
    trim: float = 0.0
    """Share of the batches that are cut down to where people are: they take half the time."""
    losses: LossWeights = field(default_factory=LossWeights)
    """The weight of each loss."""

    def __post_init__(self) -> None:
        if not self.phases:
            raise UsageError("a stage needs at least one [[...phases]] table")
        total = sum(phase.share for phase in self.phases)
        if abs(total - 1) > 1e-6:
            raise UsageError(f"the shares of the phases sum to {total:g}, not to 1")
        if self.learning_rate <= 0:
            raise UsageError(f"learning_rate = {self.learning_rate}: must be positive")
        if not 0 <= self.average < 1:
            raise UsageError(f"average = {self.average}: must lie in [0, 1)")
        if not 0 <= self.trim <= 1:
            raise UsageError(f"trim = {self.trim}: must lie in [0, 1]")
        if self.trim and self.window is not None:
            raise UsageError(f"trim = {self.trim} and window = {self.window}: a stage can have only one of them")
        if self.windows < 1:
            raise UsageError(f"windows = {self.windows}: must be at least 1")
        if self.windows > 1 and self.window is None:
            raise UsageError(f"windows = {self.windows} needs the side of a window: give window as well")
        if not 0 <= self.near_fraction <= 1:
            raise UsageError(f"near_fraction = {self.near_fraction}: must lie in [0, 1]")

    def phase_at(self, progress: float) -> int:
        """Find the index of the phase that a run is in at `progress`."""
        done = 0.0
        for index, phase in enumerate(self.phases):
            done += phase.share
            if progress < done - 1e-9:
                return index
        return len(self.phases) - 1


@dataclass(frozen=True)
class Recipe:
    """Everything that `lifecast train` needs to know besides data, preset and machine."""

    name: str
    """What the model card calls it."""
    normals: StageRecipe
    coarse: StageRecipe
    fine: StageRecipe
    joint: StageRecipe
    depth: StageRecipe | None = None
    """For presets with a depth network."""
    detail: StageRecipe | None = None
    """For presets whose normal networks have one."""
    close_up: StageRecipe | None = None
    """For presets with a close-up head."""
    parsing: StageRecipe | None = None
    """For presets with a parsing head."""
    precision: Literal["32", "bf16", "fp16"] = "32"
    """Number format of the arithmetic, unless --precision says otherwise."""
    compile: bool = False
    """Compile the networks (CUDA only)."""
    channels_last: bool = True
    """Keep images and features with their channels innermost, which most convolution kernels prefer."""
    augment: bool = True
    """Vary colours, scale, blur, JPEG and background of the training pictures."""
    checkpoint_minutes: float = 5.0
    """Time between checkpoints."""
    keep: int = 2
    """How many of the last checkpoints stay; the best one stays besides."""
    validate_minutes: float = 15.0
    """Time between validations on the test split."""
    validate_samples: int = 64
    """Views of the test split in a validation, spread evenly over it."""
    pictures_minutes: float = 15.0
    """Time between picture strips."""

    def __post_init__(self) -> None:
        for name in ("checkpoint_minutes", "validate_minutes", "pictures_minutes"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} = {getattr(self, name)}: must be positive")
        if self.keep < 1 or self.validate_samples < 1:
            raise UsageError("keep and validate_samples must be at least 1")

    def stage(self, name: StageName) -> StageRecipe:
        """Choose the part for one stage."""
        part: StageRecipe | None = getattr(self, name)
        if part is None:
            raise UsageError(f"recipe {self.name} has no part [{name}]")
        return part


def built_in_recipes() -> list[str]:
    """List the names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe by its name or path.

    Raises
    ------
    UsageError
        For a missing file, broken TOML, an unknown key or a value that cannot be; naming file and key.
    """
    path = named_toml(name, RECIPES, "recipe")
    return recipe_from_dict(read_toml(path, "recipe"), str(path))


def recipe_from_dict(table: dict[str, Any], where: str = "recipe") -> Recipe:
    """Build a checked recipe from plain tables, as TOML or a checkpoint hold it."""
    built: Recipe = read_table(Recipe, table, where)
    return built


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Describe `recipe` in plain tables; `recipe_from_dict` gives it back."""
    return dataclasses.asdict(recipe)
