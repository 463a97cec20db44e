"""The report: measures of one tagger on one split, the same for every kind of tagger."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saulyq import calibration, metrics, thresholds
from saulyq.data import Split
from saulyq.taggers import TaggerModel
from saulyq.topics import TopicSet


@dataclass(frozen=True)
class TopicReport:
    """Measures of one topic; a measure is None where it does not exist."""

    topic: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None
    calibration_error: float | None
    threshold: float | None


@dataclass(frozen=True)
class Report:
    """Measures of one tagger on one split."""

    split: str
    n_paragraphs: int
    n_articles: int
    macro_f1: float | None
    micro_f1: float | None
    accuracy: float | None  # paragraphs with exactly the gold topics
    macro_f1_at_half: float | None  # all thresholds 0.5; the same as macro_f1 in single mode
    micro_f1_at_half: float | None
    topics: tuple[TopicReport, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        """Return the report as lines of text for a terminal."""
        width = max(len(topic.topic) for topic in self.topics) + 2
        head = f"{'topic':{width}}{'support':>8}{'precision':>11}{'recall':>9}{'F1':>8}{'AP':>8}"
        lines = [f"{self.split}: {self.n_paragraphs} paragraphs, {self.n_articles} articles", head]
        for t in self.topics:
            lines.append(
                f"{t.topic:{width}}{t.support:>8}{number(t.precision):>11}"
                f"{number(t.recall):>9}{number(t.f1):>8}{number(t.average_precision):>8}"
            )
        lines.append(f"macro-F1 {number(self.macro_f1)}  micro-F1 {number(self.micro_f1)}")
        return "\n".join(lines)


def number(value: float | None, digits: int = 3) -> str:
    """Return a measure as text, "-" where it does not exist."""
    return "-" if value is None else f"{value:.{digits}f}"


def calibrate(model: TaggerModel, valid: Split) -> NDArray[np.float64] | None:
    """Calibrate a fitted model on valid, in place, and return its thresholds, shape (n_topics,).

    None in single mode, which has no thresholds.
    """
    margins, _ = model.margins(valid.texts)
    model.rescale(calibration.fit_scaling(margins, valid.gold, model.topics.mode))
    if model.topics.mode == "single":
        return None
    scores, _ = model.score(valid.texts)
    return thresholds.choose(valid.gold, scores)


def evaluate(
    split: Split,
    scores: NDArray[np.float64],
    *,
    topics: TopicSet,
    cutoffs: NDArray[np.float64] | None,
) -> Report:
    """Return the report of scores of shape (n_paragraphs, n_topics) against a split's gold topics.

    cutoffs: the threshold of each topic, shape (n_topics,); None in single mode.
    """
    gold = split.gold
    tags = thresholds.apply(scores, cutoffs)
    at_half = thresholds.apply(scores, None if cutoffs is None else np.full(len(topics), 0.5))
    columns = {
        "precision": metrics.precision_per_topic(gold, tags),
        "recall": metrics.recall_per_topic(gold, tags),
        "f1": metrics.f1_per_topic(gold, tags),
        "average_precision": metrics.average_precision(gold, scores),
        "calibration_error": metrics.calibration_error(gold, scores),
    }
    rows = tuple(
        TopicReport(
            topic=topic,
            support=int(gold[:, i].sum()),
            threshold=None if cutoffs is None else float(cutoffs[i]),
            **{name: existing(column[i]) for name, column in columns.items()},
        )
        for i, topic in enumerate(topics.ids)
    )
    return Report(
        split=split.name,
        n_paragraphs=len(split),
        n_articles=len(set(split.article_ids)),
        macro_f1=existing(metrics.macro_f1(gold, tags)),
        micro_f1=existing(metrics.micro_f1(gold, tags)),
        accuracy=existing(metrics.accuracy(gold, tags)),
        macro_f1_at_half=existing(metrics.macro_f1(gold, at_half)),
        micro_f1_at_half=existing(metrics.micro_f1(gold, at_half)),
        topics=rows,
    )


def existing(value: float) -> float | None:
    """Return a measure rounded to four digits, None for nan: JSON has no nan."""
    return None if np.isnan(value) else round(float(value), 4)


def cutoffs_of(stored: Mapping[str, float] | None, topics: TopicSet) -> NDArray[np.float64] | None:
    """Return stored thresholds in schema order, shape (n_topics,); None stays None."""
    return None if stored is None else np.array([stored[topic] for topic in topics.ids])


def stored_cutoffs(
    cutoffs: NDArray[np.float64] | None, topics: TopicSet
) -> dict[str, float] | None:
    """Return thresholds as a model folder keeps them: the reverse of `cutoffs_of`."""
    return None if cutoffs is None else dict(zip(topics.ids, cutoffs.tolist(), strict=True))
