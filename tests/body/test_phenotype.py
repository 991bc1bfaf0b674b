"""How much of each phenotype shape a person has."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.body.phenotype import is_phenotype_shape, phenotype_weights

LABELS = ["universal:male-young-maxmuscle-averageweight", "race:asian-female-old", "height:male-young-averagemuscle-"
          "averageweight-minheight"]  # fmt: skip


def test_a_weight_is_the_product_of_its_extremes() -> None:
    person = {"gender": 0.25, "age": 0.75, "muscle": 0.9, "weight": 0.5, "height": 0.2, "asian": 3.0, "african": 1.0,
              "caucasian": 0.0}  # fmt: skip
    male, young, old = 0.75, 0.75, 0.25  # the age lies a quarter of the way from 2/3 to 1
    expected = [male * young * 0.8, 0.75 * 0.25 * old, male * young * 0.2 * 1.0 * 0.8]
    np.testing.assert_allclose(phenotype_weights([person], LABELS), [expected], atol=1e-12)


def test_what_is_left_out_is_a_half_and_what_is_beyond_the_range_is_cut_off() -> None:
    one, two = phenotype_weights(
        [{"gender": 7.0, "muscle": -3.0}, {}], ["breast:female-minmuscle", "race:african-male"]
    )
    np.testing.assert_allclose(one, [1.0, 0.0])
    np.testing.assert_allclose(two, [0.0, 0.5 / 3])


def test_nobody_without_a_descent() -> None:
    nobody = {"african": 0.0, "asian": 0.0, "caucasian": 0.0}
    np.testing.assert_allclose(phenotype_weights([nobody], ["race:african", "race:asian", "race:caucasian"]), 1 / 3)


@pytest.mark.parametrize(("person", "words"), [({"age": 0.2}, "no babies"), ({"wieght": 0.5}, "no phenotype 'wieght'")])
def test_what_the_body_has_not_is_refused(person: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        phenotype_weights([person], LABELS)


def test_shapes_of_babies_are_not_ours() -> None:
    assert is_phenotype_shape("race:asian-female-old")
    assert not is_phenotype_shape("race:asian-female-baby")
    assert not is_phenotype_shape("universal:male-newborn-maxmuscle-averageweight")
