"""A made person: body, clothes that hang, hair, shoes; dressed once, then taken from pose to pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lifecast.people import complexion
from lifecast.people.accessories.bags import KINDS as BAGS
from lifecast.people.accessories.bags import make_bag
from lifecast.people.accessories.hats import KINDS as HATS
from lifecast.people.appearance import draw_build
from lifecast.people.approach import Approach
from lifecast.people.asset_garments import with_assets
from lifecast.people.beneath import draw_beneath
from lifecast.people.body import SKIN_VERTICES
from lifecast.people.body_record import body_record
from lifecast.people.draping import DrapedPerson, Hang
from lifecast.people.fabric import draw_fabric
from lifecast.people.footwear.heel import on_heels
from lifecast.people.footwear.wear import make_shoes, shoes_for
from lifecast.people.garment import Garment
from lifecast.people.garment_part import GarmentSurface
from lifecast.people.glb import Part
from lifecast.people.hairstyles.beard import shade_skin
from lifecast.people.hairstyles.choice import dress_head
from lifecast.people.hanging import PULLED, REACH, Hanging, measure_hanging
from lifecast.people.motion import STILL_AIR, Rotations, Wind
from lifecast.people.outfits import SUITS, draw_outfit
from lifecast.people.parsing import parse_mesh, parse_skin
from lifecast.people.patterns.measures import take_measures
from lifecast.people.regions import garment_regions, part_regions
from lifecast.people.rest_part import RestPart
from lifecast.people.rig import bone_transforms, skin
from lifecast.scans.rays import build_scene
from lifecast.scans.read import Material, Scan
from lifecast.space.mesh_normals import vertex_normals

if TYPE_CHECKING:
    from lifecast.people.person import Studio

Rng = np.random.Generator
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Wear:
    """Shares of people who wear something besides clothes, and how clothes hide the skin."""

    barefoot: float = 0.03
    hat: float = 0.07
    bag: float = 0.06
    covered_reach: float = 0.15
    """Metres above the skin within which cloth covers it."""
    drawn_in: float = 0.004
    """Metres that covered skin lies deeper: it never shows through a tight garment."""


COLOURS = {"dress": "dress", "outer": "coat", "bottom": "bottom"}
"""What a garment's part is coloured as (a key of `fabric.USUAL`); the others are tops."""
OWN_COLOURS = ("denim", "leather")
"""Fabrics with colours of their own."""


def class_of(garment: Garment) -> str:
    """Return what a benchmark counts a garment as: dress, skirt, shorts, trousers, top, coat, and so on."""
    if garment.part == "bottom":
        return "skirt" if "skirt" in garment.name else "shorts" if "shorts" in garment.name else "trousers"
    if garment.part == "dress":
        return "jumpsuit" if garment.name in SUITS else "dress"
    return "coat" if garment.part == "outer" else garment.part


class DressedPerson:
    """One person, dressed at rest; `take` brings them into a pose, `parts` gives them as they are.

    Parameters
    ----------
    studio
        Of the body model and what people are made from.
    rng
        Draws body, clothes, hair and colours.
    """

    def __init__(self, studio: Studio, rng: Rng, wear: Wear | None = None, hang: Hang | None = None) -> None:
        self.studio, self.wear = studio, wear or Wear()
        model = studio.model
        self.build = draw_build(rng)
        self.rest = model.rest(self.build.phenotype, self.build.local, self.build.expression)
        sewn = draw_outfit(take_measures(self.rest, model), self.build.female, rng, without=studio.without)
        garments, self._pieces = with_assets(
            sewn, studio.wardrobe, self.rest, studio.skin_faces, self.build.female, rng
        )
        self.rigid: list[RestPart] = []
        self.card: dict[str, Any] = {}
        self._put_on_the_rest(rng, garments)
        shoes = [part for part in self.rigid if part.name.startswith("shoes")]
        self._skin_rest = np.concatenate([self.rest.vertices[:SKIN_VERTICES], *(part.points for part in shoes)])
        self._skin_weights = [model.weights[:SKIN_VERTICES], *(part.weights for part in shoes)]
        starts = np.cumsum([SKIN_VERTICES, *(len(part.points) for part in shoes)])
        faces = [studio.skin_faces, *(p.faces + s for p, s in zip(shoes, starts, strict=False))]
        self._removed = np.zeros(SKIN_VERTICES, bool)
        for part in self.rigid:
            self._removed |= part.hidden
        shoulders = self.rest.heads[[model.bone("upperarm01" + side) for side in (".L", ".R")]]
        beneath = np.concatenate(faces).astype(np.int32)
        self._draped = self._dressed(garments, beneath, shoulders, hang or Hang())
        too_tight = self._pulled(garments)
        if too_tight:
            garments = [own if own.name not in too_tight else ours for own, ours in zip(garments, sewn, strict=True)]
            self._draped = self._dressed(garments, beneath, shoulders, hang or Hang())
        self._covered = self._skin_under_cloth()
        self.transforms = bone_transforms(model.parents, self.rest.heads, {})
        self._look(rng)
        self._surfaces: list[GarmentSurface] = []
        self._materials: list[Material] = []
        self.hanging: list[Hanging] = []
        """How the garments of the pose taken last hang, in the order of the card's `garments`."""
        self.parsing: NDArray[np.uint8] = np.zeros(0, np.uint8)
        """(F,) the `Part` of each face of a `scan`, once one was given."""

    def _dressed(
        self, garments: list[Garment], faces: NDArray[np.int32], shoulders: NDArray[np.float64], hang: Hang
    ) -> DrapedPerson:
        """Put garments on at rest, above the skin and the shoes."""
        draped = DrapedPerson(
            garments, self._skin, faces, self._arms(), self.studio.model.parents, self.rest.heads, shoulders, hang
        )
        draped.dress()
        return draped

    def _pulled(self, garments: list[Garment]) -> set[str]:
        """The garments of the assets that are stretched at rest already: they slide off in the first pose."""
        if not self._pieces:
            return set()
        hanging = self._draped.measure()
        return {
            garment.name for garment, found in zip(garments, hanging, strict=True)
            if garment.name in self._pieces and found.stretch > PULLED
        }  # fmt: skip

    def _put_on_the_rest(self, rng: Rng, garments: Sequence[Garment]) -> None:
        """Draw shoes, hair, hat, glasses and bag to go with garments."""
        model, rest = self.studio.model, self.rest
        layers = max((garment.layer for garment in garments), default=0)
        self._stance: Rotations = {}
        if rng.random() >= self.wear.barefoot:
            trousers = any(class_of(garment) in ("trousers", "jumpsuit") for garment in garments)
            kind = str(rng.choice(shoes_for(self.build.female, trousers)))
            shoes = make_shoes(model, rest, kind, rng)
            self.rigid.append(shoes.part)
            self._stance = shoes.stance
            self.card["shoes"] = kind
        hat = str(rng.choice(list(HATS))) if rng.random() < self.wear.hat else None
        head = dress_head(model, rest, self.build, rng, hat, garment=0.012 + 0.006 * layers)
        self.rigid += head.parts
        self.card["hair"] = head.card
        self._shade, self._shade_colour = head.shade, head.colour
        if rng.random() < self.wear.bag:
            kind = str(rng.choice(list(BAGS)))
            texture = (draw_fabric("leather" if rng.random() < 0.5 else "coat", rng).picture * 255).astype(np.uint8)
            self.rigid.append(make_bag(model, rest, kind, texture, rng, clearance=0.012 + 0.008 * layers))
            self.card["bag"] = kind

    def _skin(self, transforms: NDArray[np.float64]) -> Points:
        """What garments lie on, posed: the skin and the shoes."""
        start, found = 0, []
        for weights in self._skin_weights:
            rows = slice(start, start + weights.shape[0])
            found.append(skin(self._skin_rest[rows], weights, transforms))
            start = rows.stop
        return np.concatenate(found)

    def _arms(self) -> NDArray[np.int8]:
        """Which arm the skin's and shoes' vertices belong to: 1 left, 2 right, 0 neither."""
        found = np.zeros(len(self._skin_rest), np.int8)
        found[:SKIN_VERTICES] = np.where(self.studio.limb < 0, 2, self.studio.limb)
        return found

    def _skin_under_cloth(self) -> NDArray[np.float32]:
        """(13380,) 1 where a ray from the skin at rest, outward, soon meets a garment."""
        points, faces = self._draped.hanging()
        points_skin = self._draped.now[:SKIN_VERTICES]
        normals = vertex_normals(points_skin, self.studio.skin_faces, "area")
        scene = build_scene(points, faces)
        origin = points_skin - normals * np.float32(0.002)
        far = np.asarray(scene.run(origin.astype(np.float32), normals.astype(np.float32), query="DISTANCE"))
        return (far < self.wear.covered_reach).astype(np.float32)

    def _look(self, rng: Rng) -> None:
        """Draw the textures of skin, eyes and clothes."""
        phenotype = self.build.phenotype
        tone = complexion.draw_tone(phenotype["african"], phenotype["asian"], rng)
        texture = complexion.skin_texture(self.studio.skin_picture(self.build, rng), tone, rng)
        self._skin_texture = shade_skin(texture, self.studio.model, self._shade, self._shade_colour, rng)
        _, iris = complexion.draw_iris(phenotype["african"], phenotype["asian"], rng)
        self._eye_texture = complexion.eye_texture(iris, rng)
        self._fabrics = []
        garments = []
        for garment in self._draped.garments:
            kind = garment.fabric if garment.fabric in OWN_COLOURS else COLOURS.get(garment.part, "top")
            fabric = draw_fabric(kind, rng)
            self._fabrics.append(((fabric.picture * 255).astype(np.uint8), 1 / fabric.span))
            garments.append({
                "name": garment.name, "part": garment.part, "layer": garment.layer, "cloth": garment.fabric,
                "class": class_of(garment), "source": self._pieces[garment.name].source if garment.name in self._pieces
                else "sewn", "fabric": fabric.card,
            })  # fmt: skip
        self.card |= {"garments": garments, "skin": [round(float(c), 3) for c in tone]}

    def take(self, pose: Rotations, wind: Wind = STILL_AIR, approach: Approach | None = None) -> None:
        """Go on to a pose, bone -> rotation against its parent, in a wind of so many m/s, until the clothes hang.

        With an approach, which ends in the pose, they swing on instead. High heels turn the feet of all poses.
        """
        model = self.studio.model
        pose = on_heels(model, pose, self._stance)
        if approach is None:
            self._draped.move(pose, wind)
            self._kept = self._draped.keep(wind)
        else:
            poses = tuple(on_heels(model, before, self._stance) for before in approach.poses)
            self._kept = self._draped.move_and_keep(replace(approach, poses=poses), wind)
        self._pose = pose
        self.hanging = measure_hanging(self._kept.points, self._kept.mesh, self._draped.now)
        self.transforms = bone_transforms(model.parents, self.rest.heads, pose)
        if not self._surfaces:
            self._surfaces = [GarmentSurface(self._kept.mesh, k) for k in range(len(self._draped.garments))]
            hip = float(self.rest.heads[self.studio.model.bone("upperleg01.L")][1])
            for surface, garment in zip(self._surfaces, self._draped.garments, strict=True):
                surface.set_regions(garment_regions(garment, class_of(garment), hip))

    def is_whole(self) -> bool:
        """Whether the body went through no garment on its way to the pose taken last."""
        garments = self._draped.garments
        return all(h.whole(REACH[g.part]) for h, g in zip(self.hanging, garments, strict=True))

    def dress_again(self) -> None:
        """Go back to the rest pose and put the garments on anew."""
        self._draped.dress()

    def body_record(self, shift: NDArray[np.floating]) -> dict[str, Any] | None:
        """Describe the true body in the pose taken last, moved by `shift` metres, for a person's record."""
        return body_record(self.studio.model, self.build, self._pose, shift)

    def parts(self) -> list[Part]:
        """The person in the pose taken last: skin, eyes, teeth, clothes, then shoes, hair and so on; metres, y up.

        Of all poses, the parts have the same faces, texture coordinates and textures.
        """
        points = [self._kept.points[surface.particles] for surface in self._surfaces]
        for k, outer in enumerate(self._surfaces):
            for n, inner in enumerate(self._surfaces):
                if inner.garment.layer < outer.garment.layer:
                    points[n] = draw_beneath(points[n], inner.faces, inner.average, points[k], outer.faces)
        clothes = [
            surface.part(p, texture, repeats)
            for p, surface, (texture, repeats) in zip(points, self._surfaces, self._fabrics, strict=True)
        ]
        posed = skin(self.rest.vertices, self.studio.model.weights, self.transforms)
        parts = [*self._flesh(posed, clothes), *clothes, *(part.posed(self.transforms) for part in self.rigid)]
        for part in parts:
            part.parsing = self._skin_parsing() if part.name == "body" else parse_mesh(part.name, len(part.faces))
        return parts

    def scan(self) -> tuple[Scan, Points]:
        """Give the person as one mesh in metres, y up, with unit vertex normals (V, 3).

        Scans of one person share their faces, texture coordinates and materials.
        """
        parts = self.parts()
        vertices = np.concatenate([part.vertices for part in parts])
        if not self._materials:
            starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
            faces = np.concatenate([p.faces + s for p, s in zip(parts, starts, strict=False)])
            self._faces = faces.astype(np.int32)
            self._uv = np.concatenate([part.uv for part in parts]).astype(np.float32)
            self._material = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts]).astype(np.int32)
            white = np.ones(3, np.float32)
            self.parsing = np.concatenate([p.parsing for p in parts if p.parsing is not None])
            self._materials = [Material(p.name, white, np.ascontiguousarray(p.texture[..., :3]), None) for p in parts]
        colour = np.full((len(vertices), 3), 255, np.uint8)
        scan = Scan(vertices, self._faces, self._uv, colour, self._material, self._materials, source="made person")
        return scan, np.concatenate([part.normals for part in parts])

    def _skin_parsing(self) -> NDArray[np.uint8]:
        kept = ~self._removed[self.studio.skin_faces].all(1)
        return parse_skin(self.studio.skin_regions[kept], self._shade, self.studio.skin_faces[kept])

    def _flesh(self, posed: Points, clothes: list[Part]) -> list[Part]:
        studio = self.studio
        points = studio.drawn_in(posed[:SKIN_VERTICES], self._covered, self.wear.drawn_in)
        covered = np.flatnonzero(self._covered > 0.5)
        for cloth in clothes:
            points = draw_beneath(points, studio.skin_faces, studio.skin_average, cloth.vertices, cloth.faces, covered)
        normals = vertex_normals(points, studio.skin_faces, "area")
        faces, old, texel = studio.skin_split
        kept = faces[~self._removed[studio.skin_faces].all(1)]
        body = Part("body", points[old], kept, studio.model.mesh.uv[texel], normals[old], self._skin_texture)
        body.regions = studio.skin_regions[~self._removed[studio.skin_faces].all(1)]
        inner = [studio.eyeballs(posed, self._eye_texture), *studio.teeth_parts(posed)]
        for part in inner:
            part.regions = part_regions(part.name, part.vertices, part.faces)
        return [body, *inner]
