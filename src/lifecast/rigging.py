"""From a reconstruction with a fitted body to a mesh with a skeleton, in the photograph's pose or another.

rigged = rig(model.reconstruct("photo.jpg", body=True), pose="t")
if isinstance(rigged, RiggedMesh): ...          # else rigged.reason says why there is none
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.limbs import in_words
from lifecast.body.rig.body_in_metres import BodyInMetres, body_in_metres, pose_transforms
from lifecast.body.rig.face_expressions import expression_moves, expression_offsets
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.repose import relative_transforms, repose
from lifecast.body.rig.rigged_surface import FarFromBody, RiggedSurface, rig_surface
from lifecast.options import TEXTURE, Pose
from lifecast.reconstruction import Reconstruction
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.colour.colour_surface import SurfaceColours
from lifecast.surface.output.rigged_mesh import RiggedMesh

MOST_DOUBTFUL = 6
"""Of twelve limbs: so many may be doubtful in a rig."""
MOST_STRETCHED = (0.01, 0.02)
"""Share of the triangles that a T pose may stretch without a note, and at all."""


@dataclass(frozen=True)
class NotRigged:
    """A person who could not be rigged."""

    reason: str
    """A sentence for the user."""


def rig(
    result: Reconstruction, body: FittedBody | None, pose: Pose = "photo", textured: bool = True, texture: int = TEXTURE
) -> RiggedMesh | NotRigged:
    """Give a reconstructed person a skeleton.

    Parameters
    ----------
    body : fitted to them, in view space; None: none was.
    pose : in which the mesh stands: "photo", "t" or "a".
    textured : with a texture rather than colours of the vertices.
    texture : texels along each side of it.
    """
    if body is None:
        return NotRigged("no body was fitted, so the model has no rig and stands as in the photograph")
    if len(body.doubtful) > MOST_DOUBTFUL:
        return NotRigged(
            f"the body's {in_words(body.doubtful)} do not lie where the picture has them, so the model has no rig and "
            "stands as in the photograph"
        )
    posed = body_in_metres(body, result.frame.metres_per_unit, np.asarray(result.frame.origin))
    try:
        surface = rig_surface(result.frame.to_metres(result.vertices), result.faces, posed)
    except FarFromBody as error:
        return NotRigged(f"{error}, so the model has no rig and stands as in the photograph")
    if surface.stretched > MOST_STRETCHED[1]:
        return NotRigged(
            f"moved limbs would tear the surface ({surface.stretched:.1%} of it in a T pose: the body is folded up, or "
            "lies elsewhere), so the model has no rig and stands as in the photograph"
        )
    cut = cut_reconstruction(result, surface)
    vertices, transforms = _stand(surface, posed, pose)
    normals = vertex_normals(vertices, surface.faces)
    mesh, vertex = cut.textured_at(texture) if textured else (cut.model, np.arange(len(vertices)))
    names = shipped_body()
    return RiggedMesh(
        mesh=replace(mesh, vertices=vertices[vertex], normals=normals[vertex]),
        joints=tuple(names.joints),
        parents=tuple(names.parents),
        rest=posed.rest_joints,
        pose=transforms,
        influences=surface.influences[vertex],
        weights=surface.weights[vertex],
        notes=(*_still(body), *_torn(surface)),
    )


def _still(body: FittedBody) -> tuple[str, ...]:
    """Say which limbs of the skeleton move nothing."""
    if not body.doubtful:
        return ()
    move = "moves" if len(body.doubtful) == 1 else "move"
    return (f"the skeleton's {in_words(body.doubtful)} {move} nothing: the surface there goes with what is next to it",)


def _torn(surface: RiggedSurface) -> tuple[str, ...]:
    """Warn of a surface that its rig tears in places."""
    if surface.stretched <= MOST_STRETCHED[0]:
        return ()
    return (f"{surface.stretched:.1%} of the surface tears when limbs move: look at the clips before use",)


def _stand(surface: RiggedSurface, body: BodyInMetres, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """The surface's vertices (W, 3) in a pose, the lowest on y = 0, and what takes the joints there from rest."""
    if pose == "photo":
        return surface.vertices, body.pose
    transforms = body.transforms(named_pose(body.rest_joints, pose))
    moved = relative_transforms(body.pose, transforms)
    vertices = repose(surface.vertices, surface.influences, surface.weights, moved)
    down = vertices[:, 1].min()
    vertices[:, 1] -= down
    transforms[:, 1, 3] -= down
    return vertices, transforms


def reposed(rigged: RiggedMesh, pose: Literal["t", "a"]) -> RiggedMesh:
    """Move a rigged mesh to a T pose or an A pose.

    It then faces +z, its lowest point is on y = 0, and its root is over x = z = 0.
    """
    transforms = pose_transforms(rigged.rest, named_pose(rigged.rest, pose))
    moved = relative_transforms(rigged.pose, transforms)
    vertices = repose(rigged.mesh.vertices, rigged.influences, rigged.weights, moved)
    down = vertices[:, 1].min()
    vertices[:, 1] -= down
    transforms[:, 1, 3] -= down
    moved[:, :3, 3] = 0  # directions only turn
    normals = repose(rigged.mesh.normals, rigged.influences, rigged.weights, moved)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-8)
    return replace(rigged, mesh=replace(rigged.mesh, vertices=vertices, normals=normals), pose=transforms)


def face_expressions(rigged: RiggedMesh, result: Reconstruction) -> dict[str, np.ndarray]:
    """Find how VRM's expressions move a rigged mesh: name -> offsets (V, 3), metres.

    None where no face was fitted: nothing says where eyes and mouth are.
    """
    body = result.body
    if body is None or "face" not in body.fitted:
        return {}
    posed = body_in_metres(body, result.frame.metres_per_unit, np.asarray(result.frame.origin))
    moves = expression_moves(body, result.frame.metres_per_unit)
    return dict(expression_offsets(
        rigged.mesh.vertices, rigged.influences, rigged.weights, rigged.pose, posed.skin_rest, moves
    ))  # fmt: skip


def cut_reconstruction(result: Reconstruction, surface: RiggedSurface) -> Reconstruction:
    """Give a reconstruction the surface that its rig cut, with its colours.

    What fills a cut shows nothing of the photograph: its trust is 0.
    """
    coloured, made_of = result.coloured, surface.made_of
    single = np.diff(made_of.indptr) == 1
    trust = np.where(single, made_of @ coloured.trust, 0).astype(np.float32)
    visible = np.where(single, made_of @ coloured.visible.astype(np.float32) > 0.5, False)
    colours = (made_of @ coloured.colours.astype(np.float32)).round().astype(np.uint8)
    vertices = result.frame.to_view(surface.vertices)
    return replace(
        result, vertices=vertices, faces=surface.faces, normals=vertex_normals(vertices, surface.faces),
        coloured=SurfaceColours(colours, visible, trust),
    )  # fmt: skip
