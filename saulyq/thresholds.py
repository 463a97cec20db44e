"""From which score on a topic becomes a tag. Chosen on valid, never on test."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from saulyq.errors import UserError
from saulyq.metrics import ratio
from saulyq.topics import TopicSet

CANDIDATES = np.round(np.arange(0.05, 0.951, 0.01), 2)
# F1 over thresholds is jagged on a small split: each candidate is judged by its neighbours too.
NEIGHBOURS = 5
MIN_POSITIVES = 20


def choose(gold: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the threshold of each topic that gives the best smoothed F1, shape (n_topics,).

    A topic with fewer than MIN_POSITIVES gold topics gets the one threshold that is best for
    all topics taken together.
    """
    tags = scores[None, :, :] >= CANDIDATES[:, None, None]
    hits = (tags & gold).sum(axis=1).astype(float)
    marks = (tags.sum(axis=1) + gold.sum(axis=0)).astype(float)
    together = _best(2 * hits.sum(axis=1), marks.sum(axis=1))
    support = gold.sum(axis=0)
    return np.array(
        [
            _best(2 * hits[:, i], marks[:, i]) if support[i] >= MIN_POSITIVES else together
            for i in range(gold.shape[1])
        ]
    )


def _best(twice_hits: NDArray[np.float64], marks: NDArray[np.float64]) -> float:
    f1 = np.nan_to_num(ratio(twice_hits, marks))
    window = np.ones(2 * NEIGHBOURS + 1)
    # Fewer neighbours at the ends: divide by how many there are.
    smooth = np.convolve(f1, window, "same") / np.convolve(np.ones_like(f1), window, "same")
    best = np.flatnonzero(smooth >= smooth.max() - 1e-9)
    return float(CANDIDATES[best[len(best) // 2]])


def apply(scores: NDArray[np.float64], thresholds: NDArray[np.float64] | None) -> NDArray[np.bool_]:
    """Return the tags, shape (n_paragraphs, n_topics).

    thresholds: shape (n_topics,); None gives each paragraph its best topic (single mode).
    """
    if thresholds is not None:
        return np.asarray(scores >= thresholds)
    tags = np.zeros(scores.shape, dtype=np.bool_)
    tags[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return tags


def override(
    stored: Mapping[str, float], settings: list[str], topics: TopicSet
) -> dict[str, float]:
    """Return thresholds with `X` (all topics) or `TOPIC=X` put over the stored ones, in order."""
    if settings and topics.mode == "single":
        raise UserError("--threshold: this model gives each paragraph exactly one topic")
    thresholds = dict(stored)
    for setting in settings:
        topic, equals, text = setting.rpartition("=")
        if equals and topic not in topics.ids:
            known = ", ".join(topics.ids)
            raise UserError(f"--threshold {setting}: unknown topic {topic!r}; topics: {known}")
        try:
            value = float(text)
        except ValueError as error:
            raise UserError(f"--threshold {setting}: {text!r} is not a number") from error
        if not 0 <= value <= 1:
            raise UserError(f"--threshold {setting}: expected a number from 0 to 1")
        thresholds |= dict.fromkeys([topic] if equals else topics.ids, value)
    return thresholds
