"""What a found mask has lost comes back, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.photo.lost_parts import with_lost_parts

SIZE = 170
ALL = np.ones((SIZE, SIZE), bool)


def box(left: int, top: int, right: int, bottom: int, value: float = 1.0) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[top:bottom, left:right] = value
    return mask


BODY = box(60, 20, 110, 100)
LEG = box(70, 100, 90, 150)


def test_a_lost_leg_comes_back_whole_without_a_seam() -> None:
    found = BODY * 0.9
    predicted = np.maximum(BODY * 0.7, LEG * 0.95)
    whole = with_lost_parts(found, predicted, ALL)
    assert ((whole > 0.5) == (np.maximum(BODY, LEG) > 0.5)).all()
    np.testing.assert_array_equal(whole[LEG > 0], np.float32(0.95))
    np.testing.assert_array_equal(whole[20:95], found[20:95])


@pytest.mark.parametrize(
    "predicted",
    [
        np.maximum(BODY, box(57, 17, 113, 103)),  # a rim of three pixels
        np.maximum(BODY, box(112, 40, 118, 46)),  # a crumb
        np.maximum(BODY, LEG * 0.7),  # a guess
        BODY * 0.4,  # less than what was found
    ],
    ids=["rim", "crumb", "guess", "less"],
)
def test_rims_crumbs_and_guesses_stay_out(predicted: np.ndarray) -> None:
    np.testing.assert_array_equal(with_lost_parts(BODY, predicted, ALL), BODY)


def test_beyond_the_photograph_is_nothing() -> None:
    inside = ALL.copy()
    inside[120:] = False
    whole = with_lost_parts(BODY, np.maximum(BODY, LEG), inside)
    assert (whole[100:120, 70:90] == 1).all()
    assert not whole[120:].any()
