"""The records of a CSV file, each with the line it ends in, or what is wrong with it."""

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from saulyq.errors import UserError
from saulyq.reading import LineError, decode_line


@dataclass(frozen=True)
class Record:
    """A record that is whole: column to field. `line` is its last one."""

    line: int
    fields: dict[str, str]


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be read, and why."""

    line: int
    reason: str


class _Lines:
    """The lines of a file as text. A wrong byte is kept in mind, so that its record is rejected."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self.file = file
        self.n_read = 0
        self.fault: BadRecord | None = None

    def __iter__(self) -> Iterator[str]:
        for raw in self.file:
            self.n_read += 1
            try:
                yield decode_line(raw, self.n_read)
            except LineError as error:
                self.fault = self.fault or BadRecord(self.n_read, str(error))
                yield raw.decode("utf-8", errors="replace")  # keeps the quotes of the record


def read_records(
    file: Iterable[bytes], name: str, text_column: str
) -> Iterator[Record | BadRecord]:
    """Yield the records after the header; raise UserError if the header cannot be used."""
    csv.field_size_limit(sys.maxsize)
    lines = _Lines(file)
    reader = csv.reader(lines, strict=True)
    header = _header(reader, lines, name, text_column)
    while True:
        first_line = lines.n_read + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.fault = None
            reason = f"not valid CSV ({error})"
            if lines.n_read > first_line:
                reason += f"; the record takes in all lines from {first_line} to {lines.n_read}"
            yield BadRecord(first_line, reason)
            continue
        fault, lines.fault = lines.fault, None
        if fault:
            yield fault
        elif len(fields) not in (0, len(header)):  # 0: an empty line
            yield BadRecord(lines.n_read, f"{len(fields)} fields; expected {len(header)}")
        elif fields:
            yield Record(lines.n_read, dict(zip(header, fields, strict=True)))


def _header(reader: Iterator[list[str]], lines: _Lines, name: str, text_column: str) -> list[str]:
    try:
        header = next((fields for fields in reader if fields), [])
    except csv.Error as error:
        raise UserError(f"{name}:1: not valid CSV ({error}); expected a header line") from error
    if lines.fault:
        raise UserError(f"{name}:{lines.fault.line}: {lines.fault.reason}")
    if text_column not in header:
        found = ", ".join(header) or "nothing"
        raise UserError(
            f"{name}: no column {text_column!r}; found {found}; "
            "columns are separated by commas; name yours with --text-column"
        )
    repeated = [column for column in header if column and header.count(column) > 1]
    if repeated:
        raise UserError(f"{name}: column {repeated[0]!r} stands twice; rename one")
    return header
