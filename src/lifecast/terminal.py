"""Standard output and standard error that take whatever is written to them."""

from __future__ import annotations

import io
import os
import sys


def accept_any_text() -> None:
    """Let no character end the program.

    What the terminal's encoding lacks is written as an escape, like \\xfc. Names of files may hold characters, or bytes
    that are no text at all, that a terminal cannot show.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def give_up_output() -> None:
    """Stop writing to standard output.

    Nothing more can be written there, and what Python still holds for it must not fail again at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
