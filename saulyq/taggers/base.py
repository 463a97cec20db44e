"""What every tagger model can do."""

import json
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from saulyq.calibration import Margins, Scaling, scores_of
from saulyq.config import RunConfig
from saulyq.data import Split
from saulyq.errors import UserError
from saulyq.topics import TopicSet

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoints:
    """Where a long fit keeps its state, and whether it goes on from what is there."""

    folder: Path
    resume: bool = False

    def prepare(self, settings: dict[str, Any]) -> None:
        """Check that a checkpoint has these settings; without resume, clear what a run left."""
        written = self.folder / "settings.json"
        if self.last() and written.is_file():
            before = json.loads(written.read_text(encoding="utf-8"))
            changed = [name for name in settings if settings[name] != before.get(name)]
            if changed:
                raise UserError(
                    f"--resume: {changed[0]} is {settings[changed[0]]!r} but the checkpoint has "
                    f"{before.get(changed[0])!r}; use the same settings or train without --resume"
                )
            return
        if self.resume:
            logger.warning(
                "--resume: no checkpoint in %s; it starts from the beginning", self.folder
            )
        self.clear()
        self.folder.mkdir(parents=True)
        written.write_text(json.dumps(settings), encoding="utf-8")

    def last(self) -> str | None:
        """Return the last checkpoint of the Hugging Face Trainer to go on from, if any."""
        from transformers.trainer_utils import get_last_checkpoint

        if not (self.resume and self.folder.is_dir()):
            return None
        found: str | None = get_last_checkpoint(str(self.folder))
        return found

    @contextmanager
    def damage_told(self) -> Iterator[None]:
        """Turn what a damaged checkpoint raises into a UserError."""
        try:
            yield
        except SafetensorError as error:
            raise UserError(
                f"{self.folder}: its checkpoint is damaged ({error}); train without --resume"
            ) from error

    def clear(self) -> None:
        """Delete the state: the fit has ended well."""
        shutil.rmtree(self.folder, ignore_errors=True)


class ScoringModel(ABC):
    """A model that gives each paragraph a margin per topic.

    A base class rather than a protocol, so that windows and scores are the same for all kinds.
    """

    def __init__(self, topics: TopicSet) -> None:
        self.topics = topics

    @abstractmethod
    def window_margins(self, windows: Sequence[Any]) -> Margins:
        """Return the margins of pieces that `windows` gave, shape (n_windows, n_topics)."""

    @classmethod
    @abstractmethod
    def load(
        cls, folder: Path, topics: TopicSet, *, device: str = "cpu", n_threads: int | None = None
    ) -> Self:
        """Return the model that `save` wrote; it computes in so many threads, all cores if None."""

    def windows(self, texts: Sequence[str]) -> Sequence[Sequence[Any]]:
        """Return the pieces in which each text is read, all of it, in order, nothing cut.

        They are what `window_margins` takes: text, or its tokens.
        """
        return [[text] for text in texts]

    def margins(self, texts: Sequence[str]) -> tuple[Margins, NDArray[np.int64]]:
        """Return the margins of whole texts, shape (n_texts, n_topics), and windows read of each.

        Windows are combined by their maximum; in single mode by their mean, because the
        scores of a paragraph must sum to one.
        """
        return self.margins_of(self.windows(texts))

    def margins_of(self, windows: Sequence[Sequence[Any]]) -> tuple[Margins, NDArray[np.int64]]:
        """Return what `margins` does, for texts that `windows` has taken apart."""
        n_windows = np.array([len(of_text) for of_text in windows], dtype=np.int64)
        if not len(windows):
            return np.zeros((0, len(self.topics))), n_windows
        every = self.window_margins([window for of_text in windows for window in of_text])
        starts = np.concatenate([[0], np.cumsum(n_windows)[:-1]])
        if self.topics.mode == "multi":
            return np.maximum.reduceat(every, starts), n_windows
        return np.add.reduceat(every, starts) / n_windows[:, None], n_windows

    def score(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return scores from 0 to 1, shape (n_texts, n_topics), and windows read of each."""
        return self.score_of(self.windows(texts))

    def score_of(
        self, windows: Sequence[Sequence[Any]]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return what `score` does, for texts that `windows` has taken apart."""
        margins, n_windows = self.margins_of(windows)
        return scores_of(margins, self.topics.mode), n_windows


class TaggerModel(ScoringModel):
    """A model that can be trained and saved as well."""

    @abstractmethod
    def fit(
        self,
        config: RunConfig,
        train: Split,
        valid: Split,
        *,
        checkpoints: Checkpoints,
    ) -> None:
        """Learn from train, with the seed of the config; valid serves only to stop early."""

    @abstractmethod
    def rescale(self, scaling: Scaling) -> None:
        """Fold a scaling into the last layer: margins become slope * margin + intercept."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, without pickle."""
