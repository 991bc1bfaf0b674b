"""Whether two architectures have a part in common, so that its weights mean the same in both."""

from __future__ import annotations

from typing import Any

from lifecast.model.config import Architecture


def same_part(part: str, one: Architecture, other: Architecture) -> bool:
    """Compare a part (`model.PARTS`) of two architectures, and what its inputs are.

    The size of the finest maps is the detail head's alone: the nets get them resized to their own. False if either
    lacks the part.
    """
    settings = _settings(part, one)
    return settings is not None and settings == _settings(part, other)


def _settings(part: str, architecture: Architecture) -> tuple[Any, ...] | None:
    maps = architecture.maps
    if part in ("coarse", "fine"):
        if part == "fine" and architecture.fine is None:
            return None
        inputs = (
            architecture.normal_inputs, architecture.mask_input, architecture.depth_input, architecture.depth_scale,
            architecture.align_corners, architecture.padding, architecture.antialias, architecture.mask_box,
        )  # fmt: skip
        return (*inputs, architecture.coarse, architecture.fine if part == "fine" else None)
    if maps is None:
        return None
    if part == "pose_lifter":
        return None if maps.pose_lifter is None else (maps.pose_lifter,)
    normals = (maps.network, maps.normals_size, maps.mask, maps.pose_channels, architecture.antialias)
    if part == "normals":
        return normals
    if part == "depth":
        return None if maps.depth is None else (*normals, maps.depth)
    if part == "close_up":
        # It gets normals and mask of whatever heads.
        return None if maps.close_up is None else (maps.close_up, maps.close_up_size)
    if part == "parsing":
        return None if maps.parsing is None else (*normals, maps.parsing, maps.parsing_size)
    if part == "detail":
        return (
            None if maps.detail is None else (*normals, maps.detail, maps.size, maps.detail_features, maps.detail_unit)
        )
    raise ValueError(f"no part {part!r}")
