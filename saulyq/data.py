"""Labelled paragraphs: reading them strictly, one JSONL line each."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saulyq.errors import UserError
from saulyq.text import to_cyrillic
from saulyq.topics import TopicSet

SPLITS = ("train", "valid", "test")
REQUIRED = {"id": str, "article_id": str, "text": str, "topics": list}


@dataclass(frozen=True)
class Paragraph:
    """A labelled text with an id; `details` holds genre, region, script and the like."""

    id: str
    article_id: str
    text: str
    topics: tuple[str, ...]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """The paragraphs of one split and their gold topics, shape (n_paragraphs, n_topics)."""

    name: str
    paragraphs: tuple[Paragraph, ...]
    gold: NDArray[np.bool_]

    @property
    def texts(self) -> list[str]:
        """The paragraphs in the Cyrillic that models read; see `saulyq.text.convert`."""
        return [to_cyrillic(paragraph.text) for paragraph in self.paragraphs]

    @property
    def article_ids(self) -> list[str]:
        return [paragraph.article_id for paragraph in self.paragraphs]

    def __len__(self) -> int:
        return len(self.paragraphs)


def read_paragraphs(path: Path, topics: TopicSet) -> Iterator[Paragraph]:
    """Yield one Paragraph per JSONL line; raise UserError at the first bad line."""
    seen: dict[str, int] = {}
    for number, line in _numbered_lines(path):
        where = f"{path}:{number}"
        paragraph = _paragraph(line, where)
        try:
            topics.check(paragraph.topics)
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
        if paragraph.id in seen:
            first = seen[paragraph.id]
            raise UserError(f"{where}: id {paragraph.id!r} already stands in line {first}")
        seen[paragraph.id] = number
        yield paragraph


def split_path(data_dir: Path, split: str) -> Path:
    """Return the file of a split; there is no fallback to another split."""
    path = data_dir / f"{split}.jsonl"
    if not path.is_file():
        raise UserError(f"{path} not found; a data folder holds {', '.join(SPLITS)} as .jsonl")
    return path


def read_split(data_dir: Path, split: str, topics: TopicSet, extra: Path | None = None) -> Split:
    """Return one split; the rows of the JSONL file `extra` are put after its own.

    Raises UserError at the first bad line, and for an empty file.
    """
    paths = [split_path(data_dir, split)] + ([extra] if extra else [])
    paragraphs: list[Paragraph] = []
    for path in paths:
        read = list(read_paragraphs(path, topics))
        if not read:
            raise UserError(f"{path}: no paragraphs; expected one JSON object a line")
        paragraphs += read
    gold = topics.to_matrix([paragraph.topics for paragraph in paragraphs])
    return Split(split, tuple(paragraphs), gold)


def is_unicode(text: str) -> bool:
    """Return whether a text can be written as UTF-8: it holds no half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as lines:
            for number, raw in enumerate(lines, start=1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    byte = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
                    raise UserError(
                        f"{path}:{number}: {byte} is not UTF-8; save the file as UTF-8"
                    ) from error
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _paragraph(line: str, where: str) -> Paragraph:
    try:
        row = json.loads(line)
    # Digits without end and nesting without end are errors of other kinds.
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(row, dict):
        raise UserError(f"{where}: {type(row).__name__}; expected one JSON object a line")
    missing = [name for name in REQUIRED if name not in row]
    if missing:
        raise UserError(f"{where}: missing {', '.join(missing)}; see data/README.md")
    for name, expected in REQUIRED.items():
        if not isinstance(row[name], expected):
            found = type(row[name]).__name__
            raise UserError(f"{where}: {name} is {found}; expected {expected.__name__}")
    if not all(isinstance(topic, str) for topic in row["topics"]):
        raise UserError(f"{where}: topics holds something other than text")
    if not all(is_unicode(text) for text in (row["id"], row["article_id"], row["text"])):
        raise UserError(f"{where}: half of a surrogate pair in the text or an id")
    if not row["text"].strip():
        raise UserError(f"{where}: empty text; leave the line out")
    details = {name: value for name, value in row.items() if name not in REQUIRED}
    return Paragraph(row["id"], row["article_id"], row["text"], tuple(row["topics"]), details)
