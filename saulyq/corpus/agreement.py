"""How far two labellings of the same paragraphs agree."""

import numpy as np
from numpy.typing import NDArray

from saulyq.data import Paragraph
from saulyq.metrics import ratio
from saulyq.topics import TopicSet

NAMES = ("first", "second")


def cohen_kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return Cohen's kappa of each topic, shape (n_topics,) (Cohen 1960).

    first, second: two labellings, shape (n_paragraphs, n_topics). nan where both labellings
    give all paragraphs the same answer: there is no chance agreement to exceed.
    """
    observed = (first == second).mean(axis=0)
    both = first.mean(axis=0) * second.mean(axis=0)
    neither = (~first).mean(axis=0) * (~second).mean(axis=0)
    expected = both + neither
    return ratio(observed - expected, 1 - expected)


def labellings(
    paragraphs: list[Paragraph], topics: TopicSet
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the first and the second labelling of the paragraphs that have both."""
    every = [p.details.get("annotations") for p in paragraphs]
    both = [labels for labels in every if isinstance(labels, dict) and set(NAMES) <= set(labels)]
    first, second = (topics.to_matrix([labels[name] for labels in both]) for name in NAMES)
    return first, second
