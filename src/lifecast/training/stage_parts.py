"""What each stage of training trains, how far its forward pass goes, and which inputs it needs."""

from __future__ import annotations

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, Until
from lifecast.scans.landmark_file import Limbs
from lifecast.training.stage_names import StageName

MAPS = ("normals", "depth", "detail", "close_up", "parsing")
"""Stages that train heads of the maps, not occupancy."""


def until_of(stage: StageName) -> Until:
    """Choose how far the forward pass of a stage goes."""
    return "fine" if stage == "joint" else stage


def stage_size(architecture: Architecture, stage: StageName, predicted_normals: bool) -> int:
    """Compute the side of a stage's pictures at the architecture's own sizes, in pixels.

    Raises
    ------
    UsageError
        If the architecture lacks the part that the stage trains.
    """
    if architecture.fine is None and stage == "fine":
        raise UsageError(f"architecture {architecture.name} has no fine net to train")
    return architecture.picture_side(until_of(stage), given=not predicted_normals)


def pose_of_stage(architecture: Architecture, stage: StageName, predicted_normals: bool) -> Limbs:
    """Decide whether a stage's batches need limb maps, and from which landmarks."""
    maps = architecture.maps
    if stage == "close_up":
        return False
    if maps is None or not maps.pose_channels or not (stage in MAPS or predicted_normals):
        return False
    return True if maps.pose_lifter is None else "lifted"


def trained_parts(architecture: Architecture, stage: StageName, predicted_normals: bool) -> tuple[str, ...]:
    """List the parts (`model.PARTS`) whose weights the stage moves."""
    if stage != "joint":
        return (stage,)
    parts = ["coarse"] + (["fine"] if architecture.fine is not None else [])
    if predicted_normals and architecture.maps is not None:
        heads = [name for name in ("depth", "detail") if getattr(architecture.maps, name) is not None]
        parts = ["normals", *parts, *heads]
    return tuple(parts)
