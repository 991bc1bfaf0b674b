"""Parts of the body as closed meshes: a hand, a forearm with its hand, a leg from the knee on.

    hand = limb_faces("lowerarm01.L")            # (F, 3) rows of the body's vertices, and of the caps' after these
    vertices, faces = part_mesh(fitted.posed[0], "lowerarm01.L")

A part is what hangs on a joint: the skin whose skinning weights belong for more than half to that joint and those after
it. Where it is cut off the trunk, a fan of triangles closes it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifecast.body.fitted_body import shipped_body

Integers = NDArray[np.int64]
HALF = 0.5
"""Share of a vertex's skinning weights from which on it belongs to a part."""


class PartMesh(NamedTuple):
    """A closed mesh."""

    vertices: NDArray[np.float32]
    """(V, 3)."""
    faces: Integers
    """(F, 3), counter-clockwise seen from outside."""


@cache
def joints_after(joint: str) -> frozenset[str]:
    """Name a joint and all that hang on it."""
    body = shipped_body()
    names = {joint}
    for name, parent in zip(body.joints, body.parents, strict=True):  # a parent comes before its children
        if parent >= 0 and body.joints[parent] in names:
            names.add(name)
    return frozenset(names)


@cache
def part_vertices(joint: str) -> NDArray[np.bool_]:
    """Decide which of the body's vertices, (V,), belong to a joint and those after it."""
    body = shipped_body()
    columns = [body.joints.index(name) for name in sorted(joints_after(joint))]
    result: NDArray[np.bool_] = body.weights[:, columns].sum(1).numpy() > HALF
    return result


@cache
def _skin() -> Integers:
    body = shipped_body()
    faces: Integers = body.faces[body.parts["skin"]].numpy()
    return faces


@cache
def _part(joint: str) -> tuple[Integers, tuple[Integers, ...]]:
    """The faces (F, 3) of a part, and the loops of vertices where it was cut off, each against the faces' sense."""
    faces = _skin()
    own = faces[part_vertices(joint)[faces].all(1)]
    return own, tuple(boundary_loops(own))


def boundary_loops(faces: Integers) -> list[Integers]:
    """Find the loops of vertices that bound a mesh's faces (F, 3), each against their sense.

    `ValueError` for faces that meet in a single vertex at the boundary, where the loop would part.
    """
    edges = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    # The hole's side of an edge runs the other way.
    after: dict[int, int] = {}
    for a, b in edges:
        if (b, a) not in edges:
            if b in after:
                raise ValueError(f"the boundary of the faces parts at vertex {b}")
            after[b] = a
    loops = []
    while after:
        start, vertex = next(iter(after.items()))
        loop = [start]
        del after[start]
        while vertex != start:
            loop.append(vertex)
            vertex = after.pop(vertex)
        loops.append(np.array(loop))
    return loops


def part_mesh(vertices: NDArray[np.floating], joint: str) -> PartMesh:
    """Cut what hangs on a joint off a posed body and close it.

    vertices: (V, 3) of all of the body; joint: the part's first, as `lifecast.body.names` calls it.
    """
    faces, loops = _part(joint)
    points, all_faces = [np.asarray(vertices, np.float32)], [faces]
    count = len(vertices)
    for loop in loops:
        points.append(points[0][loop].mean(0, keepdims=True))
        all_faces.append(np.stack([loop, np.roll(loop, -1), np.full(len(loop), count)], 1))
        count += 1
    joined, together = np.concatenate(points), np.concatenate(all_faces)
    used, renamed = np.unique(together, return_inverse=True)
    return PartMesh(joined[used], renamed.reshape(-1, 3))
