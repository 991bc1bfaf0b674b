"""What several tests of photographs share: the sample photograph, and a machine without mediapipe's networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lifecast
from lifecast.photo import blazepose
from lifecast.photo.decode import read_photo
from lifecast.photo.person import find_people


@pytest.fixture(scope="session")
def sample() -> tuple[Image.Image, np.ndarray]:
    """The sample photograph and its person's landmarks (33, 4)."""
    photo = read_photo(Path(lifecast.__file__).parent / "samples" / "person.jpg")
    landmarks = find_people(photo)[0].landmarks
    assert landmarks is not None
    return photo.image(), landmarks


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """mediapipe's networks are not installed, and none is loaded yet."""
    blazepose.network.cache_clear()
    monkeypatch.setattr(blazepose, "models_folder", lambda: None)
    yield
    blazepose.network.cache_clear()
