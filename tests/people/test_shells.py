"""What no one sees of a garment: linings, alone or sewn on, and what is turned inside out."""

from types import SimpleNamespace

import numpy as np
import pytest

from lifecast.people.shells import Outside
from lifecast.people.tailor import Tailor
from lifecast.people.wavefront import triangles


def with_lining(shaped: SimpleNamespace, joined: bool, gap: float = 0.005) -> tuple[np.ndarray, np.ndarray, int]:
    """A tube whose lining lies `gap` metres beneath it and looks inward; points, triangles, and those of the tube."""
    outer, quads = shaped.column(-0.3, 0.1, 41, 96, 0.18)
    inner, _ = shaped.column(-0.3, 0.1, 41, 96, 0.18 - gap)
    turned = quads[:, [0, 3, 2, 1]] + len(outer)
    faces = [quads, turned]
    if joined:  # along the hem, the first ring
        ring = np.arange(96)
        after = np.roll(ring, -1)
        faces.append(np.stack([after, ring, ring + len(outer), after + len(outer)], 1))
    return np.concatenate([outer, inner]), triangles(np.concatenate(faces).astype(np.int32)), 2 * len(quads)


@pytest.mark.parametrize("joined", [False, True])
def test_a_lining_is_hidden_and_the_cloth_is_not(tailor: Tailor, shaped: SimpleNamespace, joined: bool) -> None:
    points, faces, outer = with_lining(shaped, joined)
    hidden = Outside(tailor, points, faces).hidden()
    assert not hidden[:outer].any()
    assert hidden[outer : 2 * outer].mean() > 0.97


def test_a_shirt_under_an_open_coat_is_not_hidden(tailor: Tailor, shaped: SimpleNamespace) -> None:
    shirt, quads = shaped.column(-0.3, 0.1, 41, 96, 0.16)
    coat, _ = shaped.column(-0.3, 0.1, 41, 96, 0.18)
    open_front = coat[quads].mean(1)[:, 2] < 0.14
    faces = triangles(np.concatenate([quads, quads[open_front] + len(shirt)]).astype(np.int32))
    seen = Outside(tailor, np.concatenate([shirt, coat]), faces)
    assert not seen.hidden().any()
    assert 0.6 < seen.covered[0] < 0.9
    assert seen.covered[1] == 0


def test_a_small_fold_that_looks_inward_leaves_no_hole(tailor: Tailor, shaped: SimpleNamespace) -> None:
    points, quads = shaped.column(-0.3, 0.1, 81, 96, 0.18)
    ring = points.reshape(81, 96, 3)
    # Six rings run back down beneath those before them, over a hand's breadth.
    ring[40:44, :12, 1] -= np.float32(0.005) * np.array([2, 4, 6, 8], np.float32)[:, None]
    ring[40:44, :12] *= np.float32([0.985, 1, 0.985])
    faces = triangles(quads)
    before = Outside(tailor, points, faces)
    inward = np.einsum("fx,fx->f", before.normal, before.out) < -0.2
    assert inward.any()
    assert not before.hidden()[inward].any()


@pytest.mark.parametrize("turned", [False, True])
def test_a_garment_inside_out_is_found(tailor: Tailor, shaped: SimpleNamespace, turned: bool) -> None:
    points, faces, _ = with_lining(shaped, joined=True)
    if turned:
        faces = faces[:, [0, 2, 1]]
    assert (Outside(tailor, points, faces).inside_out() == turned).all()
