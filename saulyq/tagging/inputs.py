"""Reading what is to be tagged: every input row becomes a Row or a Reject, none is lost."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from saulyq.errors import UserError
from saulyq.reading import LineError, check_readable, decode_line, parse_object
from saulyq.tagging.csv_rows import BadRecord, read_records
from saulyq.text.encodings import open_decoded

TEXT_ENDINGS = (".txt", ".md")
ENDINGS = (*TEXT_ENDINGS, ".jsonl", ".csv")


@dataclass(frozen=True)
class Source:
    """A file to read; `path` None is standard input.

    name: stands in rejects and in ids made from lines. article: the id of a text file.
    """

    path: Path | None
    name: str
    article: str

    def is_text(self) -> bool:
        """Return whether it is an article, a paragraph a line, rather than a table of rows."""
        return self.path is not None and self.path.suffix.lower() in TEXT_ENDINGS


@dataclass(frozen=True)
class Row:
    """One paragraph to tag. `paragraph` counts from 0 in a text file and is 0 elsewhere."""

    source: Source
    id: str
    article_id: str
    paragraph: int
    text: str


@dataclass(frozen=True)
class Reject:
    """An input row that cannot be tagged: where it stands, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read."""

    text: str = "text"
    id: str = "id"


Rows = Iterator[Row | Reject]


def read_inputs(
    sources: list[Source], columns: Columns, stdin: BinaryIO, encodings: Counter[str] | None = None
) -> Rows:
    """Yield the rows of all sources, in order.

    encodings: counts the text and CSV files that are not in UTF-8, by the encoding found.
    """
    for source in sources:
        if source.path is None:
            yield from read_jsonl(stdin, source, columns)
            continue
        try:
            with source.path.open("rb") as file:
                ending = source.path.suffix.lower()
                lines = file if ending == ".jsonl" else _in_utf8(file, source.path, encodings)
                yield from READERS[ending](lines, source, columns)
        except OSError as error:
            raise UserError(f"{source.path}: cannot be read ({error.strerror})") from error


def _in_utf8(file: BinaryIO, path: Path, encodings: Counter[str] | None) -> Iterator[bytes]:
    lines, encoding = open_decoded(file)
    if encoding != "utf-8" and encodings is not None:
        encodings[encoding] += 1
    try:
        yield from lines
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def find_sources(inputs: list[str], written: Collection[Path] = ()) -> list[Source]:
    """Return the files named, those in folders named, and standard input for `-`, in order.

    A folder gives its files in order of name, with their path in it as name; hidden files,
    other endings and what this run writes itself are passed over. Raises UserError for what
    is not there, and if an input is to be written over.
    """
    found: list[tuple[Path | None, str]] = []
    for text in inputs:
        path = Path(text)
        if text == "-":
            found.append((None, "<stdin>"))
        elif path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if _readable(p, path, written)]
            if not inside:
                raise UserError(f"{path}: no {', '.join(ENDINGS)} files in this folder")
            found += [(p, p.relative_to(path).as_posix()) for p in inside]
        elif not path.exists():
            raise UserError(f"{path} not found")
        elif path.suffix.lower() not in ENDINGS:
            raise UserError(f"{path}: unknown ending; expected one of {', '.join(ENDINGS)}")
        elif path.resolve() in written:
            raise UserError(f"{path} is an input and would be written over; name another output")
        else:
            found.append((path, path.name))
    return _told_apart(found)


def _readable(path: Path, folder: Path, written: Collection[Path]) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    known = path.suffix.lower() in ENDINGS and path.resolve() not in written
    return known and not hidden and path.is_file()


def _told_apart(found: list[tuple[Path | None, str]]) -> list[Source]:
    """Return sources whose names and article ids are unique: the whole path where they are not."""
    for path, _ in found:
        if path is not None and not path.as_posix().isprintable():
            raise UserError(f"{path.as_posix()!r}: a file name with odd characters; rename it")
    names = Counter(name for _, name in found)
    articles = Counter(name.rsplit(".", 1)[0] for _, name in found)
    sources = []
    for path, name in found:
        unique = name if names[name] == 1 or path is None else path.as_posix()
        article = name.rsplit(".", 1)[0]
        sources.append(Source(path, unique, article if articles[article] == 1 else unique))
    return sources


def read_text(file: Iterable[bytes], source: Source, columns: Columns) -> Rows:
    """Yield the paragraphs of an article: its lines that are not blank."""
    paragraph = 0
    for number, raw in enumerate(file, start=1):
        try:
            lines = re.split(r"\r\n?|\n", decode_line(raw, number))
        except LineError as error:
            yield Reject(source.name, number, str(error))
            paragraph += 1
            continue
        for line in lines:
            try:
                check_readable(line, "line")
            except LineError:  # decoded, so it can only be blank
                continue
            yield Row(source, source.article, source.article, paragraph, line.strip())
            paragraph += 1


def read_jsonl(file: Iterable[bytes], source: Source, columns: Columns) -> Rows:
    """Yield one row for each line that is not blank."""
    for number, raw in enumerate(file, start=1):
        try:
            line = decode_line(raw, number)
            if line.strip():
                yield _row(parse_object(line), source, number, columns)
        except LineError as error:
            yield Reject(source.name, number, str(error))


def read_csv(file: Iterable[bytes], source: Source, columns: Columns) -> Rows:
    """Yield one row for each record; `line` of a reject is the one where the fault is seen."""
    for record in read_records(file, source.name, columns.text):
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
    return Row(source, id, _id(content, "article_id") or id, 0, text)


def _id(content: dict[str, Any], column: str) -> str | None:
    value = content.get(column)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise LineError(f"{column!r} is {type(value).__name__}; expected text or a whole number")
    check_readable(str(value), column)
    return str(value)


READERS: dict[str, Callable[[Iterable[bytes], Source, Columns], Rows]] = {
    **dict.fromkeys(TEXT_ENDINGS, read_text),
    ".jsonl": read_jsonl,
    ".csv": read_csv,
}
