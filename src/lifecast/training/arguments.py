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
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lifecast.training.options import TrainOptions

Options = TypeVar("Options")


def field_help(kind: type) -> dict[str, str]:
    """Read the docstring under each field of a dataclass."""
    source = inspect.getsource(kind)
    found = re.findall(r'^    (\w+):[^\n]*\n    """(.*?)"""', source, flags=re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}


def parser() -> argparse.ArgumentParser:
    """Make an argument for each field of `TrainOptions`."""
    result = argparse.ArgumentParser(prog="python -m lifecast.training", description=inspect.getdoc(TrainOptions))
    _add_fields(result, TrainOptions)
    return result


def _add_fields(place: argparse._ActionsContainer, kind: type) -> None:
    """An argument for each field of a dataclass; those of a dataclass within it stand in a group of their own."""
    hints, helps = get_type_hints(kind), field_help(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            _add_fields(place.add_argument_group(field.name, helps[field.name].replace("%", "%%")), hint)
            continue
        required = field.default is dataclasses.MISSING
        settings: dict[str, Any] = {"help": helps.get(field.name, "").replace("%", "%%")}
        if hint is bool:
            settings["action"] = "store_true"
        elif get_origin(hint) is tuple:
            settings |= {"type": get_args(hint)[0], "nargs": "*", "default": field.default}
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
            place.add_argument("stage", **settings)
        else:
            if hint is not bool and required:
                settings["required"] = True
            place.add_argument("--" + field.name.replace("_", "-"), **settings)


def options_from(arguments: Sequence[str] | None = None) -> TrainOptions:
    """Parse a command line."""
    return _from_values(TrainOptions, vars(parser().parse_args(arguments)))


def _from_values(kind: type[Options], values: dict[str, Any]) -> Options:
    """The dataclass of flat values."""
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            given[field.name] = _from_values(hint, values)
        else:
            value = values[field.name]
            given[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)
