"""The tagging loop: rows in, records out, everything counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from saulyq.tagging.inputs import Reject, Row
from saulyq.tagging.outputs import Record
from saulyq.tagging.tagger import Tagged, Tagger
from saulyq.text.debris import LINES_OF_TITLE, WORDS_IN_TITLE, clean_text
from saulyq.topics import TopicSet

_TAGGED = ("topics", "scores", "language", "script", "windows")
READ_AHEAD = 1024  # paragraphs held in memory at a time


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

    def check(self) -> None:
        """Raise RuntimeError if a row was lost or doubled: a mistake in this program."""
        handled = self.tagged + self.rejected + self.repeated
        if self.rows != handled:
            raise RuntimeError(f"{self.rows} rows read, {handled} handled")

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
        counted = {"tags", "encodings", "cleaned"}
        return self.__dict__ | {name: dict(sorted(getattr(self, name).items())) for name in counted}


@dataclass(frozen=True)
class Shape:
    """What a record holds beside its tags."""

    by_article: bool = False  # one record an article rather than a paragraph
    top: int = 0  # that many best topics as `suggested`
    keep_text: bool = False

    def columns(self) -> list[str]:
        """Return the names of a record's entries, in order."""
        names = ["id", "paragraphs" if self.by_article else "paragraph", *_TAGGED]
        return names + ["suggested"] * (self.top > 0) + ["text"] * self.keep_text


def tag_rows(
    rows: Iterable[Row | Reject],
    tagger: Tagger,
    counts: Counts,
    reject: Callable[[Reject], None],
    *,
    skip_foreign: bool = False,
    clean: bool = True,
) -> Iterator[tuple[Row, Tagged]]:
    """Yield each row with its tags, in input order; hand each Reject to `reject`.

    clean: read the text without what a web page leaves in it; the row keeps it. A line of a text
    file that says again what the line before it says, as titles at the top do, is left out.
    """
    told_once = _without_repeats(rows, counts) if clean else rows
    good = _only_rows(told_once, counts, reject)
    seen: set[tuple[str, int]] = set()
    while batch := list(islice(good, READ_AHEAD)):
        texts = [_cleaned(row.text, counts) if clean else row.text for row in batch]
        results = tagger.tag(texts, skip_foreign=skip_foreign)
        for row, tagged in zip(batch, results, strict=True):
            key = (row.id, row.paragraph)
            counts.repeated_ids += key in seen
            seen.add(key)
            counts.tagged += 1
            counts.without_topic += not tagged.topics
            counts.skipped += tagged.windows == 0
            counts.tags.update(tagged.topics)
            yield row, tagged


def _without_repeats(rows: Iterable[Row | Reject], counts: Counts) -> Iterator[Row | Reject]:
    before: Row | Reject | None = None
    for row in rows:
        if _repeats(row, before):
            counts.rows += 1
            counts.repeated += 1
        else:
            yield row
            before = row


def _repeats(row: Row | Reject, before: Row | Reject | None) -> bool:
    return (
        isinstance(row, Row)
        and isinstance(before, Row)
        and row.source is before.source
        and row.source.is_text()
        and row.paragraph < LINES_OF_TITLE
        and row.text == before.text
        and len(row.text.split()) >= WORDS_IN_TITLE
    )


def _cleaned(text: str, counts: Counts) -> str:
    """Return the text without page debris; as it is where nothing else would be left."""
    cleaned, found = clean_text(text)
    if not cleaned:
        return text
    counts.cleaned.update(found)
    return cleaned


def _only_rows(
    rows: Iterable[Row | Reject], counts: Counts, reject: Callable[[Reject], None]
) -> Iterator[Row]:
    for row in rows:
        counts.rows += 1
        if isinstance(row, Reject):
            counts.rejected += 1
            reject(row)
        else:
            yield row


def make_records(
    pairs: Iterable[tuple[Row, Tagged]], tagger: Tagger, shape: Shape
) -> Iterator[Record]:
    """Yield one record a paragraph, or an article: rows of a file in a row with its article id."""
    if not shape.by_article:
        for row, tagged in pairs:
            record: Record = {"id": row.id, "paragraph": row.paragraph, **_told(tagged)}
            yield _finish(record, tagged, [row.text], shape)
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
    return {name: getattr(tagged, name) for name in _TAGGED}


def _finish(record: Record, tagged: Tagged, texts: list[str], shape: Shape) -> Record:
    if shape.top:
        record["suggested"] = tagged.suggested(shape.top)
    if shape.keep_text:
        record["text"] = "\n".join(texts)
    return record
