"""Mannequins: people dressed once and posed many times.

Their clothes follow by skinning alone. The pose lifter learns from poses, and draping is most of what a posed person
costs. BlazePose does not care for folds: where only its landmarks are wanted, clothes may be stiff, and a person can be
seen in many poses for the price of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lifecast.people import complexion
from lifecast.people.appearance import draw_build
from lifecast.people.body import SKIN_VERTICES, RestBody
from lifecast.people.drape import PosedBody, eased
from lifecast.people.person import Studio
from lifecast.people.rig import skin
from lifecast.people.wavefront import triangles
from lifecast.scans.read import Material, Scan
from lifecast.space.mesh_normals import vertex_normals

DRAWN_IN = 0.014
"""Metres that covered skin lies deeper, so that stiff clothes hide it in most poses."""


@dataclass(frozen=True)
class Piece:
    """Skin, a garment, hair or eyes on the rest body."""

    name: str
    points: NDArray[np.float32]
    """(P, 3) metres."""
    sheet: NDArray[np.int32]
    """(F, 3) triangles of `points`, from which normals come."""
    weights: sp.csr_matrix
    """(P, B) skinning weights."""
    split_of: NDArray[np.int32]
    """(V,) the point of each vertex, which there is one of for each place in the texture."""
    faces: NDArray[np.int32]
    """(F', 3) triangles of vertices."""
    uv: NDArray[np.float32]
    """(V, 2), v up."""
    texture: NDArray[np.uint8]
    """(H, W, 3) sRGB, or (H, W, 4) whose alpha is cut at one half."""

    def posed(self, transforms: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vertices and unit normals, (V, 3) both, under (B, 3, 4) bone transforms."""
        points = skin(self.points, self.weights, transforms)
        return points[self.split_of], vertex_normals(points, self.sheet, "area")[self.split_of]


class Mannequin:
    """One dressed person; `posed` gives them in any pose.

    Parameters
    ----------
    studio
        Of the body model and the wardrobe.
    rng
        Draws body, clothes, hair and colours.
    """

    def __init__(self, studio: Studio, rng: np.random.Generator) -> None:
        self.studio = studio
        build = draw_build(rng)
        self.rest: RestBody = studio.model.rest(build.phenotype, build.local, build.expression)
        identity = np.tile(np.eye(3, 4), (len(studio.model.bones), 1, 1))  # (B, 3, 4)
        body = PosedBody(self.rest.vertices, studio.skin_faces, studio.limb)
        covered = np.zeros(SKIN_VERTICES, np.float32)
        removed = np.zeros(SKIN_VERTICES, bool)
        clothes: list[Piece] = []
        layers = []
        outfit = sorted(studio.dresser.draw(build.female, build.years, rng), key=lambda worn: worn.layer)
        for worn in outfit:
            cloth = worn.made.cloth
            points = cloth.place(self.rest)
            studio.hide_skin(worn, covered, removed)
            if worn.part not in ("shoes", "hat"):
                points = eased(cloth, worn.made.weave, points, worn.hang, rng)
            texture, scale, _ = studio.cloth_texture(worn, rng)
            uv = cloth.uv * np.float32(scale)
            clothes.append(Piece(
                f"{worn.part}:{cloth.name}", points, cloth.sheet.faces, cloth.weights, cloth.split_of, cloth.split, uv,
                texture,
            ))  # fmt: skip
            layers.append((worn.layer, points, vertex_normals(points, cloth.sheet.faces, "area")))
        hats = [layer[1] for worn, layer in zip(outfit, layers, strict=True) if worn.part == "hat"]
        layers = [layer for worn, layer in zip(outfit, layers, strict=True) if worn.part != "hat"]
        tree = cKDTree(self.rest.vertices[:SKIN_VERTICES])
        hair = []
        for part in studio.hairdresser.dress(build, self.rest, identity, body, layers, hats, rng)[0]:
            nearest = tree.query(part.vertices)[1]
            own = np.arange(len(part.vertices), dtype=np.int32)
            weights = studio.model.weights[nearest]
            hair.append(Piece(part.name, part.vertices, part.faces, weights, own, part.faces, part.uv, part.texture))
        tone = complexion.draw_tone(build.phenotype["african"], build.phenotype["asian"], rng)
        texture = complexion.skin_texture(studio.skin_picture(build, rng), tone, rng)
        _, iris = complexion.draw_iris(build.phenotype["african"], build.phenotype["asian"], rng)
        self.pieces = [
            self._flesh(covered, removed, texture), self._eyes(complexion.eye_texture(iris, rng)), *clothes, *hair,
        ]  # fmt: skip
        starts = np.cumsum([0, *(len(piece.split_of) for piece in self.pieces)])
        self.faces = np.concatenate([p.faces + start for p, start in zip(self.pieces, starts, strict=False)])
        self.faces = self.faces.astype(np.int32)
        self.uv = np.concatenate([piece.uv for piece in self.pieces]).astype(np.float32)
        self.material = np.repeat(np.arange(len(self.pieces)), [len(p.faces) for p in self.pieces]).astype(np.int32)
        self.materials = [_material(piece) for piece in self.pieces]

    def _flesh(self, covered: NDArray[np.float32], removed: NDArray[np.bool_], texture: NDArray[np.uint8]) -> Piece:
        """The skin, drawn in under clothes and cut away in shoes."""
        studio = self.studio
        points = studio.drawn_in(self.rest.vertices[:SKIN_VERTICES], covered, DRAWN_IN)
        faces, old, texel = studio.skin_split
        return Piece(
            "body", points.astype(np.float32), studio.skin_faces, studio.model.weights[:SKIN_VERTICES], old,
            faces[~removed[studio.skin_faces].all(1)], studio.model.mesh.uv[texel], texture,
        )  # fmt: skip

    def _eyes(self, texture: NDArray[np.uint8]) -> Piece:
        studio = self.studio
        part = studio.eyeballs(self.rest.vertices, texture)
        mesh = studio.model.mesh
        used = np.concatenate([np.unique(triangles(mesh.faces[rows])) for rows in studio.eyes.values()])
        own = np.arange(len(used), dtype=np.int32)
        weights = studio.model.weights[used]
        return Piece("eyes", part.vertices, part.faces, weights, own, part.faces, part.uv, texture)

    def posed(self, transforms: NDArray[np.float64]) -> tuple[Scan, NDArray[np.float32]]:
        """The person under (B, 3, 4) bone transforms, metres, y up; and unit vertex normals (V, 3).

        Scans of one mannequin share their faces, texture coordinates and materials.
        """
        parts = [piece.posed(transforms) for piece in self.pieces]
        vertices = np.concatenate([vertices for vertices, _ in parts])
        colour = np.full((len(vertices), 3), 255, np.uint8)
        scan = Scan(vertices, self.faces, self.uv, colour, self.material, self.materials, source="mannequin")
        return scan, np.concatenate([normals for _, normals in parts])


def _material(piece: Piece) -> Material:
    texture = piece.texture
    alpha = np.ascontiguousarray(texture[..., 3]) if texture.shape[2] == 4 else None
    return Material(piece.name, np.ones(3, np.float32), np.ascontiguousarray(texture[..., :3]), alpha)
