"""Addresses on the network in place of a file's name.

Nothing is downloaded here; a message says how to.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/{1,3}[^/]", re.IGNORECASE)  # a path has lost a slash of it


def address_problem(name: str | os.PathLike[str]) -> str | None:
    """Say what to do about a name that is an address; None for the name of a file.

    https://host/photo.jpg is one.
    """
    found = _ADDRESS.match(os.fspath(name))
    if found is None or Path(name).exists():
        return None
    if found[1].lower() == "file":
        return "is an address; give the file's own name, without file://"
    return "is an address, and nothing is downloaded here; download it first (curl -O ADDRESS) and give the file's name"
