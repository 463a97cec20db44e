"""Score unlabelled text with several taggers, for another one to learn from.

`python -m saulyq.distillation MODEL... --texts FILE_OR_FOLDER --output soft.jsonl`, then
`train.py --soft_labels soft.jsonl`. The scores are the mean of the models' calibrated margins, as
scores again.
"""

import argparse
import logging
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from saulyq import artifacts
from saulyq.calibration import scores_of
from saulyq.comparison import check_same_topics
from saulyq.data import read_split
from saulyq.errors import UserError
from saulyq.pretraining.corpus import find_files, held_out_texts, read_corpus
from saulyq.scripts import positive, run_script, whole
from saulyq.taggers import BACKENDS
from saulyq.taggers.soft_labels import SoftLabels, write_soft_labels
from saulyq.text import to_cyrillic

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[«\"“–—-]?\s?[A-ZА-ЯЁӘІҢҒҮҰҚӨҺ])")
WORDS = (4, 150)  # shorter texts say too little, longer ones take too long


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    artifacts.check_parent(args.output)
    models = [artifacts.load(folder, backend=args.backend) for folder in args.models]
    check_same_topics(models)
    topics = models[0].topics
    held_out = held_out_texts(args.data, topics)
    corpus = read_corpus(find_files(args.texts), {}, [], 0.0, held_out)
    texts = draw(corpus.lines, args.most, np.random.default_rng(args.seed))
    if not texts:
        raise UserError(f"--texts {args.texts}: no line of {WORDS[0]} to {WORDS[1]} words")
    if args.sentences:
        train = read_split(args.data, "train", topics)
        texts += fit_lines(sentences_of(train.texts))
    margins = np.mean([model.model.margins(texts)[0] for model in models], axis=0)
    scores = scores_of(margins, topics.mode)
    write_soft_labels(args.output, SoftLabels(texts, scores.tolist()))
    print(f"{len(texts)} texts, scores above a half: {int((scores > 0.5).sum())}")
    return 0


def draw(lines: list[str], most: int, rng: np.random.Generator) -> list[str]:
    """Return up to `most` lines of a fit length, in Cyrillic, in their order."""
    fit = fit_lines(lines)
    rows = np.sort(rng.permutation(len(fit))[:most])
    return [to_cyrillic(fit[row]) for row in rows]


def fit_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a fit length, in their order."""
    low, high = WORDS
    return [line for line in lines if low <= len(line.split()) <= high]


def sentences_of(texts: Iterable[str]) -> list[str]:
    """Return the sentences of texts that have more than one, each once, in their order."""
    found = [_SENTENCE_END.split(text) for text in texts]
    return list(dict.fromkeys(part for parts in found if len(parts) > 1 for part in parts))


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("models", nargs="+", type=Path, metavar="MODEL", help="the model folders that teach")
    add("--texts", required=True, help="a folder or a glob of .txt and .txt.gz files")
    add("--data", type=Path, default=Path("data"), help="whose valid and test are kept out")
    add("--sentences", action="store_true", help="score the sentences of train as well")
    add("--most", type=positive, default=50_000, help="lines, drawn at random")
    add("--seed", type=whole, default=0)
    add("--backend", choices=BACKENDS, default="auto")
    add("--output", type=Path, required=True)
    return parser.parse_args(argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
