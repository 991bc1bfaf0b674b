"""One person from start to end: draw everything, build the meshes, give parts and a card.

Person i of seed S draws from `np.random.default_rng([S, i])` only, so it is the same person on any machine and with
any number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.people import complexion
from lifecast.people.appearance import Build, draw_build
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.cloth_part import cloth_part
from lifecast.people.drape import PosedBody, eased, settle, tuck, under_skin
from lifecast.people.fabric import draw_fabric, dress_texture
from lifecast.people.figure import Figure
from lifecast.people.glb import Part
from lifecast.people.hair import Hairdresser
from lifecast.people.joints import JointFinder
from lifecast.people.outfit import Dresser, Worn
from lifecast.people.penetration import LIMIT, SelfContact
from lifecast.people.pose_library import PoseLibrary
from lifecast.people.pose_shares import USUAL_CLIP_SHARE
from lifecast.people.rig import skin
from lifecast.people.stances import draw_pose, stand_at_ease
from lifecast.people.surface_mesh import averaging, split_seams
from lifecast.people.wardrobe import Wardrobe, picture_of
from lifecast.people.wavefront import triangles, triangles_uv
from lifecast.scans.landmark_file import joint_rows
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]

REDRAWS = 12
"""How often a pose that runs into itself is drawn anew before the person just stands at ease."""
TUCK = 0.008
"""Metres that the skin yields under clothes, so that it never shows through them."""


@dataclass
class Person:
    """What is written to disk for one person."""

    parts: list[Part]
    card: dict[str, Any]


class Studio:
    """Makes people: the body model, the wardrobe and the poses, loaded once."""

    def __init__(self, model: BodyModel, wardrobe: Wardrobe, poses: PoseLibrary) -> None:
        self.model, self.wardrobe, self.poses = model, wardrobe, poses
        self.dresser = Dresser(wardrobe)
        self.contact = SelfContact(model)
        self.joint_finder = JointFinder(model)
        mesh = model.mesh
        self.skin_faces = wardrobe.tailor.skin_faces
        rows = mesh.groups["body"]
        self.skin_split = split_seams(self.skin_faces, triangles_uv(mesh.faces[rows], mesh.face_uv[rows]))
        self.skin_average = averaging(self.skin_faces, SKIN_VERTICES)
        names = np.array(model.bones)[np.asarray(model.weights[:SKIN_VERTICES].argmax(1)).ravel()]
        arm = np.array([n.startswith(("upperarm", "lowerarm", "wrist", "finger", "metacarpal")) for n in names])
        self.limb = np.where(arm, np.where(np.char.endswith(names, ".L"), 1, -1), 0).astype(np.int8)
        self.hairdresser = Hairdresser(wardrobe)
        self.eyes = {side: mesh.groups[f"helper-{side}-eye"] for side in ("l", "r")}
        self.teeth = [mesh.groups[f"helper-{jaw}-teeth"] for jaw in ("upper", "lower")]

    def make(self, seed: int, number: int) -> Person:
        """Person `number` of `seed`."""
        rng = np.random.default_rng([seed, number])
        build = draw_build(rng)
        rest = self.model.rest(build.phenotype, build.local, build.expression)
        figure, pose = self.draw_pose(rest, rng)
        transforms = figure.transforms()
        posed = skin(rest.vertices, self.model.weights, transforms)
        body = PosedBody(posed, self.skin_faces, self.limb)
        size = float(np.ptp(rest.vertices[:SKIN_VERTICES, 1])) / float(np.ptp(self.wardrobe.tailor.skin[:, 1]))

        outfit = self.dresser.draw(build.female, build.years, rng)
        garments: list[dict[str, Any]] = []
        covered = np.zeros(SKIN_VERTICES, np.float32)
        removed = np.zeros(SKIN_VERTICES, bool)
        layers: list[tuple[int, Points, Points]] = []
        worst = 0.0
        outfit = sorted(outfit, key=lambda w: w.layer)
        for worn in outfit:
            cloth = worn.made.cloth
            fitted = cloth.place(rest)
            points = self._dress(worn, fitted, transforms, body, layers, size, rng)
            normals = vertex_normals(points, cloth.sheet.faces, "area")
            self.hide_skin(worn, covered, removed)
            if worn.part not in ("shoes", "hat"):
                worst = max(worst, under_skin(points, cloth, body))
            layers.append((worn.layer, points, normals))
        covers = self._tuck_in(outfit, layers)
        parts: list[Part] = []
        for worn, (_, points, normals) in zip(outfit, layers, strict=True):
            cloth = worn.made.cloth
            texture, scale, fabric = self.cloth_texture(worn, rng)
            parts.append(
                cloth_part(f"{worn.part}:{cloth.name}", cloth, points, normals, texture, scale, worn.part != "hat")
            )
            garments.append({
                "name": cloth.name, "source": worn.source, "class": worn.label, "part": worn.part, **worn.cut,
                "fabric": fabric,
            })  # fmt: skip
        hats = [layer[1] for worn, layer in zip(outfit, layers, strict=True) if worn.part == "hat"]
        below = [layer for worn, layer in zip(outfit, layers, strict=True) if worn.part != "hat"]
        hair = self.hairdresser.dress(build, rest, transforms, body, below, hats, rng)
        parts += hair[0]
        tone = complexion.draw_tone(build.phenotype["african"], build.phenotype["asian"], rng)
        parts[:0] = self._flesh(posed, covered, removed, covers, tone, build, rng)

        ground = min(float(part.vertices[:, 1].min()) for part in parts)
        pelvis = transforms[0, :, :3] @ rest.heads[0] + transforms[0, :, 3]
        shift = np.array([-pelvis[0], -ground, -pelvis[2]], np.float32)
        for part in parts:
            part.vertices = (part.vertices + shift).astype(np.float32)
        card = {
            "format": 1, "seed": seed, "number": number, **build.card(), "pose": pose, "garments": garments,
            "classes": sorted({g["class"] for g in garments}), "hair": hair[1],
            "skin": [round(float(c), 3) for c in tone],
            "pelvis": [round(float(c), 5) for c in pelvis + shift],
            "joints": joint_rows(self.joint_finder.joints(rest, transforms) + shift, 5),
            "height_m": round(max(float(part.vertices[:, 1].max()) for part in parts), 5),
            "stature_m": round(float(np.ptp(rest.vertices[:SKIN_VERTICES, 1])), 4),
            "under_skin": round(worst, 5),
            "triangles": int(sum(len(part.faces) for part in parts)),
        }  # fmt: skip
        return Person(parts, card)

    def draw_pose(
        self, rest: RestBody, rng: np.random.Generator, clip_share: float = USUAL_CLIP_SHARE
    ) -> tuple[Figure, dict[str, Any]]:
        """Draw a pose in which no limb runs deeper than `LIMIT` through the body.

        `clip_share` is as in `stances.draw_pose`.
        """
        for draw in range(REDRAWS):
            figure = Figure(self.model.bones, self.model.parents, rest)
            pose = draw_pose(figure, self.poses, rng, clip_share)
            posed = skin(rest.vertices[:SKIN_VERTICES], self.model.weights[:SKIN_VERTICES], figure.transforms())
            depth = self.contact.depth(posed)
            if depth <= LIMIT:
                return figure, pose | {"redrawn": draw, "depth_m": round(depth, 4)}
        figure = Figure(self.model.bones, self.model.parents, rest)
        return figure, stand_at_ease(figure, rng) | {"redrawn": REDRAWS}

    def _dress(
        self, worn: Worn, fitted: Points, transforms: NDArray[np.float64], body: PosedBody,
        layers: list[tuple[int, Points, Points]], size: float, rng: np.random.Generator,
    ) -> Points:  # fmt: skip
        """One garment on the posed body."""
        cloth, weave = worn.made.cloth, worn.made.weave
        if worn.part in ("shoes", "hat"):
            return skin(fitted, cloth.weights, transforms)
        loose = eased(cloth, weave, fitted, worn.hang, rng)
        if worn.made.relief is not None:
            loose = (
                loose
                + vertex_normals(loose, cloth.sheet.faces, "area") * np.clip(worn.made.relief, -0.008, 0.008)[:, None]
            )
        if cloth.seam.any():
            loose = loose - vertex_normals(loose, cloth.sheet.faces, "area") * (0.0012 * cloth.seam)[:, None]
        skinned = skin(loose, cloth.weights, transforms)
        inner = [(points, normals) for layer, points, normals in layers if layer < worn.layer]
        return settle(cloth, weave, loose, skinned, body, worn.hang, rng, inner, size)

    def hide_skin(self, worn: Worn, covered: NDArray[np.float32], removed: NDArray[np.bool_]) -> None:
        """Mark, in place, skin vertices (13380,) under a garment (1) and those in shoes and hats."""
        cloth = worn.made.cloth
        if worn.part in ("shoes", "hat"):
            removed[cloth.fit.delete[cloth.fit.delete < SKIN_VERTICES]] = True
        else:
            covered[self.skin_faces[cloth.anchor[cloth.hem > 0.012]].ravel()] = 1

    def drawn_in(self, skin_points: Points, covered: NDArray[np.float32], depth: float) -> Points:
        """The skin (13380, 3), where it is covered up to `depth` metres deeper."""
        inward = covered
        for _ in range(2):  # only where every neighbour is covered too, and gradually
            inward = np.minimum(inward, self.skin_average @ inward)
        drawn: Points = (
            skin_points - vertex_normals(skin_points, self.skin_faces, "area") * (depth * inward**2)[:, None]
        )
        return drawn

    @staticmethod
    def _tuck_in(
        outfit: list[Worn], layers: list[tuple[int, Points, Points]]
    ) -> list[tuple[Points, Points, NDArray[np.bool_]]]:
        """Let inner garments give way to outer ones (in place); returns what covers the skin."""
        covers = []
        for k, worn in enumerate(outfit):
            if worn.part in ("shoes", "hat"):
                continue
            layer, points, normals = layers[k]
            inside = worn.made.cloth.hem > 0.003
            covers.append((points, normals, inside))
            for n, below in enumerate(outfit[:k]):
                if layers[n][0] < layer and below.part != "shoes":
                    drawn_in = tuck(layers[n][1], points, normals, inside)
                    layers[n] = layers[n][0], drawn_in, vertex_normals(drawn_in, below.made.cloth.sheet.faces, "area")
        return covers

    def cloth_texture(self, worn: Worn, rng: np.random.Generator) -> tuple[NDArray[np.uint8], float, dict[str, Any]]:
        """Draw a garment's texture, how often it repeats, and its fabric for the card.

        It repeats over the garment's coordinates.
        """
        made = worn.made
        fabric = draw_fabric(worn.fabric, rng)
        if made.picture is not None and rng.random() < 0.12:  # as its author painted it
            return np.ascontiguousarray(made.picture[..., :3]), 1.0, {"pattern": "own"}
        texture, scale = dress_texture(fabric, made.picture, made.shading, made.metres, rng)
        return texture, scale, fabric.card

    def _flesh(
        self, posed: Points, covered: NDArray[np.float32], removed: NDArray[np.bool_],
        covers: list[tuple[Points, Points, NDArray[np.bool_]]], tone: NDArray[np.float64], build: Build,
        rng: np.random.Generator,
    ) -> list[Part]:  # fmt: skip
        """The body (drawn in under clothes, cut away in shoes), eyes and teeth."""
        skin_points = self.drawn_in(posed[:SKIN_VERTICES], covered, TUCK)
        hands = self.limb != 0  # a hand on the hip is not under the shirt
        for points, outer_normals, inside in covers:
            given_way = tuck(skin_points, points, outer_normals, inside, 0.003)
            skin_points = np.where((hands & (covered < 0.5))[:, None], skin_points, given_way)
        normals = vertex_normals(skin_points, self.skin_faces, "area")
        faces, old, texel = self.skin_split
        kept = ~removed[self.skin_faces].all(1)
        texture = self.skin_picture(build, rng)
        uv = self.model.mesh.uv
        parts = [
            Part(
                "body",
                skin_points[old],
                faces[kept],
                uv[texel],
                normals[old],
                complexion.skin_texture(texture, tone, rng),
            )
        ]
        _, colour = complexion.draw_iris(build.phenotype["african"], build.phenotype["asian"], rng)
        eye_picture = complexion.eye_texture(colour, rng)
        parts.append(self.eyeballs(posed, eye_picture))
        return parts + self.teeth_parts(posed)

    def teeth_parts(self, posed: Points) -> list[Part]:
        """Return upper and lower teeth of a posed body (19158, 3)."""
        parts = []
        ivory = np.full((8, 8, 3), np.array([0.86, 0.82, 0.74]) * 255, np.uint8)
        for name, rows in zip(("upper", "lower"), self.teeth, strict=True):
            tri = triangles(self.model.mesh.faces[rows])
            used, renamed = np.unique(tri, return_inverse=True)
            parts.append(Part(f"teeth:{name}", posed[used], renamed.reshape(-1, 3).astype(np.int32),
                              np.full((len(used), 2), 0.5, np.float32),
                              vertex_normals(posed, tri, "area")[used], ivory))  # fmt: skip
        return parts

    def eyeballs(self, posed: Points, picture: NDArray[np.uint8]) -> Part:
        """Both eyeballs, the iris mapped on from the front of the posed eye."""
        vertices, faces, uv = [], [], []
        start = 0
        for side in ("l", "r"):
            tri = triangles(self.model.mesh.faces[self.eyes[side]])
            used, renamed = np.unique(tri, return_inverse=True)
            points = posed[used].astype(np.float64)
            centre = (points.min(0) + points.max(0)) / 2
            rest_points = self.wardrobe.tailor.rest.vertices[used]
            rest_centre = (rest_points.min(0) + rest_points.max(0)) / 2
            # The eye's turn from the reference to here, by the points themselves (Kabsch).
            u, _, vt = np.linalg.svd((rest_points - rest_centre).T @ (points - centre))
            turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt).T
            local = (points - centre) @ turn
            radius = float(np.abs(local[:, :2]).max())
            flat = local[:, :2] / radius * np.where(local[:, 2:] < 0, 1.2, 0.98)
            vertices.append(points)
            faces.append(renamed.reshape(-1, 3) + start)
            uv.append(np.clip(flat * 0.5 + 0.5, 0.005, 0.995))
            start += len(used)
        both: Points = np.concatenate(vertices).astype(np.float32)
        tri = np.concatenate(faces).astype(np.int32)
        return Part(
            "eyes", both, tri, np.concatenate(uv).astype(np.float32), vertex_normals(both, tri, "area"), picture, 0.3
        )

    def skin_picture(self, build: Build, rng: np.random.Generator) -> NDArray[np.uint8] | None:
        """A painted skin of about this sex, age and tone, where the wardrobe has any."""
        if not self.wardrobe.skins:
            return None
        sex = "_female_" if build.female else "_male_"
        age = "young" if build.years < 38 else "middleage" if build.years < 60 else "old"
        named = [p for p in self.wardrobe.skins if sex in p.name]
        dark = build.phenotype["african"] > rng.uniform(0.3, 0.7)
        choice = [p for p in named if ("dark" in p.name) == dark] or named or self.wardrobe.skins
        choice = [p for p in choice if p.name.startswith(age)] or choice
        return picture_of(choice[int(rng.integers(len(choice)))])
