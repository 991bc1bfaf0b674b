"""What each mesh of a made person is to human parsing."""

from __future__ import annotations

import numpy as np
import pytest

from lifecast.people.accessories.bags import KINDS as BAGS
from lifecast.people.accessories.hats import KINDS as HATS
from lifecast.people.footwear.wear import KINDS as SHOES
from lifecast.people.garment_kinds import PART
from lifecast.people.parsing import parse_mesh, parse_skin, part_of_mesh
from lifecast.people.patterns.kinds import KINDS
from lifecast.scans.regions import FACE, LEFT_HAND, REST
from lifecast.space.parsing import Part


def test_every_kind_of_mesh_has_a_part() -> None:
    names = [f"{kind.part}:{name}" for name, kind in KINDS.items()]
    names += [f"{part}:anything" for part in PART.values()]
    names += [f"shoes:{kind}" for kind in SHOES] + [f"hat:{kind}" for kind in HATS] + [f"bag:{kind}" for kind in BAGS]
    names += ["body", "eyes", "teeth_upper", "brows", "beard:full", "hair:bob", "glasses"]
    found = {name: part_of_mesh(name) for name in names}
    assert set(found.values()) == set(Part)
    assert found["bag:" + next(iter(BAGS))] == Part.BELONGINGS
    assert {found[f"{kind.part}:{name}"] for name, kind in KINDS.items() if "coat" in name} <= {Part.OUTER, Part.UPPER}


def test_an_unknown_mesh_is_an_error() -> None:
    with pytest.raises(ValueError, match="'parachute:red'"):
        part_of_mesh("parachute:red")


def test_skin_is_face_clipped_hair_or_skin() -> None:
    faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 1, 3]])
    shade = np.array([0, 0, 0, 0.9, 0.8, 0.7, 0, 0, 0])
    regions = np.array([FACE, REST, LEFT_HAND, REST], np.uint8)
    assert parse_skin(regions, shade, faces).tolist() == [Part.FACE, Part.HAIR, Part.SKIN, Part.SKIN]


def test_faces_of_a_mesh_are_of_one_part() -> None:
    found = parse_mesh("top:hoodie", 3)
    assert found.dtype == np.uint8
    assert found.tolist() == [Part.UPPER] * 3
