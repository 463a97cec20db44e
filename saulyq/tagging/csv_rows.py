"""The records of a CSV file, each with the line it ends in, or what is wrong with it."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from saulyq.reading import MAX_LINE, BrokenOffError, LineError, check_header, decode_line


@dataclass(frozen=True)
class Record:
    """A record that is whole: column to field. `line` is its last one."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be read, and why."""

    line: int
    reason: str


class _Lines:
    """The lines of a file as text. A wrong byte is kept in mind, so that its record is rejected."""

    def __init__(self, file: Iterable[bytes]) -> None:
        self.file = iter(file)
        self.n_read = 0
        self.n_characters = 0  # of the record
        self.fault: BadRecord | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line; raise LineError if the record gets too long with it."""
        raw = next(self.file)
        self.n_read += 1
        try:
            line = decode_line(raw, self.n_read)
        except LineError as error:
            if len(raw) > MAX_LINE:
                raise
            self.fault = self.fault or BadRecord(self.n_read, str(error))
            line = raw.decode("utf-8", errors="replace")  # keeps the quotes of the record
        self.n_characters += len(line)
        if self.n_characters > MAX_LINE:
            raise LineError(f"record of more than {MAX_LINE} characters")
        return line


class _Fields:
    """The fields of the records; after one that cannot be read it goes on at the next line."""

    def __init__(self, lines: _Lines) -> None:
        # The limit of csv is lower, and would reject a long text.
        csv.field_size_limit(MAX_LINE)
        self.lines = lines
        self.reader = csv.reader(lines, strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        """Return the next record; raise LineError if there is none that can be read."""
        self.lines.n_characters = 0
        try:
            return next(self.reader)
        except csv.Error as error:
            raise LineError(f"not valid CSV ({error})") from error


def read_records(
    file: Iterable[bytes], name: str, text_column: str
) -> Iterator[Record | BadRecord]:
    """Yield the records after the header; raise BrokenOffError if the header is of no use."""
    lines = _Lines(file)
    records = _Fields(lines)
    header = _header(records, lines, name, text_column)
    while True:
        first_line = lines.n_read + 1
        try:
            fields = next(records)
        except StopIteration:
            return
        except LineError as error:
            lines.fault = None
            reason = str(error)
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


def _header(records: _Fields, lines: _Lines, name: str, text_column: str) -> list[str]:
    try:
        header = next((fields for fields in records if fields), [])
    except LineError as error:
        raise BrokenOffError(name, 1, f"{error}; expected a header line") from error
    if lines.fault:
        raise BrokenOffError(name, lines.fault.line, lines.fault.reason)
    try:
        check_header(header, text_column, hint="columns are separated by commas; ")
    except LineError as error:
        raise BrokenOffError(name, 1, str(error)) from error
    return header
