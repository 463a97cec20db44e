"""A transformer's ONNX file, read without torch or transformers."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from saulyq.calibration import Margins
from saulyq.taggers import ONNX_FILE
from saulyq.taggers.base import ScoringModel
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
        self.tokenizer = tokenizer
        self.padding = padding
        self.splitter = WindowSplitter.of(tokenizer, max_tokens)

    def windows(self, texts: Sequence[str]) -> list[list[str]]:
        return self.splitter.split(texts)

    def window_margins(self, windows: Sequence[str]) -> Margins:
        margins = np.zeros((len(windows), len(self.topics)))
        encodings = self.tokenizer.encode_batch_fast(list(windows))
        for rows in _batches([len(encoding.ids) for encoding in encodings]):
            ids, mask = self._padded([encodings[row] for row in rows])
            (logits,) = self.session.run(None, {"input_ids": ids, "attention_mask": mask})
            margins[rows] = logits
        return margins

    def _padded(self, encodings: list[Encoding]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        longest = max(len(encoding.ids) for encoding in encodings)
        ids = np.full((len(encodings), longest), self.padding, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        return ids, mask

    @classmethod
    def load(cls, folder: Path, topics: TopicSet, *, device: str = "cpu") -> Self:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        told = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        max_tokens = int(told["model_max_length"])
        padding = tokenizer.token_to_id(told["pad_token"])
        if padding is None:
            raise ValueError(f"tokenizer.json has no {told['pad_token']!r}")
        tokenizer.enable_truncation(max_tokens)
        tokenizer.no_padding()  # batches are padded here, to their own longest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_cores()
        session = onnxruntime.InferenceSession(
            folder / ONNX_FILE, options, providers=["CPUExecutionProvider"]
        )
        return cls(topics, session, tokenizer, max_tokens=max_tokens, padding=padding)


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield rows, shortest first, in batches that take at most BATCH_TOKENS when padded."""
    batch: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if batch and lengths[row] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
