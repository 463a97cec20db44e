"""Topic frequencies: the floor that any tagger has to beat."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from saulyq.calibration import Margins, Scaling
from saulyq.config import RunConfig
from saulyq.data import Split
from saulyq.taggers.base import Checkpoints, TaggerModel
from saulyq.topics import TopicSet


class PriorModel(TaggerModel):
    """Gives every paragraph the log-odds of each topic in the train split."""

    def __init__(self, topics: TopicSet, log_odds: Sequence[float] = ()) -> None:
        super().__init__(topics)
        self.log_odds = np.array(log_odds, dtype=float)

    def fit(
        self,
        config: RunConfig,
        train: Split,
        valid: Split,
        *,
        checkpoints: Checkpoints,
    ) -> None:
        # One paragraph more on either side keeps a topic without paragraphs finite.
        positives = train.gold.sum(axis=0) + 1
        negatives = (~train.gold).sum(axis=0) + 1
        self.log_odds = np.log(positives / negatives)

    def window_margins(self, windows: Sequence[str]) -> Margins:
        return np.tile(self.log_odds, (len(windows), 1))

    def rescale(self, scaling: Scaling) -> None:
        self.log_odds = scaling.slope * self.log_odds + scaling.intercept

    def save(self, folder: Path) -> None:
        content = {"kind": "prior", "log_odds": self.log_odds.tolist()}
        (folder / "tagger.json").write_text(json.dumps(content, indent=2), encoding="utf-8")

    @classmethod
    def load(
        cls, folder: Path, topics: TopicSet, *, device: str = "cpu", n_threads: int | None = None
    ) -> Self:
        content = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
        return cls(topics, content["log_odds"])
