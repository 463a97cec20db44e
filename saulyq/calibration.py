"""Turning margins into scores that mean what they say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saulyq.topics import Mode

Margins = NDArray[np.float64]

# Margins are exact to about 1e-6 (single precision, batches of different shape). A steeper line,
# as a model that has learnt next to nothing would get, would turn that into visible differences.
MAX_SLOPE = 30.0


@dataclass(frozen=True)
class Scaling:
    """score = sigmoid(slope * margin + intercept), one entry a topic, shape (n_topics,).

    It is folded into a tagger's last layer, so it is not stored anywhere by itself.
    """

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]


def scores_of(margins: Margins, mode: Mode) -> NDArray[np.float64]:
    """Return scores from 0 to 1, shape (n_paragraphs, n_topics).

    mode "multi": a sigmoid of each margin; "single": a softmax over each row.
    """
    if mode == "multi":
        # Half of each side: exp never overflows.
        return 0.5 * (1.0 + np.tanh(0.5 * margins))
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_scaling(margins: Margins, gold: NDArray[np.bool_], mode: Mode) -> Scaling:
    """Return the scaling that makes margins of a held-out split well calibrated.

    mode "multi": Platt scaling per topic, with Platt's smoothed targets (Platt 1999). A topic
    with fewer than two paragraphs on either side, or whose margins rank paragraphs no better
    than chance, keeps its margins. mode "single": one temperature for all (Guo et al. 2017).
    """
    n_topics = gold.shape[1]
    if mode == "single":
        return Scaling(np.full(n_topics, 1 / _temperature(margins, gold)), np.zeros(n_topics))
    pairs = np.array([_platt(margins[:, i], gold[:, i]) for i in range(n_topics)])
    return Scaling(pairs[:, 0], pairs[:, 1])


def _platt(margin: Margins, gold: NDArray[np.bool_]) -> tuple[float, float]:
    from scipy.optimize import minimize

    n_positive, n_negative = int(gold.sum()), int((~gold).sum())
    if min(n_positive, n_negative) < 2 or np.ptp(margin) == 0:
        return 1.0, 0.0
    # Platt's targets: a held-out positive counts as slightly less than certain.
    target = np.where(gold, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    centre, spread = margin.mean(), margin.std()
    standard = (margin - centre) / spread

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = line[0] * standard + line[1]
        error = scores_of(logit, "multi") - target
        cross_entropy = np.logaddexp(0.0, logit) - target * logit
        return float(cross_entropy.mean()), np.array([(error * standard).mean(), error.mean()])

    found = minimize(loss, [1.0, 0.0], jac=True, bounds=[(0.0, MAX_SLOPE * spread), (None, None)])
    slope = float(found.x[0]) / spread
    if slope <= 0:  # the margins rank no better than chance, and the ranking would be lost
        return 1.0, 0.0
    return slope, float(found.x[1]) - slope * centre


def _temperature(margins: Margins, gold: NDArray[np.bool_]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        scores = scores_of(margins / np.exp(log_temperature), "single")
        return float(-np.log(scores[gold] + 1e-12).mean())

    # Between 1/20 and 20: beyond that the split is too small to tell.
    found = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded")
    return float(np.exp(found.x))
