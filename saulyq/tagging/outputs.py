"""Writing what came out, as JSONL or CSV, whole or not at all."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from saulyq.errors import UserError
from saulyq.tagging.inputs import Reject
from saulyq.topics import TopicSet

Record = dict[str, Any]
Write = Callable[[Record], None]
ENDINGS = (".jsonl", ".csv")


def jsonl_writer(file: TextIO) -> Write:
    """Return a function that writes a record as one line of JSON."""

    def write(record: Record) -> None:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")

    return write


def csv_writer(file: TextIO, columns: Sequence[str], topics: TopicSet) -> Write:
    """Return a function that writes a record as a CSV row.

    Lists of topics are joined by `;`, each score stands in a column `score_<topic>`.
    """
    score_columns = [f"score_{topic}" for topic in topics.ids]
    position = columns.index("scores")
    header = [*columns[:position], *score_columns, *columns[position + 1 :]]
    writer = csv.DictWriter(file, header)  # ends lines with \r\n, so that a lone \r is quoted
    writer.writeheader()

    def write(record: Record) -> None:
        flat = {name: _cell(record[name]) for name in columns if name != "scores"}
        flat |= {f"score_{topic}": score for topic, score in record["scores"].items()}  # or none
        writer.writerow(flat)

    return write


def _cell(value: Any) -> Any:
    return ";".join(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Paths:
    """What a run writes: the results, the bad rows, and how the results came about."""

    output: Path | None
    rejects: Path | None
    run: Path | None

    def written(self) -> set[Path]:
        return {path.resolve() for path in (self.output, self.rejects, self.run) if path}

    def check(self, *, force: bool) -> None:
        """Raise UserError if one cannot be written, before any time is spent."""
        if self.output and self.output.suffix.lower() not in ENDINGS:
            raise UserError(f"{self.output}: unknown ending; expected one of {', '.join(ENDINGS)}")
        if self.output and self.rejects and self.output.resolve() == self.rejects.resolve():
            raise UserError(f"{self.output}: named for both --output and --rejects")
        for path in (self.output, self.rejects, self.run):
            if path is not None:
                _check_writable(path, force=force)


def paths_of(output: Path | None, rejects: Path | None) -> Paths:
    """Return the paths of a run; rejects and run file stand beside the output."""
    if output is None:
        return Paths(None, rejects, None)
    beside = output.with_name(output.name + ".rejects.jsonl")
    return Paths(output, rejects or beside, output.with_name(output.name + ".run.json"))


def _check_writable(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise UserError(f"{path} exists; name another, or --force to replace it")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent}: no such folder; make it first")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: cannot be written; name another")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Give a file that takes the name `path` when the block ends well, and is gone if not."""
    draft = path.with_name(path.name + ".partial")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        draft.unlink(missing_ok=True)


class RejectFile:
    """Takes rejects into a file that is there only if there are any.

    A file of that name from an earlier run, which `--force` gave up, is removed: it would speak
    of other rows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = ExitStack()
        self._write: Write | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __call__(self, reject: Reject) -> None:
        if self._write is None:
            self._write = jsonl_writer(self._files.enter_context(whole_file(self.path)))
        self._write(reject.__dict__)

    def __exit__(self, *error: Any) -> None:
        self._files.__exit__(*error)
