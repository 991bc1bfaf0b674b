"""Refusals that say what is known of the photograph: "nobody was found" is no help where half the file is missing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from lifecast.errors import PhotoError
from lifecast.photo.decode import Photo

_Self = TypeVar("_Self")
_Result = TypeVar("_Result")
_Rest = ParamSpec("_Rest")


def with_notes(
    method: Callable[Concatenate[_Self, Photo, _Rest], _Result],
) -> Callable[Concatenate[_Self, Photo, _Rest], _Result]:
    """Let a method's `PhotoError` about a photograph end in the photograph's notes."""

    @functools.wraps(method)
    def noting(self: _Self, photo: Photo, *args: _Rest.args, **kwargs: _Rest.kwargs) -> _Result:
        try:
            return method(self, photo, *args, **kwargs)
        except PhotoError as error:
            if not photo.notes:
                raise
            raise PhotoError(f"{error} (of this file: {'; '.join(photo.notes)})") from error

    return noting
