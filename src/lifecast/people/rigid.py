"""Things that are worn and do not hang: shoes, hats, glasses, gloves, socks. They move by skinning alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lifecast.people.body import SKIN_VERTICES, RestBody
from lifecast.people.garment_kinds import PART
from lifecast.people.mhclo import Fit
from lifecast.people.tailor import Tailor

Points = NDArray[np.float32]

FINE = {"shoes": (0.009, 1), "hat": (0.009, 2), "glasses": (0.004, 1), "socks": (0.012, 2), "stockings": (0.012, 2)}
"""Metres that edges are refined to and in how many steps at most, by kind."""


@dataclass(frozen=True)
class Rigid:
    """One stiff or skin-tight thing for any body."""

    name: str
    kind: str
    part: str
    """The prefix of its mesh: shoes, hat, glasses, gloves, bottom (stockings)."""
    fit: Fit
    matrix: sp.csr_matrix
    """(V, C) combinations of the garment file's vertices."""
    weights: sp.csr_matrix
    """(V, B) skinning weights; rows sum to 1."""
    faces: NDArray[np.int32]
    """(F, 3)"""
    corner_uv: NDArray[np.float32]
    """(F, 3, 2)"""
    picture: NDArray[np.uint8] | None
    """Its own texture (H, W, 3 or 4), if it has one."""
    hides: NDArray[np.int32]
    """Skin vertices that are inside of it and need not be drawn."""

    def place(self, rest: RestBody) -> Points:
        """Its points (V, 3) on a rest body, metres."""
        placed: Points = (self.matrix @ self.fit.place(rest.vertices)).astype(np.float32)
        return placed


def rigid(
    tailor: Tailor, name: str, kind: str, fit: Fit, faces: NDArray[np.int32], face_uv: NDArray[np.int32],
    uv: NDArray[np.float32], picture: NDArray[np.uint8] | None = None,
) -> Rigid:  # fmt: skip
    """Refine a thing of the assets and give it skinning weights.

    `faces` and `face_uv` are quads (F, 4) of the fit's vertices and of `uv`.
    """
    sheet = tailor.sheet(fit, faces, face_uv, uv, *FINE.get(kind, (0.009, 1)))
    weights = (sheet.matrix @ fit.skin_weights(tailor.model.weights)).tocsr()
    weights.data = np.clip(weights.data, 0, None)
    weights = (sp.diags(1 / np.maximum(np.asarray(weights.sum(1)).ravel(), 1e-9)) @ weights).tocsr()
    hides = fit.delete[fit.delete < SKIN_VERTICES].astype(np.int32)
    return Rigid(
        name,
        kind,
        PART[kind],
        fit,
        sheet.matrix,
        weights.astype(np.float32),
        sheet.faces,
        sheet.corner_uv,
        picture,
        hides,
    )
