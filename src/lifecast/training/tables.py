"""TOML tables into frozen dataclasses, strictly: an unknown key, a missing one or a wrong type is an error.

    recipe = read_table(Recipe, read_toml(path), str(path))

Each error names the file, the table and the key. Recipes and chains are read by it.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from lifecast.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same parser, by its name outside the standard library
    import tomli as tomllib


def named_toml(name: str | Path, folder: Path, kind: str) -> Path:
    """Find the file that `name` means.

    A path ending in .toml, or one of those in `folder` by its stem.

    Raises
    ------
    UsageError
        If `folder` has none of that name; `kind` says of what ("recipe").
    """
    path = Path(name)
    if path.suffix == ".toml":
        return path
    path = folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
        raise UsageError(f"no {kind} {str(name)!r}; choose {known} or a path ending in .toml")
    return path


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Read the tables of a TOML file.

    UsageError, with the `kind` of file, if it is missing or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such {kind} file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error


def read_table(kind: Any, table: Any, where: str) -> Any:
    """Make an instance of the dataclass `kind` from a table.

    UsageError if the table does not fit it.
    """
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table, found {table!r}")
    hints = get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; it may hold {', '.join(fields)}")
    values = {key: read_value(hints[key], value, f"{where}: {key}") for key, value in table.items()}
    missing = [
        name
        for name, f in fields.items()
        if name not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise UsageError(f"{where}: {missing[0]!r} is missing")
    try:
        return kind(**values)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def read_value(hint: Any, value: Any, where: str) -> Any:
    """Check `value` and convert it to the annotated type `hint`.

    It knows the few kinds that these files use.
    """
    if dataclasses.is_dataclass(hint):
        return read_table(hint, value, where)
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return _read_tuple(arguments, value, where)
    if get_origin(hint) is Literal:
        if value not in arguments:
            raise UsageError(f"{where}: {value!r} is not one of {', '.join(map(str, arguments))}")
        return value
    if type(None) in arguments:
        present = next(a for a in arguments if a is not type(None))
        return None if value is None else read_value(present, value, where)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint in (int, bool, str) and type(value) is hint:
        return value
    raise UsageError(f"{where}: expected {hint.__name__}, found {value!r}")


def _read_tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """Read an array: of any length if `kinds` ends in an ellipsis, else with one value of each kind."""
    if not isinstance(value, (list, tuple)):
        raise UsageError(f"{where}: expected an array, found {value!r}")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    elif len(value) != len(kinds):
        raise UsageError(f"{where}: expected {len(kinds)} values, found {value!r}")
    return tuple(
        read_value(kind, item, f"{where}[{index}]" if dataclasses.is_dataclass(kind) else where)
        for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )
