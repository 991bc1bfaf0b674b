"""Refusals that say what is wrong with the photograph.

"Nobody was found" is no help if half the file is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from lifecast.errors import PhotoError
from lifecast.photo.decode import Photo

_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


def with_notes(method: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Let a method's `PhotoError` end in the notes of the `Photo` among its arguments."""

    @functools.wraps(method)
    def noting(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            return method(*args, **kwargs)
        except PhotoError as error:
            photo = next((value for value in (kwargs.get("photo"), *args) if isinstance(value, Photo)), None)
            if photo is None or not photo.notes:
                raise
            raise PhotoError(f"{error} (of this file: {'; '.join(photo.notes)})") from error

    return noting
