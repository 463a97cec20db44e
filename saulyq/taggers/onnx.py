"""A transformer's ONNX file, read without torch or transformers."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from saulyq.calibration import Margins
from saulyq.taggers import ONNX_FILE
from saulyq.taggers.base import ScoringModel
from saulyq.taggers.batches import token_batches
from saulyq.taggers.windows import WindowSplitter
from saulyq.topics import TopicSet

# Tokens in a batch, padding counted: more is no faster on a CPU and takes memory.
BATCH_TOKENS = 2048


class OnnxModel(ScoringModel):
    """Scores only: it is trained and written by `TransformerModel`."""

    def __init__(
        self,
        topics: TopicSet,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        *,
        max_tokens: int,
        padding: int,
    ) -> None:
        super().__init__(topics)
        self.session = session
        self.padding = padding
        self.splitter = WindowSplitter.of(tokenizer, max_tokens)

    def windows(self, texts: Sequence[str]) -> list[list[list[int]]]:
        return self.splitter.encode(texts)

    def window_margins(self, windows: Sequence[list[int]]) -> Margins:
        margins = np.zeros((len(windows), len(self.topics)))
        for rows in token_batches([len(ids) for ids in windows], BATCH_TOKENS):
            ids, mask = self._padded([windows[row] for row in rows])
            (logits,) = self.session.run(None, {"input_ids": ids, "attention_mask": mask})
            margins[rows] = logits
        return margins

    def _padded(self, windows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ids = np.full((len(windows), max(map(len, windows))), self.padding, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(windows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask

    @classmethod
    def load(
        cls, folder: Path, topics: TopicSet, *, device: str = "cpu", n_threads: int | None = None
    ) -> Self:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        told = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        max_tokens = int(told["model_max_length"])
        padding = tokenizer.token_to_id(told["pad_token"])
        if padding is None:
            raise ValueError(f"tokenizer.json has no {told['pad_token']!r}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads or n_cores()
        session = onnxruntime.InferenceSession(
            folder / ONNX_FILE, options, providers=["CPUExecutionProvider"]
        )
        return cls(topics, session, tokenizer, max_tokens=max_tokens, padding=padding)


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
