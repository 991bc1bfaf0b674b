"""What `requirements.txt` installs is enough to reconstruct: packages that only tests or extras bring are shut away."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

SHUT_AWAY = """
import importlib.abc, importlib.metadata, re, sys

plain = lambda name: re.sub("[-_.]+", "-", name).lower()
allowed = set(sys.argv[2].split()) | {"lifecast", "mediapipe"}
others = {module for module, owners in importlib.metadata.packages_distributions().items()
          if not allowed & {plain(owner) for owner in owners}}

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in others:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
assert "pytest" in others
try:
    import pytest
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("nothing is shut away")

import lifecast
person = lifecast.load().reconstruct(sys.argv[1], resolution=32)
person.save(sys.argv[3])
"""


def test_a_photograph_is_reconstructed_with_what_requirements_txt_installs(tmp_path: Path) -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = [re.split("[=;]", line)[0].strip() for line in lines if line and not line.startswith("#")]
    sample = ROOT / "src/lifecast/samples/person.jpg"
    out = tmp_path / "person.glb"
    run = subprocess.run(
        [sys.executable, "-c", SHUT_AWAY, str(sample), " ".join(names), str(out)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert out.stat().st_size > 10_000
