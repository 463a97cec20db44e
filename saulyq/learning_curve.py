"""How much more data helps: `python -m saulyq.learning_curve --config configs/tfidf.yaml`.

Trains on growing parts of the train articles and measures on valid and on other files.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from saulyq import evaluation, metrics, thresholds
from saulyq.config import RunConfig, load_config
from saulyq.data import Split, read_split
from saulyq.errors import UserError
from saulyq.scripts import positive, run_script
from saulyq.taggers import tagger_class
from saulyq.taggers.base import Checkpoints
from saulyq.topics import TopicSet, load_topics

SHARES = (0.1, 0.25, 0.5, 1.0)


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    config = load_config(args.config, {"data": str(args.data)})
    for path in args.also:
        if path.suffix != ".jsonl" or path.stem == "test":
            raise UserError(f"--also {path}: expected a .jsonl file that is not a test split")
    topics = load_topics(args.data / "topics.yaml")
    train, valid = (read_split(args.data, split, topics) for split in ("train", "valid"))
    others = [read_split(path.parent, path.stem, topics) for path in args.also]
    measures = f"{'macro-F1':>12}{'micro-F1':>10}{'AP':>8}"
    print(" " * 18 + "".join(f"{split.name:>30}" for split in [valid, *others]))
    print(f"{'share':>6}{'paragraphs':>12}" + measures * (1 + len(others)))
    rng = np.random.default_rng(config.seed)
    for share in SHARES:
        runs = [
            measure(config, topics, part_of(train, share, rng), valid, others)
            for _ in range(args.repeats if share < 1 else 1)
        ]
        columns = np.array([scores for scores, _ in runs]).mean(axis=0)
        n_paragraphs = round(np.mean([n for _, n in runs]))
        cells = "".join(f"{macro:>12.3f}{micro:>10.3f}{ap:>8.3f}" for macro, micro, ap in columns)
        print(f"{share:>6.0%}{n_paragraphs:>12}{cells}")
    return 0


def part_of(train: Split, share: float, rng: np.random.Generator) -> Split:
    """Return a share of the articles of a split, drawn without replacement."""
    articles = sorted(set(train.article_ids))
    kept = set(rng.choice(articles, size=round(share * len(articles)), replace=False))
    rows = [i for i, article in enumerate(train.article_ids) if article in kept]
    return train.take(rows)


def measure(
    config: RunConfig, topics: TopicSet, train: Split, valid: Split, others: list[Split]
) -> tuple[list[tuple[float, float, float]], int]:
    """Return macro-F1, micro-F1 and mean average precision on valid and each other split, and the
    number of paragraphs trained on.
    """
    model = tagger_class(config.tagger)(topics)
    with TemporaryDirectory() as scratch:
        model.fit(config, train, valid, checkpoints=Checkpoints(Path(scratch) / "fit"))
    cutoffs = evaluation.calibrate(model, valid)
    figures = []
    for split in [valid, *others]:
        scores, _ = model.score(split.texts)
        tags = thresholds.apply(scores, cutoffs)
        average_precision = np.nanmean(metrics.average_precision(split.gold, scores))
        f1 = metrics.macro_f1(split.gold, tags), metrics.micro_f1(split.gold, tags)
        figures.append((*f1, float(average_precision)))
    return figures, len(train)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument(
        "--also", type=Path, nargs="*", default=[], help="JSONL files to measure on"
    )
    parser.add_argument(
        "--repeats", type=positive, default=5, help="draws for each share below 100 %%"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_script(main))
