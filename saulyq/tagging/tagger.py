"""A loaded model folder, ready to tag."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

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


TAGGED = ("topics", "scores", "language", "script", "windows")
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Read:
    """Texts as a model takes them in; `windows` of those only that are to be tagged."""

    languages: list[str]
    scripts: list[str]
    is_read: list[bool]
    windows: Sequence[Sequence[Any]]


class Tagger:
    """Tags texts with the model, schema and thresholds of one folder."""

    def __init__(self, loaded: ModelFolder, stored: Mapping[str, float] | None = None) -> None:
        """stored: thresholds to use in place of the folder's, one for each topic."""
        self.loaded = loaded
        self.topics = loaded.topics
        self.thresholds = loaded.thresholds if stored is None else dict(stored)
        self._cutoffs = cutoffs_of(self.thresholds, self.topics)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        device: str = "cpu",
        backend: str = "auto",
        n_threads: int | None = None,
    ) -> Self:
        """Return the tagger in a model folder; raise UserError if it is missing or not whole.

        backend: see `saulyq.taggers.scoring_class`. n_threads: all cores if None.
        """
        folder = Path(folder)
        return cls(artifacts.load(folder, device=device, backend=backend, n_threads=n_threads))

    def tag(self, texts: Iterable[str], *, skip_foreign: bool = False) -> list[Tagged]:
        """Return what the model says of each text, in order; [] for no texts.

        skip_foreign: leave texts that are neither Kazakh nor Russian untagged: without topics,
        scores or windows.
        """
        if isinstance(texts, str):
            raise TypeError("tag() takes a list of texts; for one text write tag([text])")
        return self.tag_read(self.read(list(texts), skip_foreign=skip_foreign))

    def tag_batch(self, batch: Mapping[str, Sequence[str]], column: str = "text") -> Columns:
        """Return topics, scores, language, script and windows of a batch of rows, a list each.

        For `datasets.Dataset.map(tagger.tag_batch, batched=True)`; column: where the text is.
        """
        tagged = self.tag(batch[column])
        return {name: [getattr(one, name) for one in tagged] for name in TAGGED}

    def read(self, texts: Sequence[str], *, skip_foreign: bool = False) -> Read:
        """Return what the model takes in of each text: the part of the work before the model."""
        converted = [convert(text) for text in texts]
        languages = [language_of(found.text) for found in converted]
        is_read = [not skip_foreign or language in KAZAKH_OR_RUSSIAN for language in languages]
        kept = [found.text for found, kept in zip(converted, is_read, strict=True) if kept]
        scripts = [found.script for found in converted]
        return Read(languages, scripts, is_read, self.loaded.model.windows(kept))

    def tag_read(self, read: Read) -> list[Tagged]:
        """Return what the model says of texts that `read` took in."""
        results = iter(self._results(read.windows))
        return [
            Tagged(*(next(results) if is_read else ([], {}, 0)), language, script)
            for language, script, is_read in zip(
                read.languages, read.scripts, read.is_read, strict=True
            )
        ]

    def _results(
        self, windows: Sequence[Sequence[Any]]
    ) -> list[tuple[list[str], dict[str, float], int]]:
        """Return topics, scores and windows of each text."""
        scores, n_windows = self.loaded.model.score_of(windows)
        tags = thresholds.apply(scores, self._cutoffs)
        return [
            (topics, dict(zip(self.topics.ids, row.round(4).tolist(), strict=True)), int(windows))
            for topics, row, windows in zip(
                self.topics.to_ids(tags), scores, n_windows, strict=True
            )
        ]
