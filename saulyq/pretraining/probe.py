"""What an encoder knows before any fine-tuning: `python -m saulyq.pretraining.probe ENCODER...`.

A logistic regression on frozen vectors, by cross-validation over the articles of train and valid;
recipes are compared by it. The figure is the mean average precision of the topics; for a schema in
single mode it is the accuracy.
"""

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from transformers import AutoTokenizer

from saulyq import metrics
from saulyq.data import Split, read_split
from saulyq.pretraining.meanings import Teacher, centred
from saulyq.scripts import run_script
from saulyq.topics import TopicSet, load_topics

N_FOLDS = 5
REGULARISATION = (1.0, 10.0, 100.0)  # C; the best counts


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    print(f"{'encoder':<40}{'data':<20}{'tokens a word':>14}{'figure':>10}")
    for folder in args.data:
        topics = load_topics(folder / "topics.yaml")
        train, valid = (read_split(folder, split, topics) for split in ("train", "valid"))
        for encoder in args.encoders:
            figure = probe(encoder, args.prefix, train, valid, topics)
            length = tokens_a_word(encoder, valid.texts)
            print(f"{encoder:<40}{folder.name:<20}{length:>14.2f}{figure:>10.3f}", flush=True)
    return 0


def probe(encoder: str, prefix: str, train: Split, valid: Split, topics: TopicSet) -> float:
    """Return the figure of an encoder on the paragraphs of train and valid together."""
    texts = [*train.texts, *valid.texts]
    gold = np.concatenate([train.gold, valid.gold])
    articles = [*train.article_ids, *valid.article_ids]
    # Vectors of length one are too small for the usual strengths of regularisation.
    vectors = centred(Teacher(encoder, prefix).vectors(texts)) * 10
    return max(_figure(vectors, gold, articles, topics.mode, c) for c in REGULARISATION)


def _figure(
    vectors: NDArray[np.float32], gold: NDArray[np.bool_], articles: list[str], mode: str, c: float
) -> float:
    scores = np.zeros(gold.shape)
    for fitted, held_out in GroupKFold(N_FOLDS).split(vectors, groups=articles):
        targets = [gold[fitted].argmax(axis=1)] if mode == "single" else list(gold[fitted].T)
        models = [LogisticRegression(C=c, max_iter=500).fit(vectors[fitted], t) for t in targets]
        found = [model.predict_proba(vectors[held_out]) for model in models]
        scores[held_out] = (
            found[0] if mode == "single" else np.stack([p[:, 1] for p in found], axis=1)
        )
    if mode == "single":
        return float((scores.argmax(axis=1) == gold.argmax(axis=1)).mean())
    return float(np.nanmean(metrics.average_precision(gold, scores)))


def tokens_a_word(encoder: str, texts: list[str]) -> float:
    """Return how many tokens a word of the texts takes."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    ids = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return sum(map(len, ids)) / sum(len(text.split()) for text in texts)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("encoders", nargs="+", metavar="ENCODER", help="checkpoint folders")
    add("--data", type=Path, nargs="+", default=[Path("data")], help="folders with train, valid")
    add("--prefix", default="", help='what stands before each text, "query: " for E5')
    return parser.parse_args(argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
