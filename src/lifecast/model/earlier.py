"""Weights files of version 1 translated: their architecture, their inference options, the names of their weights.

Until December 2026 an architecture was a "preset" that also said what to do when used, and one module held all heads.
"""

from __future__ import annotations

from typing import Any

from lifecast.model.inference_options import InferenceOptions, inference_from_dict

KINDS = {
    "GeneratorPreset": "GeneratorConfig",
    "UNetPreset": "UNetConfig",
    "HourglassPreset": "HourglassConfig",
    "DepthPreset": "DepthConfig",
    "LifterPreset": "PoseLifterConfig",
    "NormalPreset": "MapsConfig",
    "GlobalFeaturePreset": "GlobalFeatureConfig",
    "LevelPreset": "LevelConfig",
    "Preset": "Architecture",
}
FIELDS = {
    "DepthPreset": {"trunk": "features"},
    "NormalPreset": {
        "limbs": "pose_channels",
        "lifter": "pose_lifter",
        "enhancer": "detail",
        "enhancer_features": "detail_features",
    },
    "Preset": {"normals": "maps"},
}
CHOICES = {
    "NormalPreset": ("mirror", "sharpen", "integrate", "tilt", "hidden_limbs", "relief"),
    "Preset": ("within_mask",),
}
"""Fields that are inference options now."""
PREFIXES = {
    "normals.shared.": "normals.unet.",
    "normals.front.": "normals.front.",
    "normals.back.": "normals.back.",
    "normals.depth.glance.": "depth.coarse.",
    "normals.depth.refine.": "depth.refine.",
    "normals.trunk.": "depth.adapter.",
    "normals.lifter.": "pose_lifter.",
    "normals.enhancer.": "detail.unet.",
    "normals.bridge.": "detail.adapter.",
    "coarse.": "coarse.",
    "fine.": "fine.",
}
"""Of weights' names: what they began with, and begin with now."""
PARTS = {"lifter": "pose_lifter", "enhancer": "detail"}
"""Names of parts in a card's history."""


def translated_architecture(values: dict[str, Any]) -> tuple[dict[str, Any], InferenceOptions]:
    """Translate a preset of version 1 to an architecture and inference options.

    The result is what version 2 has in their place.
    """
    choices: dict[str, Any] = {}
    architecture = _translated(values, choices)
    return architecture, inference_from_dict(choices)


def _translated(values: dict[str, Any], choices: dict[str, Any]) -> dict[str, Any]:
    kind = values.get("kind", "")
    result: dict[str, Any] = {}
    for name, value in values.items():
        if name in CHOICES.get(kind, ()):
            choices["silhouette" if name == "within_mask" else name] = value
            continue
        result[FIELDS.get(kind, {}).get(name, name)] = _translated(value, choices) if isinstance(value, dict) else value
    result["kind"] = KINDS.get(kind, kind)
    return result


def translated_name(name: str) -> str:
    """Translate the name of a weight; names that are none of version 1's stay as they are."""
    for before, now in PREFIXES.items():
        if name.startswith(before):
            return now + name[len(before) :]
    return name


def translated_card(card: dict[str, Any]) -> dict[str, Any]:
    """Translate a card whose history names the parts as version 1 called them."""
    training = card.get("training")
    levels = training.get("levels") if isinstance(training, dict) else None
    if not isinstance(training, dict) or not isinstance(levels, dict):
        return card
    renamed = {PARTS.get(part, part): note for part, note in levels.items()}
    return card | {"training": training | {"levels": renamed}}
