"""A person dressed once and moved through poses, the garments hanging on them as cloth.

Motion is followed on meshes with edges of about 1 cm. For a pose that is kept, all edges are halved and the cloth
settles once more: folds of a few millimetres need no history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people.approach import Approach
from lifecast.people.beneath import Cover, smooth_normals, spread
from lifecast.people.cloth.contact import Regions
from lifecast.people.cloth.mesh import ClothMesh, cloth_mesh, first_parent, refined
from lifecast.people.cloth.solver import ClothSolver, Settings
from lifecast.people.cloth.tethers import refined_tethers, tethers
from lifecast.people.garment import Garment
from lifecast.people.hanging import Hanging, measure_hanging
from lifecast.people.motion import FRAME, STILL_AIR, Rotations, Wind, longest_turn, way
from lifecast.people.rig import bone_transforms
from lifecast.people.surface_mesh import averaging

Skin = Callable[[NDArray[np.float64]], NDArray[np.float32]]
"""(B, 3, 4) bone transforms to the (V, 3) vertices that garments lie on."""

SWING = 1.5
"""Rate at which cloth loses speed while the body moves (see `ClothSolver.advance`)."""

REACH = 0.08
"""Metres outside of a garment from which what lies beneath is looked for before it hangs."""

SHOULDER = 0.11
"""Metres about a shoulder joint that belong to the trunk and to the arm."""


@dataclass(frozen=True)
class Hang:
    """How long and how firmly cloth is followed."""

    dressing: float = 0.5
    """Seconds from the start around the body to clothes that hang."""
    slowest: float = 0.5
    """Seconds of a way from pose to pose, at least."""
    pace: float = 3.0
    """Radians a second of the joint that turns farthest."""
    rest: float = 0.3
    """Seconds for which a reached pose is held until the cloth hangs still."""
    fine_rest: float = 0.17
    """Seconds on the refined mesh."""
    apart: float = 0.008
    """Metres that parts of one garment keep from each other; half of it on the refined mesh."""


@dataclass(frozen=True)
class Draped:
    """The garments of one kept pose."""

    points: NDArray[np.float32]
    """(N, 3) metres, all garments' particles, in the frame of the transforms."""
    mesh: ClothMesh
    """What they are particles of."""
    speed: float
    """Mean speed that the cloth still had, m/s."""


class DrapedPerson:
    """Garments on one body.

    Parameters
    ----------
    garments
        Inner ones first.
    skin, faces
        What the garments lie on: vertices by bone transforms, and (G, 3) triangles.
    skin_region
        (V,) which arm a vertex of these belongs to: 1 left, 2 right, 0 neither.
    parents, heads
        Of the rig: the parent of each bone, and the (B, 3) rest positions of the joints.
    shoulders
        (2, 3) rest positions of the left and the right shoulder joint.
    """

    def __init__(
        self, garments: Sequence[Garment], skin: Skin, faces: NDArray[np.integer], skin_region: NDArray[np.integer],
        parents: Sequence[int], heads: NDArray[np.float64], shoulders: NDArray[np.float64],
        hang: Hang = Hang(), device: str = "cpu",
    ) -> None:  # fmt: skip
        self.hang, self.skin, self.parents, self.heads = hang, skin, list(parents), heads
        self.pose: Rotations = {}
        self.now = skin(bone_transforms(self.parents, heads, {}))
        self.faces, self._device = faces, device
        self._skin_region, self._shoulders = skin_region, shoulders
        coarse = cloth_mesh(garments)
        fine = refined(coarse)
        self._tethers = holding = tethers(coarse)
        regions = self._regions(coarse)
        matrix = fine.refinement
        assert matrix is not None
        finer = Regions(regions.of[first_parent(matrix)], regions.faces)
        self._coarse = ClothSolver(
            coarse, holding, self.now, faces, Settings(apart=hang.apart, apart_every=6), device, regions
        )
        settings = Settings(apart=hang.apart / 2, reach=0.02, apart_every=6)
        self._fine = ClothSolver(fine, refined_tethers(holding, fine), self.now, faces, settings, device, finer)
        self._per_frame = round(FRAME / self._coarse.settings.substep)

    def _regions(self, mesh: ClothMesh) -> Regions:
        """Which part of the body each particle lies on: the trunk and legs, an arm, or (shawls and capes) anything."""
        tree = cKDTree(self.now)
        of = np.full(len(mesh.points), 3, np.int32)
        start = 0
        for garment in mesh.garments:
            if garment.part != "accessory":
                near = self._skin_region[tree.query(garment.points)[1]]
                of[start : start + len(near)] = by_piece(garment, near)
            start += len(garment.points)
        corner = self._skin_region[self.faces]
        # The shoulders belong to the trunk and to the arm: sleeves begin there.
        joint = self.now[:, None] - self._shoulders[None]
        shoulder = np.linalg.norm(joint, axis=2)[self.faces] < SHOULDER  # (G, 3, 2)
        parts = [((corner == 0) | shoulder.any(2)).any(1)]
        parts += [((corner == side) | shoulder[:, :, side - 1]).any(1) for side in (1, 2)]
        faces = tuple(np.flatnonzero(part) for part in parts)
        return Regions(of, (*faces, np.arange(len(self.faces))))

    @property
    def garments(self) -> tuple[Garment, ...]:
        """The garments, as they were given."""
        return self._coarse.mesh.garments

    def hanging(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """The garments as they hang now, unrefined: particles (N, 3) and triangles (F, 3)."""
        return self._coarse.points, self._coarse.mesh.faces

    def measure(self) -> list[Hanging]:
        """Measure how the garments hang now, unrefined."""
        return measure_hanging(self._coarse.points, self._coarse.mesh, self.now)

    def dress(self) -> None:
        """Put the garments on, layer by layer, and let each fall until it hangs on the body at rest.

        A garment starts outside of what hangs there already. It can be done again, after cloth was torn.
        """
        self.pose = {}
        self.now = self.skin(bone_transforms(self.parents, self.heads, {}))
        self._coarse.stand(self.now)
        garments = self._coarse.mesh.garments
        number = self._coarse.mesh.garment
        points = self._coarse.mesh.points.copy()
        layers = sorted({g.layer for g in garments})
        for layer in layers:
            on = [k for k, g in enumerate(garments) if g.layer <= layer]
            hanging = [replace(garments[k], points=points[number == k]) for k in on]
            hanging = layered(hanging, layer)
            solver = self._coarse
            if layer < layers[-1]:
                mesh = cloth_mesh(hanging)
                solver = ClothSolver(
                    mesh, self._tethers.of_first(len(mesh.points)), self.now, self.faces, self._coarse.settings,
                    self._device, self._regions(mesh),
                )  # fmt: skip
            solver.points = np.concatenate([g.points for g in hanging])
            self._fall(solver)
            for k, garment in enumerate(on):
                points[number == garment] = solver.points[solver.mesh.garment == k]

    def _fall(self, solver: ClothSolver) -> None:
        frames = round(self.hang.dressing / FRAME)
        for frame in range(frames):
            # Cloth first finds its lengths, then its weight sets in.
            weight = min(1.0, 2 * frame / frames)
            solver.advance(self.now, self._per_frame, damping=8.0, gravity=9.81 * weight)

    def move(self, pose: Rotations, wind: Wind = STILL_AIR) -> None:
        """Go on to another pose and wait until the cloth hangs, in a wind of so many m/s."""
        self._go(pose, wind)
        for _ in range(round(self.hang.rest / FRAME)):
            self._coarse.advance(self.now, self._per_frame, damping=6.0, wind=wind)

    def keep(self, wind: Wind = STILL_AIR) -> Draped:
        """Settle the refined garments in this pose; the person can go on from it afterwards."""
        frames = round(self.hang.fine_rest / FRAME)
        self._begin_fine()
        for frame in range(frames):
            self._fine.advance(self.now, self._per_frame, damping=4.0 if frame < frames - 4 else 20.0, wind=wind)
        return self._kept()

    def move_and_keep(self, approach: Approach, wind: Wind = STILL_AIR) -> Draped:
        """Go on to the approach's last pose by way of its others, and keep it as it is then: the clothes swing.

        The last `Hang.fine_rest` seconds are followed on the refined garments, too. The person can go on afterwards.
        """
        self._go(approach.poses[0], wind)
        times = approach.times(self.parents, self.heads)
        self._shift(approach.shifts[0], approach.speed(times))
        skins = [self.skin(transforms) for transforms in approach.frames(self.parents, self.heads, times)]
        fine = min(round(self.hang.fine_rest / FRAME), len(skins))
        for frame, skin in enumerate(skins):
            if frame == len(skins) - fine:
                self._begin_fine(moving=True)
            if frame >= len(skins) - fine:
                self._fine.advance(skin, self._per_frame, damping=SWING, wind=wind)
            self._coarse.advance(skin, self._per_frame, damping=SWING, wind=wind)
            self.now = skin
        self.pose = dict(approach.poses[-1])
        return self._kept()

    def _go(self, pose: Rotations, wind: Wind) -> None:
        """Move the body smoothly to a pose, the cloth following."""
        seconds = max(self.hang.slowest, longest_turn(self.pose, pose) / self.hang.pace)
        for transforms in way(self.parents, self.heads, self.pose, pose, seconds):
            self.now = self.skin(transforms)
            self._coarse.advance(self.now, self._per_frame, damping=SWING, wind=wind)
        self.pose = dict(pose)

    def _shift(self, by: NDArray[np.float64], speed: NDArray[np.float64]) -> None:
        """Carry the body and all that hangs on it to another place, where it is so many m/s (3,) faster."""
        before = self._coarse.velocities
        self.now = (self.now + by).astype(np.float32)
        self._coarse.stand(self.now)
        self._coarse.points = self._coarse.points + by
        self._coarse.velocities = before + speed

    def _begin_fine(self, moving: bool = False) -> None:
        """Put the refined garments where the others are, as fast as they are where `moving`."""
        matrix = self._fine.mesh.refinement
        assert matrix is not None
        self._fine.stand(self.now)
        self._fine.points = matrix @ self._coarse.points
        if moving:
            self._fine.velocities = matrix @ self._coarse.velocities

    def _kept(self) -> Draped:
        solver = self._fine
        return Draped(solver.points, solver.mesh, float(np.linalg.norm(solver.velocities, axis=1).mean()))


def by_piece(garment: Garment, region: NDArray[np.integer]) -> NDArray[np.int32]:
    """Give all vertices (V,) of a pattern piece the region of most of them; on seams, the lower of two.

    The side of a coat may start nearer to the arm than to the hip, but it is no sleeve.
    """
    found = np.full(len(region), np.iinfo(np.int32).max, np.int32)
    for piece in np.unique(garment.piece):
        corners = garment.faces[garment.piece == piece].ravel()
        most = np.bincount(region[corners]).argmax()
        found[corners] = np.minimum(found[corners], np.int32(most))
    return np.where(found == np.iinfo(np.int32).max, region, found).astype(np.int32)


def layered(garments: Sequence[Garment], layer: int, gap: float = 0.006, reach: float = REACH) -> list[Garment]:
    """Move the start of the garments of a layer out of those beneath, to `gap` metres above.

    Seen along its own normal from `reach` metres outside, a garment must lie before everything beneath it.
    """
    lower = [g for g in garments if g.layer < layer]
    if not lower:
        return list(garments)
    starts = np.cumsum([0, *(len(g.points) for g in lower)])
    faces = np.concatenate([g.faces + start for g, start in zip(lower, starts, strict=False)])
    inner = np.concatenate([g.points for g in lower])
    cover = Cover(inner, faces)

    def rise_above(points: NDArray[np.float32], normals: NDArray[np.float32], start: float) -> NDArray[np.float64]:
        """How far (V,) points lie beneath what is seen from `start` metres outside; -1 where that is another limb."""
        far, outward = cover.seen(points, normals, start)
        met = far < 2 * start
        return np.where(met & outward, np.maximum(start - far + gap, 0), np.where(met, -1.0, 0.0))

    def moved_out(garment: Garment) -> NDArray[np.float32]:
        points = garment.points
        average = averaging(garment.faces, len(points))
        for _ in range(2):
            normals = smooth_normals(points, garment.faces, average)
            rise = rise_above(points, normals, reach)
            near = np.maximum(rise_above(points, normals, reach / 4), 0)
            rise = spread(np.where(rise < 0, near, rise), average)
            points = (points + normals * rise[:, None]).astype(np.float32)
        return points

    return [replace(g, points=moved_out(g)) if g.layer == layer else g for g in garments]
