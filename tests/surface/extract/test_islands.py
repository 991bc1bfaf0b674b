"""Pieces of a mesh, and the one that is kept."""

import numpy as np
import trimesh

from lifecast.surface.extract.islands import compact, largest_piece, pieces


def three_pieces() -> tuple[np.ndarray, np.ndarray]:
    """A large sphere, a hollow inside of it, a small sphere beside it."""
    large = trimesh.creation.icosphere(subdivisions=2, radius=1.0)
    hollow = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    hollow.invert()
    small = trimesh.creation.icosphere(subdivisions=3, radius=0.3)
    small.apply_translation((2, 0, 0))
    mesh = trimesh.util.concatenate([small, hollow, large])
    return np.asarray(mesh.vertices), np.asarray(mesh.faces)


def test_pieces_have_their_volumes() -> None:
    vertices, faces = three_pieces()
    found = pieces(vertices, faces)
    expected = [4 / 3 * np.pi * r**3 for r in (0.3, -0.5, 1.0)]
    np.testing.assert_allclose(found.volumes, expected, rtol=0.1)
    assert len(np.unique(found.of_face[-320:])) == 1


def test_the_piece_of_the_largest_volume_is_kept_however_few_its_faces() -> None:
    vertices, faces = three_pieces()
    kept, dropped = largest_piece(vertices, faces)
    assert dropped == 2
    np.testing.assert_array_equal(np.flatnonzero(kept), np.arange(len(faces) - 320, len(faces)))


def test_compact_renumbers_without_moving_anything() -> None:
    vertices, faces = three_pieces()
    kept, _ = largest_piece(vertices, faces)
    numbers, fewer, same = compact(faces[kept], vertices, vertices * 2)
    assert len(fewer) == 162
    np.testing.assert_array_equal(fewer[numbers], vertices[faces[kept]])
    np.testing.assert_array_equal(same, fewer * 2)


def test_nothing_has_no_pieces() -> None:
    kept, dropped = largest_piece(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    assert len(kept) == 0
    assert dropped == 0
    assert len(compact(np.zeros((0, 3), np.int64), np.ones((5, 3)))[1]) == 0
