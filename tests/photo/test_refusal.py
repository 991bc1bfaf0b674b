"""A refusal of a photograph ends in what is known of the photograph."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lifecast.errors import PhotoError
from lifecast.photo import blazepose, search
from lifecast.photo.decode import Photo, read_photo
from lifecast.photo.refusal import with_notes
from lifecast.pipeline import Reconstructor


class Finder:
    @with_notes
    def find(self, photo: Photo, which: str = "largest") -> str:
        if which == "nobody":
            raise PhotoError(f"{photo.name}: no person was found in it")
        return which


def test_notes_follow_the_refusal() -> None:
    photo = Photo(
        np.zeros((20, 20, 3), np.uint8), None, "x.gif", ("the first of its 9 frames was taken", "it is black")
    )
    with pytest.raises(PhotoError) as caught:
        Finder().find(photo, which="nobody")
    assert str(caught.value) == (
        "x.gif: no person was found in it (of this file: the first of its 9 frames was taken; it is black)"
    )
    with pytest.raises(PhotoError, match="it is black"):
        Finder().find(which="nobody", photo=photo)
    assert Finder().find(photo) == "largest"
    assert Finder.find.__name__ == "find"


def test_without_notes_a_refusal_is_left_alone() -> None:
    photo = Photo(np.zeros((20, 20, 3), np.uint8), None, "x.gif")
    with pytest.raises(PhotoError) as caught:
        Finder().find(photo, "nobody")
    assert str(caught.value) == "x.gif: no person was found in it"


def test_nobody_found_comes_with_the_photographs_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blazepose, "available", lambda: True)
    monkeypatch.setattr(search, "find_people", lambda photo: [])
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(buffer, "JPEG")
    photo = read_photo(buffer.getvalue()[:-2], name="x.jpg")
    with pytest.raises(PhotoError, match=r"no person was found .*end of the file is missing.*nearly black"):
        Reconstructor.find(SimpleNamespace(finder=None, _person_by_networks=None), photo)  # type: ignore[arg-type]
