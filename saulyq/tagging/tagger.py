"""A loaded model folder, ready to tag."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from saulyq import artifacts, thresholds
from saulyq.artifacts import ModelFolder
from saulyq.evaluation import cutoffs_of
from saulyq.text import convert
from saulyq.text.language import KAZAKH_OR_RUSSIAN, language_of


@dataclass(frozen=True)
class Tagged:
    """What a model says of one text.

    topics: those whose score reached its threshold, in schema order. scores: topic to a number
    from 0 to 1. windows: in how many pieces the text was read, 0 if it was skipped. language: as
    `saulyq.text.language.language_of` found it; script: as `saulyq.text.convert` did.
    """

    topics: list[str]
    scores: dict[str, float]
    windows: int
    language: str
    script: str

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
    def load(cls, folder: str | Path, *, device: str = "cpu", backend: str = "auto") -> Self:
        """Return the tagger in a model folder; raise UserError if it is missing or not whole.

        backend: see `saulyq.taggers.scoring_class`.
        """
        return cls(artifacts.load(Path(folder), device=device, backend=backend))

    def tag(self, texts: Iterable[str], *, skip_foreign: bool = False) -> list[Tagged]:
        """Return what the model says of each text, in order; [] for no texts.

        skip_foreign: leave texts that are neither Kazakh nor Russian untagged: without topics,
        scores or windows.
        """
        if isinstance(texts, str):
            raise TypeError("tag() takes a list of texts; for one text write tag([text])")
        texts = list(texts)
        if not texts:
            return []
        converted = [convert(text) for text in texts]
        languages = [language_of(found.text) for found in converted]
        read = [not skip_foreign or language in KAZAKH_OR_RUSSIAN for language in languages]
        results = iter(self._results([f.text for f, r in zip(converted, read, strict=True) if r]))
        return [
            Tagged(*(next(results) if is_read else ([], {}, 0)), language, found.script)
            for found, language, is_read in zip(converted, languages, read, strict=True)
        ]

    def _results(self, texts: list[str]) -> list[tuple[list[str], dict[str, float], int]]:
        """Return topics, scores and windows of each text."""
        scores, n_windows = self.loaded.model.score(texts)
        tags = thresholds.apply(scores, self._cutoffs)
        return [
            (topics, dict(zip(self.topics.ids, row.round(4).tolist(), strict=True)), int(windows))
            for topics, row, windows in zip(
                self.topics.to_ids(tags), scores, n_windows, strict=True
            )
        ]
