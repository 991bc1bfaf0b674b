"""What one evaluation is asked for. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from lifecast.errors import OptionError
from lifecast.options import one_text, parse_steps
from lifecast.overlap import Inputs, refuse_overlap

Levels = Literal["coarse", "fine", "both"]
Masks = Literal["found", "predicted"]
MeshSpace = Literal["view", "person"]
"""`view`: the picture's own space, x and y in [-1, 1] over the picture, y up, z toward the camera: measured
as it is. `person`: y up, facing the camera, any unit and place (a program's export in metres): scaled and
moved first."""
ProtocolName = Literal["pifuhd", "sith", "all", "ablation"]
"""See `lifecast.evaluation.protocol`."""

LEAST: dict[str, int] = {"views": 1, "limit": 1, "samples": 10_000, "workers": 1, "resolution": 16}


@dataclass(frozen=True)
class Request:
    """What is measured, and how. Raises `OptionError` for a value that cannot be used."""

    data: Path
    """Prepared dataset (its test people are measured), or a folder of scans or made people (all of them are prepared
    into OUT/benchmark first, four views each)."""
    out: Path = Path("evaluation")
    """Folder of the report."""
    weights: str = "compact"
    """Weights file, or name of built-in weights."""
    meshes: Path | None = None
    """Folder of meshes that another program made of the pictures; measured in place of weights."""
    mesh_space: MeshSpace = "view"
    """Space of those meshes: the picture's own, or a person standing anywhere in any unit, y up."""
    protocol: ProtocolName = "all"
    """Figures as in the paper's Table 1, as on the SiTH benchmark, everything, or as in the table of ablations."""
    views: int | None = None
    """Pictures of each person, spread evenly from the most frontal one on; all when absent."""
    limit: int | None = None
    """Measure the first N people only."""
    level: Levels = "both"
    """Nets whose surfaces are measured."""
    masks: Masks = "found"
    """"found": the background is cleaned away by the mask that BlazePose finds in the picture, as `lifecast
    reconstruct` does. "predicted": the background stays in the networks' input."""
    without: Annotated[tuple[str, ...], one_text(parse_steps, "STEP,STEP")] = ()
    """Steps to leave out, separated by commas, such as relief,mirror; docs/reconstruct.md lists them."""
    body: bool = False
    """Fit the parametric body, as `lifecast reconstruct --body` does, and measure it on people whose own is known."""
    resolution: int = 512
    """Of the lattice that surfaces are extracted on."""
    samples: int | None = None
    """Surface samples a direction, in place of the protocol's 20,000."""
    workers: int | None = None
    """Processes; by default one for each core, and one on a GPU."""
    seed: int = 0
    """Of backgrounds, samples and intervals."""
    backgrounds: Path | None = None
    """Folder of pictures to put behind people; generated ones when absent."""
    cards: Path | None = None
    """Folder of made people, whose cards name their garment classes."""
    device: str = "auto"
    """auto, cpu or cuda."""
    lighting: Path | None = None
    """Folder of environment maps for preparing scans."""
    strips: bool = True
    """Draw a strip of pictures for each result; the report shows some of them."""

    def __post_init__(self) -> None:
        refuse_overlap(self.out, "out", self.folders())
        object.__setattr__(self, "without", parse_steps(",".join(self.without)))
        if self.protocol not in get_args(ProtocolName):
            raise OptionError("protocol", self.protocol, f"choose {', '.join(get_args(ProtocolName))}")
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise OptionError(name, value, f"give at least {least}")

    def folders(self) -> Inputs:
        """List the folders that are read, by their options."""
        return {
            "data": self.data, "meshes": self.meshes, "backgrounds": self.backgrounds, "cards": self.cards,
            "lighting": self.lighting,
        }  # fmt: skip
