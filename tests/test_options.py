"""What a caller may choose: read from texts, checked before any work, and named as the caller wrote it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from lifecast.errors import OptionError
from lifecast.options import ReconstructOptions, parse_formats, parse_person


@pytest.mark.parametrize("text", ["glb,obj", "GLB, .obj", " glb obj,glb", "glb;OBJ,,"])
def test_formats_as_people_write_them(text: str) -> None:
    assert parse_formats(text) == ("glb", "obj")


@pytest.mark.parametrize(("text", "person"), [("largest", "largest"), (" ALL ", "all"), ("1", 1), ("0012", 12)])
def test_a_person(text: str, person: str | int) -> None:
    assert parse_person(text) == person
    assert ReconstructOptions(person=text).person == person


def test_texts_become_values() -> None:
    given = ReconstructOptions.parse(box=" 10, 20.5,300,400", person="2", formats="stl,glb", height="1.82", faces=500)
    assert given == ReconstructOptions(
        box=(10.0, 20.5, 300.0, 400.0), person=2, formats=("stl", "glb"), height=1.82, faces=500
    )
    assert ReconstructOptions.parse(box=" ").box is None


WRONG: list[tuple[str, Any]] = [
    ("person", "0"), ("person", "-1"), ("person", "many"), ("person", ""), ("person", "9" * 5000), ("person", "²"),
    ("box", "1,2,3"), ("box", "1,2,0,9"), ("box", "a,b,c,d"), ("box", "nan,2,3,4"), ("box", "1,2,inf,4"),
    ("box", "1,2,3,4,5"), ("box", "1e300,2,3,4"), ("formats", ""), ("formats", "fbx"), ("formats", "glb,fbx"),
    ("height", 17.0), ("height", -1.0), ("height", float("nan")), ("height", "tall"), ("height", None),
    ("pose", "x"), ("animate", "walk,fly"), ("animate", "missing.bvh"),
    ("without", "relif"), ("without", "relief,nothing"), ("turn", 45),
    ("resolution", 8), ("resolution", 5000), ("faces", 3),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_is_named_as_the_caller_wrote_it(field: str, value: Any) -> None:
    with pytest.raises(OptionError) as told:
        ReconstructOptions.parse(lambda name: f"--{name}", **{field: value})
    assert str(told.value).startswith(f"--{field} ")
    assert len(str(told.value)) < 280
    assert str(pickle.loads(pickle.dumps(told.value))) == str(told.value)  # from a worker
    with pytest.raises(OptionError, match=f"^{field} "):
        ReconstructOptions.parse(**{field: value})


@pytest.mark.parametrize("value", [{"person": 0}, {"box": (0, 0, 0, 10)}, {"formats": ()}, {"person": "everyone"}])
def test_values_that_need_no_reading_are_checked_too(value: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"^{next(iter(value))} "):
        ReconstructOptions(**value)


@pytest.mark.parametrize("text", ["relief,body_limbs", " Relief body-limbs", "relief;body_limbs,relief,"])
def test_steps_as_people_write_them(text: str) -> None:
    assert ReconstructOptions.parse(without=text).without == ("relief", "body_limbs")
    assert ReconstructOptions.parse(without="").without == ()


def test_keeping_the_background_is_a_step_left_out() -> None:
    assert ReconstructOptions(keep_background=True, without=("mirror",)).without == ("mirror", "clean_background")
    assert ReconstructOptions(keep_background=True) == replace(ReconstructOptions(keep_background=True))


def test_the_names_that_files_may_get() -> None:
    options = ReconstructOptions(
        formats=("obj", "stl"), body=True, preview=True, turntable=True, animation="gif", normals=True
    )
    assert options.endings() == [
        ".obj", ".stl", ".mtl", ".png", "_body.glb", "_body.json", "_preview.png", "_turntable.gif", "_front.png",
        "_back.png",
    ]  # fmt: skip


def test_clips_bring_a_rig() -> None:
    asked = ReconstructOptions(animate=("walk", "wave", "walk"))
    assert asked.animate == ("walk", "wave")
    assert asked.rig
    assert not ReconstructOptions().rig


@pytest.mark.parametrize("given", [{"pose": "T"}, {"pose": "photo"}, {"animate": "walk, idle"}, {"rig": True}])
def test_a_pose_and_clips_need_a_rig_and_a_rig_a_body(given: dict[str, Any]) -> None:
    options = ReconstructOptions.parse(**given)
    assert options.rig
    assert options.fits_body
    assert not options.body
    assert options.pose == {"T": "t"}.get(given.get("pose", ""), given.get("pose"))
    assert options.animate == (("walk", "idle") if "animate" in given else ())


def test_nobody_gets_a_body_who_did_not_ask_for_one() -> None:
    assert not ReconstructOptions.parse(pose=" ", animate="").fits_body
    assert ReconstructOptions(body=True).fits_body
