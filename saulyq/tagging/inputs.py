"""Reading what is to be tagged: every input row becomes a Row or a Reject, none is lost."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from saulyq.reading import (
    BrokenOffError,
    EmptyTextError,
    LineError,
    check_readable,
    check_writable,
    decode_line,
    parse_object,
    without_nan,
)
from saulyq.tagging.csv_rows import BadRecord, Record, read_records
from saulyq.tagging.parquet_rows import read_table
from saulyq.tagging.sources import TEXT_ENDINGS, Source, find_sources, not_read
from saulyq.tagging.streams import in_utf8, read_lines, unpacked

__all__ = ["READERS", "Columns", "Reject", "Row", "Source", "find_sources", "read_inputs"]

ARTICLE = "article_id"  # the column, which has this name everywhere


@dataclass(frozen=True)
class Row:
    """One paragraph to tag. `paragraph` counts from 0 in a text file and is 0 elsewhere.

    place: the line of the file, or the row of a Parquet file, from 1; the last line of a CSV
    record. columns: the other columns of the row, if they are kept.
    """

    source: Source
    id: str
    article_id: str
    paragraph: int
    text: str
    place: int
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reject:
    """An input row that cannot be tagged, or a file that cannot be read from there on: where it
    stands, and why.
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read; `keep`: whether rows carry the others, too."""

    text: str = "text"
    id: str = "id"
    keep: bool = False


Rows = Iterator[Row | Reject]


def read_inputs(
    sources: list[Source], columns: Columns, stdin: BinaryIO, encodings: Counter[str] | None = None
) -> Rows:
    """Yield the rows of all sources, in order; where one breaks off, a Reject and the next source.

    Raises UserError for a source that cannot be opened, or whose disk fails.
    encodings: counts the text and CSV files that are not in UTF-8, by the encoding found.
    """
    found: Counter[str] = Counter() if encodings is None else encodings
    for source in sources:
        try:
            with source.path.open("rb") if source.path else nullcontext(stdin) as file:
                content = _content(file, source, found)
                yield from READERS[source.ending](content, source, columns)
        except BrokenOffError as error:
            yield Reject(source.name, error.line, error.reason)
        except OSError as error:
            raise not_read(source.path or source.name, error) from error


def _content(file: BinaryIO, source: Source, encodings: Counter[str]) -> BinaryIO:
    # Standard input is read as it comes, a line at a time; Parquet is read from its end.
    if source.path is None or source.ending == ".parquet":
        return file
    content = unpacked(file, source.packing)
    if source.ending == ".jsonl":
        return content
    content, encoding = in_utf8(content, str(source.path))
    if encoding != "utf-8":
        encodings[encoding] += 1
    return content


def read_text(file: BinaryIO, source: Source, columns: Columns) -> Rows:
    """Yield the paragraphs of an article: its lines that are not blank."""
    paragraph = 0
    for number, raw in enumerate(read_lines(file, source.name), start=1):
        for found in _paragraphs(raw, number):
            if isinstance(found, LineError):
                yield Reject(source.name, number, str(found))
            else:
                yield Row(source, source.article, source.article, paragraph, found, number)
            paragraph += 1


def _paragraphs(raw: bytes, number: int) -> Iterator[str | LineError]:
    """Yield the texts of a line, more than one in an old Mac's file, or what is wrong with it."""
    try:
        lines = re.split(r"\r\n?|\n", decode_line(raw, number))
    except LineError as error:
        yield error
        return
    for line in lines:
        try:
            check_readable(line, "line")
        except EmptyTextError:
            continue
        except LineError as error:
            yield error
        else:
            yield line.strip()


def read_jsonl(file: BinaryIO, source: Source, columns: Columns) -> Rows:
    """Yield one row for each line that is not blank."""
    for number, raw in enumerate(read_lines(file, source.name), start=1):
        try:
            line = decode_line(raw, number)
            if line.strip():
                yield _row(parse_object(line), source, number, columns)
        except LineError as error:
            yield Reject(source.name, number, str(error))


def read_csv(file: BinaryIO, source: Source, columns: Columns) -> Rows:
    """Yield one row for each record; `line` of a reject is the one where the fault is seen."""
    records = read_records(read_lines(file, source.name), source.name, columns.text)
    return _rows(records, source, columns)


def read_parquet(file: BinaryIO, source: Source, columns: Columns) -> Rows:
    """Yield one row for each row of the table; `line` of a reject is its number."""
    others = None if columns.keep else (columns.id, ARTICLE)
    return _rows(read_table(file, source.name, columns.text, others), source, columns)


def _rows(records: Iterable[Record | BadRecord], source: Source, columns: Columns) -> Rows:
    for record in records:
        if isinstance(record, BadRecord):
            yield Reject(source.name, record.line, record.reason)
            continue
        try:
            yield _row(record.fields, source, record.line, columns)
        except LineError as error:
            yield Reject(source.name, record.line, str(error))


def _row(content: dict[str, Any], source: Source, number: int, columns: Columns) -> Row:
    text = content.get(columns.text)
    if text is None:
        raise LineError(f"no {columns.text!r}")
    if not isinstance(text, str):
        raise LineError(f"{columns.text!r} is {type(text).__name__}; expected text")
    check_readable(text, columns.text)
    id = _id(content, columns.id) or f"{source.name}:{number}"
    article = _id(content, ARTICLE) or id
    return Row(source, id, article, 0, text, number, _kept(content, columns))


def _id(content: dict[str, Any], column: str) -> str | None:
    value = without_nan(content.get(column))
    if value in (None, ""):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # data frames make ids floats where one is missing
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise LineError(f"{column!r} is {type(value).__name__}; expected text or a whole number")
    check_readable(str(value), column)
    return str(value)


def _kept(content: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """Return the columns that a record does not tell; one without a name has none to be kept by."""
    if not columns.keep:
        return {}
    read = ("", columns.text, columns.id)
    kept = {name: without_nan(value) for name, value in content.items() if name not in read}
    check_writable(kept)
    return kept


READERS: dict[str, Callable[[BinaryIO, Source, Columns], Rows]] = {
    **dict.fromkeys(TEXT_ENDINGS, read_text),
    ".jsonl": read_jsonl,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
