"""Checks of a data folder: `python -m saulyq.corpus.check data` prints counts and what is wrong.

What is known and accepted stands in the folder as `known-issues.txt`, reasons after a `#`.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from saulyq.corpus.agreement import cohen_kappa, labellings
from saulyq.corpus.diversity import close_pairs, repeated_phrases
from saulyq.corpus.marks import wrong_marks
from saulyq.data import SPLITS, Paragraph, read_paragraphs, split_path
from saulyq.scripts import run_script
from saulyq.topics import TopicSet, load_topics

WORDS = (1, 200)  # the shortest and the longest paragraph
PHRASE_WORDS = 8  # a run of so many words in two articles was copied
NEAR_DUPLICATE = 0.8  # cosine of TF-IDF weighed character 5-grams

KNOWN_ISSUES = "known-issues.txt"

Splits = dict[str, list[Paragraph]]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("data"))
    args = parser.parse_args(argv)
    topics = load_topics(args.data / "topics.yaml")
    splits = read_splits(args.data, topics)
    print("\n".join(count_lines(splits, topics) + agreement_lines(splits, topics)))
    new, stale = compare_known(list(problems(splits)), args.data / KNOWN_ISSUES)
    print("\n".join(f"problem: {line}" for line in new) or "no new problems found")
    print("\n".join(f"known, but no longer there: {line}" for line in stale))
    return 1 if new or stale else 0


def compare_known(found: list[str], known_issues: Path) -> tuple[list[str], list[str]]:
    """Return the problems that are not known yet, and known ones that are no longer there."""
    lines = known_issues.read_text(encoding="utf-8").splitlines() if known_issues.exists() else []
    known = [line for line in lines if line and not line.startswith("#")]
    return [p for p in found if p not in known], [line for line in known if line not in found]


def read_splits(data_dir: Path, topics: TopicSet) -> Splits:
    """Return the paragraphs of all splits; unknown topics and repeated ids stop here."""
    return {s: list(read_paragraphs(split_path(data_dir, s), topics)) for s in SPLITS}


def problems(splits: Splits) -> Iterator[str]:
    """Yield each problem found, in one line."""
    yield from shared_ids(splits)
    yield from straddling_articles(splits)
    yield from lengths_out_of_range(splits)
    yield from near_duplicates(splits)
    yield from shared_phrases(splits)
    yield from wrong_marks(_all(splits))


def shared_ids(splits: Splits) -> Iterator[str]:
    """Paragraph ids that stand in two splits."""
    places = _places((p.id, split) for split, rows in splits.items() for p in rows)
    yield from (f"id {id!r} is in {' and '.join(s)}" for id, s in places.items() if len(s) > 1)


def straddling_articles(splits: Splits) -> Iterator[str]:
    """Articles with paragraphs in two splits."""
    places = _places((p.article_id, split) for split, rows in splits.items() for p in rows)
    yield from (f"article {a!r} is in {' and '.join(s)}" for a, s in places.items() if len(s) > 1)


def lengths_out_of_range(splits: Splits) -> Iterator[str]:
    """Paragraphs that are shorter or longer than paragraphs of articles are."""
    low, high = WORDS
    for paragraph in _all(splits):
        n_words = len(paragraph.text.split())
        if not low <= n_words <= high:
            yield f"{paragraph.id}: {n_words} words; expected {low} to {high}"


def near_duplicates(splits: Splits) -> Iterator[str]:
    """Texts of two splits that are equal or nearly so."""
    paragraphs = _all(splits)
    split_of = [split for split, rows in splits.items() for _ in rows]
    for i, j in close_pairs([p.text for p in paragraphs], NEAR_DUPLICATE):
        if split_of[i] != split_of[j]:
            yield f"{paragraphs[i].id} and {paragraphs[j].id} are near-duplicates in two splits"


def shared_phrases(splits: Splits) -> Iterator[str]:
    """Runs of words that stand in two articles."""
    paragraphs = _all(splits)
    texts, article_ids = [p.text for p in paragraphs], [p.article_id for p in paragraphs]
    for i, j, phrase in repeated_phrases(texts, article_ids, PHRASE_WORDS):
        yield f"{paragraphs[i].id} and {paragraphs[j].id} share {phrase!r}"


def count_lines(splits: Splits, topics: TopicSet) -> list[str]:
    """Return the counts of the data set as lines of a table."""
    head = f"{'':<24}" + "".join(f"{split:>8}" for split in splits) + f"{'all':>8}"
    rows: list[tuple[str, list[int]]] = [
        ("articles", [len({p.article_id for p in rows}) for rows in splits.values()]),
        ("paragraphs", [len(rows) for rows in splits.values()]),
        ("without a topic", [sum(not p.topics for p in rows) for rows in splits.values()]),
        ("two or more topics", [sum(len(p.topics) > 1 for p in rows) for rows in splits.values()]),
    ]
    if any("about_health" in p.details for p in _all(splits)):
        for name, about in (("no topic, other health", True), ("no topic, not health", False)):
            kept = [
                sum(not p.topics and p.details.get("about_health") is about for p in r)
                for r in splits.values()
            ]
            rows.append((name, kept))
    for topic in topics.ids:
        rows.append((topic, [sum(topic in p.topics for p in r) for r in splits.values()]))
    for name in ("language", "script"):
        values = Counter(p.details[name] for p in _all(splits) if name in p.details)
        for value, _ in values.most_common():
            counts = [sum(p.details.get(name) == value for p in r) for r in splits.values()]
            rows.append((f"{name} {value}", counts))
    return [head] + [
        f"{name:<24}" + "".join(f"{n:>8}" for n in counts) + f"{sum(counts):>8}"
        for name, counts in rows
    ]


def agreement_lines(splits: Splits, topics: TopicSet) -> list[str]:
    """Return Cohen's kappa of the two labellings as lines; none if the data has no two."""
    first, second = labellings(_all(splits), topics)
    if not len(first):
        return []
    kappa = cohen_kappa(first, second)
    differ = int((first != second).any(axis=1).sum())
    lines = [f"{topic:<24}{k:>8.3f}" for topic, k in zip(topics.ids, kappa, strict=True)]
    return [*lines, f"{differ} of {len(first)} paragraphs labelled differently"]


def _all(splits: Splits) -> list[Paragraph]:
    return [paragraph for rows in splits.values() for paragraph in rows]


def _places(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for key, split in pairs:
        if split not in places[key]:
            places[key].append(split)
    return places


if __name__ == "__main__":
    sys.exit(run_script(main))
