"""The pipeline, on networks that have learnt one drawn person by heart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import trimesh

import lifecast
from lifecast import framed_person, pipeline
from lifecast.errors import PhotoError, UsageError
from lifecast.model.inference_options import PLAIN, InferenceOptions
from lifecast.options import ReconstructOptions
from lifecast.photo import blazepose
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.person import Person
from lifecast.pipeline import STAGES, Reconstructor

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
    for module in (pipeline, framed_person):
        monkeypatch.setattr(module, "half_precision", lambda device: torch.autocast(device.type, torch.bfloat16))
    half = shipped.reconstruct(doll[0], **given)
    assert not np.array_equal(half.front_normals, whole.front_normals)
    assert half.front_normals is not None
    assert whole.front_normals is not None
    assert np.abs(half.front_normals - whole.front_normals).mean() < 0.02
    assert half.mesh.volume == pytest.approx(whole.mesh.volume, rel=0.1)


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
    everybody = model.reconstruct_all(wall, ReconstructOptions(person="all", resolution=RESOLUTION))
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
    stages: list[str] = []
    model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION, progress=stages.append)
    assert list(dict.fromkeys(stages)) == list(STAGES[:-1])

    class Stop(Exception):
        pass

    def stop(stage: str) -> None:
        if stage == "surface":
            raise Stop

    with pytest.raises(Stop):
        model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION, progress=stop)


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


def test_another_finder_takes_the_place_of_blazepose(model: Reconstructor, doll: Doll) -> None:
    asked: list[Photo] = []

    def finder(photo: Photo) -> list[Person]:
        asked.append(photo)
        return [Person((120.0, 60.0, 390.0, 450.0)), Person((0.0, 0.0, 80.0, 100.0))]

    other = Reconstructor(model.model, model.card, "cpu", model.inference, finder=finder)
    photo = read_photo(doll[0])
    assert [person.box for person in other.find(photo, "all")] == [(120, 60, 390, 450), (0, 0, 80, 100)]
    assert other.find(photo, 2)[0].box == (0, 0, 80, 100)
    assert asked == [photo, photo]
    assert other.find(photo, box=(1.0, 2.0, 30.0, 40.0))[0].box == (1, 2, 31, 42), "a box beats the finder"
    assert len(asked) == 2


def test_nobody_found_by_another_finder_is_said(model: Reconstructor, doll: Doll) -> None:
    other = Reconstructor(model.model, model.card, "cpu", model.inference, finder=lambda photo: [])
    with pytest.raises(PhotoError):
        other.find(read_photo(doll[0]))


def test_a_result_records_the_steps_that_ran(doll_weights: Path, doll: Doll) -> None:
    model = lifecast.load(doll_weights, "cpu", without=("clean-background",))
    result = model.reconstruct(doll[0], mask=doll[1], resolution=RESOLUTION)
    assert result.inference == PLAIN.fitting(model.model.architecture).without("clean_background")


@torch.inference_mode()
def test_maps_of_a_prediction_are_what_the_nets_get(model: Reconstructor, doll: Doll) -> None:
    """The two steps of `predict`, once more by hand."""
    photo = read_photo(doll[0])
    (person,) = model.find(photo, mask=doll[1])
    framed, predicted = model.predict(photo, person)
    maps = model.model(framed.inputs[0], until="maps", mask=framed.given_mask).maps
    wanted = model.model(framed.inputs[0], given=maps)
    assert predicted.maps is not None
    for mine, other in zip(predicted.maps, maps.fine, strict=True):
        assert (mine is None) == (other is None)
        assert mine is None or torch.equal(mine, other)
    assert torch.equal(predicted.prediction.coarse_features, wanted.coarse_features)
    assert torch.equal(predicted.prediction.fine_features, wanted.fine_features)


def test_steps_are_left_out_of_one_call_and_not_of_the_next(model: Reconstructor, doll: Doll) -> None:
    """A served reconstructor is shared between requests."""
    options = InferenceOptions(mirror=True, sharpen=1.0, relief=True)
    shared = Reconstructor(model.model, inference=options)
    chosen: dict[str, Any] = {"mask": doll[1].astype(np.float32), "resolution": RESOLUTION}
    before = shared.reconstruct(doll[0], **chosen)
    less = shared.reconstruct(doll[0], **chosen, without=("relief", "clean-background"))
    after = shared.reconstruct(doll[0], **chosen)
    same = Reconstructor(model.model, inference=options.without("relief", "clean_background"))
    np.testing.assert_array_equal(less.vertices, same.reconstruct(doll[0], **chosen).vertices)
    np.testing.assert_array_equal(after.vertices, before.vertices)
    assert less.vertices.shape != before.vertices.shape or np.abs(less.vertices - before.vertices).max() > 1e-4
    assert set(before.steps) - set(less.steps) == {"relief", "clean_background"}
    assert before.steps == after.steps
    assert shared.inference == options.fitting(model.model.architecture)
    with pytest.raises(UsageError, match=r"^without 'relif': there is no such step"):
        shared.reconstruct(Path("nowhere.jpg"), without=("relif",))
