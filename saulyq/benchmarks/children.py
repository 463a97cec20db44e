"""Processes started to be measured: the time to their first line, and their peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from saulyq.errors import UserError

PREDICT = Path(__file__).resolve().parents[2] / "predict.py"

# A process that a large one starts is told to have been as large itself, until it runs its own
# program. So a small one stands between.
_WAITS = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def predict_words(*words: str | Path) -> list[str]:
    """Return the command line of `predict.py`; raise UserError where it is not there."""
    if not PREDICT.is_file():
        raise UserError(f"{PREDICT} not found; measure in the project's folder")
    return [sys.executable, str(PREDICT), *map(str, words)]


def seconds_to_first_line(words: Sequence[str], given: str) -> float:
    """Return the seconds from starting a process, fed on standard input, to its first line.

    Raises UserError if it fails.
    """
    with TemporaryFile() as stdin, TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        start = time.perf_counter()
        with subprocess.Popen(
            words, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=_offline()
        ) as process:
            first = process.stdout.readline() if process.stdout else b""
            seconds = time.perf_counter() - start
            process.communicate()
        _check(words, process.returncode, stderr, is_silent=not first)
    return seconds


def peak_memory(words: Sequence[str]) -> int:
    """Return the most bytes of memory that a process has held; raise UserError if it fails."""
    with TemporaryFile() as stderr:
        done = subprocess.run(
            [sys.executable, "-c", _WAITS, *words],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_offline(),
            check=False,
        )
        _check(words, done.returncode, stderr, is_silent=not done.stdout.strip())
    return int(done.stdout.split()[-1]) * _MAXRSS_UNIT


def _offline() -> dict[str, str]:
    """Return an environment in which nobody waits for a network."""
    return os.environ | {"HF_HUB_OFFLINE": "1"}


def _check(words: Sequence[str], code: int, stderr: IO[bytes], *, is_silent: bool) -> None:
    if code == 0 and not is_silent:
        return
    stderr.seek(0)
    told = stderr.read().decode(errors="replace").strip().splitlines() or ["no output"]
    raise UserError(f"{' '.join(words[:2])} ... gave exit code {code}: {told[-1]}")
