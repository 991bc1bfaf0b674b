"""Refusing to write into what is read: an output folder that is an input folder, lies inside of one, or holds one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from lifecast.errors import OptionError

Inputs = Mapping[str, Path | Iterable[Path] | None]
"""Name of each option that names inputs -> its folder or folders; None where it is not given."""


def is_within(inner: Path, outer: Path) -> bool:
    """Check whether `inner` is the folder `outer` or lies in it, whatever links lead there.

    Neither need exist.
    """
    inner, outer = Path(os.path.realpath(inner)), Path(os.path.realpath(outer))
    if inner.is_relative_to(outer):
        return True
    # One folder can have several paths without a link: another case of letters, a mount of its own.
    return outer.exists() and any(place.exists() and place.samefile(outer) for place in (inner, *inner.parents))


def refuse_overlap(out: Path, option: str, inputs: Inputs) -> None:
    """Check that `out` is apart from every input folder.

    It is the folder that the option of this name gives.

    Raises
    ------
    OptionError
        `out` is an input, lies inside of one, or holds one.
    """
    for name, given in inputs.items():
        for folder in [given] if isinstance(given, Path) else given or ():
            inside, around = is_within(out, folder), is_within(folder, out)
            if folder.exists() and (inside or around):  # whoever reads it complains of one that is not there
                how = "is also" if inside and around else "lies inside of" if inside else "holds"
                hint = f"{how} {{{name}}} {folder}, which is only read; name a folder beside it"
                raise OptionError(option, out, hint)
