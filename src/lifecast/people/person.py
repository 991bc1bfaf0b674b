"""One person from start to end: draw everything, build the meshes, give parts and a card.

Person i of seed S draws from `np.random.default_rng([S, i])` only, so it is the same person on any machine and with
any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecast.people.appearance import Build
from lifecast.people.approach import Approach, Moves, by_clip, by_turn
from lifecast.people.assets import picture_of
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.dressed import DressedPerson
from lifecast.people.figure import Figure
from lifecast.people.glb import Part
from lifecast.people.joints import JointFinder
from lifecast.people.motion import STILL_AIR, Wind
from lifecast.people.penetration import LIMIT, SelfContact
from lifecast.people.pose_library import PoseLibrary
from lifecast.people.pose_shares import USUAL_CLIP_SHARE
from lifecast.people.regions import skin_regions
from lifecast.people.rig import skin
from lifecast.people.stances import draw_pose, stand_at_ease
from lifecast.people.surface_mesh import averaging, split_seams
from lifecast.people.wardrobe import Wardrobe
from lifecast.people.wavefront import triangles, triangles_uv
from lifecast.scans.landmark_file import joint_rows
from lifecast.space.mesh_normals import vertex_normals

Points = NDArray[np.float32]

TRIES = 3
"""How often a pose in which the body went through its clothes is drawn anew."""

REDRAWS = 12
"""How often a pose that runs into itself is drawn anew before the person just stands at ease."""


@dataclass
class Person:
    """What is written to disk for one person."""

    parts: list[Part]
    card: dict[str, Any]


class Studio:
    """Makes people: the body model, the wardrobe and the poses, loaded once.

    Nobody wears the sewn kinds `without` (names of `patterns.kinds.KINDS`); the wardrobe knows which assets are left
    out.
    """

    def __init__(self, model: BodyModel, wardrobe: Wardrobe, poses: PoseLibrary, without: Collection[str] = ()) -> None:
        self.model, self.wardrobe, self.poses, self.without = model, wardrobe, poses, frozenset(without)
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
        self.skin_regions = skin_regions(model, self.skin_faces)
        self.eyes = {side: mesh.groups[f"helper-{side}-eye"] for side in ("l", "r")}
        self.teeth = [mesh.groups[f"helper-{jaw}-teeth"] for jaw in ("upper", "lower")]

    def make(self, seed: int, number: int) -> Person:
        """Make person `number` of `seed`, in one pose."""
        rng = np.random.default_rng([seed, number])
        person = DressedPerson(self, rng)
        pose = self.pose(person, rng)
        for garment, hanging in zip(person.card["garments"], person.hanging, strict=True):
            garment["farthest_m"], garment["stretch"] = round(hanging.farthest, 4), round(hanging.stretch, 3)
        parts = person.parts()
        transforms, rest = person.transforms, person.rest
        ground = min(float(part.vertices[:, 1].min()) for part in parts)
        pelvis = transforms[0, :, :3] @ rest.heads[0] + transforms[0, :, 3]
        shift = np.array([-pelvis[0], -ground, -pelvis[2]], np.float32)
        for part in parts:
            part.vertices = (part.vertices + shift).astype(np.float32)
        card = {
            "format": 2, "seed": seed, "number": number, **person.build.card(), "pose": pose, **person.card,
            "classes": sorted({g["class"] for g in person.card["garments"]}),
            "pelvis": [round(float(c), 5) for c in pelvis + shift],
            "body": person.body_record(shift),
            "joints": joint_rows(self.joint_finder.joints(rest, transforms) + shift, 5),
            "height_m": round(max(float(part.vertices[:, 1].max()) for part in parts), 5),
            "stature_m": round(float(np.ptp(rest.vertices[:SKIN_VERTICES, 1])), 4),
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

    def pose(
        self, person: DressedPerson, rng: np.random.Generator, clip_share: float = USUAL_CLIP_SHARE,
        draw_air: Callable[[np.random.Generator], Wind] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Draw a pose and bring a dressed person into it; returns what was drawn, for the card.

        Where the body went through its clothes on the way, they are put on anew and another pose is drawn; after
        `TRIES` of these the person just stands at ease.
        """
        for tries in range(TRIES + 1):
            if tries < TRIES:
                figure, pose = self.draw_pose(person.rest, rng, clip_share)
                pose["approach"], approach = self.draw_approach(figure, pose, rng)
            else:
                figure = Figure(self.model.bones, self.model.parents, person.rest)
                pose, approach = stand_at_ease(figure, rng) | {"redrawn": REDRAWS, "approach": "still"}, None
            person.take(figure.rotations(), draw_air(rng) if draw_air else STILL_AIR, approach)
            if person.is_whole():
                break
            person.dress_again()
        return pose | {"torn": tries}

    def draw_approach(
        self, kept: Figure, pose: dict[str, Any], rng: np.random.Generator
    ) -> tuple[str, Approach | None]:
        """Draw how the figure comes into a pose that `draw_pose` gave: "clip", "turn", or "still" and None.

        The numbers are of a generator beside `rng`, whose own next numbers stay what they are.
        """
        beside = rng.spawn(1)[0]
        approach = None
        if pose["kind"] == "clip":
            clip = next(clip for clip in self.poses.clips if clip.name == pose["clip"])
            approach = by_clip(clip, pose["frame"], kept)
        elif pose["kind"] == "standing" and beside.random() < Moves().turning:
            return "turn", by_turn(kept.rotations(), kept.index["root"], beside)
        return ("still", None) if approach is None else ("clip", approach)

    def drawn_in(self, skin_points: Points, covered: NDArray[np.float32], depth: float) -> Points:
        """The skin (13380, 3), where it is covered up to `depth` metres deeper."""
        inward = covered
        for _ in range(2):  # only where every neighbour is covered too, and gradually
            inward = np.minimum(inward, self.skin_average @ inward)
        drawn: Points = (
            skin_points - vertex_normals(skin_points, self.skin_faces, "area") * (depth * inward**2)[:, None]
        )
        return drawn

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
        return picture_of(choice[int(rng.integers(len(choice)))].picture)
