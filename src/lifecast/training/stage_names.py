"""Names that recipes, options and studies share. Imports nothing heavy, so that the command line reads it at once."""

from __future__ import annotations

from typing import Literal

StageName = Literal["normals", "depth", "detail", "close_up", "parsing", "coarse", "fine", "joint"]
Precision = Literal["32", "bf16", "fp16"]
PerceptualNetwork = Literal["auto", "vgg19", "mobilenet_v2", "none"]
"""VGG-19 is the paper's; MobileNetV2's weights come as a package; "auto" is VGG-19 where a weights file is given, and
MobileNetV2 otherwise."""
