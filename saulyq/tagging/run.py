"""From a block of rows to its part of the output, everything counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Self

from saulyq.tagging.blocks import Block
from saulyq.tagging.inputs import Reject, Row
from saulyq.tagging.outputs import Record, encoder
from saulyq.tagging.tagger import TAGGED, Read, Tagged, Tagger
from saulyq.text.debris import clean_text
from saulyq.topics import TopicSet

_NAMED = ("tags", "encodings", "cleaned")  # counted by name


@dataclass
class Counts:
    """What a run has read; `rows` = `tagged` + `rejected` + `repeated` at its end."""

    rows: int = 0
    tagged: int = 0
    rejected: int = 0
    repeated: int = 0  # titles said again on a line of their own, left out
    without_topic: int = 0
    skipped: int = 0  # of those tagged, left without topics for their language
    repeated_ids: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)  # of files that are not in UTF-8
    cleaned: Counter[str] = field(default_factory=Counter)  # debris taken out, by kind

    def count(self, results: Iterable[Tagged]) -> None:
        """Count texts that were tagged."""
        for tagged in results:
            self.tagged += 1
            self.without_topic += not tagged.topics
            self.skipped += tagged.windows == 0
            self.tags.update(tagged.topics)

    def add(self, other: "Counts") -> None:
        """Count what another has counted as well."""
        for name, value in other.__dict__.items():
            setattr(self, name, getattr(self, name) + value)

    def check(self, n_read: int) -> None:
        """Raise RuntimeError if a row was lost or doubled: a mistake in this program.

        n_read: rows as they came from the reader, before they were cut into blocks.
        """
        handled = self.tagged + self.rejected + self.repeated
        if not n_read == self.rows == handled:
            raise RuntimeError(f"{n_read} rows read, {self.rows} in blocks, {handled} handled")

    def line(self) -> str:
        """Return the counts as one line."""
        tags = ", ".join(f"{topic} {n}" for topic, n in sorted(self.tags.items())) or "none"
        titles = f" + {self.repeated} repeated titles" if self.repeated else ""
        repeated = f", {self.repeated_ids} with a repeated id" if self.repeated_ids else ""
        skipped = f", {self.skipped} in a language skipped" if self.skipped else ""
        decoded = "".join(f"; {n} files read as {name}" for name, n in self.encodings.items())
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.cleaned.items()))
        cleaned = f"; page debris mended: {kinds}" if kinds else ""
        return (
            f"{self.rows} rows = {self.tagged} tagged + {self.rejected} rejected{titles}"
            f"{repeated}{skipped}; {self.without_topic} tagged with no topic; tags: {tags}"
            f"{decoded}{cleaned}"
        )

    def to_dict(self) -> dict[str, Any]:
        return self.__dict__ | {name: dict(sorted(getattr(self, name).items())) for name in _NAMED}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        return cls(**told | {name: Counter(told[name]) for name in _NAMED})


@dataclass(frozen=True)
class Shape:
    """What a record holds beside its tags."""

    by_article: bool = False  # one record an article rather than a paragraph
    top: int = 0  # that many best topics as `suggested`
    keep_text: bool = False
    kept: tuple[str, ...] | None = ()  # columns of the input; None is whatever a row has

    def columns(self) -> list[str]:
        """Return the names of a record's entries, in order."""
        names = ["id", "paragraphs" if self.by_article else "paragraph", *TAGGED]
        names += ["suggested"] * (self.top > 0) + ["text"] * self.keep_text
        return names + [self.name_of(column) for column in self.kept or ()]

    def name_of(self, column: str) -> str:
        """Return what a kept column is called beside our own entries."""
        taken = {"id", "paragraph", "paragraphs", *TAGGED, "suggested", "text"}
        # Those with our beginnings as well, so that no two columns come to the same name.
        is_taken = column in taken or column.startswith(("input_", "score_"))
        return f"input_{column}" if is_taken else column


@dataclass(frozen=True)
class Options:
    """What is done with each block."""

    shape: Shape
    clean: bool = True  # read the text without what a web page leaves in it; the row keeps it
    skip_foreign: bool = False  # leave other languages than Kazakh and Russian untagged
    ending: str = ".jsonl"  # the format of the output


@dataclass(frozen=True)
class ReadBlock:
    """A block as the model takes it in."""

    rows: list[Row]
    rejects: list[Reject]
    read: Read
    counts: Counts


@dataclass(frozen=True)
class DoneBlock:
    """What came of a block: its part of the output, its rejects, and its counts."""

    content: bytes
    rejects: list[Reject]
    counts: Counts


class BlockTagger:
    """Turns a block into its part of the output; what it gives depends on that block alone."""

    def __init__(self, tagger: Tagger, options: Options) -> None:
        self.tagger = tagger
        self.options = options
        self.encode = encoder(options.ending, options.shape.columns(), tagger.topics)

    def read(self, block: Block) -> ReadBlock:
        """Return a block read: the part of the work that needs no model."""
        rows = [item for item in block if isinstance(item, Row)]
        rejects = [item for item in block if isinstance(item, Reject)]
        counts = Counts(rows=len(block), rejected=len(rejects))
        counts.repeated = len(block) - len(rows) - len(rejects)
        texts = [row.text for row in rows]
        if self.options.clean:
            texts = [_cleaned(text, counts) for text in texts]
        read = self.tagger.read(texts, skip_foreign=self.options.skip_foreign)
        return ReadBlock(rows, rejects, read, counts)

    def tag(self, block: ReadBlock) -> DoneBlock:
        """Return what came of a block that was read."""
        results = self.tagger.tag_read(block.read)
        block.counts.count(results)
        pairs = zip(block.rows, results, strict=True)
        records = make_records(pairs, self.tagger, self.options.shape)
        return DoneBlock(self.encode(list(records)), block.rejects, block.counts)


def _cleaned(text: str, counts: Counts) -> str:
    """Return the text without page debris; as it is where nothing else would be left."""
    cleaned, found = clean_text(text)
    if not cleaned:
        return text
    counts.cleaned.update(found)
    return cleaned


def make_records(
    pairs: Iterable[tuple[Row, Tagged]], tagger: Tagger, shape: Shape
) -> Iterator[Record]:
    """Yield one record a paragraph, or an article: rows of a file in a row with its article id."""
    if not shape.by_article:
        for row, tagged in pairs:
            record: Record = {"id": row.id, "paragraph": row.paragraph, **_told(tagged)}
            record = _finish(record, tagged, [row.text], shape)
            yield record | {shape.name_of(name): value for name, value in row.columns.items()}
        return
    for (_, article_id), group in groupby(pairs, key=lambda p: (p[0].source, p[0].article_id)):
        rows, paragraphs = zip(*group, strict=True)
        whole = whole_article(paragraphs, tagger.topics)
        record = {"id": article_id, "paragraphs": len(rows), **_told(whole)}
        yield _finish(record, whole, [row.text for row in rows], shape)


def whole_article(paragraphs: Sequence[Tagged], topics: TopicSet) -> Tagged:
    """Return the topics of any paragraph, the maximum of each score, the sum of windows.

    language, script: those of most paragraphs.
    """
    named = {topic for tagged in paragraphs for topic in tagged.topics}
    read = [tagged for tagged in paragraphs if tagged.windows]
    return Tagged(
        topics=[topic for topic in topics.ids if topic in named],
        scores={t: max(tagged.scores[t] for tagged in read) for t in topics.ids if read},
        language=Counter(tagged.language for tagged in paragraphs).most_common(1)[0][0],
        script=Counter(tagged.script for tagged in paragraphs).most_common(1)[0][0],
        windows=sum(tagged.windows for tagged in paragraphs),
    )


def _told(tagged: Tagged) -> Record:
    return {name: getattr(tagged, name) for name in TAGGED}


def _finish(record: Record, tagged: Tagged, texts: list[str], shape: Shape) -> Record:
    if shape.top:
        record["suggested"] = tagged.suggested(shape.top)
    if shape.keep_text:
        record["text"] = "\n".join(texts)
    return record
