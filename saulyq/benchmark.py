"""How long each step of tagging takes: `python -m saulyq.benchmark MODEL...`.

Steps and models are timed side by side, in turn, in one process, on the same paragraphs; the
median round counts. Machines differ and are noisy: read the ratios, not the milliseconds.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from saulyq import artifacts
from saulyq.comparison import names_of
from saulyq.data import read_paragraphs
from saulyq.scripts import positive, run_script
from saulyq.taggers import BACKENDS, ScoringModel
from saulyq.text import convert, normalise, to_cyrillic
from saulyq.text.debris import clean_text
from saulyq.text.language import language_of
from saulyq.topics import load_topics

Step = Callable[[Sequence[str]], object]


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    topics = load_topics(args.data / "topics.yaml")
    texts = [p.text for p in read_paragraphs(args.data / "train.jsonl", topics)][: args.paragraphs]
    steps: dict[str, Step] = {
        "clean-up of letters": lambda texts: [normalise(text) for text in texts],
        "page debris": lambda texts: [clean_text(text) for text in texts],
        "script conversion": lambda texts: [convert(text) for text in texts],
        "language": lambda texts: [language_of(text) for text in texts],
    }
    cyrillic = [to_cyrillic(text) for text in texts]
    models = [artifacts.load(folder, backend=args.backend) for folder in args.models]
    names = names_of(models)
    for name, loaded in zip(names, models, strict=True):
        steps[f"scores of {name}"] = partial(scores_of, loaded.model, cyrillic)
    seconds = time_side_by_side(steps, texts, args.rounds)
    first = seconds[f"scores of {names[0]}"]
    print(f"{len(texts)} paragraphs, {args.rounds} rounds")
    print(f"{'step':<28}{'ms a paragraph':>16}{'of the first model':>20}")
    for name, total in seconds.items():
        print(f"{name:<28}{1000 * total / len(texts):>16.3f}{total / first:>20.1%}")
    return 0


def scores_of(model: ScoringModel, cyrillic: Sequence[str], texts: Sequence[str]) -> object:
    """Return the scores of as many converted texts as there are texts: conversion is not timed."""
    return model.score(cyrillic[: len(texts)])


def time_side_by_side(
    steps: dict[str, Step], texts: Sequence[str], rounds: int
) -> dict[str, float]:
    """Return the median seconds of each step; in each round every step runs once."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step(texts[:8])  # what is loaded at the first use is not counted
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step(texts)
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("models", nargs="+", type=Path, metavar="MODEL", help="model folders")
    add("--data", type=Path, default=Path("data"), help="whose train paragraphs are read")
    add("--paragraphs", type=positive, default=1000)
    add("--rounds", type=positive, default=3)
    add("--backend", choices=BACKENDS, default="auto")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_script(main))
