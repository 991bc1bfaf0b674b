"""What a garment file is: by its tag, and by its shape where it has none."""

from pathlib import Path

import numpy as np
import pytest

from lifecast.people.body_marks import Landmarks
from lifecast.people.garment_kinds import BY_TAG, PART, RIGID, Share, sex_of, shares, tagged_kind
from lifecast.people.mhclo import Fit
from lifecast.people.wavefront import Polygons

MARKS = Landmarks(np.array([0.19, 0.65, 0.02]), np.array([0.51, 0.3, 0.2]), 0.16, -0.74, 0.29, 0.75, 0.07)
CROWN = 1.05
Mesh = tuple[np.ndarray, np.ndarray]


def tube(low: float, high: float, x: float = 0.0, radius: float = 0.17, wave: float = 0.0, rings: int = 6) -> Mesh:
    """An open tube about an upright axis at `x`, its lower hem `wave` metres higher in front and behind."""
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    rows = []
    for k in range(rings):
        height = low + (high - low) * k / (rings - 1) + wave * np.abs(np.cos(turn)) * (1 - k / (rings - 1))
        rows.append(np.stack([x + radius * np.sin(turn), height, radius * np.cos(turn)], 1))
    index = np.arange(16 * rings).reshape(rings, 16)
    after = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], after[:-1], after[1:], index[1:]], -1).reshape(-1, 4)
    return np.concatenate(rows).astype(np.float32), quads.astype(np.int32)


def joined(*meshes: Mesh, bridges: bool = False) -> Mesh:
    """Meshes as one file; with `bridges`, the first of each is one part with the rest (a face through all)."""
    points = np.concatenate([m[0] for m in meshes])
    starts = np.cumsum([0, *(len(m[0]) for m in meshes[:-1])])
    faces = np.concatenate([m[1] + s for m, s in zip(meshes, starts, strict=True)])
    if bridges:  # a face from the last ring of the first to the last ring of each other
        top = len(meshes[0][0])
        extra = [[top + s - starts[1] + 80, top + s - starts[1] + 81, 1, 0] for s in starts[1:]]
        faces = np.concatenate([faces, np.array(extra, np.int32)])
    return points, faces


def sorted_out(mesh: Mesh, *tags: str) -> list[Share]:
    points, faces = mesh
    count = len(points)
    fit = Fit("x", Path("x.obj"), np.zeros((count, 3), np.int32), np.zeros((count, 3), np.float32),
              np.zeros((count, 3), np.float32), (None, None, None), list(tags))  # fmt: skip
    polygons = Polygons(points, np.zeros((1, 2), np.float32), faces, np.zeros_like(faces), {})
    return shares(fit, polygons, points, MARKS, CROWN)


def kinds(mesh: Mesh, *tags: str) -> list[str]:
    return [share.kind for share in sorted_out(mesh, *tags)]


def trousers(low: float, crotch: float = 0.06, high: float = 0.28) -> Mesh:
    return joined(tube(crotch, high), tube(low, crotch, -0.09, 0.07), tube(low, crotch, 0.09, 0.07), bridges=True)


BOOTS = joined(tube(-0.83, -0.42, -0.2, 0.06), tube(-0.83, -0.42, 0.2, 0.06))
DRESS = tube(-0.2, 0.72)


@pytest.mark.parametrize(
    ("mesh", "wanted"),
    [
        (BOOTS, "shoes"), (tube(0.92, 1.04, radius=0.1), "hat"), (tube(0.87, 0.92, radius=0.08), "glasses"),
        (joined(tube(0.1, 0.3, -0.5, 0.06), tube(0.1, 0.3, 0.5, 0.06)), "gloves"), (tube(0.2, 0.74), "top"),
        (DRESS, "dress"), (tube(-0.2, 0.72, wave=0.06), "dress"), (tube(-0.1, 0.3), "skirt"),
        (trousers(-0.72), "bottom"), (trousers(0.02), "shorts"), (trousers(-0.72, high=0.7), "overall"),
    ],
)  # fmt: skip
def test_a_garment_without_a_tag_is_known_by_its_shape(mesh: Mesh, wanted: str) -> None:
    assert kinds(mesh) == [wanted]


@pytest.mark.parametrize("word", sorted(BY_TAG))
def test_the_tag_goes_before_the_shape(word: str) -> None:
    assert kinds(DRESS, "Female", f"kind:{word.title()}") == [BY_TAG[word]]
    assert BY_TAG[word] in PART


def test_a_word_that_is_no_kind_leaves_it_to_the_shape() -> None:
    assert kinds(joined(tube(0.2, 0.74), tube(-0.1, 0.3)), "kind:TopAndSkirt") == ["top", "skirt"]
    assert kinds(DRESS, "kind:") == ["dress"]


def test_a_coat_is_one_garment_and_its_belt_another() -> None:
    coat, belt, bow = tube(-0.3, 0.74), tube(0.3, 0.36, radius=0.19), tube(0.3, 0.36, 0.0, 0.04)
    bow = (bow[0] + np.float32([0, 0, 0.21]), bow[1])
    pocket = (np.float32([[0.1, 0, 0.2], [0.2, 0, 0.2], [0.2, 0.2, 0.2], [0.1, 0.2, 0.2]]), np.int32([[0, 1, 2, 3]]))
    found = {share.kind: share.members for share in sorted_out(joined(coat, belt, bow, pocket), "kind:coat")}
    assert found["belt"].tolist() == list(range(96, 288))
    assert found["coat"].tolist() == [*range(96), *range(288, 292)]
    assert set(found) == {"belt", "coat"}


def test_a_low_bikini_is_no_belt() -> None:
    bikini = joined(tube(0.13, 0.24), tube(0.45, 0.55))
    assert kinds(bikini, "kind:bikini") == ["swimsuit"]
    assert kinds(bikini)[0] == "belt"


def test_a_shirt_drawn_only_where_an_overall_shows_it_is_not_worn_alone() -> None:
    assert kinds(joined(trousers(-0.72, high=0.7), tube(0.4, 0.74, radius=0.15))) == ["overall"]


def test_scraps_are_left_out_but_not_of_shoes() -> None:
    button = tube(0.4, 0.42, 0.0, 0.01)
    assert sorted_out(joined(DRESS, button), "kind:dress")[0].members.tolist() == list(range(96))
    assert len(sorted_out(joined(BOOTS, tube(-0.5, -0.48, 0.2, 0.01)), "kind:boots")[0].members) == 288
    assert sorted_out(button) == []


def test_what_moves_by_skinning_alone_has_a_part() -> None:
    assert set(RIGID) < set(PART)


def test_for_whom_it_is_made() -> None:
    assert sex_of("lab_coat", Fit(*[None] * 6, tags=["Female", "kind:coat"])) == "female"  # type: ignore[arg-type]
    assert sex_of("male_suit", Fit(*[None] * 6, tags=[])) == "male"  # type: ignore[arg-type]
    assert sex_of("hat", Fit(*[None] * 6, tags=["Hats"])) == ""  # type: ignore[arg-type]
    assert tagged_kind(Fit(*[None] * 6, tags=["Hats"])) is None  # type: ignore[arg-type]
