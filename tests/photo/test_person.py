"""Finding people: with the detector where it is installed, by mask and box everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifecast.errors import PhotoError
from lifecast.photo import blazepose, faces
from lifecast.photo.blazepose import LANDMARKS, Circle, Pose, mask_in
from lifecast.photo.decode import Photo
from lifecast.photo.faces import Face
from lifecast.photo.mask import PoseMask
from lifecast.photo.orientation import turned
from lifecast.photo.person import Person, choose, find_people, person_by_box, standing_height

needs_detector = pytest.mark.skipif(
    not blazepose.available(), reason="mediapipe's networks and ai-edge-litert are not installed"
)

Doll = tuple[np.ndarray, np.ndarray]


def placed(doll: Doll, width: int, height: int, *places: tuple[int, int, int]) -> Photo:
    """Dolls on a wall: each (left, top, side) of its 512-pixel picture, shrunk by whole pixels."""
    wall = np.full((height, width, 3), (214, 208, 199), np.uint8)
    for left, top, side in places:
        step = 512 // side
        picture = doll[0][::step, ::step]
        body = doll[1][::step, ::step] > 0.5
        target = wall[max(top, 0) : top + side, max(left, 0) : left + side]
        cut = (
            slice(max(-top, 0), max(-top, 0) + target.shape[0]),
            slice(max(-left, 0), max(-left, 0) + target.shape[1]),
        )
        target[body[cut]] = picture[cut][body[cut]]
    return Photo(wall, name="wall.png")


def box_of(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


@needs_detector
def test_one_person_box_landmarks_and_mask(doll: Doll) -> None:
    people = find_people(Photo(doll[0]))
    assert len(people) == 1
    person = people[0]
    truth = box_of(doll[1] > 0.5)
    np.testing.assert_allclose(person.box, truth, atol=0.06 * (truth[3] - truth[1]))
    assert person.landmarks is not None
    assert person.landmarks.shape == (LANDMARKS, 4)
    assert person.landmarks[0, 1] < person.landmarks[23, 1] < person.landmarks[27, 1]  # nose, hip, ankle
    assert person.mask is not None
    mask = person.mask.window(0, 0, 512, 512) > 0.5
    common, either = (mask & (doll[1] > 0.5)).sum(), (mask | (doll[1] > 0.5)).sum()
    assert common / either > 0.75
    assert person.refusal is None


@needs_detector
def test_several_people_are_told_apart(doll: Doll) -> None:
    photo = placed(doll, 900, 560, (0, 20, 512), (500, 150, 256))
    people = find_people(photo)
    assert len(people) == 2
    assert people[0].extent > 1.5 * people[1].extent
    assert people[0].box[2] < people[1].box[0] + 40


@needs_detector
def test_a_person_cut_off_is_kept_and_said(doll: Doll) -> None:
    # The floor of the photograph cuts the shins off.
    photo = Photo(doll[0][:370], name="cut.png")
    people = find_people(photo)
    assert people
    assert people[0].notes[0] == "cut off by the photograph's lower border"
    assert people[0].cut == ("lower",)
    assert people[0].box[3] > 380
    assert people[0].mask is not None
    beyond = people[0].mask.window(0, 0, 512, 512)[372:]
    assert beyond.max() == 0


@needs_detector
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_person_in_a_turned_picture_is_said(doll: Doll, degrees: int) -> None:
    (person,) = find_people(turned(Photo(doll[0]), degrees))
    assert any(f"--turn {360 - degrees}" in note for note in person.notes)
    assert find_people(Photo(doll[0]))[0].notes == ()
    boxed = person_by_box(turned(Photo(doll[0]), degrees), person.box)
    assert any(f"--turn {360 - degrees}" in note for note in boxed.notes)


@needs_detector
def test_people_are_found_in_what_transparency_lets_through(doll: Doll) -> None:
    photo = placed(doll, 1100, 560, (0, 20, 512), (560, 20, 512))
    assert len(find_people(photo)) == 2
    alpha = np.zeros((560, 1100), np.float32)
    alpha[:, :540] = 1
    alpha[450:] = 0
    (person,) = find_people(replace(photo, alpha=alpha))
    assert person.box[2] < 540
    assert person.mask is not None
    assert person.mask.window(0, 0, 560, 560)[452:].max() == 0


@needs_detector
def test_faces_that_nobody_has_are_said(doll: Doll, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = Photo(doll[0])
    (alone,) = find_people(photo)
    assert not any("face" in note for note in alone.notes)
    x, y = alone.landmarks[0, :2] if alone.landmarks is not None else (0, 0)
    beside = Face(float(x) + 60, float(y) + 40, 30, (float(x) + 60, float(y) + 40), 0.9)
    monkeypatch.setattr(faces, "find_faces", lambda picture, squares: [beside])
    (person,) = find_people(photo)
    assert any("another face" in note for note in person.notes)


@needs_detector
def test_nobody(doll: Doll) -> None:
    wall = Photo(np.random.default_rng(0).integers(90, 160, (300, 400, 3), dtype=np.uint8), name="wall.jpg")
    people = find_people(wall)
    assert people == []
    with pytest.raises(PhotoError, match=r"wall.jpg: no person.*--box"):
        choose(people, "largest", wall.name)


@needs_detector
def test_the_box_given_wins_and_finds_its_mask(doll: Doll) -> None:
    photo = Photo(doll[0])
    truth = box_of(doll[1] > 0.5)
    person = person_by_box(photo, tuple(truth))
    assert person.box == tuple(truth)
    assert person.mask is not None
    empty = person_by_box(photo, (2.0, 2.0, 60.0, 100.0))
    assert empty.mask is None
    assert any("nobody" in note for note in empty.notes)


@pytest.mark.parametrize("box", [(600.0, 0.0, 700.0, 90.0), (5.0, 5.0, 8.0, 9.0), (-90.0, 0.0, -1.0, 90.0)])
def test_boxes_that_show_nobody(doll: Doll, box: tuple[float, float, float, float]) -> None:
    with pytest.raises(PhotoError, match="box"):
        person_by_box(Photo(doll[0]), box)


@needs_detector
def test_a_box_in_a_group_leaves_the_neighbour_out(doll: Doll) -> None:
    photo = placed(doll, 760, 560, (20, 20, 512), (210, 20, 512))
    people = find_people(photo)
    assert len(people) == 2
    boxed = person_by_box(photo, people[0].box)
    assert isinstance(boxed.mask, PoseMask)
    assert isinstance(people[0].mask, PoseMask)
    assert len(boxed.mask.others) == len(people[0].mask.others) == 1


def test_choosing() -> None:
    large, small = Person((0, 0, 100, 300)), Person((0, 0, 50, 100))
    refused = replace(large, refusal="only the head and shoulders of the person can be seen")
    assert choose([large, small], "largest", "p") == [large]
    assert choose([large, small], "all", "p") == [large, small]
    assert choose([large, small], 2, "p") == [small]
    assert choose([large, small], "2", "p") == [small]
    assert choose([refused, small], "largest", "p") == [small]
    (kept,) = choose([refused, small], "all", "p")
    assert kept.box == small.box
    assert any("head and shoulders" in note for note in kept.notes)  # somebody was left out, and it is said
    for which in ("largest", "all", 1):
        with pytest.raises(PhotoError, match=r"head and shoulders.*--box"):
            choose([refused], which, "p")
    with pytest.raises(PhotoError, match="person 3 was asked for, and 2 found"):
        choose([large, small], 3, "p")


def test_standing_height_does_not_depend_on_the_pose() -> None:
    def figure(bend: float, turn: float) -> np.ndarray:
        """A stick figure 1000 high by the measure of `standing_height`, its knees bent and its body turned."""
        points = np.zeros((LANDMARKS, 4), np.float32)
        points[:, 3] = 1
        trunk, thigh, shin = 266.0, 235.0, 219.0
        knee = np.array([0, np.cos(bend), np.sin(bend)]) * thigh
        ankle = knee + np.array([0, np.cos(bend), -np.sin(bend)]) * shin
        for side in (0, 1):
            points[11 + side, :3] = 0, -trunk, 0
            points[25 + side, :3] = knee
            points[27 + side, :3] = ankle
        c, s = np.cos(turn), np.sin(turn)
        points[:, :3] = points[:, :3] @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        return points

    for bend, turn in ((0, 0), (0.8, 0), (0.4, 1.3), (1.2, -2.0)):
        assert standing_height(figure(bend, turn)) == pytest.approx(1000, rel=0.002)
    assert standing_height(None) is None
    unseen = figure(0, 0)
    unseen[:, 3] = 0
    assert standing_height(unseen) is None
    legless = figure(0, 0)
    legless[25:, 3] = 0
    assert standing_height(legless) == pytest.approx(1000, rel=0.002)


def test_a_poses_mask_is_brought_to_the_photograph() -> None:
    mask = np.zeros((256, 256), np.float32)
    mask[100:156, 28:228] = 1  # a bar along the square's own x
    points = np.zeros((LANDMARKS, 4), np.float32)
    for angle in (0.0, np.pi / 2, 0.3):
        circle = Circle(300.0, 200.0, 80.0, angle, 1.0)  # its square has a side of 200
        shown = mask_in(Pose(points, 1.0, mask, circle, circle), 200, 100, 200, 200) > 0.5
        assert shown.sum() == pytest.approx((200 * 56) * (200 / 256) ** 2, rel=0.03)
        rows, columns = np.nonzero(shown)
        direction = np.linalg.svd(np.stack([columns - columns.mean(), rows - rows.mean()]), full_matrices=False)[0][
            :, 0
        ]
        assert abs(direction @ (np.cos(angle), np.sin(angle))) == pytest.approx(1, abs=0.01)


def test_no_detector_no_models(monkeypatch: pytest.MonkeyPatch, doll: Doll) -> None:
    monkeypatch.setattr(blazepose, "models_folder", lambda: None)
    assert not blazepose.available()
    person = person_by_box(Photo(doll[0]), (100.0, 50.0, 400.0, 480.0))
    assert person.mask is None
    assert person.notes == ()
