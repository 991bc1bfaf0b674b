"""The scale of a person who stands, and of one who does not."""

import numpy as np
import pytest

from lifecast.surface.output.metres import metric_frame
from lifecast.surface.output.scale import person_frame

VERTICES = np.array([[0, -0.5, 0], [0, 0.5, 0], [0.1, 0, 0]], np.float32)
FACES = np.array([[0, 1, 2]])


def test_somebody_who_sits_is_scaled_by_the_limbs() -> None:
    frame, notes = person_frame(VERTICES, FACES, 1.7, standing=2.0)
    assert frame == metric_frame(VERTICES, FACES, 1.7, 2.0)
    assert frame.metres_per_unit == pytest.approx(0.85)
    assert len(notes) == 1
    assert "not standing upright" in notes[0]


@pytest.mark.parametrize("standing", [None, 1.0, 1 / 0.87, 1 / 1.25])
def test_somebody_who_stands_or_has_no_landmarks_is_scaled_by_the_mesh(standing: float | None) -> None:
    assert person_frame(VERTICES, FACES, 1.7, standing) == (metric_frame(VERTICES, FACES, 1.7), ())


@pytest.mark.parametrize("standing", [1 / 0.86, 1 / 1.26])
def test_beyond_the_limits_the_limbs_decide(standing: float) -> None:
    frame, notes = person_frame(VERTICES, FACES, 1.7, standing)
    assert frame.metres_per_unit == pytest.approx(1.7 / standing)
    assert notes
