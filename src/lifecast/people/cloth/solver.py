"""Cloth through time: garments on a moving body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import warp as wp
from numpy.typing import NDArray

from lifecast.people.cloth import kernels
from lifecast.people.cloth.fabrics import FABRICS
from lifecast.people.cloth.mesh import ClothMesh
from lifecast.people.cloth.tethers import Tethers
from lifecast.people.tailor import border_vertices

wp.config.log_level = wp.LOG_WARNING  # no banner of its devices on standard output
HOLD = 0.2
"""Share of the way to its place on the skin that a fully attached particle goes in a substep: a waistband gives way to
the pull of a bent hip, but not to the weight of the trousers."""
FAR = 0.2
"""Metres within which attached particles find the skin that holds them."""


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


@dataclass(frozen=True)
class Settings:
    """How time is cut up, and how much of it is spent on what."""

    substep: float = 1 / 720
    """Seconds."""
    gravity: float = 9.81
    """m/s^2, along -y."""
    reach: float = 0.05
    """Metres within which skin and garments beneath are looked for."""
    air: float = 1.2
    """Density of the air, kg/m^3; 0 for none."""
    sweeps: int = 2
    """Sweeps over the tethers each substep."""
    apart: float = 0.0
    """Metres that parts of one garment keep from each other (self-contact); 0 switches it off."""
    apart_every: int = 4
    """Substeps from one look for self-contact to the next."""
    coloured: bool = False
    """Launch the constraints colour by colour, as CUDA needs it, on a CPU, too."""


class ClothSolver:
    """Garments and the body they are worn on.

    Parameters
    ----------
    mesh
        Of the garments, inner ones first.
    holding
        Of the same mesh.
    body, body_faces
        (B, 3) metres and (G, 3): the skin that the garments lie on, where it is when they start.
    regions
        What may touch what; without it, everything touches all of the skin.
    device
        "cpu" or "cuda:0".
    """

    def __init__(
        self,
        mesh: ClothMesh,
        holding: Tethers,
        body: NDArray[np.floating],
        body_faces: NDArray[np.integer],
        settings: Settings = Settings(),
        device: str = "cpu",
        regions: Regions | None = None,
    ) -> None:
        self.mesh, self.settings, self.device = mesh, settings, device
        self._serial = device == "cpu" and not settings.coloured
        count = len(mesh.points)
        fabric = [FABRICS[g.fabric] for g in mesh.garments]
        of = {name: np.array([getattr(f, name) for f in fabric])[mesh.garment] for name in ("friction", "thickness")}
        density = np.array([f.density for f in fabric])[mesh.garment]
        self._x, self._before, self._v = (self._vectors(mesh.points) for _ in range(3))
        self._v.zero_()
        self._normal = self._vectors(np.zeros((count, 3)))
        self._w = self._floats(1 / np.maximum(mesh.mass, 1e-9))
        self._drag = self._floats(0.5 * settings.air / density)  # against a plate (drag coefficient 1)
        self._friction, self._gap = self._floats(of["friction"]), self._floats(of["thickness"] + mesh.lift)
        self._edges = self._batches(mesh.edges, wp.vec2i, mesh.length, mesh.edge_compliance)
        self._hinges = self._batches(mesh.hinges, wp.vec4i, mesh.hinge_share, mesh.hinge_compliance)
        self._tethers = self._batches(holding.pairs, wp.vec2i, holding.most)
        self._nodes, self._node_w = self._ints(holding.nodes), self._floats(holding.weight)
        self._y, self._y0 = (self._vectors(np.zeros((len(holding.nodes), 3))) for _ in range(2))
        self._near: Any = wp.array(holding.near, dtype=wp.vec4i, device=device)
        self._share: Any = wp.array(holding.share, dtype=wp.vec4, device=device)
        self._faces = self._ints(mesh.faces.ravel())
        border = np.zeros(count)
        border[border_vertices(mesh.faces)] = 1
        self._border, self._away = self._floats(border), self._vectors(np.zeros((count, 3)))
        self._corner_start, self._corner = self._corners(mesh.faces, count)
        self._body_faces = self._ints(np.asarray(body_faces).ravel())
        self._body = [self._vectors(body) for _ in range(2)]
        self._outward = self._vectors(body)
        self._body_corner_start, self._body_corner = self._corners(np.asarray(body_faces, np.int32), len(body))
        self._regions = regions or Regions(np.zeros(count, np.int32), (np.arange(len(body_faces)),))
        self._skins = [
            self._skin_of(region, body, body_faces)
            for region, faces in enumerate(self._regions.faces)
            if len(faces) and (self._regions.of == region).any()
        ]
        self._beneath = self._layers()
        self._moves = self._vectors(np.zeros((count, 3)))
        self._start = self._vectors(mesh.points)
        touches_itself = np.array([g.self_contact for g in mesh.garments])[mesh.garment]
        group = mesh.garment * 16 + self._regions.of  # a sleeve does not lift the coat's side
        self._group = self._ints(np.where(touches_itself, group, -1))
        self._grid = wp.HashGrid(64, 64, 64, device=device) if settings.apart > 0 and touches_itself.any() else None
        self._held = self._attach()
        self._drift = [0.0] * (len(self._skins) + len(self._beneath))
        self._substeps = 0

    @property
    def points(self) -> NDArray[np.float32]:
        """(N, 3) where the particles are, metres."""
        found: NDArray[np.float32] = self._x.numpy().copy()
        return found

    @points.setter
    def points(self, points: NDArray[np.floating]) -> None:
        """Put the particles somewhere, at rest."""
        self._x.assign(np.asarray(points, np.float32))
        self._v.zero_()
        for surface in (*self._skins, *self._beneath):
            surface.contact[0].fill_(-1)
            surface.memory[2].fill_(-1.0)  # no slack: look at once

    @property
    def velocities(self) -> NDArray[np.float32]:
        """(N, 3) m/s."""
        found: NDArray[np.float32] = self._v.numpy().copy()
        return found

    @velocities.setter
    def velocities(self, velocities: NDArray[np.floating]) -> None:
        self._v.assign(np.asarray(velocities, np.float32))

    def pin(self, particles: NDArray[np.integer]) -> None:
        """Fix particles where they are."""
        weight, at_nodes = self._w.numpy(), self._node_w.numpy()
        weight[particles] = 0
        at_nodes[np.isin(self._nodes.numpy(), particles)] = 0
        self._w.assign(weight)
        self._node_w.assign(at_nodes)

    def stand(self, body: NDArray[np.floating]) -> None:
        """Put the skin somewhere (B, 3) at once, without a way from where it was."""
        for state in self._body:
            state.assign(np.asarray(body, np.float32))

    def advance(
        self, body: NDArray[np.floating], substeps: int, damping: float = 1.0,
        wind: tuple[float, float, float] = (0.0, 0.0, 0.0), gravity: float | None = None,
    ) -> None:  # fmt: skip
        """Let time pass while the skin moves, evenly, to `body` (B, 3).

        Contacts are looked for once, at the start: some 15 substeps are a good number.

        Parameters
        ----------
        damping
            Share of its velocity that cloth loses in a second, as a rate: 1 is air's, 20 brings it to rest.
        wind
            m/s.
        gravity
            m/s^2 instead of the settings'.
        """
        s = self.settings
        self._body[0], self._body[1] = self._body[1], self._body[0]
        self._body[1].assign(np.asarray(body, np.float32))
        self._find_contacts()
        keep = float(np.exp(-damping * s.substep))
        pull = s.gravity if gravity is None else gravity
        for k in range(substeps):
            self._step(k / substeps, (k + 1) / substeps, keep, wp.vec3(*wind), pull)

    def _step(self, then: float, now: float, keep: float, wind: Any, gravity: float) -> None:
        s, x, w, count = self.settings, self._x, self._w, len(self.mesh.points)
        per_dt2 = 1 / s.substep**2
        launch = self._launch
        launch(kernels.predict, count, x, self._before, self._v, w, self._normal, self._drag, gravity, wind, s.substep)
        self._substeps += 1
        if len(self._nodes):
            launch(kernels.gather, len(self._nodes), x, self._nodes, self._y, self._y0)
            for sweep in range(s.sweeps):
                self._sweep(kernels.tether, self._tethers, (self._y, self._node_w), (), sweep % 2 == 1)
            launch(kernels.spread, count, x, w, self._y, self._y0, self._near, self._share)
        self._sweep(kernels.stretch, self._edges, (x, w), (per_dt2,))
        self._sweep(kernels.bend, self._hinges, (x, w), (per_dt2,))
        if self._grid is not None and self._substeps % s.apart_every == 0:
            self._grid.build(x, s.apart)
            launch(kernels.keep_apart, count, x, w, self._start, self._group, self._grid.id, s.apart, self._moves)
            launch(kernels.apply, count, x, w, self._moves)
        for under in self._beneath:
            launch(
                kernels.touch_cloth, len(under.of), x, self._before, w, self._gap, self._friction, under.faces,
                self._border, self._away, under.of, *under.contact,
            )  # fmt: skip
        if self._held is not None:
            held, firmness, face, place, off = self._held
            launch(kernels.hold, len(held), x, held, firmness, *self._body, self._body_faces, face, place, off, now)
        for skin in self._skins:
            launch(
                kernels.touch_body, len(skin.of), x, self._before, w, self._gap, self._friction, *self._body,
                self._outward, self._body_faces, skin.of, *skin.contact, now, then,
            )  # fmt: skip
        launch(kernels.finish, count, x, self._before, self._v, w, keep, s.substep)

    def _sweep(
        self, kernel: Any, batches: Batches, first: tuple[Any, ...], last: tuple[Any, ...], back: bool = False
    ) -> None:
        """One pass over constraints: in one launch on a CPU, colour by colour elsewhere."""
        for start, size in reversed(batches.rows) if back else batches.rows:
            begin, step = (start + size - 1, -1) if back else (start, 1)
            self._launch(kernel, size, *first, *batches.arrays, begin, step, *last)

    def _find_contacts(self) -> None:
        count = len(self.mesh.points)
        self._launch(kernels.vertex_normal, count, self._x, self._faces, self._corner_start, self._corner, self._normal)
        launch = self._launch
        corners = (self._body_faces, self._body_corner_start, self._body_corner)
        launch(kernels.vertex_normal, len(self._outward), self._body[0], *corners, self._outward)
        below = [(surface, self._body[0]) for surface in self._skins] + [
            (surface, self._x) for surface in self._beneath
        ]
        for k, (layer, at) in enumerate(below):
            self._drift[k] += float(np.linalg.norm(layer.mesh.points.numpy() - at.numpy(), axis=1).max())
            wp.copy(layer.mesh.points, at)
            layer.mesh.refit()
            launch(
                kernels.nearest, len(layer.of), self._x, self._gap, layer.mesh.id, layer.mesh.points, layer.faces,
                layer.number, self.settings.reach, self._drift[k], layer.of, *layer.contact, *layer.memory,
            )  # fmt: skip
        for skin in self._skins if self._beneath else ():
            launch(kernels.lead_away, len(skin.of), self._away, self._outward, self._body_faces, skin.of, *skin.contact)

    def _skin_of(self, region: int, body: NDArray[Any], body_faces: NDArray[Any]) -> Surface:
        """The skin of a region, and the particles that may touch it."""
        rows = self._regions.faces[region]
        of = np.flatnonzero(self._regions.of == region)
        mesh = wp.Mesh(points=self._vectors(body), indices=self._ints(np.asarray(body_faces)[rows].ravel()))
        return Surface(
            self._ints(of), mesh, self._body_faces, self._ints(rows), self._contact(len(of)), self._memory(len(of))
        )

    def _layers(self) -> list[Surface]:
        """For each garment over others and each region, the mesh of those, and the particles that may touch it."""
        found = []
        number, region = self.mesh.garment, self._regions.of
        layer = np.array([g.layer for g in self.mesh.garments])
        everywhere = len(self._regions.faces) - 1
        for outer in range(len(layer)):
            # Each garment beneath by itself: cloth caught between two would else only see the nearer one.
            for inner in np.flatnonzero(layer < layer[outer]):
                lower = number[self.mesh.faces[:, 0]] == inner
                for own in np.unique(region[number == outer]):
                    of = np.flatnonzero((number == outer) & (region == own))
                    near = lower
                    if own != everywhere:
                        near = lower & np.isin(region[self.mesh.faces], (own, everywhere)).any(1)
                    if not near.any():
                        continue
                    faces = self._ints(self.mesh.faces[near].ravel())
                    mesh = wp.Mesh(points=self._vectors(self.mesh.points), indices=faces)
                    rows = self._ints(np.arange(int(near.sum())))
                    contact, memory = self._contact(len(of)), self._memory(len(of))
                    found.append(Surface(self._ints(of), mesh, faces, rows, contact, memory))
        return found

    def _attach(self) -> tuple[Any, ...] | None:
        """Attached particles, how firmly they are held, and where on the skin."""
        held = np.flatnonzero(self.mesh.attached > 0)
        if not len(held):
            return None
        skin = self._vectors(self._body[0].numpy())
        mesh = wp.Mesh(points=skin, indices=self._body_faces)
        face, place = self._contact(len(held))
        of, every = self._ints(np.arange(len(held))), self._ints(np.arange(len(self._body_faces) // 3))
        self._launch(
            kernels.nearest, len(held), self._vectors(self.mesh.points[held]), self._gap, mesh.id, skin,
            self._body_faces, every, FAR, 0.0, of, face, place, *self._memory(len(held)),
        )  # fmt: skip
        rows, uv = face.numpy(), place.numpy()
        on = np.flatnonzero(rows >= 0)
        corners = skin.numpy()[self._body_faces.numpy().reshape(-1, 3)[rows[on]]].astype(np.float64)
        shares = np.concatenate([uv[on], 1 - uv[on].sum(1, keepdims=True)], 1)
        foot = np.einsum("nk,nkx->nx", shares, corners)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        off = np.einsum("nx,nx->n", self.mesh.points[held[on]] - foot, normal)
        place = wp.array(uv[on], dtype=wp.vec2, device=self.device)
        return (
            self._ints(held[on]), self._floats(HOLD * self.mesh.attached[held[on]]), self._ints(rows[on]), place,
            self._floats(np.clip(off, 0.001, 0.03)),
        )  # fmt: skip

    def _launch(self, kernel: Any, size: int, *inputs: Any) -> None:
        wp.launch(kernel, dim=size, inputs=list(inputs), device=self.device)

    def _contact(self, count: int) -> tuple[Any, Any]:
        """No contact yet: a face and a place in it for `count` particles."""
        return self._ints(np.full(count, -1)), wp.zeros(count, dtype=wp.vec2, device=self.device)

    def _memory(self, count: int) -> tuple[Any, ...]:
        """Nothing looked for yet: where particle and foot were, how far they may go, and the drift at that time."""
        nowhere = np.zeros((count, 3))
        return (
            self._vectors(nowhere), self._vectors(nowhere), self._floats(np.full(count, -1.0)),
            self._floats(np.zeros(count)),
        )  # fmt: skip

    def _vectors(self, values: NDArray[Any]) -> Any:
        return wp.array(np.ascontiguousarray(values, np.float32), dtype=wp.vec3, device=self.device)

    def _floats(self, values: NDArray[Any]) -> Any:
        return wp.array(np.ascontiguousarray(values, np.float32), dtype=float, device=self.device)

    def _ints(self, values: NDArray[Any]) -> Any:
        return wp.array(np.ascontiguousarray(values, np.int32), dtype=int, device=self.device)

    def _corners(self, faces: NDArray[np.int32], count: int) -> tuple[Any, Any]:
        rows = np.repeat(np.arange(len(faces)), 3)
        table = sp.csr_matrix((np.ones(faces.size), (faces.ravel(), rows)), (count, len(faces)))
        return self._ints(table.indptr), self._ints(table.indices)

    def _batches(self, index: NDArray[np.int32], kind: Any, *values: NDArray[Any]) -> Batches:
        """Constraints on the device, sorted by colour, or as they are where a launch runs one after another."""
        rows = [(0, len(index))]
        if not self._serial:
            colour = colours(index)
            order = np.argsort(colour, kind="stable")
            index, values = index[order], tuple(v[order] for v in values)
            sizes = np.bincount(colour)
            rows = list(zip(np.cumsum([0, *sizes])[:-1].tolist(), sizes.tolist(), strict=True))
        arrays: list[Any] = [wp.array(np.ascontiguousarray(index, np.int32), dtype=kind, device=self.device)]
        for value in values:
            width = wp.vec4 if value.ndim == 2 else float
            arrays.append(wp.array(np.ascontiguousarray(value, np.float32), dtype=width, device=self.device))
        return Batches(rows if len(index) else [], tuple(arrays))


@dataclass(frozen=True)
class Batches:
    """Constraints in batches of which each may be launched at once."""

    rows: list[tuple[int, int]]
    """First constraint and number of each batch."""
    arrays: tuple[Any, ...]


def colours(index: NDArray[np.integer]) -> NDArray[np.int64]:
    """Colour constraints so that no two of a colour share a particle; `index` (C, K) are their particles."""
    taken = [0] * (int(index.max()) + 1 if index.size else 0)
    found = np.zeros(len(index), np.int64)
    for k, particles in enumerate(index.tolist()):
        mask = 0
        for particle in particles:
            mask |= taken[particle]
        colour = (~mask & (mask + 1)).bit_length() - 1
        found[k] = colour
        for particle in particles:
            taken[particle] |= 1 << colour
    return found
