"""Errors that a user can act on.

Each message names the file or the value at fault and what to do about it. The command line prints the message
without a traceback and ends with the error's `exit_status`; anything that is not a `LifecastError` is a bug and
keeps its traceback.
"""

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

    `field` is its name as the caller writes it, `hint` what to give instead.
    """

    def __init__(self, field: str, value: object, hint: str) -> None:
        super().__init__(field, value, hint)
        self.field, self.value, self.hint = field, value, hint

    def __str__(self) -> str:
        shown = repr(self.value)
        if isinstance(self.value, str) and len(self.value) > SHOWN_CHARACTERS:
            shown = f"{self.value[:SHOWN_CHARACTERS]!r}... ({len(self.value):,} characters)"
        return f"{self.field} {shown}: {self.hint}"


class PhotoError(LifecastError):
    """A picture that cannot be decoded or shows nobody who can be reconstructed."""


class ScanError(LifecastError):
    """A scan or mesh that cannot be read, normalised or labelled."""


class DataError(LifecastError):
    """A prepared dataset that is missing, damaged or of another format version."""


class CheckpointError(LifecastError):
    """A weights file that is truncated, foreign, or does not match its preset."""


class OutputError(LifecastError, OSError):
    """A file or folder that cannot be written: a full or read-only disk, a missing right, too long a name."""


class MissingExtra(LifecastError):
    """An optional dependency is needed for this and is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}: pip install 'lifecast[{extra}]'")
