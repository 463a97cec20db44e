"""A loaded model folder, ready to tag."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from saulyq import artifacts, thresholds
from saulyq.artifacts import ModelFolder
from saulyq.evaluation import cutoffs_of
from saulyq.text import convert
from saulyq.text.language import language_of


@dataclass(frozen=True)
class Tagged:
    """What a model says of one text.

    topics: those whose score reached its threshold, in schema order. scores: topic to a number
    from 0 to 1. language: kk, ru, other or unknown. script: as `saulyq.text.convert` found it.
    windows: in how many pieces the text was read.
    """

    topics: list[str]
    scores: dict[str, float]
    language: str
    script: str
    windows: int

    def suggested(self, n: int) -> list[str]:
        """Return the `n` topics with the highest scores, best first."""
        return sorted(self.scores, key=lambda topic: -self.scores[topic])[:n]


class Tagger:
    """Tags texts with the model, schema and thresholds of one folder."""

    def __init__(self, loaded: ModelFolder, stored: Mapping[str, float] | None = None) -> None:
        """stored: thresholds to use in place of the folder's, one for each topic."""
        self.loaded = loaded
        self.topics = loaded.topics
        self.thresholds = loaded.thresholds if stored is None else dict(stored)
        self._cutoffs = cutoffs_of(self.thresholds, self.topics)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "cpu") -> Self:
        """Return the tagger in a model folder; raise UserError if it is missing or not whole."""
        return cls(artifacts.load(Path(folder), device=device))

    def tag(self, texts: Iterable[str]) -> list[Tagged]:
        """Return what the model says of each text, in order; [] for no texts."""
        if isinstance(texts, str):
            raise TypeError("tag() takes a list of texts; for one text write tag([text])")
        texts = list(texts)
        if not texts:
            return []
        converted = [convert(text) for text in texts]
        scores, n_windows = self.loaded.model.score([found.text for found in converted])
        tags = thresholds.apply(scores, self._cutoffs)
        return [
            Tagged(
                topics=topics,
                scores=dict(zip(self.topics.ids, row.round(4).tolist(), strict=True)),
                language=language_of(found.text),
                script=found.script,
                windows=int(windows),
            )
            for found, topics, row, windows in zip(
                converted, self.topics.to_ids(tags), scores, n_windows, strict=True
            )
        ]
