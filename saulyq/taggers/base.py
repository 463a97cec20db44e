"""What every tagger model can do."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from saulyq.calibration import Margins, Scaling, scores_of
from saulyq.config import RunConfig
from saulyq.data import Split
from saulyq.topics import TopicSet


@dataclass(frozen=True)
class Checkpoints:
    """Where a long fit keeps its state, and whether it goes on from what is there."""

    folder: Path
    resume: bool = False

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
    def window_margins(self, windows: Sequence[str]) -> Margins:
        """Return the margins of texts that `windows` gave back, shape (n_windows, n_topics)."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, topics: TopicSet, *, device: str = "cpu") -> Self:
        """Return the model that `save` wrote."""

    def windows(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the pieces in which each text is read: all of it, in order, nothing cut."""
        return [[text] for text in texts]

    def margins(self, texts: Sequence[str]) -> tuple[Margins, NDArray[np.int64]]:
        """Return the margins of whole texts, shape (n_texts, n_topics), and windows read of each.

        Windows are combined by their maximum; in single mode by their mean, because the
        scores of a paragraph must sum to one.
        """
        pieces = self.windows(texts)
        n_windows = np.array([len(piece) for piece in pieces], dtype=np.int64)
        if not texts:
            return np.zeros((0, len(self.topics))), n_windows
        every = self.window_margins([window for piece in pieces for window in piece])
        starts = np.concatenate([[0], np.cumsum(n_windows)[:-1]])
        if self.topics.mode == "multi":
            return np.maximum.reduceat(every, starts), n_windows
        return np.add.reduceat(every, starts) / n_windows[:, None], n_windows

    def score(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return scores from 0 to 1, shape (n_texts, n_topics), and windows read of each."""
        margins, n_windows = self.margins(texts)
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
