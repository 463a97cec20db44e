"""Any sequence-classification checkpoint, fine-tuned, as a tagger model."""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from transformers import set_seed

from saulyq.calibration import Margins, Scaling
from saulyq.config import RunConfig, TransformerConfig
from saulyq.data import Split
from saulyq.errors import UserError
from saulyq.taggers import ONNX_FILE, checkpoint, fine_tuning
from saulyq.taggers.base import Checkpoints, TaggerModel
from saulyq.taggers.batches import token_batches
from saulyq.taggers.precision import uses_bf16
from saulyq.taggers.tokenizer import tokens_per_character, with_limit
from saulyq.taggers.windows import WindowSplitter
from saulyq.topics import TopicSet

# Tokens in a batch, padding counted.
CPU_BATCH_TOKENS, GPU_BATCH_TOKENS = 2048, 65_536


class TransformerModel(TaggerModel):
    """Reads windows of `max_tokens` tokens; its last layer gives the margins."""

    def __init__(self, topics: TopicSet, device: str = "cpu") -> None:
        super().__init__(topics)
        self.stored_as: Literal["fp32", "fp16"] = "fp32"
        self.writes_onnx = False
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise UserError(f"--device {device}: torch finds no GPU; use --device cpu")
        self.device = torch.device(device)

    def _use(self, found: checkpoint.Checkpoint) -> None:
        self.model = found.model.to(self.device).eval()
        self.tokenizer = found.tokenizer
        self.max_tokens = int(found.tokenizer.model_max_length)
        self.splitter = WindowSplitter.of(found.tokenizer.backend_tokenizer, self.max_tokens)

    def fit(
        self,
        config: RunConfig,
        train: Split,
        valid: Split,
        *,
        checkpoints: Checkpoints,
    ) -> None:
        if not isinstance(config, TransformerConfig):
            raise TypeError(f"expected TransformerConfig, got {type(config).__name__}")
        if config.onnx and find_spec("onnxscript") is None:
            raise UserError("onnx: true needs onnxscript; install it: pip install 'saulyq[train]'")
        set_seed(config.seed)  # weights, dropout and batches draw from it
        found = checkpoint.start(config, self.topics, train.texts)
        checkpoint.last_layer(found.model)  # fails now rather than after hours
        fine_tuning.run(found, config, train, valid, mode=self.topics.mode, checkpoints=checkpoints)
        self.device = found.model.device
        self.stored_as, self.writes_onnx = config.weights, config.onnx
        limit = _characters_read(found, train.texts, config.max_tokens)
        backend = with_limit(found.tokenizer.backend_tokenizer, limit)
        found.tokenizer = checkpoint.wrap(
            backend,
            config.max_tokens,
            found.tokenizer.special_tokens_map,
            list(found.tokenizer.model_input_names),
        )
        self._use(found)
        checkpoint.lengthen_positions(self.model, self.n_positions())
        self.round_weights()

    def n_positions(self) -> int:
        """Return how many tokens a text can have that the tokenizer has cut to its limit."""
        per_character = tokens_per_character(self.splitter.tokenizer)
        return self.splitter.max_characters * per_character + self.max_tokens

    def windows(self, texts: Sequence[str]) -> list[list[list[int]]]:
        return self.splitter.encode(texts)

    @torch.inference_mode()
    def window_margins(self, windows: Sequence[list[int]]) -> Margins:
        margins = np.zeros((len(windows), len(self.topics)))
        on_gpu = self.device.type == "cuda"
        budget = GPU_BATCH_TOKENS if on_gpu else CPU_BATCH_TOKENS
        for rows in token_batches([len(ids) for ids in windows], budget):
            told = {"input_ids": [windows[row] for row in rows]}
            batch = self.tokenizer.pad(told, return_tensors="pt").to(self.device)
            # A pipeline on the CPU computes in fp32, and its scores are to be ours.
            with torch.autocast(self.device.type, enabled=on_gpu and uses_bf16("auto")):
                logits = self.model(**batch).logits
            margins[rows] = logits.float().cpu().numpy()
        return margins

    def rescale(self, scaling: Scaling) -> None:
        layer = checkpoint.last_layer(self.model)
        slope = torch.tensor(scaling.slope, dtype=layer.weight.dtype, device=self.device)
        intercept = torch.tensor(scaling.intercept, dtype=layer.weight.dtype, device=self.device)
        layer.weight.data *= slope[:, None]
        layer.bias.data = layer.bias.data * slope + intercept
        self.round_weights()

    def round_weights(self) -> None:
        """Give the weights the values that they will have when they are read back."""
        checkpoint.round_weights(self.model, self.stored_as)

    def save(self, folder: Path) -> None:
        checkpoint.save_weights(self.model, folder, self.stored_as)
        self.tokenizer.save_pretrained(folder)
        if self.writes_onnx:
            from saulyq.taggers.onnx_export import export_int8

            export_int8(self.model, folder / ONNX_FILE, self.max_tokens)

    @classmethod
    def load(
        cls, folder: Path, topics: TopicSet, *, device: str = "cpu", n_threads: int | None = None
    ) -> Self:
        if n_threads is not None:
            torch.set_num_threads(n_threads)
        model = cls(topics, device)
        model._use(checkpoint.load(folder))
        return model


def _characters_read(found: checkpoint.Checkpoint, texts: list[str], max_tokens: int) -> int:
    """Return how many characters `max_tokens` tokens of such texts take, with room to spare."""
    encodings = found.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    lengths = [(len(t), len(ids)) for t, ids in zip(texts, encodings, strict=True) if ids]
    longest = np.quantile([characters / tokens for characters, tokens in lengths], 0.99)
    return max_tokens * max(1, math.ceil(float(longest)))
