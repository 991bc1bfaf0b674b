"""The body regressor's file: a `safetensors` file of its own beside the body's, in half precision. Never a pickle.

Its numbers mean the components and joints of one body's file only, whose checksum it holds. So it goes with that file,
and weights of photographs' networks stay as they are.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lifecast.atomic import atomic_file
from lifecast.body.body_file import SHIPPED as BODY
from lifecast.body.body_file import checksum, read_body_file
from lifecast.body.names import JOINT_NAMES
from lifecast.errors import DataError, UsageError
from lifecast.model.heads.body_regressor import BodyRegressor, BodyRegressorConfig

FORMAT, VERSION = "lifecast body regressor", 1
SHIPPED = BODY.with_name("body_regressor.safetensors")
"""The file that comes with the package."""
REMEDY = "make it anew with `lifecast body train`"


def body_checksum(body: str | Path = BODY) -> str:
    """Compute the checksum of a body's file, which a regressor is for.

    DataError if that is missing or damaged.
    """
    return checksum(read_body_file(body).arrays)


def write_regressor(path: str | Path, regressor: BodyRegressor, card: dict[str, Any]) -> None:
    """Write a regressor atomically, in half precision.

    The same weights and card give the same bytes.
    """
    tensors = {name: value.detach().half().contiguous() for name, value in regressor.state_dict().items()}
    text = json.dumps({
        "format": FORMAT, "version": VERSION, "config": asdict(regressor.config), "joints": list(JOINT_NAMES),
        "checksum": checksum({name: value.numpy() for name, value in tensors.items()}), "card": card,
    })  # fmt: skip
    with atomic_file(path) as part:
        save_file(tensors, part, {"body_regressor": text})


def read_regressor(path: str | Path = SHIPPED, body: str | None = None) -> tuple[BodyRegressor, dict[str, Any]]:
    """Read a regressor, float32 and in evaluation mode, and its card.

    Parameters
    ----------
    path : its file; by default the one that comes with the package.
    body : checksum of the body's file that it must be for; by default the shipped one's.

    Raises
    ------
    DataError
        The file is missing, damaged, not a regressor's of this version, or for another body.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; make it with `lifecast body train {path}`")
    try:
        with safe_open(path, "pt") as opened:
            text = (opened.metadata() or {}).get("body_regressor", "{}")
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (not a dict)
        stated = json.loads(text)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); {REMEDY}") from error
    if stated.get("format") != FORMAT or stated.get("version") != VERSION:
        raise DataError(f"{path}: not a body regressor's file of version {VERSION}; {REMEDY}")
    if stated["checksum"] != checksum({name: value.numpy() for name, value in tensors.items()}):
        raise DataError(f"{path}: damaged (its checksum is wrong); {REMEDY}")
    card: dict[str, Any] = stated["card"]
    if stated["joints"] != list(JOINT_NAMES) or card.get("body") != (body or body_checksum()):
        raise DataError(f"{path}: for another body's file than this one; {REMEDY}")
    try:
        regressor = BodyRegressor(BodyRegressorConfig(**stated["config"]))
        regressor.load_state_dict({name: value.float() for name, value in tensors.items()})
    except (TypeError, UsageError, RuntimeError) as error:
        raise DataError(f"{path}: its weights are not those of its network ({error}); {REMEDY}") from error
    return regressor.eval().requires_grad_(False), card


@cache
def shipped_regressor() -> BodyRegressor | None:
    """Load the regressor that comes with the package, once a process; None where there is none.

    DataError if it is damaged or for another body.
    """
    return read_regressor()[0] if SHIPPED.is_file() else None


def half_precision(regressor: BodyRegressor) -> BodyRegressor:
    """Round a regressor's weights in place to what its file keeps.

    So figures are those of the file.
    """
    with torch.no_grad():
        for value in regressor.state_dict().values():
            value.copy_(value.half().float())
    return regressor
