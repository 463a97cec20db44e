"""Reading what is to be tagged: every input row becomes a Row or a Reject, none is lost."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from saulyq.data import is_unicode
from saulyq.errors import UserError

TEXT_ENDINGS = (".txt", ".md")
ENDINGS = (*TEXT_ENDINGS, ".jsonl", ".csv")


@dataclass(frozen=True)
class Row:
    """One paragraph to tag. `paragraph` counts from 0 in a text file and is 0 elsewhere."""

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


def read_inputs(inputs: list[str], columns: Columns, stdin: BinaryIO) -> Rows:
    """Yield the rows of files, folders and `-` (JSONL on standard input), in order."""
    for path, name in find_files(inputs):
        if path is None:
            yield from read_jsonl(stdin, "<stdin>", columns)
            continue
        try:
            with path.open("rb") as file:
                yield from READERS[path.suffix.lower()](file, name, columns)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def find_files(inputs: list[str]) -> list[tuple[Path | None, str]]:
    """Return each file with the name its ids start from; None stands for standard input.

    A folder gives its files in order of name, with their path in the folder as name; hidden
    files and other endings in it are passed over. Raises UserError for what is not there.
    """
    found: list[tuple[Path | None, str]] = []
    for text in inputs:
        path = Path(text)
        if text == "-":
            found.append((None, "<stdin>"))
        elif path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if _readable(p, path)]
            if not inside:
                raise UserError(f"{path}: no {', '.join(ENDINGS)} files in this folder")
            found += [(p, p.relative_to(path).as_posix()) for p in inside]
        elif not path.exists():
            raise UserError(f"{path} not found")
        elif path.suffix.lower() not in ENDINGS:
            raise UserError(f"{path}: unknown ending; expected one of {', '.join(ENDINGS)}")
        else:
            found.append((path, path.name))
    return found


def _readable(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and path.suffix.lower() in ENDINGS and not hidden


def read_text(file: BinaryIO, name: str, columns: Columns) -> Rows:
    """Yield the paragraphs of an article: its lines that are not blank."""
    article = name.rsplit(".", 1)[0]
    paragraph = 0
    for _, line in _decoded(file, name):
        if isinstance(line, Reject):
            yield line
        elif line.strip():
            yield Row(article, article, paragraph, line.strip())
        else:
            continue
        paragraph += 1


def read_jsonl(file: BinaryIO, name: str, columns: Columns) -> Rows:
    """Yield one row for each line that is not blank."""
    for number, line in _decoded(file, name):
        if isinstance(line, Reject):
            yield line
        elif line.strip():
            try:
                content = json.loads(line)
            # Digits without end and nesting without end are errors of other kinds.
            except (ValueError, RecursionError) as error:
                yield Reject(name, number, f"not valid JSON ({error})")
                continue
            yield _row(content, name, number, columns)


def read_csv(file: BinaryIO, name: str, columns: Columns) -> Rows:
    """Yield one row for each record; `line` of a reject is the last line of its record."""
    csv.field_size_limit(sys.maxsize)
    bad: list[Reject] = []
    reader = csv.DictReader(_lines_or_rejects(file, name, bad), restkey="", strict=True)
    header = reader.fieldnames or []
    if columns.text not in header:
        found = ", ".join(header) or "nothing"
        raise UserError(
            f"{name}: no column {columns.text!r}; found {found}; name yours with --text-column"
        )
    while True:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            # The reader counts a line when it is through with it: this one it is not.
            yield Reject(name, reader.line_num + 1, f"not valid CSV ({error})")
            continue
        finally:
            yield from bad
            bad.clear()
        if "" in record:
            yield Reject(name, reader.line_num, f"more fields than the {len(header)} columns")
            continue
        yield _row(record, name, reader.line_num, columns)


def _row(content: Any, name: str, number: int, columns: Columns) -> Row | Reject:
    if not isinstance(content, dict):
        return Reject(name, number, f"{type(content).__name__}; expected an object")
    text = content.get(columns.text)
    if text is None:
        return Reject(name, number, f"no {columns.text!r}")
    if not isinstance(text, str):
        return Reject(name, number, f"{columns.text!r} is {type(text).__name__}; expected text")
    if not text.strip():
        return Reject(name, number, f"{columns.text!r} is empty")
    found = content.get(columns.id)
    if found is not None and (isinstance(found, bool) or not isinstance(found, str | int)):
        return Reject(name, number, f"{columns.id!r} is {type(found).__name__}; expected text")
    id = f"{name}:{number}" if found in (None, "") else str(found)
    row = Row(id, str(content.get("article_id") or id), 0, text)
    # JSON can write half of a character ("\\ud83d"), which no file in UTF-8 can hold.
    for column, value in ((columns.text, text), (columns.id, id), ("article_id", row.article_id)):
        if not is_unicode(value):
            return Reject(name, number, f"{column!r} holds half of a surrogate pair")
    return row


def _decoded(file: BinaryIO, name: str) -> Iterator[tuple[int, str | Reject]]:
    for number, raw in enumerate(file, start=1):
        yield number, _decode(raw, name, number)


def _decode(raw: bytes, name: str, number: int) -> str | Reject:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        position = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        return Reject(name, number, f"{position} is not UTF-8; save the file as UTF-8")


def _lines_or_rejects(file: BinaryIO, name: str, bad: list[Reject]) -> Iterator[str]:
    for _, line in _decoded(file, name):
        if isinstance(line, Reject):
            bad.append(line)
            yield "\n"  # keeps the count of lines; csv passes over empty ones
        else:
            yield line


READERS: dict[str, Callable[[BinaryIO, str, Columns], Rows]] = {
    **dict.fromkeys(TEXT_ENDINGS, read_text),
    ".jsonl": read_jsonl,
    ".csv": read_csv,
}
