"""The data tour in the card: `python -m saulyq.corpus.tour data --model models/tfidf`.

Renews the blocks between `<!-- NAME -->` and `<!-- end of NAME -->` in the data card, and the
pictures beside it. Without --model the hard negatives stay as they are.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from saulyq import artifacts
from saulyq.blocks import renew_file
from saulyq.corpus.check import Splits, agreement_lines, count_lines, read_splits
from saulyq.data import Paragraph
from saulyq.scripts import run_script
from saulyq.topics import TopicSet, load_topics

N_EXAMPLES = 5
EXAMPLE_WORDS = (8, 40)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("data"))
    parser.add_argument("--model", type=Path, help="the model that finds the hard negatives")
    args = parser.parse_args(argv)
    topics = load_topics(args.data / "topics.yaml")
    splits = read_splits(args.data, topics)
    blocks = card_blocks(splits, topics)
    if args.model:
        blocks["hard negatives"] = hard_negatives(splits["valid"], artifacts.load(args.model))
    renew_file(args.data / "README.md", blocks)
    draw_pictures(splits, topics, args.data / "pictures")
    return 0


def card_blocks(splits: Splits, topics: TopicSet) -> dict[str, str]:
    """Return what follows from the data alone, by the name of the block."""
    return {
        "counts": _fenced(count_lines(splits, topics)),
        "agreement": _fenced(agreement_lines(splits, topics)),
        "examples": "\n\n".join(
            f"**{topic}**\n\n" + _quoted(examples(splits["train"], topic)) for topic in topics.ids
        ),
    }


def examples(paragraphs: list[Paragraph], topic: str) -> list[Paragraph]:
    """Return a few paragraphs with a topic, evenly from the whole split, of different articles."""
    low, high = EXAMPLE_WORDS
    found: dict[str, Paragraph] = {}
    for p in paragraphs:
        if topic in p.topics and low <= len(p.text.split()) <= high:
            found.setdefault(p.article_id, p)
    chosen = list(found.values())
    n_shown = min(N_EXAMPLES, len(chosen))
    return [chosen[i] for i in np.linspace(0, len(chosen) - 1, n_shown).round().astype(int)]


def hard_negatives(paragraphs: list[Paragraph], loaded: artifacts.ModelFolder) -> str:
    """Return the paragraphs without a topic that a model scores highest, as Markdown."""
    without = [p for p in paragraphs if not p.topics]
    scores, _ = loaded.model.score([p.text for p in without])
    hardest = np.argsort(-scores.max(axis=1), kind="stable")[:N_EXAMPLES]
    lines = []
    for i in hardest:
        topic = loaded.topics.ids[int(scores[i].argmax())]
        lines.append(f"- ({topic} {scores[i].max():.2f}) {without[i].text}")
    return "\n".join(lines)


def draw_pictures(splits: Splits, topics: TopicSet, folder: Path) -> None:
    """Draw a histogram of lengths and the table of topics that stand together."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "saulyq"  # the same data give the same file
    import matplotlib.pyplot as plt

    folder.mkdir(exist_ok=True)
    every = [p for rows in splits.values() for p in rows]
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    axes.hist([len(p.text.split()) for p in every], bins=range(0, 160, 5))
    axes.set(xlabel="words in a paragraph", ylabel="paragraphs")
    figure.savefig(folder / "lengths.svg", metadata={"Date": None})

    gold = topics.to_matrix([p.topics for p in every]).astype(int)
    together = gold.T @ gold
    figure, axes = plt.subplots(figsize=(5, 4.4), layout="constrained")
    axes.imshow(np.where(np.eye(len(topics)), 0, together), cmap="Blues")
    axes.set_xticks(range(len(topics)), topics.ids, rotation=30, ha="right")
    axes.set_yticks(range(len(topics)), topics.ids)
    for row, column in np.ndindex(*together.shape):
        axes.text(column, row, together[row, column], ha="center", va="center")
    axes.set_title("paragraphs with both topics")
    figure.savefig(folder / "topics.svg", metadata={"Date": None})
    plt.close("all")


def _fenced(lines: list[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _quoted(paragraphs: list[Paragraph]) -> str:
    return "\n".join(f"- {p.text} ({', '.join(p.topics)})" for p in paragraphs)


if __name__ == "__main__":
    sys.exit(run_script(main))
