"""What several tests of files out share: the Khronos validator, and the body as a rig that waves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parent))
from rigged_files import bend, rig_of_body

from lifecast.body.motion.joint_clip import JointClip
from lifecast.surface.output.rigged_mesh import RiggedMesh


@pytest.fixture(scope="session")
def npm_folder() -> Path:
    """Where `npm install gltf-validator three` was run."""
    folder = os.environ.get("LIFECAST_GLTF_VALIDATOR")
    if not folder or not (Path(folder) / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("LIFECAST_GLTF_VALIDATOR names no folder where `npm install gltf-validator` was run")
    return Path(folder).resolve()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, drawing in software."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser; it is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    flags = [
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--disable-background-networking",
    ]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def validate(npm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Any]:
    """A function path -> the Khronos validator's report."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    script = tmp_path_factory.mktemp("validator") / "validate.js"
    script.write_text(
        "const validator = require(process.argv[2]);"
        "const bytes = new Uint8Array(require('fs').readFileSync(process.argv[3]));"
        "validator.validateBytes(bytes).then(report => console.log(JSON.stringify(report)));"
    )

    def run(path: Path) -> Any:
        module = str(npm_folder / "node_modules" / "gltf-validator")
        done = subprocess.run(["node", script, module, path], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def standing() -> RiggedMesh:
    """Somebody who stands turned by 20 degrees, an arm up and a knee bent, near the origin."""
    turns = {
        "root": ("y", [20.0]), "upperarm01.L": ("zy", [70.0, 15.0]), "lowerarm01.L": ("y", [-40.0]),
        "lowerleg01.R": ("x", [30.0]), "head": ("yx", [25.0, 10.0]), "finger2-1.R": ("x", [30.0]),
    }  # fmt: skip
    return rig_of_body(bend(turns), (0.1, 0.8205, -0.05))


@pytest.fixture(scope="session")
def wave() -> JointClip:
    """One second of a raised arm that waves to and fro, while the person sways and turns round once."""
    frames = 9
    share = np.arange(frames) / frames
    swing = 35 * np.sin(2 * np.pi * share)
    up = np.tile(np.array([0.0, 0.0, 100.0]), (frames, 1))
    fore = np.stack([0 * swing, 0 * swing, swing], 1)
    turn = np.stack([0 * share, 360 * share, 0 * share], 1)
    rotations = [Rotation.from_euler("xyz", one, degrees=True).as_matrix() for one in (turn, up, fore)]
    root = np.stack([0.1 * np.sin(2 * np.pi * share), 0 * share, 0.05 * share], 1)
    return JointClip(
        "wave", ("root", "upperarm01.L", "lowerarm01.L"), 9.0,
        np.stack(rotations, 1).astype(np.float32), root.astype(np.float32), loops=True,
    )  # fmt: skip
