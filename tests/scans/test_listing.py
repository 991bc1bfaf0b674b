"""A folder of scans: links, formats beside each other, names, and what is passed over by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import trimesh

from lifecast.errors import ScanError
from lifecast.scans.listing import SEVERAL, TWICE, list_scans


def write(folder: Path, *places: str) -> None:
    """Boxes in the formats that the places end in; other files are empty."""
    for place in places:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".glb", ".ply", ".obj"):
            trimesh.creation.box().export(path)
        else:
            path.touch()


def test_people_are_named_after_folder_or_file(tmp_path: Path) -> None:
    write(tmp_path, "person_000001/person.glb", "pair/left.ply", "pair/right one.ply", "loose.obj", ".part/person.glb")
    listing = list_scans(tmp_path)
    assert list(listing.people) == ["loose", "pair_left", "pair_right_one", "person_000001"]
    assert not listing.failed
    assert not listing.passed_over
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanError, match="no scan"):
        list_scans(tmp_path / "empty")
    with pytest.raises(ScanError, match="no such folder"):
        list_scans(tmp_path / "absent")


def test_links_to_folders_and_files_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path / "store", "anna/mesh.glb", "ben.ply")
    scans = tmp_path / "scans"
    write(scans, "carl/mesh.glb")
    (scans / "anna").symlink_to(tmp_path / "store" / "anna")
    (scans / "ben.ply").symlink_to(tmp_path / "store" / "ben.ply")
    (scans / "again").symlink_to(scans / "carl")
    (scans / "carl" / "up").symlink_to(scans)
    listing = list_scans(scans)
    assert listing.people == {
        "anna": scans / "anna" / "mesh.glb", "ben": scans / "ben.ply", "carl": scans / "carl" / "mesh.glb",
    }  # fmt: skip
    assert listing.passed_over == {scans / "again": TWICE, scans / "carl" / "up": TWICE}
    assert not listing.failed


def test_a_link_that_leads_nowhere_is_a_failure_of_that_person_alone(tmp_path: Path) -> None:
    write(tmp_path, "anna.glb")
    (tmp_path / "ben").symlink_to(tmp_path / "gone")
    listing = list_scans(tmp_path)
    assert list(listing.people) == ["anna"]
    assert list(listing.failed) == ["ben"]
    assert "leads nowhere" in listing.failed["ben"]


def test_of_one_scan_in_several_formats_the_first_in_order_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "anna/anna.ply", "anna/anna.obj", "anna/anna.glb", "ben.ply", "ben.obj")
    listing = list_scans(tmp_path)
    assert listing.people == {"anna": tmp_path / "anna" / "anna.glb", "ben": tmp_path / "ben.obj"}
    assert listing.passed_over == dict.fromkeys(
        [tmp_path / "anna" / "anna.obj", tmp_path / "anna" / "anna.ply", tmp_path / "ben.ply"], SEVERAL
    )


def test_formats_that_are_not_read_are_named_with_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "anna.glb", "skin.png", *(f"p{i}.FBX" for i in range(7)), "b.usdz", "c.zip", "d.e57")
    lines = list_scans(tmp_path).passed_over_lines()
    assert len(lines) == 3
    models = next(line for line in lines if "b.usdz" in line)
    assert "export it as GLB" in models
    assert "p0.FBX" in models
    assert "and 3 more" in models
    assert any("c.zip" in line and "unpack" in line for line in lines)
    assert any("d.e57" in line and "mesh them" in line for line in lines)
    assert not any("skin" in line for line in lines)


def test_a_folder_of_nothing_else_names_them_too(tmp_path: Path) -> None:
    write(tmp_path, "anna/anna.fbx")
    with pytest.raises(ScanError, match=r"no scan in it.*anna\.fbx"):
        list_scans(tmp_path)


def test_who_would_share_a_name_is_left_out_and_the_others_are_not(tmp_path: Path) -> None:
    write(tmp_path, "a b.glb", "a_b.glb", "c.glb")
    listing = list_scans(tmp_path)
    assert list(listing.people) == ["c"]
    assert "a b.glb" in listing.failed["a_b"]
    assert "a_b.glb" in listing.failed["a_b"]


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "c.glb")
    try:
        (tmp_path / "caf\udce9.glb").touch()
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system takes only UTF-8")
    listing = list_scans(tmp_path)
    assert list(listing.people) == ["c"]
    assert [("UTF-8" in reason) for reason in listing.failed.values()] == [True]
