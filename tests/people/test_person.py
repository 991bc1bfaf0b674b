"""Whole people: meshes that can be used, clothes that were asked for, the same person every time.

Slow: each is dressed and draped.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from lifecast.body.fitted_body import shipped_body
from lifecast.people import asset_garments
from lifecast.people.body_record import posed_points
from lifecast.people.crew import Order, create, studio
from lifecast.people.glb import glb_bytes
from lifecast.people.joints import BONES
from lifecast.people.patterns.kinds import KINDS
from lifecast.people.penetration import LIMIT
from lifecast.people.person import Person
from lifecast.people.rig import skin
from lifecast.scans.regions import FACE, HAIR, LEFT_FOOT, LEFT_HAND, LOOSE_CLOTH, RIGHT_FOOT, RIGHT_HAND

pytestmark = pytest.mark.slow
SHARED = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).parents[2].parent / "shared"))
ASSETS, POSES = SHARED / "makehuman-assets", SHARED / "poses"
IN_ANOTHER_PROCESS = """
import hashlib
from pathlib import Path
from lifecast.people.crew import Order, create
from lifecast.people.glb import glb_bytes
print(hashlib.sha256(glb_bytes(create(Order(Path("unused"), 3), 1).parts)).hexdigest())
"""


def order(**changes: object) -> Order:
    return Order(**{"out": Path("unused"), "seed": 3, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return [create(order(), number) for number in range(3)]


@pytest.fixture
def assets_and_poses() -> tuple[Path, Path]:
    if not ASSETS.is_dir() or not POSES.is_dir():
        pytest.skip(f"no {ASSETS} or no {POSES} (set LIFECAST_SHARED)")
    return ASSETS, POSES


def test_people_are_dressed_whole_and_stand_on_the_ground(people: list[Person]) -> None:
    for person in people:
        names = [part.name.split(":")[0] for part in person.parts]
        assert names.count("body") == 1
        assert "dress" in names or {"top", "bottom"} <= set(names)
        for part in person.parts:
            assert len(part.faces) > 0
            assert np.isfinite(part.vertices).all()
            assert np.isfinite(part.uv).all()
            np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-3)
            assert part.faces.min() >= 0
            assert part.faces.max() < len(part.vertices)
        assert min(part.vertices[:, 1].min() for part in person.parts) == pytest.approx(0, abs=1e-5)
        assert 1.0 < person.card["stature_m"] < 2.2
        assert person.card["triangles"] == sum(len(part.faces) for part in person.parts)


def test_the_card_says_what_is_worn(people: list[Person]) -> None:
    for person in people:
        worn = person.card["garments"]
        assert {g["name"] for g in worn} <= set(KINDS)
        assert {g["source"] for g in worn} == {"sewn"}
        shown = {f"{g['part']}:{g['name']}" for g in worn}
        assert shown == {part.name for part in person.parts} & shown
        assert person.card["classes"] == sorted({g["class"] for g in worn})
        assert {"top", "dress", "jumpsuit"} & set(person.card["classes"])


def test_faces_are_marked_as_face_hands_feet_hair_and_cloth(people: list[Person]) -> None:
    for person in people:
        joints = np.array(person.card["joints"], float)
        centres, found = [], []
        for part in person.parts:
            assert part.regions is not None
            assert part.regions.shape == (len(part.faces),)
            centres.append(part.vertices[part.faces].mean(1))
            found.append(part.regions)
            if part.name.startswith(("hair:", "beard:")):
                assert (part.regions == HAIR).all()
        centre, region = np.concatenate(centres), np.concatenate(found)
        # BlazePose's numbers: nose, knuckles of both little fingers, ankles.
        for number, joint, reach in (
            (FACE, 0, 0.16), (LEFT_HAND, 17, 0.16), (RIGHT_HAND, 18, 0.16),
            (LEFT_FOOT, 27, 0.45), (RIGHT_FOOT, 28, 0.45),
        ):  # fmt: skip
            assert (region == number).sum() > 100
            assert np.linalg.norm(centre[region == number] - joints[joint], axis=1).max() < reach
        loose = {g["name"] for g in person.card["garments"] if g["class"] in ("skirt", "dress")}
        for part in person.parts:
            if part.name.split(":")[-1] in loose:
                assert (part.regions == LOOSE_CLOTH).any()


def test_the_recorded_body_is_the_one_that_was_dressed(people: list[Person]) -> None:
    for person in people:
        record = json.loads(json.dumps(person.card["body"]))
        posed = posed_points(record)
        eyes = next(part for part in person.parts if part.name == "eyes").vertices
        assert cKDTree(posed.vertices[0].numpy()).query(eyes)[0].max() < 2e-4
        names = shipped_body().joints
        for landmark, name in BONES.items():
            if name in names:
                expected = person.card["joints"][landmark]
                np.testing.assert_allclose(posed.joints[0, names.index(name)].numpy(), expected, atol=2e-4)


def test_the_same_number_is_the_same_person_in_any_order_and_process(people: list[Person]) -> None:
    first = hashlib.sha256(glb_bytes(people[1].parts)).hexdigest()
    assert hashlib.sha256(glb_bytes(create(order(), 1).parts)).hexdigest() == first
    said = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], check=True, capture_output=True, text=True)
    assert said.stdout.split()[-1] == first
    assert hashlib.sha256(glb_bytes(create(order(seed=4), 1).parts)).hexdigest() != first


def test_sewn_kinds_that_are_left_out_are_not_worn(people: list[Person]) -> None:
    worn = {g["name"] for g in people[1].card["garments"]}
    others = create(order(without_garments=tuple(sorted(worn))), 1).card["garments"]
    assert others
    assert not {g["name"] for g in others} & worn


def test_garments_of_the_assets_are_worn_but_not_those_that_are_left_out(
    assets_and_poses: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, poses = assets_and_poses
    made = studio((assets,), poses, (), ("male_casualsuit02",))
    sources = {piece.source for group in made.wardrobe.pieces.values() for piece in group}
    assert "male_casualsuit01" in sources
    assert "male_casualsuit02" not in sources
    monkeypatch.setattr(asset_garments, "SHARE", 1.0)
    person = made.make(0, 0)
    worn = {g["source"] for g in person.card["garments"]} - {"sewn"}
    assert worn
    assert worn <= sources
    assert all(np.isfinite(part.vertices).all() for part in person.parts)


def test_drawn_poses_do_not_run_through_the_body(assets_and_poses: tuple[Path, Path]) -> None:
    assets, poses = assets_and_poses
    made = studio((assets,), poses, (), ())
    for k in range(10):
        rng = np.random.default_rng([9, k])
        rest = made.model.rest({"gender": 0.5, "age": 0.7}, {}, {})
        figure, card = made.draw_pose(rest, rng)
        if card["redrawn"] < 12:
            posed = skin(rest.vertices[: len(made.limb)], made.model.weights[: len(made.limb)], figure.transforms())
            assert made.contact.depth(posed) <= LIMIT


def test_joints_are_inside_the_body_and_the_nose_is_in_front(people: list[Person]) -> None:
    made = people[2]
    joints = np.array(made.card["joints"], float)
    assert joints.shape == (33, 3)
    assert np.isnan(joints[[1, 3, 4, 6, 9, 10, 29, 30]]).all()
    skin_and_shoes = [part for part in made.parts if part.name.split(":")[0] in ("body", "shoes")]
    solid = trimesh.util.concatenate([trimesh.Trimesh(p.vertices, p.faces, process=False) for p in skin_and_shoes])
    for joint in (11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28):
        # Of rays from inside a body nearly all meet it; skin in shoes is left out, so shoes count.
        turns = np.random.default_rng(joint).normal(size=(64, 3))
        met = solid.ray.intersects_any(np.repeat(joints[[joint]], 64, axis=0), turns)
        assert met.mean() > 0.5, joint
    # The nose is the foremost of the head's points as the head is turned: beyond the line from ear to ear.
    middle = (joints[7] + joints[8]) / 2
    eyes = (joints[2] + joints[5]) / 2
    assert np.dot(joints[0] - middle, eyes - middle) > 0.05**2
    assert 0.08 < np.linalg.norm(joints[7] - joints[8]) < 0.25
    # The person's left is where their left arm is.
    across = joints[11] - joints[12]
    assert np.dot(across, joints[7] - joints[8]) > 0
