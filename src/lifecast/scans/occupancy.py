"""Occupancy of points in a person, by the generalised winding number and sealed pockets.

Also where to draw the points. A dressed person is a soup of open, overlapping shells; the winding number (Jacobson et
al. 2013; the fast approximation of Barill et al. 2018 in libigl) is above 0.5 exactly inside of their common outer
surface, also where a sleeve's end is open. Behind it there may be room that no picture shows: a mouth behind closed
lips, air under a coat. Such pockets are inside too (`sealed`). Networks that were taught otherwise opened a hole in the
chin.
"""

from __future__ import annotations

from functools import cached_property

import igl
import numpy as np
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from lifecast.errors import ScanError
from lifecast.scans.lighting import sphere_directions
from lifecast.scans.morton import morton_order
from lifecast.scans.normalise import CM
from lifecast.scans.rays import build_scene

LEVEL = 0.5
ACCURACY, ROUGH = 2.0, 1.2
"""How many of its radii a group of triangles must be away to count as one (Barill et al.'s beta): the usual one, and
one that takes a third of the time."""
DOUBT = 0.2
"""Rough numbers that are so near to `LEVEL` are not believed; rough and usual ones differ by a quarter of it."""
SIGHT = 64
"""Lines of sight, even over the sphere, that are followed from a point to find out whether it lies in a pocket."""
STRAY = 1
"""So many of them may get out of a pocket all the same: between lips that do not quite meet."""
SIGMAS = {"near5": 5 * CM, "near3": 3 * CM}
"""Standard deviations of the paper (section 4), 5 cm for the coarse and 3 cm for the fine level."""


class Solid:
    """The person that a soup of triangles bounds.

    The trees are built with the first query.

    Attributes
    ----------
    vertices, faces : (V, 3) float and (F, 3) int, counter-clockwise seen from outside
    """

    def __init__(self, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
        self.vertices, self.faces = vertices, faces

    @cached_property
    def scene(self) -> EmbreeScene:
        """Embree's tree of the triangles."""
        return build_scene(self.vertices, self.faces)

    @cached_property
    def _winding(self) -> igl.FastWindingNumberBVH:
        tree = igl.FastWindingNumberBVH()
        tree.init(np.ascontiguousarray(self.vertices, np.float64), np.ascontiguousarray(self.faces, np.int64))
        return tree

    @cached_property
    def _box(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        used = self.vertices[np.unique(self.faces)]
        return used.min(axis=0), used.max(axis=0)

    def winding_number(self, points: NDArray[np.floating], accuracy: float = ACCURACY) -> NDArray[np.float64]:
        """(N,) generalised winding number of the points; see `ACCURACY`."""
        order = morton_order(points)  # neighbours in turn find the tree's branch in the cache
        winding = np.empty(len(points))
        places = np.ascontiguousarray(np.asarray(points, np.float64)[order])
        winding[order] = self._winding.winding_number(places, accuracy)
        return winding

    def wound(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Decide whether the winding number is above `LEVEL` at each point, (N,).

        A rough one first, and the accurate one if in doubt.
        """
        winding = self.winding_number(points, ROUGH)
        doubtful = np.flatnonzero(np.abs(winding - LEVEL) < DOUBT)
        winding[doubtful] = self.winding_number(points[doubtful])
        return winding > LEVEL

    def sealed(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Decide whether each point is in a sealed pocket, (N,).

        It is if at most `STRAY` of `SIGHT` rays from it meet no face. Points inside of a closed surface are sealed as
        well.
        """
        origins = np.ascontiguousarray(points, np.float32)
        escaped = np.zeros(len(points), np.int32)
        left = np.arange(len(points))
        # In no order, so that rays in turn point everywhere: whoever is in the open is done after a few of them.
        for direction in np.random.default_rng(0).permutation(sphere_directions(SIGHT)):
            if not len(left):
                break
            free = self.scene.run(origins[left], np.ascontiguousarray(direction[None]), query="OCCLUDED") == -1
            escaped[left[free]] += 1
            left = left[escaped[left] <= STRAY]
        return escaped <= STRAY

    def occupied(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Decide whether each point is inside, (N,): by its winding number, or in a sealed pocket."""
        inside = self.wound(points)
        low, high = self._box
        within = ((points >= low) & (points <= high)).all(axis=1)
        doubtful = np.flatnonzero(~inside & within)
        inside[doubtful] = self.sealed(points[doubtful])
        return inside


def winding_number(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], points: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Compute the generalised winding number of points, (N,)."""
    return Solid(vertices, faces).winding_number(points)


def surface_points(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """`count` points uniform on the triangles, (count, 3), and their faces."""
    corners = np.asarray(vertices, np.float64)[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    edges = np.cumsum(area)
    face = np.minimum(np.searchsorted(edges, rng.random(count) * edges[-1], side="right"), len(faces) - 1)
    root, along = np.sqrt(rng.random(count))[:, None], rng.random(count)[:, None]
    a, b, c = corners[face, 0], corners[face, 1], corners[face, 2]
    return (1 - root) * a + root * (1 - along) * b + root * along * c, face


def outer_surface_points(solid: Solid, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`count` points uniform on that part of the triangles which is the person's outside.

    Skin under clothes is surface too, but nobody will ever ask what lies there: a point counts when 2 mm in front of
    its face is outside and 2 mm behind inside.
    """
    vertices, faces = solid.vertices, solid.faces
    kept: list[NDArray[np.float64]] = []
    found = tried = 0
    while found < count:
        # As many as the share of good ones so far asks for.
        share = max(found / tried, 0.05) if tried else 0.5
        points, face = surface_points(vertices, faces, max(1024, int(1.1 * (count - found) / share)), rng)
        corners = np.asarray(vertices, np.float64)[faces[face]]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
        step = 0.2 * CM * normal
        inside = solid.occupied(np.concatenate([points + step, points - step]))
        good = points[inside[: len(points)] != inside[len(points) :]]
        kept.append(good)
        found, tried = found + len(good), tried + len(points)
        if tried > 50 * max(count, 1000) and found < count:
            raise ScanError(
                f"only {found} of {tried} surface points lie between inside and outside: the mesh encloses nothing "
                "(a single open sheet, or triangles of mixed orientation)"
            )
    return np.concatenate(kept)[:count]


def sample_pools(
    vertices: NDArray[np.floating],
    faces: NDArray[np.integer],
    counts: dict[str, int],
    rng: np.random.Generator,
) -> dict[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Pools `uniform`, `near5`, `near3` of points with their occupancy (section 3.4).

    Parameters
    ----------
    counts
        Points of each pool by name.

    Returns
    -------
    dict of (points (N, 3) float32, inside (N,) bool); `uniform` is uniform in the cube [-1, 1]^3, the others are
    isotropic Gaussians around uniformly drawn outer surface points.
    """
    near = [name for name in counts if name in SIGMAS]
    base_count = max((counts[name] for name in near), default=0)
    # Every surface point serves a few draws: the Gaussian is far wider than their spacing.
    solid = Solid(vertices, faces)
    base = outer_surface_points(solid, max(1, -(-base_count // 3)), rng) if base_count else None
    drawn: dict[str, NDArray[np.float32]] = {}
    for name, count in counts.items():
        if name == "uniform":
            points = rng.uniform(-1, 1, (count, 3))
        else:
            assert base is not None
            points = base[rng.permutation(-(-count // len(base)) * len(base))[:count] % len(base)]
            points = points + rng.normal(0, SIGMAS[name], (count, 3))
        drawn[name] = points.astype(np.float32)
    everything = np.concatenate(list(drawn.values()))
    inside = solid.occupied(everything)
    pools, start = {}, 0
    for name, drawn_points in drawn.items():
        pools[name] = (drawn_points, inside[start : start + len(drawn_points)])
        start += len(drawn_points)
    return pools
