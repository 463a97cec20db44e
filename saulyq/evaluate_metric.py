"""Our F1 as an `evaluate.Metric`, for those who measure with that library. Works offline."""

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from saulyq import metrics
from saulyq.evaluation import existing


class TopicF1(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """Macro-, micro- and per-topic F1 of multi-label predictions.

    `TopicF1(topics=["oncology", "phc"]).compute(predictions=..., references=...)` takes rows of
    0 and 1, one number for each topic in order, and gives
    {"macro_f1", "micro_f1", "f1": {topic: F1}}; an F1 that does not exist is None.
    """

    def __init__(self, topics: Sequence[str], **options: Any) -> None:
        self.topics = list(topics)
        super().__init__(**options)

    def _info(self) -> evaluate.MetricInfo:
        row = datasets.Sequence(datasets.Value("int8"))
        return evaluate.MetricInfo(
            description="F1 of topics in multi-label paragraphs",
            citation="",
            inputs_description=str(type(self).__doc__),
            features=datasets.Features({"predictions": row, "references": row}),
        )

    def _compute(
        self, predictions: Sequence[Sequence[int]], references: Sequence[Sequence[int]]
    ) -> dict[str, Any]:
        tags = np.array(predictions, dtype=np.bool_).reshape(len(predictions), -1)
        gold = np.array(references, dtype=np.bool_).reshape(len(references), -1)
        if gold.shape[1] != len(self.topics):
            raise ValueError(f"rows have {gold.shape[1]} numbers; expected {len(self.topics)}")
        f1 = metrics.f1_per_topic(gold, tags)
        return {
            "macro_f1": existing(metrics.macro_f1(gold, tags)),
            "micro_f1": existing(metrics.micro_f1(gold, tags)),
            "f1": {topic: existing(value) for topic, value in zip(self.topics, f1, strict=True)},
        }
