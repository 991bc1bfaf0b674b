"""Standard output and standard error that take whatever is written to them."""

from __future__ import annotations

import io
import os
import sys


def accept_any_text() -> None:
    """Let no character end the program: what the terminal's encoding lacks is written as an escape, like \\xfc.

    Names of files may hold characters, or bytes that are no text at all, that a terminal cannot show.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def give_up_output() -> None:
    """Nothing more can be written to standard output; what Python still holds for it must not fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
