"""Errors that a user can act on.

Each message names the file or the value at fault and what to do about it. The command line prints the message
without a traceback and ends with the error's `exit_status`; anything that is not a `LifecastError` is a bug and
keeps its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath

Called = Callable[[str], str]
"""How a caller writes an option's name: what `on_command_line` does, or `str` for Python and HTTP."""

SHOWN_CHARACTERS = 60
"""So much of a value is repeated in a message."""


class LifecastError(Exception):
    """Base of every expected error."""

    exit_status = 1


class UsageError(LifecastError):
    """Options that cannot work together or values out of their range."""

    exit_status = 2


class OptionError(UsageError):
    """One option whose value cannot be used.

    `field` is the option's name, `hint` what to give instead. Other options' names stand in {braces} in the hint, so
    that `named` finds them.
    """

    def __init__(self, field: str, value: object, hint: str) -> None:
        super().__init__(field, value, hint)
        self.field, self.value, self.hint = field, value, hint

    def __str__(self) -> str:
        shown = str(self.value) if isinstance(self.value, PurePath) else repr(self.value)
        if isinstance(self.value, tuple):  # as on a command line
            shown = " ".join(map(str, self.value))
        if isinstance(self.value, str) and len(self.value) > SHOWN_CHARACTERS:
            shown = f"{self.value[:SHOWN_CHARACTERS]!r}... ({len(self.value):,} characters)"
        return f"{self.field} {shown}: {_with_names(self.hint, str)}"

    def named(self, called: Called) -> OptionError:
        """Repeat the error with the options' names as a caller writes them.

        On a command line `box` is `--box`.
        """
        return OptionError(called(self.field), self.value, _with_names(self.hint, called))


class OptionsError(UsageError):
    """Options that do not go together; their names stand in {braces} in `words`."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        return _with_names(self.words, str)

    def named(self, called: Called) -> OptionsError:
        """Repeat the error as `OptionError.named` does."""
        return OptionsError(_with_names(self.words, called))


def on_command_line(field: str) -> str:
    """Write an option's name as on a command line: `--normals-at` for `normals_at`."""
    return f"--{field.replace('_', '-')}"


def _with_names(words: str, called: Called) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: called(found[1]), words)


class PhotoError(LifecastError):
    """A picture that cannot be decoded or shows nobody who can be reconstructed."""


class ScanError(LifecastError):
    """A scan or mesh that cannot be read, normalised or labelled."""


class DataError(LifecastError):
    """A prepared dataset that is missing, damaged or of another format version."""


class CheckpointError(LifecastError):
    """A weights file that is truncated, foreign, or does not match its preset."""


class OutputError(LifecastError, OSError):
    """A file or folder that cannot be written.

    The disk is full or read-only, a right is missing, or the name is too long.
    """


class MissingExtra(LifecastError):
    """An optional dependency is needed for this and is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}: pip install 'lifecast[{extra}]'")
