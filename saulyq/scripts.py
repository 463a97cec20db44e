"""What the three scripts share: settings on the command line and one-line errors."""

import argparse
import io
import os
import sys
from collections.abc import Callable

from saulyq.errors import UserError


def read_overrides(arguments: list[str]) -> dict[str, str]:
    """Return `--name value` and `--name=value` pairs; raise UserError for anything else."""
    settings: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("--"):
            raise UserError(f"unexpected argument {argument!r}; settings are --name value")
        name, equals, value = argument[2:].partition("=")
        if not equals:
            if not rest:
                raise UserError(f"--{name} has no value")
            value = rest.pop(0)
        settings[name] = value
    return settings


def parse_with_settings(
    parser: argparse.ArgumentParser, argv: list[str] | None
) -> tuple[argparse.Namespace, dict[str, str]]:
    """Return what the parser knows, and the rest as settings given as `--name value`."""
    args, rest = parser.parse_known_args(argv)
    try:
        return args, read_overrides(rest)
    except UserError as error:
        parser.error(str(error))


def with_dashes(arguments: list[str]) -> list[str]:
    """Return the arguments with option names in dashes: --keep_text is --keep-text."""
    parts = [a.partition("=") if a.startswith("--") else ("", "", a) for a in arguments]
    return [name.replace("_", "-") + equals + value for name, equals, value in parts]


def whole(text: str) -> int:
    """Return a whole number from 0 on, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number from 1 on, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def is_first_process() -> bool:
    """Return whether this process is the one that writes: the only one, or rank 0 of torchrun's."""
    return int(os.environ.get("RANK", "0")) == 0


def run_script(main: Callable[[], int]) -> int:
    """Return the exit code of a script; a UserError becomes one line on stderr and 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not under a test
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        return main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`| head`). Python would complain again at exit. By
        # number: sys.stdout is stderr while the Ray engine is at work.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
