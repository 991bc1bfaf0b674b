"""Architectures as plain JSON values, as weights files hold them; `model.earlier` translates those of earlier files.

architecture == architecture_from_dict(to_dict(architecture))
"""

from __future__ import annotations

import dataclasses
from typing import Any

from lifecast.errors import UsageError
from lifecast.model.config import Architecture, DepthConfig, LevelConfig, MapsConfig, PoseLifterConfig
from lifecast.model.encoders.config import GeneratorConfig, GlobalFeatureConfig, HourglassConfig, UNetConfig

PART_CLASSES: dict[str, type] = {
    part.__name__: part
    for part in (
        GeneratorConfig,
        UNetConfig,
        HourglassConfig,
        DepthConfig,
        PoseLifterConfig,
        MapsConfig,
        GlobalFeatureConfig,
        LevelConfig,
        Architecture,
    )
}


def to_dict(part: Any) -> dict[str, Any]:
    """Describe an architecture, or a part of one, in plain JSON values.

    Each dataclass is tagged with its `kind`.
    """
    values: dict[str, Any] = {"kind": type(part).__name__}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if dataclasses.is_dataclass(value):
            value = to_dict(value)
        values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def _part_from_dict(values: dict[str, Any]) -> Any:
    """Invert `to_dict`; UsageError if a kind or a field is unknown, missing or refused."""
    values = dict(values)
    kind = values.pop("kind", None)
    if kind not in PART_CLASSES:
        raise UsageError(f"an architecture has no part of kind {kind!r}; there are {', '.join(PART_CLASSES)}")
    names = {field.name for field in dataclasses.fields(PART_CLASSES[kind])}
    if unknown := set(values) - names:
        raise UsageError(f"{kind} has no field {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}")
    plain = {}
    for name, value in values.items():
        if isinstance(value, dict):
            value = _part_from_dict(value)
        plain[name] = tuple(value) if isinstance(value, list) else value
    try:
        return PART_CLASSES[kind](**plain)
    except TypeError as error:
        raise UsageError(f"{kind} cannot be made of {sorted(plain)}: {error}") from error


def architecture_from_dict(values: dict[str, Any]) -> Architecture:
    """Read the architecture that `to_dict` described.

    UsageError says which part is unknown or malformed.
    """
    architecture = _part_from_dict(values)
    if not isinstance(architecture, Architecture):
        raise UsageError(f"a {type(architecture).__name__} is a part of an architecture, not a whole one")
    return architecture
