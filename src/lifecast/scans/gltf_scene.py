"""A glTF scene as parts.

Faces and transforms are trimesh's, positions and colours as the specification defines them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifecast.errors import ScanError
from lifecast.scans.gltf_colours import GltfColours
from lifecast.scans.gltf_file import BINARY, GltfFile
from lifecast.scans.precision import check_steps
from lifecast.scans.references import References
from lifecast.scans.scan import Part


def read_gltf(path: Path, references: References) -> list[Part]:
    """Read the parts of a glTF scene, in the order of their names.

    Raises
    ------
    ScanError
        A texture cannot be had, the file requires what is not read, or its coordinates are too coarse.
    """
    import trimesh

    file = GltfFile(path, references)
    colours = GltfColours(file)
    kind = "glb" if path.suffix.lower() in BINARY else "gltf"
    scene = trimesh.load_scene(path, file_type=kind, process=False, resolver=references, skip_materials=True)
    if len(scene.geometry) != len(file.primitives):
        raise ScanError(f"{path}: its meshes cannot be told apart; export it again")
    primitive_of = dict(zip(scene.geometry, (primitive for _, primitive in file.primitives), strict=True))
    parts, stored = [], []
    # trimesh names the nodes of a mesh with several materials at random: the names of the geometries come first.
    for key, node in sorted((scene.graph[node][1], node) for node in scene.graph.nodes_geometry):
        mesh, primitive = scene.geometry[key], primitive_of[key]
        if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
            continue
        vertices = file.attribute(primitive, "POSITION")
        assert vertices is not None  # trimesh has read it
        stored.append(vertices)
        transform = scene.graph[node][0]
        vertices = trimesh.transform_points(vertices.astype(np.float64), transform)
        faces = np.asarray(mesh.faces)
        turned = np.linalg.det(transform[:3, :3]) < 0
        material, uv = colours.material(primitive)
        colour = colours.vertex_colours(primitive)
        parts.append(Part(str(key), vertices, faces[:, ::-1] if turned else faces, material, uv, colour))
    check_steps(stored, path)
    return parts
