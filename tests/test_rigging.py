"""From a reconstruction and a body to a mesh with a skeleton."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "surface" / "output"))
from rigged_files import ReadGlb

import lifecast
from lifecast import rigging
from lifecast.body.components import SKIN_VERTICES
from lifecast.body.fitted_body import FittedBody, shipped_body
from lifecast.body.rig.face_expressions import EXPRESSIONS
from lifecast.body.rig.named_poses import named_pose
from lifecast.body.rig.rigged_surface import rig_surface
from lifecast.body.rig.skin_weights import skin_faces
from lifecast.options import ReconstructOptions
from lifecast.results import write_results
from lifecast.rigging import NotRigged, face_expressions, rig
from lifecast.space.mesh_normals import vertex_normals
from lifecast.surface.colour.colour_surface import SurfaceColours
from lifecast.surface.output.metres import MetricFrame
from lifecast.surface.output.rigged_mesh import RiggedMesh

Doll = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def doll_result(doll_weights: Path, doll: Doll) -> lifecast.Reconstruction:
    return lifecast.load(doll_weights, "cpu").reconstruct(doll[0], mask=doll[1], resolution=64)


@pytest.fixture(scope="module")
def body() -> FittedBody:
    parts = shipped_body()
    numbers = np.zeros(24, np.float32), np.zeros(len(parts.actions), np.float32)
    still = np.tile(np.eye(3, dtype=np.float32), (len(parts.joints), 1, 1))
    rest = FittedBody(*numbers, still, np.zeros(3, np.float32), 1.0).rest()
    return FittedBody(*numbers, named_pose(rest.joints[0].numpy(), "a"), np.array([0, 0.02, 0], np.float32), 0.9)


@pytest.fixture(scope="module")
def skin_result(doll_result: lifecast.Reconstruction, body: FittedBody) -> lifecast.Reconstruction:
    """A reconstruction whose surface is the body's own skin."""
    used, number = np.unique(skin_faces(), return_inverse=True)
    vertices, faces = body.posed[0][:SKIN_VERTICES][used], number.reshape(-1, 3).astype(np.int32)
    normals = vertex_normals(vertices, faces)
    visible = normals[:, 2] > 0.3
    colours = np.where(visible[:, None], np.uint8(200), np.uint8(90)).repeat(3, 1)
    return replace(
        doll_result, vertices=vertices, faces=faces, normals=normals, body=body,
        coloured=SurfaceColours(colours, visible, visible.astype(np.float32)),
        frame=MetricFrame(1 / 0.9, (0.0, -0.72, 0.0)),
    )  # fmt: skip


def test_nobody_is_rigged_without_a_body(doll_result: lifecast.Reconstruction) -> None:
    found = rig(doll_result, None)
    assert isinstance(found, NotRigged)
    assert found.reason == "no body was fitted, so the model has no rig and stands as in the photograph"


def test_a_body_that_is_elsewhere_gives_a_note_and_a_model_without_a_rig(
    doll_result: lifecast.Reconstruction, body: FittedBody, tmp_path: Path
) -> None:
    away = replace(doll_result, body=replace(body, offset=np.array([0, 3, 0], np.float32)), notes=("before",))
    options = ReconstructOptions(pose="t", vertex_colours=True)
    assert write_results(away, tmp_path / "p", options) == [tmp_path / "p.glb"]
    assert away.notes[0] == "before"
    assert away.notes[1].endswith("from the body, so the model has no rig and stands as in the photograph")
    assert b'"skins"' not in (tmp_path / "p.glb").read_bytes()


def test_the_rig_stands_where_it_was_asked_to(skin_result: lifecast.Reconstruction, body: FittedBody) -> None:
    found = rig(skin_result, body, textured=False)
    assert isinstance(found, RiggedMesh)
    count = len(skin_result.vertices)
    np.testing.assert_allclose(found.mesh.vertices[:count], skin_result.model.vertices, atol=1e-5)
    assert np.array_equal(found.mesh.colours[:count], skin_result.coloured.colours)  # type: ignore[index]
    posed = np.einsum("jxy,jy->jx", found.pose[:, :3, :3], found.rest) + found.pose[:, :3, 3]
    np.testing.assert_allclose(posed, skin_result.frame.to_metres(body.posed[1]), atol=1e-4)

    stretched = rig(skin_result, body, "t", textured=False)
    assert isinstance(stretched, RiggedMesh)
    assert abs(float(stretched.mesh.vertices[:, 1].min())) < 1e-6
    wide, before = (np.ptp(one.mesh.vertices[:, 0]) for one in (stretched, found))
    assert wide > 1.2 * before
    hands = [stretched.joints.index(f"wrist.{side}") for side in "LR"]
    joints = np.einsum("jxy,jy->jx", stretched.pose[:, :3, :3], stretched.rest) + stretched.pose[:, :3, 3]
    shoulder = stretched.joints.index("upperarm01.L")
    np.testing.assert_allclose(joints[hands, 1], joints[shoulder, 1], atol=1e-3)


def test_a_textured_rig_carries_the_influences_over_to_split_vertices(
    skin_result: lifecast.Reconstruction, body: FittedBody
) -> None:
    plain, textured = rig(skin_result, body, "t", textured=False), rig(skin_result, body, "t")
    assert isinstance(plain, RiggedMesh)
    assert isinstance(textured, RiggedMesh)
    assert textured.mesh.texture is not None
    assert len(textured.mesh.vertices) > len(plain.mesh.vertices)
    where = {tuple(point): k for k, point in enumerate(plain.mesh.vertices.tolist())}
    same = np.array([where[tuple(point)] for point in textured.mesh.vertices.tolist()])
    assert np.array_equal(textured.influences, plain.influences[same])
    assert np.array_equal(textured.weights, plain.weights[same])


def test_a_rigged_glb_has_a_skin(skin_result: lifecast.Reconstruction, tmp_path: Path) -> None:
    options = ReconstructOptions(animate=("wave",), vertex_colours=True)
    assert write_results(replace(skin_result, notes=()), tmp_path / "p", options) == [tmp_path / "p.glb"]
    content = (tmp_path / "p.glb").read_bytes()
    assert b'"skins"' in content
    assert b'"animations"' in content


def test_a_vrm_has_expressions_where_a_face_was_fitted(
    skin_result: lifecast.Reconstruction, body: FittedBody, tmp_path: Path
) -> None:
    options = ReconstructOptions(formats=("vrm",), vertex_colours=True)
    faced = replace(skin_result, notes=(), body=replace(body, fitted=frozenset({"face"})))
    write_results(faced, tmp_path / "me", options)
    read = ReadGlb((tmp_path / "me.vrm").read_bytes())
    presets = read.tree["extensions"]["VRMC_vrm"]["expressions"]["preset"]
    assert set(presets) == set(EXPRESSIONS)
    rigged = rig(faced, faced.body, "t", textured=False)
    assert isinstance(rigged, RiggedMesh)
    offsets = face_expressions(rigged, faced)
    face = rigged.mesh.vertices[:, 1] > 0.85 * rigged.mesh.vertices[:, 1].max()
    for name in EXPRESSIONS:
        moved = np.linalg.norm(offsets[name], axis=1)
        assert 0.001 < moved.max() < 0.05, name
        assert not moved[~face].any(), name
    down = offsets["aa"][np.linalg.norm(offsets["aa"], axis=1).argmax()]
    assert down[1] < -0.005, "the chin goes down"

    write_results(replace(skin_result, notes=()), tmp_path / "plain", options)
    assert "expressions" not in ReadGlb((tmp_path / "plain.vrm").read_bytes()).tree["extensions"]["VRMC_vrm"]


def test_a_doubtful_limb_moves_nothing_and_a_note_says_so(
    skin_result: lifecast.Reconstruction, body: FittedBody
) -> None:
    found = rig(skin_result, replace(body, doubtful=frozenset({"wrist.R", "foot.L"})), "t", textured=False)
    assert isinstance(found, RiggedMesh)
    assert found.notes == (
        "the skeleton's left foot and right hand move nothing: the surface there goes with what is next to it",
    )
    assert rig(skin_result, body, textured=False).notes == ()  # type: ignore[union-attr]
    one = rig(skin_result, replace(body, doubtful=frozenset({"wrist.R"})), textured=False)
    assert one.notes == (  # type: ignore[union-attr]
        "the skeleton's right hand moves nothing: the surface there goes with what is next to it",
    )
    used = {found.joints[k] for k in np.unique(found.influences[found.weights > 0.3])}
    assert "wrist.L" in used
    assert not {name for name in used if name.startswith("finger") and name.endswith("R")}


def test_with_most_limbs_doubtful_there_is_no_rig(skin_result: lifecast.Reconstruction, body: FittedBody) -> None:
    arms = frozenset(f"{stem}.{side}" for stem in ("upperarm01", "lowerarm01", "wrist") for side in "LR")
    found = rig(skin_result, replace(body, doubtful=arms | {"foot.L"}), textured=False)
    assert isinstance(found, NotRigged)
    assert found.reason.startswith("the body's left upper arm, left forearm, left hand, left foot, right upper arm")


@pytest.mark.parametrize(("share", "note"), [(0.009, None), (0.015, "1.5% of the surface tears"), (0.021, "2.1%")])
def test_a_surface_that_its_rig_tears_is_named_or_left_without(
    skin_result: lifecast.Reconstruction, monkeypatch: pytest.MonkeyPatch, share: float, note: str | None
) -> None:
    monkeypatch.setattr(rigging, "rig_surface", lambda *given: replace(rig_surface(*given), stretched=share))
    found = rig(skin_result, skin_result.body, textured=False)
    if share > rigging.MOST_STRETCHED[1]:
        assert isinstance(found, NotRigged)
        assert note is not None
        assert note in found.reason
    else:
        assert isinstance(found, RiggedMesh)
        assert [one[: len(note or "")] for one in found.notes] == ([note] if note else [])
