"""What moves by skinning alone."""

from types import SimpleNamespace

import numpy as np

from lifecast.people.rig import skin
from lifecast.people.rigid import rigid
from lifecast.people.tailor import Tailor


def test_a_boot_moves_with_its_bone_and_hides_what_is_in_it(tailor: Tailor, shaped: SimpleNamespace) -> None:
    points, quads = shaped.column(-0.7, -0.4, 8, 24, 0.17)
    fit = shaped.fit_to(tailor, points, hides=[3, 5, 13380, 19000])
    picture = np.zeros((4, 4, 3), np.uint8)
    boot = rigid(tailor, "boot", "shoes", fit, quads, np.zeros_like(quads), np.zeros((1, 2), np.float32), picture)
    assert (boot.name, boot.kind, boot.part) == ("boot", "shoes", "shoes")
    assert boot.hides.tolist() == [3, 5]  # no eyes, no helper vertices
    assert boot.picture is picture
    placed = boot.place(tailor.rest)
    assert placed.shape == (boot.matrix.shape[0], 3)
    assert len(placed) > 2 * len(points)  # refined
    assert boot.corner_uv.shape == (len(boot.faces), 3, 2)
    np.testing.assert_allclose(np.asarray(boot.weights.sum(1)).ravel(), 1, atol=1e-5)
    turn = np.array([[0, -1, 0, 0.5], [1, 0, 0, 0], [0, 0, 1, -0.2]], float)
    still = np.eye(3, 4)
    moved = skin(placed, boot.weights, np.stack([still, turn]))  # all of it is below the knee
    np.testing.assert_allclose(moved, placed @ turn[:, :3].T + turn[:, 3], atol=1e-5)
