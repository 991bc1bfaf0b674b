"""`python -m lifecast.training STAGE --data DIR --out DIR ...`: the train command without tyro.

For machines that have PyTorch and Lightning but not lifecast's other dependencies. The options are the fields of
`TrainOptions`; their help is that class's own.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

from lifecast.training.options import TrainOptions


def field_help(kind: type) -> dict[str, str]:
    """Read the docstring under each field of a dataclass."""
    source = inspect.getsource(kind)
    found = re.findall(r'^    (\w+):[^\n]*\n    """(.*?)"""', source, flags=re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}


def parser() -> argparse.ArgumentParser:
    """Make an argument for each field of `TrainOptions`."""
    result = argparse.ArgumentParser(prog="python -m lifecast.training", description=inspect.getdoc(TrainOptions))
    hints, helps = get_type_hints(TrainOptions), field_help(TrainOptions)
    for field in dataclasses.fields(TrainOptions):
        hint = hints[field.name]
        required = field.default is dataclasses.MISSING
        settings: dict[str, Any] = {"help": helps.get(field.name, "").replace("%", "%%")}
        if hint is bool:
            settings["action"] = "store_true"
        elif hint == tuple[Path, ...]:
            settings |= {"type": Path, "action": "extend", "nargs": "+", "default": []}
        else:
            plain = next((a for a in get_args(hint) if a is not type(None)), hint)
            choices = [a for a in get_args(hint) if isinstance(a, str)]
            for inner in get_args(hint):
                choices += [a for a in get_args(inner) if isinstance(a, str)]
            settings["type"] = str if choices else plain
            if choices:
                settings["choices"] = choices
            settings["default"] = None if required else field.default
        if field.name == "stage":
            del settings["default"]
            result.add_argument("stage", **settings)
        else:
            if hint is not bool and required:
                settings["required"] = True
            result.add_argument("--" + field.name.replace("_", "-"), **settings)
    return result


def options_from(arguments: Sequence[str] | None = None) -> TrainOptions:
    """Parse a command line."""
    values = vars(parser().parse_args(arguments))
    for name in ("init", "also"):
        values[name] = tuple(values[name])
    return TrainOptions(**values)
