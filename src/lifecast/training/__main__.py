"""`python -m lifecast.training`: see `arguments`."""

from __future__ import annotations

import sys

from rich.console import Console

from lifecast.errors import LifecastError, OptionError, OptionsError, on_command_line
from lifecast.terminal import accept_any_text
from lifecast.training.arguments import options_from
from lifecast.training.loop import train


def main() -> int:
    """Train by the command line's options; the exit status."""
    accept_any_text()
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        train(options_from())
    except (OptionError, OptionsError) as error:
        errors.print(f"train: {error.named(on_command_line)}", markup=False)
        return error.exit_status
    except LifecastError as error:
        errors.print(f"train: {error}", markup=False)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
