"""The wardrobe: garments of several folders, each what its tag says."""

from pathlib import Path

import numpy as np
import pytest

from lifecast.errors import UsageError
from lifecast.people.body import BodyModel, body_model
from lifecast.people.body_marks import Landmarks
from lifecast.people.loosened import Looseness, loosen
from lifecast.people.tailor import Tailor
from lifecast.people.wardrobe import Wardrobe

pytest.importorskip("anny")


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return body_model()


@pytest.fixture(scope="module")
def folders(model: BodyModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders: pieces of the helper meshes, tagged as this and that."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    hip = Landmarks.of(model, Tailor(model).rest).hip
    write(model, one / "base", "female_long", "helper-skirt", "kind:dress", hip + 1)
    write(model, one / "base", "female_plain", "helper-skirt", "", hip + 1)
    write(model, one / "base", "mine", "helper-skirt", "kind:coat", hip + 1)
    write(model, two, "socks", "helper-tights", "kind:socks", hip - 0.6)
    write(model, two, "female_suit", "helper-tights", "kind:swimsuit", hip + 1)
    return one, two


def write(model: BodyModel, root: Path, name: str, group: str, tag: str, below: float) -> None:
    """A garment file: the helper mesh below a height, a centimetre off."""
    mesh = model.mesh
    rows = mesh.groups[group]
    height = Tailor(model).rest.vertices[:, 1]
    rows = rows[(height[mesh.faces[rows]] < below).all(1)]
    used, local = np.unique(mesh.faces[rows], return_inverse=True)
    folder = root / "clothes" / name
    folder.mkdir(parents=True)
    lines = [f"name {name}", f"obj_file {name}.obj", *([f"tag {tag}"] if tag else []), "verts 0"]
    lines += [f"{v} {v} {v} 1 0 0 0 0 0.1" for v in used]
    (folder / f"{name}.mhclo").write_text("\n".join([*lines, "delete_verts", "5 - 9"]) + "\n")
    quads = local.reshape(-1, 4) + 1
    text = ["v 0 0 0"] * len(used) + ["f " + " ".join(map(str, quad)) for quad in quads.tolist()]
    (folder / f"{name}.obj").write_text("\n".join(text) + "\n")


def test_garments_of_all_folders_are_what_their_tags_say(model: BodyModel, folders: tuple[Path, Path]) -> None:
    wardrobe = Wardrobe(model, folders)
    found = {kind: [(p.name, p.sex) for p in group] for kind, group in wardrobe.pieces.items() if group}
    assert found == {
        "dress": [("female_long-dress", "female")], "skirt": [("female_plain-skirt", "female")],
        "coat": [("mine-coat", "")], "socks": [("socks", "")], "swimsuit": [("female_suit-swimsuit", "female")],
    }  # fmt: skip
    left = Wardrobe(model, folders, without=["mine", "t-shirt"]).pieces
    assert [kind for kind in found if not left[kind]] == ["coat"]
    kept = Wardrobe(model, folders, only=["mine", "sewn"]).pieces
    assert [kind for kind in found if kept[kind]] == ["coat"]
    for sewn in ("sewn", "helper", "t-shirt"):
        assert not any(Wardrobe(model, folders, only=[sewn]).pieces.values())
    with pytest.raises(UsageError, match="garment 'trousers': neither a sewn one"):
        Wardrobe(model, folders, only=["trousers"])


def test_two_garments_of_one_name_are_refused(model: BodyModel, folders: tuple[Path, Path], tmp_path: Path) -> None:
    write(model, tmp_path, "mine", "helper-skirt", "", 9)
    with pytest.raises(UsageError, match=r"its mine has the name of a garment in .*mine\.obj"):
        Wardrobe(model, [*folders, tmp_path])


def test_a_piece_becomes_cloth_on_a_body(model: BodyModel, folders: tuple[Path, Path]) -> None:
    wardrobe = Wardrobe(model, folders)
    rest = model.rest({"gender": 0.0, "age": 0.7, "weight": 0.9}, {}, {})
    (block,) = wardrobe.blocks(wardrobe.pieces["skirt"][0])
    assert wardrobe.blocks(wardrobe.pieces["skirt"][0])[0] is block
    garment = loosen(block, rest, wardrobe.tailor.skin_faces, Looseness(), "denim").garment
    assert (garment.part, garment.layer) == ("bottom", 1)
    corner = garment.points[garment.faces]
    assert 0.008 < np.median(np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2)) < 0.014
