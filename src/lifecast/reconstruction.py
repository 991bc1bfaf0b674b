"""What comes out of one photograph: a person's mesh in metres, colours, normal maps, and ways to save and show them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from lifecast.errors import UsageError
from lifecast.options import TEXTURE
from lifecast.photo.person import Person
from lifecast.space.view import Camera
from lifecast.surface.output.metres import MetricFrame

if TYPE_CHECKING:
    import trimesh

    from lifecast.body.fitted_body import FittedBody
    from lifecast.body.measured_body import MeasuredBody
    from lifecast.model.inference_options import InferenceOptions
    from lifecast.step_constants import StepConstants
    from lifecast.surface.colour.colour_surface import SurfaceColours
    from lifecast.surface.output.coloured_mesh import ColouredMesh
    from lifecast.surface.output.normal_texture import CloseUpFolds
    from lifecast.surface.output.picture import Style, Subject


@dataclass(eq=False)
class Reconstruction:
    """One reconstructed person."""

    vertices: np.ndarray
    """(V, 3) float32, view space."""
    faces: np.ndarray
    """(F, 3) int32, counter-clockwise from outside."""
    normals: np.ndarray
    """(V, 3) float32, unit."""
    coloured: SurfaceColours
    """Colour of each vertex, whether the photograph shows it, and how far the colour is the photograph's own."""
    image: np.ndarray
    """(S, S, 3) uint8: the framed photograph, spanning [-1, 1] in x and y of view space."""
    mask: np.ndarray
    """(S, S) float32 in [0, 1]: where the person is in `image`."""
    front_normals: np.ndarray | None
    """(s, s, 3) float32 in [-1, 1], view space; 0 outside the person. None for networks without normal maps."""
    back_normals: np.ndarray | None
    """Likewise for the hidden side, drawn as if through the person: the same pixel is the same line of sight."""
    camera: Camera
    """View space to pixels of the photograph."""
    frame: MetricFrame
    """View space to metres."""
    person: Person
    photo_name: str
    notes: tuple[str, ...] = ()
    """What a user should know: cut off, small, an estimated scale, ..."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage (`STAGES`)."""
    asked: int = 0
    """Questions put to the occupancy field."""
    islands_dropped: int = 0
    weights: dict[str, Any] = field(default_factory=dict)
    """The card of the weights used."""
    inference: InferenceOptions | None = None
    """The steps without weights that ran."""
    constants: StepConstants | None = None
    """Constants of these steps; None: the default ones."""
    body: FittedBody | None = None
    """The body that was fitted to the person; None: none was wanted, or none fits."""
    close_ups: tuple[CloseUpFolds, ...] = ()
    """Normals of head and hands, where they were predicted in close-ups."""
    picture: np.ndarray | None = None
    """(P, P, 3) uint8: what `image` shows, at the photograph's own resolution, for the texture; None: `image` is as
    fine."""
    _textured: tuple[int, ColouredMesh, np.ndarray] | None = field(default=None, init=False, repr=False)

    @cached_property
    def measured_body(self) -> MeasuredBody | None:
        """The fitted body in the model's metres: its mesh, joints and lengths; None without a body."""
        if self.body is None:
            return None
        from lifecast.body.measured_body import MeasuredBody

        return MeasuredBody(self.body, self.frame.metres_per_unit, self.frame.origin)

    @property
    def steps(self) -> dict[str, Any]:
        """The steps without weights that ran, each with its strength (true: it has none)."""
        if self.inference is None:
            return {}
        return {step: getattr(self.inference, step) for step in self.inference.running()}

    @cached_property
    def model(self) -> ColouredMesh:
        """The surface in metres with its vertices' colours, as the file formats take it."""
        from lifecast import __version__
        from lifecast.surface.output.coloured_mesh import ColouredMesh

        said = ("name", "version", "source", "licence")
        provenance: dict[str, Any] = {
            "generator": f"lifecast {__version__}",
            "weights": {key: self.weights[key] for key in said if key in self.weights},
            "photograph": Path(self.photo_name).name,
            "steps": self.steps,
        }
        if self.constants is not None and (changed := self.constants.changed()):
            provenance["constants"] = changed
        if "licence" in self.weights:
            # Viewers show glTF's `asset.copyright`; some weights bind what is made with them.
            provenance["copyright"] = f"made with weights {self.weights.get('name', '')}: {self.weights['licence']}"
        vertices = self.frame.to_metres(self.vertices)
        return ColouredMesh(vertices, self.faces, self.normals, self.coloured.colours, provenance=provenance)

    @cached_property
    def textured(self) -> ColouredMesh:
        """The same surface cut into charts, with a texture of 2048 x 2048 texels."""
        return self.textured_at(TEXTURE)[0]

    def textured_at(self, size: int) -> tuple[ColouredMesh, np.ndarray]:
        """Cut the surface into charts and paint a texture of size x size texels, a power of two.

        Returns the mesh, and which of the surface's vertices each of its vertices is: (W,) int64. The last one is kept.
        """
        if self._textured is None or self._textured[0] != size:
            self._textured = (size, *self._cut_and_painted(size))
        return self._textured[1:]

    def _cut_and_painted(self, size: int) -> tuple[ColouredMesh, np.ndarray]:
        import torch

        from lifecast.space.resizing import resize_image
        from lifecast.surface.output.charts import CHART_CUTTING
        from lifecast.surface.output.coloured_mesh import ColouredMesh
        from lifecast.surface.output.normal_texture import NORMAL_TEXTURE, Folds
        from lifecast.surface.output.texture import bake_texture

        cutting = CHART_CUTTING if self.constants is None else self.constants.texture
        folds = None
        if self.front_normals is not None and self.back_normals is not None:
            constants = NORMAL_TEXTURE if self.constants is None else self.constants.normal_texture
            folds = Folds(self.normals, self.front_normals, self.back_normals, constants, self.close_ups)
        image = self.image if self.picture is None else self.picture
        wanted = max(size, len(self.image))
        if len(image) > wanted:  # finer than the texture: it would flicker, and take long
            image = np.array(Image.fromarray(image).resize((wanted, wanted), Image.Resampling.BOX))
        mask = resize_image(torch.tensor(self.mask)[None, None], len(image), antialias=False)[0, 0].numpy()
        baked = bake_texture(
            self.vertices, self.faces, self.coloured, image, mask, size, constants=cutting, folds=folds
        )
        whole = self.model
        mesh = ColouredMesh(
            whole.vertices[baked.vertex],
            baked.faces,
            whole.normals[baked.vertex],
            uv=baked.uv,
            texture=baked.texture,
            normal_texture=baked.normal_texture,
            provenance=whole.provenance,
        )
        return mesh, baked.vertex

    @cached_property
    def mesh(self) -> trimesh.Trimesh:
        """The surface as a trimesh, with vertex normals and colours.

        It is in metres, y up, feet on y = 0, front toward +z.
        """
        from lifecast.surface.output.export import to_trimesh

        return to_trimesh(self.model)

    def save(
        self,
        path: str | Path,
        textured: bool = True,
        stl_metres: bool = False,
        normal_texture: bool = True,
        texture: int = TEXTURE,
    ) -> list[Path]:
        """Write the model as its suffix says (.glb, .obj, .ply, .stl).

        Each file is written atomically. Returns what was written. GLB and OBJ are textured, or with `textured` off have
        vertex colours; PLY has these, STL the shape alone. STL is in millimetres with z up, for printing, or with
        `stl_metres` in metres with y up like the others. A textured GLB has the folds of the normal maps as a second
        texture, unless `normal_texture` is off. `texture`: texels along each side of the first one. `OutputError` if
        the file cannot be written.
        """
        from lifecast.surface.output.export import save_model

        textured = textured and Path(path).suffix.lower() in (".glb", ".obj")
        model = self.textured_at(texture)[0] if textured else self.model
        return save_model(model if normal_texture else replace(model, normal_texture=None), path, stl_metres)

    def preview(self, size: int = 512, yaw: float = 0.0, style: Style = "colour") -> Image.Image:
        """Draw the model, `size` x `size`.

        A positive `yaw` (degrees) turns its front toward the right.
        """
        from lifecast.surface.output.picture import draw

        return Image.fromarray(draw(self._subject, size, yaw, style=style))

    @cached_property
    def _subject(self) -> Subject:
        from lifecast.surface.output.picture import subject

        return subject(self.model.vertices, self.faces, self.normals, self.coloured.colours)

    def normal_map(self, side: Literal["front", "back"]) -> Image.Image:
        """Draw a predicted normal map: (n + 1) / 2, mid-grey where nobody is."""
        values = self.front_normals if side == "front" else self.back_normals
        if values is None:
            raise UsageError(f"these weights predict no normal maps, so there is no {side} one to show")
        return Image.fromarray(np.round((values + 1) * 127.5).clip(0, 255).astype(np.uint8))

    def overview(self, height: int = 512) -> Image.Image:
        """Draw front, left side, back, and the front's normals side by side."""
        from lifecast.surface.output.preview import preview

        return Image.fromarray(preview(self._subject, height))

    def turntable(self, path: str | Path, size: int = 480, frames: int = 36) -> Path:
        """Write an animation of one turn, .webp, .gif or .mp4, atomically."""
        from lifecast.surface.output.turntable import save_turntable

        save_turntable(self._subject, path, size, frames)
        return Path(path)
