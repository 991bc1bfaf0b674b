"""Kits: what is read from one is what is read from the folders; licences that are missing or not free are refused."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lifecast.cli import main
from lifecast.errors import DataError, UsageError
from lifecast.people.assets import picture_of, read_assets
from lifecast.people.kit import collect
from lifecast.people.kit_file import read_kit, write_kit
from lifecast.people.kit_licences import Licences
from lifecast.people.pose_library import PoseLibrary

GARMENT = """# {licence}
# author somebody
name {name}
obj_file {name}.obj
x_scale 0 1 2.0
tag Female
tag kind:skirt
verts 0
0 1 2 0.5 0.25 0.25 1.0 2.0 3.0
3
4
5
"""
MESH = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\ng quad\nf 1/1 2/2 3/3 4/1\n"
MOTION = """HIERARCHY
ROOT {root}
{{
  OFFSET 0 0 0
  CHANNELS 3 Zrotation Yrotation Xrotation
  JOINT {child}
  {{
    OFFSET 0 5 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    End Site
    {{
      OFFSET 3 0 0
    }}
  }}
}}
MOTION
Frames: 2
Frame Time: 0.01
0 0 0 0 0 0
10 20 30 40 50 60
"""
CLIPS = {"*.bvh": {"licence": "BSD-3-Clause", "source": "a studio"}}


def write_garment(root: Path, name: str, licence: str) -> Path:
    folder = root / "clothes" / name
    folder.mkdir(parents=True)
    path = folder / f"{name}.mhclo"
    path.write_text(GARMENT.format(name=name, licence=licence))
    (folder / f"{name}.obj").write_text(MESH)
    return path


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """Two garments, a small and a wide skin, and a pose."""
    root = tmp_path / "assets" / "base"
    write_garment(root, "skirt", "license CC BY 3.0")
    write_garment(root, "belt", "This asset was explicitly released as CC0 in september 2020.")
    skins = root / "skins" / "textures"
    skins.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    Image.fromarray(noise).convert("P").save(skins / "young_male_diffuse.png")
    Image.fromarray(np.tile(noise, (1, 200, 1))).save(skins / "old_female_diffuse2.png")  # 1200 wide
    (root / "poses").mkdir()
    (root / "poses" / "sit.bvh").write_text(MOTION.format(root="root", child="spine05"))
    (root / "poses" / "sit.meta").write_text("author MakeHuman\nlicense CC0\n")
    (tmp_path / "assets" / "LICENSE.txt").write_text("Creative Commons Legal Code\n\nCC0 1.0 Universal\n")
    return tmp_path / "assets"


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    folder = tmp_path / "poses"
    folder.mkdir()
    (folder / "walk.bvh").write_text(MOTION.format(root="Hips", child="Chest"))
    return folder


@pytest.fixture
def licences(tmp_path: Path) -> Path:
    path = tmp_path / "licences.json"
    path.write_text(json.dumps(CLIPS))
    return path


@pytest.fixture
def kit(assets: Path, poses: Path, licences: Path, tmp_path: Path) -> Path:
    path = tmp_path / "free.kit"
    options = ["--assets", assets, "--poses", poses, "--licences", licences]
    assert main(["kit", *map(str, [path, *options])]) == 0
    return path


def same(one: Any, other: Any, leave: tuple[str, ...] = ()) -> None:
    """Every field of two dataclasses: values equal, arrays to the bit and of one type."""
    for name in (field.name for field in fields(one) if field.name not in leave):
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
        else:
            assert mine == theirs, name


def test_a_kit_holds_what_the_folders_hold(kit: Path, assets: Path, poses: Path) -> None:
    mine, theirs = read_assets(kit), read_assets(assets)
    assert [fit.name for fit, _ in mine.garments] == ["belt", "skirt"]
    for (fit, mesh), (other, others) in zip(mine.garments, theirs.garments, strict=True):
        same(fit, other, leave=("obj",))
        same(mesh, others, leave=("groups",))
    assert [skin.name for skin in mine.skins] == ["old_female_diffuse2.png", "young_male_diffuse.png"]
    for skin, painted in zip(mine.skins, theirs.skins, strict=True):
        assert skin.name == painted.name
        np.testing.assert_array_equal(picture_of(skin.picture), picture_of(painted.picture))
    moved, moves = PoseLibrary.read(kit, [kit]), PoseLibrary.read(poses, [assets])
    assert [[clip.name for clip in clips] for clips in (moved.clips, moved.own)] == [["walk"], ["sit"]]
    for clip, origin in zip(moved.clips + moved.own, moves.clips + moves.own, strict=True):
        same(clip, origin, leave=("directions",))
        assert list(clip.directions) == list(origin.directions)
        for joint, way in clip.directions.items():
            np.testing.assert_array_equal(way, origin.directions[joint])


def test_every_part_has_its_licence_and_source(kit: Path) -> None:
    assert [(part.kind, part.name, part.licence, part.source) for part in read_kit(kit)] == [
        ("garment", "belt", "CC0-1.0", "author somebody"),
        ("garment", "skirt", "CC-BY-3.0", "author somebody"),
        ("skin", "old_female_diffuse2.png", "CC0-1.0", "assets/base"),
        ("skin", "young_male_diffuse.png", "CC0-1.0", "assets/base"),
        ("pose", "sit", "CC0-1.0", "author MakeHuman"),
        ("clip", "walk", "BSD-3-Clause", "a studio"),
    ]


def test_the_same_parts_are_the_same_bytes(kit: Path, assets: Path, poses: Path, licences: Path) -> None:
    before = kit.read_bytes()
    write_kit(kit, collect([assets], poses, Licences(licences)))
    assert kit.read_bytes() == before


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        ("license AGPL3", "its licence 'AGPL3' is none of CC0-1.0, "),
        ("license CC BY-SA 4.0", "its licence 'CC BY-SA 4.0' is none of "),
        ("license CC BY-NC", "its licence 'CC BY-NC' is none of "),
        ("no word of it", "nothing says under which licence it is; say it in --licences"),
    ],
)
def test_what_is_not_free_or_says_nothing_is_refused_by_file(tmp_path: Path, licence: str, reason: str) -> None:
    write_garment(tmp_path / "odd", "coat", licence)
    with pytest.raises(UsageError, match=rf"coat\.mhclo: {reason}"):
        collect([tmp_path / "odd"], None, Licences())


def test_a_mesh_that_is_less_free_than_its_garment_is_refused(assets: Path) -> None:
    mesh = assets / "base" / "clothes" / "belt" / "belt.obj"
    mesh.write_text("# license AGPL3\n" + MESH)
    with pytest.raises(UsageError, match="its licence 'AGPL3'"):
        collect([assets], None, Licences())


def test_an_author_who_asks_to_be_named_is_named(assets: Path) -> None:
    path = assets / "base" / "clothes" / "skirt" / "skirt.mhclo"
    path.write_text(path.read_text().replace("# author somebody\n", ""))
    with pytest.raises(UsageError, match=r"skirt\.mhclo: its licence asks for its author"):
        collect([assets], None, Licences())


def test_clips_of_which_nothing_is_known_are_refused(poses: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"walk\.bvh: nothing says under which licence"):
        collect([], poses, Licences())
    (tmp_path / "list.json").write_text('{"*.bvh": "free"}')
    with pytest.raises(UsageError, match=r"list\.json: is no list of licences"):
        Licences(tmp_path / "list.json")


def test_files_that_are_no_kits_are_refused(kit: Path, tmp_path: Path, poses: Path, licences: Path) -> None:
    (tmp_path / "text").write_text("words")
    for read in (read_assets, lambda path: PoseLibrary.read(path)):
        with pytest.raises(DataError, match="text: is no kit"):
            read(tmp_path / "text")
    damaged = bytearray(kit.read_bytes())
    damaged[-1] ^= 1
    kit.write_bytes(damaged)
    with pytest.raises(DataError, match="is damaged"):
        read_kit(kit)
    write_kit(kit, collect([], poses, Licences(licences)))
    with pytest.raises(UsageError, match="the kit holds no garment; bake it with --assets"):
        read_assets(kit)
    write_kit(kit, [])
    with pytest.raises(UsageError, match="the kit holds no motion clip; bake it with --poses"):
        PoseLibrary.read(kit)


def test_a_kit_is_baked_of_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kit", str(tmp_path / "free.kit")]) == 2
    assert "give --assets, --poses or both" in " ".join(capsys.readouterr().err.split())
    assert main(["kit", str(tmp_path / "free.kit"), "--assets", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "free.kit").exists()
