"""Every case of marching cubes: closed loops, shared segments, outward triangles."""

import itertools

import numpy as np
import pytest

from lifecast.surface.extract.cases import CORNERS, EDGES, FACES, FACES_OF_EDGE, case


def ambiguous_faces(signs: int) -> list[int]:
    """Faces whose corners inside are two, on a diagonal."""
    found = []
    for f, face in enumerate(FACES):
        inside = [signs >> corner & 1 for corner in face]
        if inside in ([1, 0, 1, 0], [0, 1, 0, 1]):
            found.append(f)
    return found


ALL_CASES = [
    (signs, sum(bit << f for bit, f in zip(bits, ambiguous_faces(signs), strict=True)))
    for signs in range(256)
    for bits in itertools.product((0, 1), repeat=len(ambiguous_faces(signs)))
]


def directed_edges(triangles: np.ndarray) -> list[tuple[int, int]]:
    return [(int(t[i]), int(t[(i + 1) % 3])) for t in triangles for i in range(3)]


def boundary(triangles: np.ndarray) -> set[tuple[int, int]]:
    """Directed edges without their reverse: where the cell's triangles end."""
    edges = directed_edges(triangles)
    assert len(edges) == len(set(edges))
    return {edge for edge in edges if edge[::-1] not in edges}


def test_faces_are_turned_outward() -> None:
    for f, face in enumerate(FACES):
        a, b, c, _ = (CORNERS[corner] for corner in face)
        outward = np.cross(b - a, c - b)
        axis, side = divmod(f, 2)
        assert outward[axis] == (1 if side else -1)


@pytest.mark.parametrize("inverted", [False, True])
def test_each_changing_edge_is_used_and_no_other(inverted: bool) -> None:
    for signs, joined in ALL_CASES:
        signs = 255 - signs if inverted else signs
        changing = {e for e, (a, b, _) in enumerate(EDGES) if signs >> a & 1 != signs >> b & 1}
        used = set(case(signs, joined).triangles[case(signs, joined).triangles < 12].tolist())
        assert used == changing


def test_triangles_end_on_the_faces_and_diagonals_keep_off_them() -> None:
    """So that cells that share a face share its segments, and nothing else."""
    for signs, joined in ALL_CASES:
        triangles = case(signs, joined).triangles
        ends = boundary(triangles)
        for a, b in ends:
            assert a < 12
            assert b < 12
            assert FACES_OF_EDGE[a] & FACES_OF_EDGE[b]
        for a, b in set(directed_edges(triangles)) - ends:
            assert a >= 12 or b >= 12 or not FACES_OF_EDGE[a] & FACES_OF_EDGE[b]


def test_segments_of_a_face_follow_from_its_own_corners_and_bit() -> None:
    """Two cells at one face draw the same segments, in opposite directions."""
    seen: dict[tuple[int, tuple[int, ...], int], set[tuple[tuple[int, ...], tuple[int, ...]]]] = {}
    for signs, joined in ALL_CASES:
        ends = boundary(case(signs, joined).triangles)
        for f, face in enumerate(FACES):
            axis, side = divmod(f, 2)

            def flat(edge: int, axis: int = axis) -> tuple[int, ...]:
                """The edge's middle, twice, without the coordinate across the face."""
                middle = CORNERS[EDGES[edge][0]] + CORNERS[EDGES[edge][1]]
                return tuple(np.delete(middle, axis).tolist())

            here = {
                (flat(a), flat(b)) if side else (flat(b), flat(a))
                for a, b in ends
                if f in FACES_OF_EDGE[a] & FACES_OF_EDGE[b]
            }
            corners = tuple(sorted((*np.delete(CORNERS[c], axis).tolist(), signs >> c & 1) for c in face))
            key = (axis, corners, joined >> f & 1)
            assert seen.setdefault(key, here) == here


def test_triangles_face_away_from_the_corners_inside() -> None:
    middles = np.array([(CORNERS[a] + CORNERS[b]) / 2 for a, b, _ in EDGES])
    for corner in range(8):
        one = case(1 << corner, 0).triangles
        a, b, c = middles[one[0]]
        assert np.cross(b - a, c - a) @ (a - CORNERS[corner]) > 0


def test_the_bit_of_a_face_joins_or_parts_its_corners() -> None:
    signs = 0b00001001  # corners 0 and 3, on the diagonal of the face x = 0
    assert ambiguous_faces(signs) == [0]
    assert len(case(signs, 0).triangles) == 2  # two corners cut off
    assert len(case(signs, 1).triangles) == 4  # one band around both
