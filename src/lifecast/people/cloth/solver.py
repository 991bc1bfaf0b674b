"""Cloth through time: garments on a moving body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from lifecast.people.cloth import contact_kernels, kernels
from lifecast.people.cloth.arrays import Arrays
from lifecast.people.cloth.batches import Batches, batches
from lifecast.people.cloth.contact import Contacts, Regions
from lifecast.people.cloth.fabrics import FABRICS
from lifecast.people.cloth.mesh import ClothMesh
from lifecast.people.cloth.tethers import Tethers

HOLD = 0.2
"""Share of the way to its place on the skin that a fully attached particle goes in a substep: a waistband gives way to
the pull of a bent hip, but not to the weight of the trousers."""
FAR = 0.2
"""Metres within which attached particles find the skin that holds them."""


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
        self.mesh, self.settings = mesh, settings
        arrays = self._arrays = Arrays(device)
        serial = device == "cpu" and not settings.coloured
        count = len(mesh.points)
        fabric = [FABRICS[g.fabric] for g in mesh.garments]
        of = {name: np.array([getattr(f, name) for f in fabric])[mesh.garment] for name in ("friction", "thickness")}
        density = np.array([f.density for f in fabric])[mesh.garment]
        self._x, self._before, self._v = (arrays.vectors(mesh.points) for _ in range(3))
        self._v.zero_()
        self._normal = arrays.vectors(np.zeros((count, 3)))
        self._w = arrays.floats(1 / np.maximum(mesh.mass, 1e-9))
        self._drag = arrays.floats(0.5 * settings.air / density)  # against a plate (drag coefficient 1)
        self._friction, self._gap = arrays.floats(of["friction"]), arrays.floats(of["thickness"] + mesh.lift)
        self._edges = batches(
            mesh.edges,
            wp.vec2i,
            (
                mesh.length,
                mesh.edge_compliance,
            ),
            serial,
            device,
        )
        self._hinges = batches(
            mesh.hinges,
            wp.vec4i,
            (
                mesh.hinge_share,
                mesh.hinge_compliance,
            ),
            serial,
            device,
        )
        self._tethers = batches(holding.pairs, wp.vec2i, (holding.most,), serial, device)
        self._nodes, self._node_w = arrays.ints(holding.nodes), arrays.floats(holding.weight)
        self._y, self._y0 = (arrays.vectors(np.zeros((len(holding.nodes), 3))) for _ in range(2))
        self._near: Any = wp.array(holding.near, dtype=wp.vec4i, device=device)
        self._share: Any = wp.array(holding.share, dtype=wp.vec4, device=device)
        self._faces = arrays.ints(mesh.faces.ravel())
        self._corners = arrays.corners(mesh.faces, count)
        self._body = [arrays.vectors(body) for _ in range(2)]
        regions = regions or Regions(np.zeros(count, np.int32), (np.arange(len(body_faces)),))
        self._contacts = Contacts(arrays, mesh, regions, body, body_faces, self._gap, self._friction)
        self._moves = arrays.vectors(np.zeros((count, 3)))
        self._start = arrays.vectors(mesh.points)
        touches_itself = np.array([g.self_contact for g in mesh.garments])[mesh.garment]
        group = mesh.garment * 16 + regions.of  # a sleeve does not lift the coat's side
        self._group = arrays.ints(np.where(touches_itself, group, -1))
        self._grid = wp.HashGrid(64, 64, 64, device=device) if settings.apart > 0 and touches_itself.any() else None
        self._held = self._attach()
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
        self._contacts.forget()

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
        launch, x = self._arrays.launch, self._x
        launch(contact_kernels.vertex_normal, len(self.mesh.points), x, self._faces, *self._corners, self._normal)
        self._contacts.find(x, self._body[0], s.reach)
        keep = float(np.exp(-damping * s.substep))
        pull = s.gravity if gravity is None else gravity
        for k in range(substeps):
            self._step(k / substeps, (k + 1) / substeps, keep, wp.vec3(*wind), pull)

    def _step(self, then: float, now: float, keep: float, wind: Any, gravity: float) -> None:
        s, x, w, count = self.settings, self._x, self._w, len(self.mesh.points)
        per_dt2 = 1 / s.substep**2
        launch = self._arrays.launch
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
            launch(
                contact_kernels.keep_apart, count, x, w, self._start, self._group, self._grid.id, s.apart, self._moves
            )
            launch(contact_kernels.apply, count, x, w, self._moves)
        self._contacts.touch_cloth(x, self._before, w)
        if self._held is not None:
            held, firmness, face, place, off = self._held
            launch(
                kernels.hold,
                len(held),
                x,
                held,
                firmness,
                *self._body,
                self._contacts.body_faces,
                face,
                place,
                off,
                now,
            )
        self._contacts.touch_body(x, self._before, w, self._body, now, then)
        launch(kernels.finish, count, x, self._before, self._v, w, keep, s.substep)

    def _sweep(
        self, kernel: Any, batches: Batches, first: tuple[Any, ...], last: tuple[Any, ...], back: bool = False
    ) -> None:
        """One pass over constraints: in one launch on a CPU, colour by colour elsewhere."""
        for start, size in reversed(batches.rows) if back else batches.rows:
            begin, step = (start + size - 1, -1) if back else (start, 1)
            self._arrays.launch(kernel, size, *first, *batches.arrays, begin, step, *last)

    def _attach(self) -> tuple[Any, ...] | None:
        """Attached particles, how firmly they are held, and where on the skin."""
        held = np.flatnonzero(self.mesh.attached > 0)
        if not len(held):
            return None
        arrays = self._arrays
        on, face, place, off = self._contacts.on_skin(self.mesh.points[held], self._body[0].numpy(), FAR)
        return (
            arrays.ints(held[on]), arrays.floats(HOLD * self.mesh.attached[held[on]]), arrays.ints(face),
            wp.array(place, dtype=wp.vec2, device=arrays.device), arrays.floats(np.clip(off, 0.001, 0.03)),
        )  # fmt: skip
