"""What cloth lies on: the skin, part by part, and the garments beneath, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from lifecast.people.cloth import contact_kernels as kernels
from lifecast.people.cloth.arrays import Arrays
from lifecast.people.cloth.mesh import ClothMesh
from lifecast.people.tailor import border_edges


@dataclass(frozen=True)
class Regions:
    """Parts of the body of which each is touched only by particles that lie on it.

    An arm that hangs down would else pinch a coat to the hip. The last region is touched by everything that may touch
    any, and touches all of the garments beneath.
    """

    of: NDArray[np.int32]
    """(N,) the region of each particle."""
    faces: tuple[NDArray[np.integer], ...]
    """Of each region, the triangles of the skin; regions may overlap."""


@dataclass(frozen=True)
class Surface:
    """Something that particles may lie on."""

    of: Any
    """(P,) the particles."""
    mesh: wp.Mesh
    faces: Any
    """(3 F,) the corners of all triangles that `number` names."""
    number: Any
    """The row of `faces` of each triangle of the mesh."""
    contact: tuple[Any, Any]
    """(P,) the triangle that each particle lies on (-1: none), and (P, 2) where in it."""
    memory: tuple[Any, ...]
    """What `kernels.nearest` keeps from look to look."""


class Contacts:
    """The surfaces that a mesh's particles lie on.

    Parameters
    ----------
    arrays
        Of the device.
    mesh
        Of the garments.
    regions
        What may touch what.
    body, body_faces
        (B, 3) and (G, 3): the skin.
    gap, friction
        Of each particle, on the device.
    """

    def __init__(
        self, arrays: Arrays, mesh: ClothMesh, regions: Regions, body: NDArray[Any], body_faces: NDArray[Any],
        gap: Any, friction: Any,
    ) -> None:  # fmt: skip
        self._arrays, self._mesh, self._regions, self._gap, self._friction = arrays, mesh, regions, gap, friction
        border = np.zeros(len(mesh.points))
        border[border_edges(mesh.faces)] = 1
        self._border, self._away = arrays.floats(border), arrays.vectors(np.zeros((len(mesh.points), 3)))
        self.body_faces = arrays.ints(np.asarray(body_faces).ravel())
        self._outward = arrays.vectors(body)
        self._corners = arrays.corners(np.asarray(body_faces), len(body))
        self._skins = [
            self._skin_of(region, body, body_faces)
            for region, faces in enumerate(regions.faces)
            if len(faces) and (regions.of == region).any()
        ]
        self._beneath = self._layers()
        self._drift = [0.0] * (len(self._skins) + len(self._beneath))

    def forget(self) -> None:
        """Look for everything anew: the particles have been put elsewhere."""
        for surface in (*self._skins, *self._beneath):
            surface.contact[0].fill_(-1)
            surface.memory[2].fill_(-1.0)  # no slack: look at once

    def find(self, x: Any, body: Any, reach: float) -> None:
        """Find what each particle `x` lies on within `reach` metres, the skin being at `body`."""
        launch = self._arrays.launch
        launch(kernels.vertex_normal, len(self._outward), body, self.body_faces, *self._corners, self._outward)
        surfaces = [(surface, body) for surface in self._skins] + [(surface, x) for surface in self._beneath]
        for k, (surface, at) in enumerate(surfaces):
            self._drift[k] += float(np.linalg.norm(surface.mesh.points.numpy() - at.numpy(), axis=1).max())
            wp.copy(surface.mesh.points, at)
            surface.mesh.refit()
            launch(
                kernels.nearest, len(surface.of), x, self._gap, surface.mesh.id, surface.mesh.points, surface.faces,
                surface.number, reach, self._drift[k], surface.of, *surface.contact, *surface.memory,
            )  # fmt: skip
        for skin in self._skins if self._beneath else ():
            launch(kernels.lead_away, len(skin.of), self._away, self._outward, self.body_faces, skin.of, *skin.contact)

    def touch_cloth(self, x: Any, before: Any, w: Any) -> None:
        """Keep particles above the garments beneath them."""
        for under in self._beneath:
            self._arrays.launch(
                kernels.touch_cloth, len(under.of), x, before, w, self._gap, self._friction, under.faces,
                self._border, self._away, under.of, *under.contact,
            )  # fmt: skip

    def touch_body(self, x: Any, before: Any, w: Any, body: list[Any], now: float, then: float) -> None:
        """Keep particles out of the skin, which is at `now` of the way from body[0] to body[1] and was at `then`."""
        for skin in self._skins:
            self._arrays.launch(
                kernels.touch_body, len(skin.of), x, before, w, self._gap, self._friction, *body, self._outward,
                self.body_faces, skin.of, *skin.contact, now, then,
            )  # fmt: skip

    def on_skin(self, points: NDArray[np.floating], body: NDArray[np.floating], far: float) -> tuple[Any, ...]:
        """Find the places on the skin at `body` that are closest to points (N, 3), within `far` metres.

        Returns the points that have one, the triangle of each and the place in it, and the height above it, metres.
        """
        arrays, count = self._arrays, len(points)
        skin = arrays.vectors(body)
        mesh = wp.Mesh(points=skin, indices=self.body_faces)
        face, place = self._contact(count)
        of, every = arrays.ints(np.arange(count)), arrays.ints(np.arange(len(self.body_faces) // 3))
        arrays.launch(
            kernels.nearest, count, arrays.vectors(points), arrays.floats(np.zeros(count)), mesh.id, skin,
            self.body_faces, every, far, 0.0, of, face, place, *self._memory(count),
        )  # fmt: skip
        rows, uv = face.numpy(), place.numpy()
        on = np.flatnonzero(rows >= 0)
        corners = np.asarray(body)[self.body_faces.numpy().reshape(-1, 3)[rows[on]]].astype(np.float64)
        shares = np.concatenate([uv[on], 1 - uv[on].sum(1, keepdims=True)], 1)
        foot = np.einsum("nk,nkx->nx", shares, corners)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        return on, rows[on], uv[on], np.einsum("nx,nx->n", points[on] - foot, normal)

    def _skin_of(self, region: int, body: NDArray[Any], body_faces: NDArray[Any]) -> Surface:
        """The skin of a region, and the particles that may touch it."""
        rows = self._regions.faces[region]
        of = np.flatnonzero(self._regions.of == region)
        mesh = wp.Mesh(
            points=self._arrays.vectors(body), indices=self._arrays.ints(np.asarray(body_faces)[rows].ravel())
        )
        return Surface(
            self._arrays.ints(of),
            mesh,
            self.body_faces,
            self._arrays.ints(rows),
            self._contact(len(of)),
            self._memory(len(of)),
        )

    def _layers(self) -> list[Surface]:
        """For each garment over others and each region, the mesh of those, and the particles that may touch it."""
        found = []
        number, region = self._mesh.garment, self._regions.of
        layer = np.array([g.layer for g in self._mesh.garments])
        everywhere = len(self._regions.faces) - 1
        for outer in range(len(layer)):
            # Each garment beneath by itself: cloth caught between two would else only see the nearer one.
            for inner in np.flatnonzero(layer < layer[outer]):
                lower = number[self._mesh.faces[:, 0]] == inner
                for own in np.unique(region[number == outer]):
                    of = np.flatnonzero((number == outer) & (region == own))
                    near = lower
                    if own != everywhere:
                        near = lower & np.isin(region[self._mesh.faces], (own, everywhere)).any(1)
                    if not near.any():
                        continue
                    faces = self._arrays.ints(self._mesh.faces[near].ravel())
                    mesh = wp.Mesh(points=self._arrays.vectors(self._mesh.points), indices=faces)
                    rows = self._arrays.ints(np.arange(int(near.sum())))
                    contact, memory = self._contact(len(of)), self._memory(len(of))
                    found.append(Surface(self._arrays.ints(of), mesh, faces, rows, contact, memory))
        return found

    def _contact(self, count: int) -> tuple[Any, Any]:
        """No contact yet: a face and a place in it for `count` particles."""
        return self._arrays.ints(np.full(count, -1)), wp.zeros(count, dtype=wp.vec2, device=self._arrays.device)

    def _memory(self, count: int) -> tuple[Any, ...]:
        """Nothing looked for yet: where particle and foot were, how far they may go, and the drift at that time."""
        nowhere = np.zeros((count, 3))
        return (
            self._arrays.vectors(nowhere), self._arrays.vectors(nowhere), self._arrays.floats(np.full(count, -1.0)),
            self._arrays.floats(np.zeros(count)),
        )  # fmt: skip
