"""Measures of one tagger on one split. Columns are topics in schema order throughout."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.bool_]
Scores = NDArray[np.float64]


def counts(gold: Matrix, tags: Matrix) -> tuple[Scores, Scores, Scores]:
    """Return hits, tags and gold topics of each topic, each of shape (n_topics,)."""
    _same_shape(gold, tags)
    hits = (gold & tags).sum(axis=0)
    return hits.astype(float), tags.sum(axis=0).astype(float), gold.sum(axis=0).astype(float)


def ratio(part: Scores, whole: Scores) -> Scores:
    """Return part / whole, nan where whole is 0."""
    result = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def f1_per_topic(gold: Matrix, tags: Matrix) -> Scores:
    """Return the F1 of each topic, shape (n_topics,).

    A topic that is neither in the gold topics nor tagged has no F1: its entry is nan.
    """
    hits, tagged, support = counts(gold, tags)
    return ratio(2 * hits, tagged + support)


def precision_per_topic(gold: Matrix, tags: Matrix) -> Scores:
    """Return the precision of each topic, shape (n_topics,); nan where it was never tagged."""
    hits, tagged, _ = counts(gold, tags)
    return ratio(hits, tagged)


def recall_per_topic(gold: Matrix, tags: Matrix) -> Scores:
    """Return the recall of each topic, shape (n_topics,); nan where it has no gold topic."""
    hits, _, support = counts(gold, tags)
    return ratio(hits, support)


def macro_f1(gold: Matrix, tags: Matrix) -> float:
    """Return the mean F1 over the topics that have one; nan if none has."""
    f1 = f1_per_topic(gold, tags)
    return float(np.nanmean(f1)) if not np.isnan(f1).all() else float("nan")


def micro_f1(gold: Matrix, tags: Matrix) -> float:
    """Return the F1 of all topics taken together; nan if there is no gold topic and no tag."""
    hits, tagged, support = counts(gold, tags)
    return float(ratio(2 * hits.sum(), tagged.sum() + support.sum()))


def accuracy(gold: Matrix, tags: Matrix) -> float:
    """Return the share of paragraphs whose tags are exactly the gold topics."""
    _same_shape(gold, tags)
    return float((gold == tags).all(axis=1).mean())


def average_precision(gold: Matrix, scores: Scores) -> Scores:
    """Return the average precision of each topic, shape (n_topics,); nan without gold topics."""
    # Imported here: scikit-learn takes a second, and `train.py --help` must not wait for it.
    from sklearn.metrics import average_precision_score

    _same_shape(gold, scores)
    return np.array(
        [
            average_precision_score(gold[:, i], scores[:, i]) if gold[:, i].any() else np.nan
            for i in range(gold.shape[1])
        ]
    )


def calibration_error(gold: Matrix, scores: Scores, *, n_bins: int = 10) -> Scores:
    """Return the expected calibration error of each topic, shape (n_topics,).

    Scores fall into `n_bins` bins of equal width; the error is the mean distance between the
    score and the share of gold topics in a bin, weighted by its paragraphs
    (Naeini, Cooper and Hauskrecht, AAAI 2015).
    """
    _same_shape(gold, scores)
    errors = np.zeros(gold.shape[1])
    bins = np.clip((scores * n_bins).astype(int), 0, n_bins - 1)
    for number in range(n_bins):
        inside = bins == number
        # Distance of sums = n_in_bin * distance of means, so the weights come along.
        errors += np.abs(((scores - gold) * inside).sum(axis=0))
    return errors / len(gold)


def _same_shape(gold: Matrix, other: NDArray[np.generic]) -> None:
    if gold.shape != other.shape:
        raise ValueError(f"gold has shape {gold.shape} but the other matrix {other.shape}")
