"""The rows of the paper's Table 1, of Figures 3 and 5, and of what goes beyond them: what each one trains.

Table 1's five networks get the picture alone; its last row adds the predicted normals. Section 4.1 says what
the comparison shows; `CLAIMS` puts that into pairs that a measurement can confirm or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecast.model.ablations import ablation
from lifecast.model.config import Architecture
from lifecast.training.stage_names import StageName


@dataclass(frozen=True)
class TrainingRun:
    """One stage of training, which several rows may stand on."""

    name: str
    switches: tuple[str, ...]
    """Of `lifecast.model.ablations`, on the base preset."""
    stage: StageName
    share: float = 1.0
    """Of a row's budget. Two nets trained alternately take half for each."""
    stands_on: tuple[str, ...] = ()
    """Runs whose trained parts it starts from."""

    @property
    def predicted_normals(self) -> bool:
        """Whether the nets get predicted normal maps (trained ones, from the run `normals`)."""
        return self.stage != "normals" and "no-normals" not in self.switches


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    label: str
    table: str
    run: str
    """The training run whose weights are measured."""


RUNS: tuple[TrainingRun, ...] = (
    TrainingRun("fine-only", ("fine-only", "no-normals"), "coarse"),
    TrainingRun("fine-global", ("fine-global", "no-normals"), "coarse"),
    TrainingRun("single-level", ("single-level", "no-normals"), "coarse"),
    TrainingRun("end-to-end", ("joint", "no-normals"), "joint"),
    TrainingRun("picture-coarse", ("no-normals",), "coarse", 0.5),
    TrainingRun("alternate", ("no-normals",), "fine", 0.5, ("picture-coarse",)),
    TrainingRun("absolute-depth", ("absolute-depth", "no-normals"), "fine", 0.5, ("picture-coarse",)),
    TrainingRun("normals", (), "normals"),
    TrainingRun("front-coarse", ("front-normals",), "coarse", 0.5, ("normals",)),
    TrainingRun("front", ("front-normals",), "fine", 0.5, ("normals", "front-coarse")),
    TrainingRun("both-coarse", (), "coarse", 0.5, ("normals",)),
    TrainingRun("both", (), "fine", 0.5, ("normals", "both-coarse")),
    TrainingRun("fine-normals", ("fine-normals",), "fine", 0.5, ("normals", "both-coarse")),
    TrainingRun("mask-coarse", ("mask",), "coarse", 0.5, ("normals",)),
    TrainingRun("mask", ("mask",), "fine", 0.5, ("normals", "mask-coarse")),
)
"""In an order in which each stands on earlier ones. `fine-only` and `fine-global` are networks of one net,
trained like a coarse one, over the whole picture at full resolution (4.1)."""

TABLE_1, FIGURE_3, FIGURE_5, BEYOND = "Table 1", "Figure 3", "Figure 5", "Beyond the paper"

ROWS: tuple[Row, ...] = (
    Row("fine-only", "fine module only", TABLE_1, "fine-only"),
    Row("fine-global", "fine module + global feature", TABLE_1, "fine-global"),
    Row("single-level", "single PIFu", TABLE_1, "single-level"),
    Row("end-to-end", "two levels, end to end", TABLE_1, "end-to-end"),
    Row("alternate", "two levels, alternate", TABLE_1, "alternate"),
    Row("normals", "two levels, alternate, with normals", TABLE_1, "both"),
    Row("embedding", "fine level on the 3D embedding", FIGURE_3, "alternate"),
    Row("absolute-depth", "fine level on absolute depth", FIGURE_3, "absolute-depth"),
    Row("no-normals", "no normals", FIGURE_5, "alternate"),
    Row("front-normals", "front normals only", FIGURE_5, "front"),
    Row("both-normals", "front and back normals", FIGURE_5, "both"),
    Row("fine-normals", "normals at the fine level's resolution", BEYOND, "fine-normals"),
    Row("mask", "predicted mask as a channel", BEYOND, "mask"),
)
"""Table 1 in the paper's order of rows, its best last."""

CLAIMS: tuple[tuple[str, str, str], ...] = (
    ("alternate", "fine-only", "4.1: a local feature alone suffers from overfitting"),
    ("alternate", "fine-global", "4.1: a global feature lacks precise spatial information"),
    ("alternate", "single-level", "4.1: two levels beat one of a quarter of the feature resolution"),
    ("alternate", "end-to-end", "4.1: alternate training beats joint training"),
    ("normals", "alternate", "4.1: predicted normals improve the reconstruction"),
    ("embedding", "absolute-depth", "Fig. 3: a sliding window needs the 3D embedding"),
    ("both-normals", "front-normals", "Fig. 5: the back normals improve the hidden side"),
    ("front-normals", "no-normals", "Fig. 5: so do the front ones"),
    ("fine-normals", "both-normals", "ours: normals at full resolution help the fine level"),
    ("mask", "both-normals", "ours: a mask channel helps"),
)
"""(better row, worse row, who says so)."""


def row_named(name: str) -> Row:
    """Find the row of that name."""
    return next(row for row in ROWS if row.name == name)


def run_named(name: str) -> TrainingRun:
    """Find the run of that name."""
    return next(run for run in RUNS if run.name == name)


def needed_runs(rows: list[Row]) -> list[TrainingRun]:
    """List the runs that `rows` stand on, in order."""
    wanted: set[str] = set()
    open_names = [row.run for row in rows]
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted.add(name)
            open_names += run_named(name).stands_on
    return [run for run in RUNS if run.name in wanted]


def row_preset(base: Architecture, run: TrainingRun) -> Architecture:
    """Make the run's architecture.

    The base goes without what the paper lacks: a mask channel, depth maps, pose channels, a detail head.
    """
    beyond = {
        "no-mask": base.mask_input,
        "no-depth-maps": base.depth_input,
        "no-pose": base.maps is not None and base.maps.pose_channels,
        "no-detail": base.maps is not None and base.maps.detail is not None,
    }
    plain = ablation(base, *(switch for switch, there in beyond.items() if there))
    return ablation(plain, *run.switches)
