"""A protocol's figures of whole meshes."""

import numpy as np
import pytest
import trimesh

from lifecast.evaluation.measure import Truth, measure
from lifecast.evaluation.protocol import METRICS, PROTOCOLS
from lifecast.evaluation.triangles import Triangles
from lifecast.space.units import CM_PER_UNIT


def blob(shift: tuple[float, float, float] = (0, 0, 0)) -> Triangles:
    body = trimesh.creation.icosphere(3, 0.4)
    body.apply_scale([0.5, 1.2, 0.3])
    head = trimesh.creation.icosphere(3, 0.12)
    head.apply_translation([0.05, 0.55, 0.08])
    whole = trimesh.util.concatenate([body, head])
    return Triangles(np.asarray(whole.vertices) + shift, np.asarray(whole.faces))


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_every_protocol_gives_its_figures_and_a_perfect_mesh_is_perfect(name: str) -> None:
    protocol = PROTOCOLS[name]
    truth = Truth(blob())
    found = measure(truth.outer, truth, protocol)
    assert tuple(found) == protocol.alignments
    assert set(protocol.headline) <= set(protocol.metrics)
    for measurement in found.values():
        assert set(measurement.figures) == set(protocol.metrics)
        for metric, value in measurement.figures.items():
            if metric == "iou":  # where body and head overlap, the bounding triangles leave a seam open
                assert value > 0.98
            elif METRICS[metric].lower_is_better:
                assert value == pytest.approx(0, abs=1e-4)
            else:
                assert value == pytest.approx(1, abs=1e-4)


def test_a_shift_in_depth_shows_without_alignment_only() -> None:
    truth = Truth(blob())
    found = measure(blob((0, 0, 0.04)), truth, PROTOCOLS["all"])
    plain, aligned = found["none"].figures, found["rigid"].figures
    assert plain["chamfer_cm"] > 1
    assert aligned["chamfer_cm"] < 0.2
    assert aligned["iou"] > plain["iou"]
    assert plain["normal_l2_front"] < 0.01  # the front silhouette does not see depth
    assert plain["normal_l2_left"] > 0.1
    assert found["rigid"].to_json()["moved_cm"] == pytest.approx(0.04 * CM_PER_UNIT, rel=0.1)
    assert found["none"].to_json()["moved_cm"] == 0


def test_the_seed_decides_the_figures() -> None:
    truth, other = Truth(blob()), blob((0.01, 0, 0))
    once = measure(other, truth, PROTOCOLS["sith"], seed=1)
    assert measure(other, truth, PROTOCOLS["sith"], seed=1)["rigid"].figures == once["rigid"].figures
    assert measure(other, truth, PROTOCOLS["sith"], seed=2)["rigid"].figures != once["rigid"].figures
