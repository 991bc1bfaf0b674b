"""What is measured under which name, so that a figure can be compared with another paper's.

- `pifuhd`: the paper's Table 1 (section 4.1): point-to-surface, Chamfer and normal consistency, where the prediction
  stands, without alignment; and PIFu's re-rendered normals.
- `sith`: as on the CustomHumans benchmark of SiTH (Ho et al., CVPR 2024) and before it ICON's line of work: both
  directions named, normal consistency, F-score at 1 cm, after rigid alignment (those papers align by iterated
  closest points, since methods place a person at different depths).
- `all`: everything, without and with alignment.
- `ablation`: what the table of `lifecast ablate` shows. A study measures a dozen networks, and re-rendering and
  alignment take most of the time.

Distances are always exact point-to-triangle ones from uniform surface samples, in all protocols.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifecast.evaluation.metrics import FSCORE_CM, IOU_POINTS, SAMPLES
from lifecast.evaluation.regions import GROUPS
from lifecast.space.fine_detail import SIGMAS

Alignment = Literal["none", "rigid", "similarity"]


@dataclass(frozen=True)
class Metric:
    """How a figure is shown."""

    label: str
    unit: str
    """"cm", "°" or "" for a share of 1."""
    lower_is_better: bool
    digits: int = 3
    short: str = ""
    """For the head of a narrow column."""


METRICS: dict[str, Metric] = {
    "prediction_to_truth_cm": Metric("point-to-surface, prediction → truth", "cm", True, short="pred. → truth"),
    "truth_to_prediction_cm": Metric("point-to-surface, truth → prediction", "cm", True, short="truth → pred."),
    "chamfer_cm": Metric("Chamfer (mean of both directions)", "cm", True, short="Chamfer"),
    "normal_consistency": Metric("normal consistency", "", False, short="normal consist."),
    "normal_consistency_signed": Metric("normal consistency, signed", "", False),
    "fscore": Metric(f"F-score at {FSCORE_CM:g} cm", "", False, short="F-score"),
    "precision": Metric(f"precision at {FSCORE_CM:g} cm", "", False),
    "recall": Metric(f"recall at {FSCORE_CM:g} cm", "", False),
    "iou": Metric("volume IoU", "", False, short="IoU"),
    "normal_l2": Metric("re-rendered normals, L2, four sides", "", True, short="normals L2"),
    "normal_l2_front": Metric("re-rendered normals, L2, front", "", True),
    "normal_l2_left": Metric("re-rendered normals, L2, left", "", True),
    "normal_l2_back": Metric("re-rendered normals, L2, back", "", True),
    "normal_l2_right": Metric("re-rendered normals, L2, right", "", True),
    "normal_degrees": Metric("re-rendered normals, angle, four sides", "°", True, 2, short="normals angle"),
    "normal_degrees_front": Metric("re-rendered normals, angle, front", "°", True, 2),
    "normal_degrees_left": Metric("re-rendered normals, angle, left", "°", True, 2),
    "normal_degrees_back": Metric("re-rendered normals, angle, back", "°", True, 2),
    "normal_degrees_right": Metric("re-rendered normals, angle, right", "°", True, 2),
    "silhouette_iou": Metric("silhouette IoU, four sides", "", False, short="silhouette"),
    "silhouette_iou_front": Metric("silhouette IoU, front", "", False),
    "silhouette_iou_left": Metric("silhouette IoU, left", "", False),
    "silhouette_iou_back": Metric("silhouette IoU, back", "", False),
    "silhouette_iou_right": Metric("silhouette IoU, right", "", False),
}
"""Figures of a mesh."""

MAP_METRICS: dict[str, Metric] = {
    "front_degrees": Metric("predicted front normals, mean angle inside the mask", "°", True, 2, short="front map"),
    "back_degrees": Metric("predicted back normals, mean angle inside the mask", "°", True, 2, short="back map"),
    "mask_iou": Metric("predicted mask IoU", "", False, short="mask IoU"),
}
"""Figures of the maps that the networks predict, where there are networks."""


DETAIL_METRICS: dict[str, Metric] = {
    **{
        f"{side}_detail_{sigma}": Metric(
            f"detail share of the {side} map, {sigma} pixels", "", False, 2, f"{side} detail {sigma} px"
        )
        for side in ("front", "back")
        for sigma in SIGMAS
    },
    **{
        f"{side}_detail_correlation": Metric(
            f"correlation of the {side} map's fine detail", "", False, 2, f"{side} detail corr."
        )
        for side in ("front", "back")
    },
    "face_degrees": Metric("front normals of the face, mean angle", "°", True, 2, "face normals"),
    "hand_degrees": Metric("front normals of hands, mean angle", "°", True, 2, "hand normals"),
}
"""Figures of the predicted maps' detail, and of face and hands in them. The truth's own share is 1; maps have less."""

REGION_METRICS: dict[str, Metric] = {
    f"{row}_{kind}_cm": Metric(f"{row.replace('_', ' ')}, {words}", "cm", True, 2, f"{row.replace('_', ' ')} {short}")
    for row in GROUPS
    for kind, words, short in (
        ("truth_to_prediction", "truth → prediction", "t → p"),
        ("prediction_to_truth", "prediction → truth", "p → t"),
        ("aligned", "truth → prediction, the part aligned", "aligned"),
    )
}
"""Figures of a mesh in the regions of a made person."""

BODY_METRICS: dict[str, Metric] = {
    "body_vertices_cm": Metric("fitted body, vertex to its true place", "cm", True, 2, "body"),
    "body_joints_depth_cm": Metric("fitted body, depth of the 12 main joints", "cm", True, 2, "joints' depth"),
    "body_hidden_cm": Metric("fitted body, hidden wrists and ankles", "cm", True, 2, "hidden ends"),
    "body_hidden_depth_cm": Metric("fitted body, depth of hidden wrists and ankles", "cm", True, 2, "hidden depth"),
}
"""Figures of the fitted body."""

ALL_METRICS = METRICS | MAP_METRICS | DETAIL_METRICS | REGION_METRICS | BODY_METRICS
"""Every figure by its name."""


@dataclass(frozen=True)
class Protocol:
    """Which metrics, at which alignments, from how many samples."""

    name: str
    alignments: tuple[Alignment, ...]
    metrics: tuple[str, ...]
    headline: tuple[str, ...]
    """The figures of the first table, in the order of the protocol's papers."""
    samples: int = SAMPLES
    iou_points: int = IOU_POINTS
    render_size: int = 512
    detail: bool = False
    """Whether the maps' fine detail and the regions of made people are measured, too."""

    @property
    def renders(self) -> bool:
        """Whether any metric needs re-rendered normal maps."""
        return any(name.startswith(("normal_l2", "normal_degrees", "silhouette")) for name in self.metrics)


_DISTANCES = ("prediction_to_truth_cm", "truth_to_prediction_cm", "chamfer_cm", "normal_consistency")
_RENDERED = tuple(name for name in METRICS if name.startswith("normal_l2"))

PROTOCOLS: dict[str, Protocol] = {
    "pifuhd": Protocol(
        "pifuhd",
        ("none",),
        (*_DISTANCES, *_RENDERED),
        ("prediction_to_truth_cm", "chamfer_cm", "normal_consistency", "normal_l2"),
    ),
    "sith": Protocol("sith", ("rigid",), (*_DISTANCES, "fscore"), (*_DISTANCES, "fscore")),
    "all": Protocol(
        "all",
        ("none", "rigid"),
        tuple(METRICS),
        (*_DISTANCES, "fscore", "iou", "normal_l2", "normal_degrees", "silhouette_iou"),
        detail=True,
    ),
    "ablation": Protocol(
        "ablation",
        ("none",),
        (*_DISTANCES, "fscore", "precision", "recall", "iou"),
        (*_DISTANCES, "fscore", "iou"),
    ),
}
