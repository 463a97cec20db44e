"""Lines packed into sequences of one length, with tokens masked anew each time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from saulyq.pretraining.corpus import Corpus
from saulyq.pretraining.meanings import Known

IGNORED = -100  # the label of a token that is not to be guessed


class PackedCorpus(Dataset[NDArray[np.int64]]):
    """Sequences `[CLS] line [SEP] line [SEP] ...`, drawn and packed anew in each epoch.

    What is drawn depends on seed and epoch alone, so that a resumed run sees what an
    uninterrupted one would.
    """

    def __init__(self, corpus: Corpus, tokenizer: Any, length: int, seed: int) -> None:
        self.corpus = corpus
        self.seed = seed
        self.room = length - 1
        self.cls = tokenizer.cls_token_id
        encoded = tokenizer.backend_tokenizer.encode_batch_fast(
            corpus.lines, add_special_tokens=False
        )
        self.lines = [np.array([*e.ids, tokenizer.sep_token_id], dtype=np.int32) for e in encoded]
        n_tokens = corpus.weights @ np.array([len(line) for line in self.lines])
        self.n_sequences = max(1, int(n_tokens) // self.room)  # the same in every epoch
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        rows = self.corpus.draw(np.random.default_rng((self.seed, epoch)))
        stream = np.concatenate([self.lines[row] for row in rows])
        self.packed = np.resize(stream, (self.n_sequences, self.room))  # repeats if too short
        self.epoch = epoch

    def __len__(self) -> int:
        return self.n_sequences

    def __getitem__(self, index: int) -> NDArray[np.int64]:
        return np.concatenate([[self.cls], self.packed[index]]).astype(np.int64)


class Masking:
    """Makes a batch of sequences: some tokens hidden, and which (Devlin et al. 2019).

    Of the tokens to guess, 80 % become [MASK], 10 % a random token, 10 % stay. `rate` may be
    changed between epochs. With `known`, a sentence goes with each sequence.
    """

    def __init__(self, tokenizer: Any, rate: float, known: Known | None = None) -> None:
        self.rate = rate
        self.known = known
        self.mask = tokenizer.mask_token_id
        self.n_tokens = len(tokenizer)
        self.specials = torch.tensor(tokenizer.all_special_ids)
        self.padding = tokenizer.pad_token_id

    def __call__(self, sequences: Sequence[NDArray[np.int64]]) -> dict[str, torch.Tensor]:
        tokens = torch.from_numpy(np.stack(sequences))
        guessed = torch.rand(tokens.shape) < self.rate
        guessed &= ~torch.isin(tokens, self.specials)
        labels = torch.where(guessed, tokens, IGNORED)
        kind = torch.rand(tokens.shape)
        random_tokens = torch.randint(self.n_tokens, tokens.shape)
        tokens = torch.where(guessed & (kind < 0.8), self.mask, tokens)
        tokens = torch.where(guessed & (kind >= 0.9), random_tokens, tokens)
        batch = {"input_ids": tokens, "labels": labels}
        return batch | self._sentences(len(sequences)) if self.known else batch

    def _sentences(self, n: int) -> dict[str, torch.Tensor]:
        assert self.known is not None
        rows = torch.randint(len(self.known.sentences), (n,)).tolist()
        drawn = [torch.tensor(self.known.sentences[row]) for row in rows]
        ids = pad_sequence(drawn, batch_first=True, padding_value=self.padding)
        return {
            "sentences": ids,
            "sentence_mask": (ids != self.padding).long(),
            "meanings": torch.from_numpy(self.known.vectors[rows]),
        }
