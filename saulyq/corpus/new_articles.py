"""Add new articles to a data folder: `python -m saulyq.corpus.new_articles NEW.jsonl --data data`.

Whole articles go to train, valid and test so that topics, scripts and languages are spread
alike; articles that are already in a split stay there. `--split train` adds to train alone.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saulyq.data import REQUIRED, SPLITS, Paragraph, read_paragraphs
from saulyq.errors import UserError
from saulyq.scripts import run_script
from saulyq.topics import TopicSet, load_topics

SHARES = {"train": 0.75, "valid": 0.10, "test": 0.15}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("new", type=Path, help="a JSONL file in the format of the data folder")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, help="put all of them there; valid, test stay")
    args = parser.parse_args(argv)
    topics = load_topics(args.data / "topics.yaml")
    new = list(read_paragraphs(args.new, topics))
    known = read_known(args.data, topics)
    check_unknown(new, known)
    if args.split:
        split_of = {p.article_id: args.split for p in new}
    else:
        split_of = assign(new, topics, np.random.default_rng(args.seed))
    for split in SPLITS:
        rows = [p for p in new if split_of[p.article_id] == split]
        append(args.data / f"{split}.jsonl", rows)
        print(f"{split}: {len({p.article_id for p in rows})} articles, {len(rows)} paragraphs")
    return 0


def read_known(data_dir: Path, topics: TopicSet) -> list[Paragraph]:
    """Return the paragraphs of all splits that the folder already has."""
    paths = [data_dir / f"{split}.jsonl" for split in SPLITS]
    return [p for path in paths if path.is_file() for p in read_paragraphs(path, topics)]


def check_unknown(new: Sequence[Paragraph], known: Sequence[Paragraph]) -> None:
    """Raise UserError if a new article or paragraph id is already in a split."""
    articles, ids = {p.article_id for p in known}, {p.id for p in known}
    for paragraph in new:
        if paragraph.article_id in articles or paragraph.id in ids:
            raise UserError(
                f"{paragraph.id}: already in the data folder; give new articles new ids"
            )


def assign(
    paragraphs: Sequence[Paragraph], topics: TopicSet, rng: np.random.Generator
) -> dict[str, str]:
    """Return the split of each article, stratified by what its paragraphs carry.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011) over articles.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    by_article: dict[str, list[Paragraph]] = defaultdict(list)
    for paragraph in paragraphs:
        by_article[paragraph.article_id].append(paragraph)
    articles = sorted(by_article)
    traits = _traits([by_article[article] for article in articles], topics)
    left = np.arange(len(articles))
    split_of: dict[str, str] = {}
    for split, share in [("test", SHARES["test"]), ("valid", SHARES["valid"])]:
        n_wanted = round(share * len(articles))
        if not 0 < n_wanted < len(left):
            raise UserError(f"{len(articles)} articles are too few to split; expected at least 10")
        shuffle = MultilabelStratifiedShuffleSplit(
            n_splits=1, test_size=n_wanted / len(left), random_state=int(rng.integers(2**31))
        )
        kept, taken = next(shuffle.split(left, traits[left]))
        split_of |= dict.fromkeys((articles[i] for i in left[taken]), split)
        left = left[kept]
    return split_of | dict.fromkeys((articles[i] for i in left), "train")


def _traits(articles: list[list[Paragraph]], topics: TopicSet) -> NDArray[np.int64]:
    """Return which topics, scripts and languages each article holds, one column each."""
    held = [
        {topic for p in article for topic in p.topics}
        | {f"{name}={p.details.get(name)}" for p in article for name in ("script", "language")}
        for article in articles
    ]
    columns = sorted(set().union(*held) | set(topics.ids))
    return np.array([[int(column in traits) for column in columns] for traits in held])


def append(path: Path, paragraphs: Sequence[Paragraph]) -> None:
    """Write paragraphs at the end of a split's file, in the order of their ids."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    draft = path.with_name(path.name + ".partial")
    with draft.open("w", encoding="utf-8") as file:
        file.write(before + "\n" * (before != "" and not before.endswith("\n")))
        for p in sorted(paragraphs, key=lambda p: p.id):
            required = {name: getattr(p, name) for name in REQUIRED}
            row = required | {"topics": list(p.topics)} | p.details
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(run_script(main))
