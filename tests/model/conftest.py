"""Where the facts about the authors' checkpoint are, for the tests that compare with them."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded outputs and key lists, which is not part of the repository."""
    folder = Path(os.environ.get("LIFECAST_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    if not (folder / "official_keys.txt").is_file():
        pytest.skip("no folder with the authors' recorded outputs; name it in LIFECAST_SHARED")
    return folder
