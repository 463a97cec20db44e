"""Lines packed into rows of one length, with tokens masked anew in each epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from saulyq.pretraining.corpus import Corpus
from saulyq.pretraining.settings import PretrainConfig

IGNORED = -100  # the label of a token that is not to be guessed
N_OPEN = 16  # rows that wait for a line that fits

Example = dict[str, torch.Tensor]


class PackedCorpus(Dataset[Example]):
    """Rows of whole lines, `[CLS] line [SEP]` each, drawn, packed and masked anew in each epoch.

    What an example holds depends on seed, epoch and index alone, so that a resumed run sees what
    an uninterrupted one would. The lines of a row do not see each other: `segments` numbers them
    from 1, 0 is padding. meanings: a vector for each line of the corpus, shape (n_lines, width).
    """

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: Any,
        config: PretrainConfig,
        meanings: NDArray[np.float32] | None = None,
    ) -> None:
        self.corpus = corpus
        self.config = config
        self.meanings = meanings
        self.mask, self.padding = tokenizer.mask_token_id, tokenizer.pad_token_id
        self.n_tokens = len(tokenizer)
        self.specials = np.array(tokenizer.all_special_ids)
        encoded = tokenizer(corpus.lines, truncation=True, max_length=config.sequence_length)
        self.lines = [np.array(ids, dtype=np.int32) for ids in encoded["input_ids"]]
        self.set_epoch(0)
        self.n_rows = len(self.rows)  # the same in every epoch

    def set_epoch(self, epoch: int) -> None:
        """Called before each epoch."""
        drawn = self.corpus.draw(np.random.default_rng((self.config.seed, epoch)))
        packed = pack([len(self.lines[line]) for line in drawn], self.config.sequence_length)
        self.rows = [drawn[places] for places in packed]
        self.epoch = epoch

    @property
    def mask_rate(self) -> float:
        """The share of tokens to guess: in a straight line from the first epoch to the last."""
        first, last = self.config.mask_rate, self.config.last_mask_rate
        return first + (last - first) * self.epoch / max(1, self.config.epochs - 1)

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, index: int) -> Example:
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        row = self.rows[index % len(self.rows)]  # an epoch may be a row or two shorter
        lines = [self.lines[line] for line in row]
        lengths = [len(line) for line in lines]
        hidden, labels = self._masked(np.concatenate(lines).astype(np.int64), rng)
        example = {
            "input_ids": self._filled(hidden, self.padding),
            "labels": self._filled(labels, IGNORED),
            "segments": self._filled(np.repeat(np.arange(1, len(lines) + 1), lengths), 0),
            "positions": self._filled(np.concatenate([np.arange(n) for n in lengths]), 0),
        }
        if self.meanings is not None:
            example["meanings"] = torch.from_numpy(self.meanings[row])
        return example

    def _filled(self, values: NDArray[np.int64], filler: int) -> torch.Tensor:
        filled = np.full(self.config.sequence_length, filler, dtype=np.int64)
        filled[: len(values)] = values
        return torch.from_numpy(filled)

    def _masked(
        self, tokens: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the tokens with some hidden, and as labels those that are to be guessed.

        Of these 80 % become [MASK], 10 % a random token, 10 % stay (Devlin et al. 2019).
        """
        guessed = (rng.random(len(tokens)) < self.mask_rate) & ~np.isin(tokens, self.specials)
        kind = rng.random(len(tokens))
        random_tokens = rng.integers(self.n_tokens, size=len(tokens))
        hidden = np.where(guessed & (kind < 0.8), self.mask, tokens)
        hidden = np.where(guessed & (kind >= 0.9), random_tokens, hidden)
        return hidden, np.where(guessed, tokens, IGNORED)


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Return rows of places in `lengths`, each of at most `room` in sum; none is longer alone.

    A line goes into the first of a few open rows that has room; the fullest makes place for a
    new one.
    """
    rows: list[list[int]] = []
    open_rows: list[tuple[int, list[int]]] = []  # what is left, and the places
    for place, length in enumerate(lengths):
        fitting = next((i for i, (left, _) in enumerate(open_rows) if left >= length), None)
        if fitting is None:
            open_rows.append((room, []))
            fitting = len(open_rows) - 1
        left, places = open_rows[fitting]
        places.append(place)
        open_rows[fitting] = (left - length, places)
        if len(open_rows) > N_OPEN:
            fullest = min(range(len(open_rows)), key=lambda i: open_rows[i][0])
            rows.append(open_rows.pop(fullest)[1])
    return rows + [places for _, places in open_rows]


def collate(examples: Sequence[Example]) -> Example:
    """Return a batch of examples: matrices of shape (n_rows, sequence_length), and the vectors of
    the lines of each row, shape (n_rows, most lines in a row, width), zeros where it has fewer.
    """
    names = ("input_ids", "labels", "segments", "positions")
    batch = {name: torch.stack([example[name] for example in examples]) for name in names}
    if "meanings" in examples[0]:
        batch["meanings"] = pad_sequence([e["meanings"] for e in examples], batch_first=True)
    return batch
