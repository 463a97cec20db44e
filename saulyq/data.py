"""Labelled paragraphs: reading them strictly, one JSONL line each."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saulyq.errors import UserError
from saulyq.reading import LineError, check_readable, decode_line, parse_object
from saulyq.text import normalise, to_cyrillic
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

    @cached_property
    def texts(self) -> list[str]:
        """The paragraphs in the Cyrillic that models read; see `saulyq.text.convert`."""
        return [to_cyrillic(paragraph.text) for paragraph in self.paragraphs]

    @property
    def article_ids(self) -> list[str]:
        return [paragraph.article_id for paragraph in self.paragraphs]

    def __len__(self) -> int:
        return len(self.paragraphs)

    def take(self, rows: Sequence[int]) -> "Split":
        """Return the paragraphs of these rows, in this order, as a split of the same name."""
        return Split(self.name, tuple(self.paragraphs[row] for row in rows), self.gold[list(rows)])


def read_paragraphs(path: Path, topics: TopicSet) -> Iterator[Paragraph]:
    """Yield one Paragraph per JSONL line; raise UserError at the first bad line."""
    seen: dict[str, int] = {}
    for number, line in _numbered_lines(path):
        where = f"{path}:{number}"
        try:
            paragraph = _paragraph(line)
            topics.check(paragraph.topics)
        except (LineError, UserError) as error:
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
    repeated = [id for id, n in Counter(p.id for p in paragraphs).items() if n > 1]
    if repeated:
        raise UserError(f"{extra}: id {repeated[0]!r} is in {split} already")
    gold = topics.to_matrix([paragraph.topics for paragraph in paragraphs])
    return Split(split, tuple(paragraphs), gold)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def languages_of(split: Split) -> list[str]:
    """Return the languages that the paragraphs are marked with, the commonest first."""
    marks = Counter(p.details["language"] for p in split.paragraphs if "language" in p.details)
    return [str(language) for language, _ in marks.most_common()]


def check_apart(train: Split, held_out: Split) -> None:
    """Raise UserError if a paragraph of train is, or is in an article of, a held-out split."""
    ids = {p.id for p in held_out.paragraphs}
    articles = {p.article_id for p in held_out.paragraphs}
    texts = {normalise(p.text).lower(): p.id for p in held_out.paragraphs}
    for p in train.paragraphs:
        if p.id in ids or p.article_id in articles:
            raise UserError(
                f"train: {p.id!r} or its article {p.article_id!r} is in {held_out.name}"
            )
        twin = texts.get(normalise(p.text).lower())
        if twin is not None:
            raise UserError(f"train: {p.id!r} has the text of {twin!r} in {held_out.name}")


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as lines:
            for number, raw in enumerate(lines, start=1):
                line = decode_line(raw, number)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except LineError as error:
        raise UserError(f"{path}:{number}: {error}") from error


def _paragraph(line: str) -> Paragraph:
    row = parse_object(line)
    missing = [name for name in REQUIRED if name not in row]
    if missing:
        raise LineError(f"missing {', '.join(missing)}; see data/README.md")
    for name, expected in REQUIRED.items():
        if not isinstance(row[name], expected):
            found = type(row[name]).__name__
            raise LineError(f"{name} is {found}; expected {expected.__name__}")
    if not all(isinstance(topic, str) for topic in row["topics"]):
        raise LineError("topics holds something other than text")
    for name in ("id", "article_id", "text"):
        check_readable(row[name], name)
    details = {name: value for name, value in row.items() if name not in REQUIRED}
    return Paragraph(row["id"], row["article_id"], row["text"], tuple(row["topics"]), details)
