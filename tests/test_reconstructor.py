"""The pipeline, on networks that have learnt one drawn person by heart."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

import lifecast
from lifecast.errors import CheckpointError, PhotoError, UsageError
from lifecast.model.column_field import ColumnField
from lifecast.photo import blazepose
from lifecast.photo import mask as found_mask
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.mask import ArrayMask
from lifecast.photo.neighbours import Limbs
from lifecast.photo.person import Person
from lifecast.pipeline import STAGES, Reconstructor, _head, _metric_frame, load, person_surface
from lifecast.space.mesh_normals import vertex_normals
from lifecast.space.view import Camera
from lifecast.surface.detail.relief import FARTHEST
from lifecast.surface.extract.surface import extract_surface
from lifecast.surface.output.gltf import glb_bytes
from lifecast.surface.output.metres import metric_frame
from lifecast.surface.raster import rasterize

Doll = tuple[np.ndarray, np.ndarray]
RESOLUTION = 64


@pytest.fixture(scope="module")
def model(doll_weights: Path) -> Reconstructor:
    return lifecast.load(doll_weights, "cpu")


@pytest.fixture(scope="module")
def result(model: Reconstructor, doll: Doll) -> lifecast.Reconstruction:
    return model.reconstruct(doll[0], mask=doll[1].astype(np.float32), resolution=RESOLUTION)


def test_the_mesh_is_metric_closed_and_upright(result: lifecast.Reconstruction) -> None:
    mesh = result.mesh
    assert isinstance(mesh, trimesh.Trimesh)
    assert mesh.is_watertight
    low, high = mesh.bounds
    assert low[1] == pytest.approx(0, abs=1e-5)
    assert high[1] == pytest.approx(1.70, abs=1e-4)
    assert mesh.volume > 0
    # The doll is 26 cm thick at 180 cm, 0.1 view units to either side.
    behind, before = np.percentile(mesh.vertices[:, 2], [10, 90])
    assert before - behind == pytest.approx(0.2 * 1.70 / 1.40625, rel=0.3)


def test_the_front_looks_like_the_photograph(result: lifecast.Reconstruction, doll: Doll) -> None:
    """Vertices that the camera sees have the photograph's colour where they are projected to."""
    seen = result.coloured.visible & (result.normals[:, 2] > 0.8)
    assert seen.sum() > 100
    pixels = result.camera.to_photo(result.vertices[seen])
    columns, rows = pixels.astype(int).T.clip(0, 511)
    inside = doll[1][rows, columns] > 0.5
    assert inside.mean() > 0.85
    away = np.abs(result.coloured.colours[seen][inside].astype(int) - doll[0][rows, columns][inside])
    assert np.median(away) < 12


def test_maps_mask_camera_and_timings(result: lifecast.Reconstruction) -> None:
    size = result.image.shape[0]
    assert result.image.shape == (size, size, 3)
    assert result.mask.shape == (size, size)
    assert result.camera.size == size
    for values in (result.front_normals, result.back_normals):
        assert values is not None
        assert values.shape[2] == 3
        assert np.abs(values).max() <= 1 + 1e-5
    assert list(result.timings) == list(STAGES[:-1])
    assert all(seconds >= 0 for seconds in result.timings.values())
    assert result.asked > 0


def test_height_and_faces(model: Reconstructor, doll: Doll, result: lifecast.Reconstruction) -> None:
    small = model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION, height=1.2, faces=1000)
    assert small.mesh.extents[1] == pytest.approx(1.2, abs=1e-3)
    # So rough a surface cannot be told with 1000 triangles; how near decimation comes is tested with it.
    assert len(small.faces) < 0.6 * len(result.faces)


def test_the_same_picture_gives_the_same_person(
    model: Reconstructor, doll: Doll, result: lifecast.Reconstruction
) -> None:
    again = model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION)
    np.testing.assert_array_equal(again.vertices, result.vertices)
    np.testing.assert_array_equal(again.coloured.colours, result.coloured.colours)


def test_alpha_is_the_mask(model: Reconstructor, doll: Doll, result: lifecast.Reconstruction) -> None:
    cut_out = np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)])
    found = model.reconstruct(cut_out, resolution=RESOLUTION)
    np.testing.assert_allclose(found.camera.side, result.camera.side)
    np.testing.assert_array_equal(found.vertices, result.vertices)


def test_half_precision_networks_make_nearly_the_same_person(doll: Doll, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU; a CPU has bfloat16 too."""
    shipped = lifecast.load("compact", "cpu")
    given = {"mask": doll[1].astype(np.float32), "resolution": RESOLUTION}
    whole = shipped.reconstruct(doll[0], **given)
    monkeypatch.setattr(shipped, "_half_precision", lambda: torch.autocast("cpu", torch.bfloat16))
    half = shipped.reconstruct(doll[0], **given)
    assert not np.array_equal(half.front_normals, whole.front_normals)
    assert half.front_normals is not None
    assert whole.front_normals is not None
    assert np.abs(half.front_normals - whole.front_normals).mean() < 0.02
    assert half.mesh.volume == pytest.approx(whole.mesh.volume, rel=0.1)


def test_the_surface_takes_on_the_folds_of_its_normal_maps(doll: Doll) -> None:
    shipped = lifecast.load("compact", "cpu")
    preset = shipped.model.preset
    assert preset.normals is not None
    assert preset.normals.relief
    given = {"mask": doll[1].astype(np.float32), "resolution": 256}
    found = shipped.reconstruct(doll[0], **given)
    shipped.model.preset = dataclasses.replace(preset, normals=dataclasses.replace(preset.normals, relief=False))
    bare = shipped.reconstruct(doll[0], **given)

    def angle(person: lifecast.Reconstruction) -> float:
        """Between the mesh's normals, as the camera sees them, and the map."""
        assert person.front_normals is not None
        vertices, faces = torch.from_numpy(person.vertices), torch.from_numpy(person.faces).long()
        normals = torch.from_numpy(vertex_normals(person.vertices, person.faces))
        seen = rasterize(vertices, faces, person.front_normals.shape[0])
        maps = person.front_normals[seen.covered.numpy()], seen.interpolate(faces, normals).numpy()
        a, b = (values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6) for values in maps)
        return float(np.degrees(np.arccos((a * b).sum(1).clip(-1, 1))).mean())

    assert angle(found) < 0.9 * angle(bare)
    np.testing.assert_array_equal(found.vertices[:, :2], bare.vertices[:, :2])
    assert 0 < np.abs(found.vertices[:, 2] - bare.vertices[:, 2]).max() <= FARTHEST + 1e-6
    assert found.mesh.is_watertight


def test_a_coarse_surface_is_the_fields_alone(doll: Doll) -> None:
    """It is made of other maps than the ones that say what folds there are."""
    shipped = lifecast.load("compact", "cpu")
    photo = read_photo(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)]))
    person = shipped.find(photo)[0]
    encoded = shipped.look(photo, person, Camera.whole(len(doll[0]))).encoded._replace(fine_features=None)
    with torch.inference_mode():
        field = extract_surface(ColumnField(shipped.model, encoded), 96)
        np.testing.assert_array_equal(person_surface(shipped.model, encoded, 96).vertices, field.vertices)


def test_an_arm_that_the_body_hides_is_made_of_lifted_landmarks(doll: Doll) -> None:
    shipped = lifecast.load("compact", "cpu")
    photo = read_photo(np.dstack([doll[0], (doll[1] * 255).astype(np.uint8)]))
    encoded = shipped.look(photo, shipped.find(photo)[0], Camera.whole(len(doll[0]))).encoded._replace(joints=None)
    assert encoded.normals is not None
    assert encoded.normals.depth is not None
    bare = person_surface(shipped.model, encoded, 96).vertices
    top, bottom = float(bare[:, 1].max()), float(bare[:, 1].min())
    middle = bare[:, 0].mean()
    joints = torch.zeros(1, 33, 4)
    joints[:, :, 3] = 1.0  # everything is seen, ...
    behind = float(bare[:, 2].min()) - 0.05
    height = bottom + 0.6 * (top - bottom)
    for landmark, x, z in ((13, 0.02, 0.0), (15, 0.0, behind), (19, -0.01, behind)):  # ... but not the left forearm
        joints[0, landmark] = torch.tensor([middle + x, height, z, 0.1])

    def with_joints(hidden_limbs: bool) -> np.ndarray:
        preset = shipped.model.preset
        assert preset.normals is not None
        normals = dataclasses.replace(preset.normals, hidden_limbs=hidden_limbs)
        shipped.model.preset = dataclasses.replace(preset, normals=normals)
        return person_surface(shipped.model, encoded._replace(joints=joints), 96).vertices

    assert float(with_joints(hidden_limbs=True)[:, 2].min()) < behind - 0.01
    np.testing.assert_array_equal(with_joints(hidden_limbs=False), bare)


@pytest.mark.skipif(not blazepose.available(), reason="mediapipe's networks are not installed")
def test_round_corners_are_no_mask(model: Reconstructor, doll: Doll) -> None:
    alpha = np.full(doll[1].shape, 255, np.uint8)
    alpha[:8, :8] = alpha[-8:, -8:] = 0
    (found,) = model.find(read_photo(np.dstack([doll[0], alpha])))
    (plain,) = model.find(read_photo(doll[0]))
    assert found.box == plain.box


@pytest.mark.skipif(not blazepose.available(), reason="mediapipe's networks are not installed")
def test_several_people(model: Reconstructor, doll: Doll) -> None:
    wall = np.full((560, 900, 3), (214, 208, 199), np.uint8)
    for left, top, step in ((0, 20, 1), (500, 150, 2)):
        picture, body = doll[0][::step, ::step], doll[1][::step, ::step] > 0.5
        wall[top : top + body.shape[0], left : left + body.shape[1]][body] = picture[body]
    everybody = model.reconstruct_all(wall, resolution=RESOLUTION)
    assert len(everybody) == 2
    assert everybody[0].camera.left < everybody[1].camera.left
    second = model.reconstruct(wall, person=2, resolution=RESOLUTION)
    assert second.camera == everybody[1].camera


def test_without_a_detector(model: Reconstructor, doll: Doll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blazepose, "models_folder", lambda: None)
    found = model.find(Photo(doll[0], name="doll"), "largest")
    assert len(found) == 1
    assert "lifecast[person]" in found[0].notes[0]
    # These networks' own mask is random: then the whole picture is taken.
    assert found[0].box == (0, 0, 512, 512) or found[0].mask is not None


def test_progress_names_the_stages_and_may_stop_the_work(model: Reconstructor, doll: Doll) -> None:
    told: list[str] = []
    model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION, progress=told.append)
    assert list(dict.fromkeys(told)) == list(STAGES[:-1])

    class Stop(Exception):
        pass

    def stop(stage: str) -> None:
        if stage == "surface":
            raise Stop

    with pytest.raises(Stop):
        model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION, progress=stop)


def test_background_is_cleaned_or_kept(doll_weights: Path, doll: Doll) -> None:
    seen: list[torch.Tensor] = []
    model = load(doll_weights, "cpu")
    predict = model.model.predict_normals
    model.model.predict_normals = lambda image, *more: (seen.append(image), predict(image, *more))[1]  # type: ignore[method-assign]

    class Enough(Exception):
        pass

    def until_features(stage: str) -> None:
        if stage == "features":
            raise Enough

    for background in ("clean", "keep"):
        model.background = background  # type: ignore[assignment]
        with pytest.raises(Enough):
            model.reconstruct(doll[0], mask=doll[1], progress=until_features)
    corner = [float((image[0, 0, 0, 0] + 1) * 127.5) for image in seen]
    assert corner == pytest.approx([127, 214], abs=1.5)


@pytest.mark.parametrize("close_by", [False, True])
def test_legs_that_blazepose_lost_come_back_where_nobody_is_near(
    doll_weights: Path, doll: Doll, monkeypatch: pytest.MonkeyPatch, close_by: bool
) -> None:
    model = load(doll_weights, "cpu")
    photo = read_photo(doll[0])
    without_legs = doll[1].copy()
    without_legs[290:] = 0
    monkeypatch.setattr(found_mask, "mask_in", lambda _pose, _left, _top, _side, _size: without_legs)
    monkeypatch.setattr(model.model.normals, "find_mask", lambda _image, _limbs: torch.from_numpy(doll[1])[None, None])
    nobody = Limbs(np.array([[400.0, 200.0]]), np.array([[400.0, 300.0]]), np.array([20.0]))
    mask = found_mask.PoseMask(None, photo.size, nobody, (nobody,) if close_by else ())  # type: ignore[arg-type]
    camera = Camera.whole(512)
    _, whole = model._crop(photo, Person((100, 50, 400, 450), mask=mask), camera, None)
    assert whole is not None
    legs = doll[1][300:] > 0.5
    assert (whole[300:][legs] > 0.5).mean() == pytest.approx(0.0 if close_by else 1.0, abs=0.02)
    assert (whole[300:][~legs] > 0.5).mean() < 0.02


@pytest.mark.parametrize("exact", [True, False])
def test_the_authors_checkpoint_sees_the_background_as_their_program_does(
    doll_weights: Path, doll: Doll, exact: bool
) -> None:
    """An alpha channel puts mid-grey behind the person; a mask that was only found leaves the photograph as it is."""
    model = load(doll_weights, "cpu")
    model.model.preset = dataclasses.replace(model.model.preset, framing="pifuhd")
    seen: list[tuple[torch.Tensor, torch.Tensor | None]] = []
    model.model.predict_maps = lambda image, small, known, limbs: seen.append((small, known))  # type: ignore[method-assign, assignment]
    photo = read_photo(doll[0])
    person = model.find(photo, mask=doll[1])[0]
    assert isinstance(person.mask, ArrayMask)
    person = dataclasses.replace(person, mask=dataclasses.replace(person.mask, exact=exact))
    with pytest.raises(TypeError, match="NoneType"):  # nothing was predicted
        model.reconstruct_person(photo, person)
    ((small, known),) = seen
    assert known is None, "the normal maps are not masked"
    size = small.shape[-1]
    middle = float((small[0, 0, size // 2, size // 10] + 1) * 127.5)
    assert middle == pytest.approx(127.5 if exact else 214, abs=0.6)


def test_saving_previewing_turning(result: lifecast.Reconstruction, tmp_path: Path) -> None:
    for suffix in ("ply", "stl"):
        written = result.save(tmp_path / f"p.{suffix}")
        assert written == [tmp_path / f"p.{suffix}"]
        assert len(trimesh.load(written[0]).faces) == len(result.faces)
    assert result.preview(96, 45).size == (96, 96)
    assert result.overview(48).height == 48
    assert result.normal_map("front").mode == "RGB"
    turntable = result.turntable(tmp_path / "t.webp", size=32, frames=4)
    from PIL import Image

    with Image.open(turntable) as animation:
        assert animation.n_frames == 4  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="fbx"):
        result.save(tmp_path / "p.fbx")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.ply", "p.stl", "t.webp"]


def test_the_textured_model(result: lifecast.Reconstruction, tmp_path: Path) -> None:
    result.save(tmp_path / "p.glb")
    scene = trimesh.load(tmp_path / "p.glb")
    mesh = scene.to_mesh() if isinstance(scene, trimesh.Scene) else scene
    assert len(mesh.faces) == len(result.faces)
    np.testing.assert_allclose(mesh.bounds, result.mesh.bounds, atol=1e-4)
    assert result.textured.texture is not None
    assert result.textured.texture.shape == (2048, 2048, 3)


def test_a_file_says_which_weights_made_it_and_under_which_licence(model: Reconstructor, doll: Doll) -> None:
    card = {"name": "borrowed", "source": "somebody's weights", "licence": "CC BY-NC 4.0", "sha256": "not repeated"}
    borrowed = Reconstructor(model.model, card, "cpu")
    result = borrowed.reconstruct(doll[0], mask=doll[1].astype(np.float32), resolution=RESOLUTION)
    content = glb_bytes(result.textured)
    asset = json.loads(content[20 : 20 + struct.unpack_from("<I", content, 12)[0]])["asset"]
    assert asset["extras"]["weights"] == {key: card[key] for key in ("name", "source", "licence")}
    assert asset["copyright"] == "made with weights borrowed: CC BY-NC 4.0"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resolution": 8}, "resolution"),
        ({"resolution": 5000}, "resolution"),
        ({"height": 0.0}, "height"),
        ({"height": float("nan")}, "height"),
        ({"faces": 3}, "faces"),
        ({"person": "everyone"}, "person"),
        ({"person": "all"}, "reconstruct_all"),
        ({"box": (0, 0, 0, 10)}, "box"),
        ({"box": (0, 0, float("nan"), 10)}, "box"),
    ],
)
def test_values_out_of_range(model: Reconstructor, doll: Doll, options: dict, words: str) -> None:
    given = {"mask": doll[1]} if "person" not in options and "box" not in options else {}
    with pytest.raises(UsageError, match=words):
        model.reconstruct(doll[0], **given, **options)


def test_pictures_and_masks_that_cannot_be_used(model: Reconstructor, doll: Doll, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("not a picture at all, just words")
    with pytest.raises(PhotoError, match=r"x\.jpg"):
        model.reconstruct(tmp_path / "x.jpg")
    with pytest.raises(PhotoError, match="do not fit"):
        model.reconstruct(doll[0], mask=doll[1][:100, :100])


def test_weights_and_devices_that_are_not_there(doll_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such weights"):
        load("fantasy")
    for device in ("gpu", "meta", "cuda" if not torch.cuda.is_available() else "xla"):
        with pytest.raises(UsageError, match="device"):
            load(doll_weights, device)


def test_normals_at_another_size(doll_weights: Path, doll: Doll) -> None:
    usual, finer = lifecast.load(doll_weights), lifecast.load(doll_weights, normals_at=256)
    for model in (usual, finer):
        assert model.model.preset.normals is not None
    assert finer.model.preset.normals.fine_size == 256  # type: ignore[union-attr]
    photo, mask = doll
    maps = finer.reconstruct(photo, mask=mask, resolution=64).front_normals
    assert maps is not None
    assert maps.shape == (256, 256, 3)
    for wrong in (32, 100, 8192):
        with pytest.raises(UsageError, match=f"normals at {wrong}"):
            lifecast.load(doll_weights, normals_at=wrong)


def test_scale_of_somebody_who_sits(doll: Doll) -> None:
    """Half the standing height on screen: the scale comes from the limbs, not from the mesh."""
    points = np.zeros((33, 4), np.float32)
    points[:, 3] = 1
    points[:, 0] = 256
    points[[11, 12], 1] = 0
    points[[23, 24], 1] = 266
    points[[25, 26], 1], points[[25, 26], 2] = 266, 235
    points[[27, 28], 1], points[[27, 28], 2] = 485, 235
    person = Person((200, 0, 300, 500), points)
    vertices = np.array([[0, -0.5, 0], [0, 0.5, 0], [0.1, 0, 0]], np.float32)
    faces = np.array([[0, 1, 2]])
    from lifecast.space.view import Camera

    camera = Camera(0, 0, 1000, 256, (1000, 1000))
    frame, notes = _metric_frame(vertices, faces, 1.7, person, camera)
    assert notes
    # 1000 pixels of standing height are 2 view units here.
    assert frame.metres_per_unit == pytest.approx(0.85, rel=0.01)
    plain, none = _metric_frame(vertices, faces, 1.7, Person(person.box), camera)
    assert plain == metric_frame(vertices, faces, 1.7)
    assert none == ()
    head = _head(person, camera)
    assert head is not None
    assert head.crown > head.chin
    assert _head(Person(person.box), camera) is None
