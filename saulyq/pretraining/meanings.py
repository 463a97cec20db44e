"""Sentences with the vector that a teacher gives their translation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from saulyq.errors import UserError

BATCH_SIZE = 64
MAX_TOKENS = 128


@dataclass(frozen=True)
class Known:
    """Sentences as ids of our tokens, and their vectors of length one, shape (n, width)."""

    sentences: list[list[int]]
    vectors: NDArray[np.float32]


class Teacher:
    """A sentence encoder whose vector is the mean of its tokens, as all-MiniLM's is."""

    def __init__(self, folder: str) -> None:
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder)
            self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{folder!r} cannot be had ({reason}); name a folder") from error

    @torch.inference_mode()
    def vectors(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, of length one, shape (n_texts, width)."""
        found = []
        for start in range(0, len(texts), BATCH_SIZE):
            batch = self.tokenizer(
                texts[start : start + BATCH_SIZE],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            hidden = self.model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
            found.append(torch.nn.functional.normalize(mean, dim=1).numpy())
        return np.concatenate(found)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the two columns of a TSV file; raise UserError at a line that is not a pair."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    pairs = []
    for number, line in enumerate(lines, start=1):
        first, _, second = line.partition("\t")
        if not (first.strip() and second.strip()) or "\t" in second:
            raise UserError(f"{path}:{number}: expected two texts with a tab between them")
        pairs.append((first.strip(), second.strip()))
    return pairs


def learn_meanings(pairs: list[tuple[str, str]], teacher: Teacher, tokenizer: Any) -> Known:
    """Return the first text of each pair with what the teacher makes of the second."""
    short = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    short.enable_truncation(MAX_TOKENS)
    encoded = short.encode_batch([text for text, _ in pairs])
    return Known([e.ids for e in encoded], teacher.vectors([meaning for _, meaning in pairs]))
