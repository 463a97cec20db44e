"""Lines packed into sequences of one length, with tokens masked anew in each epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from saulyq.pretraining.corpus import Corpus
from saulyq.pretraining.meanings import Known
from saulyq.pretraining.settings import PretrainConfig

IGNORED = -100  # the label of a token that is not to be guessed

Example = dict[str, torch.Tensor]


class PackedCorpus(Dataset[Example]):
    """Sequences `[CLS] line [SEP] line [SEP] ...`, drawn, packed and masked anew in each epoch.

    What an example holds depends on seed, epoch and index alone, so that a resumed run sees what
    an uninterrupted one would. With `known`, a sentence goes with each sequence.
    """

    def __init__(
        self, corpus: Corpus, tokenizer: Any, config: PretrainConfig, known: Known | None = None
    ) -> None:
        self.corpus = corpus
        self.config = config
        self.known = known
        self.cls, self.mask = tokenizer.cls_token_id, tokenizer.mask_token_id
        self.n_tokens = len(tokenizer)
        self.specials = np.array(tokenizer.all_special_ids)
        whole = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        whole.no_truncation()  # a long line goes through several sequences
        encoded = whole.encode_batch_fast(corpus.lines, add_special_tokens=False)
        self.lines = [np.array([*e.ids, tokenizer.sep_token_id], dtype=np.int32) for e in encoded]
        n_tokens = corpus.repeats @ np.array([len(line) for line in self.lines])
        self.room = config.sequence_length - 1
        self.n_sequences = max(1, int(n_tokens) // self.room)  # the same in every epoch
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        rows = self.corpus.draw(np.random.default_rng((self.config.seed, epoch)))
        stream = np.concatenate([self.lines[row] for row in rows])
        self.packed = np.resize(stream, (self.n_sequences, self.room))  # repeats if too short
        self.epoch = epoch

    @property
    def mask_rate(self) -> float:
        """The share of tokens to guess: in a straight line from the first epoch to the last."""
        first, last = self.config.mask_rate, self.config.last_mask_rate
        return first + (last - first) * self.epoch / max(1, self.config.epochs - 1)

    def __len__(self) -> int:
        return self.n_sequences

    def __getitem__(self, index: int) -> Example:
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        tokens = np.concatenate([[self.cls], self.packed[index]]).astype(np.int64)
        hidden, labels = self._masked(tokens, rng)
        example = {"input_ids": torch.from_numpy(hidden), "labels": torch.from_numpy(labels)}
        if self.known is None:
            return example
        row = int(rng.integers(len(self.known.sentences)))
        meaning = torch.from_numpy(self.known.vectors[row])
        return example | {"sentence": torch.tensor(self.known.sentences[row]), "meaning": meaning}

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


class Collator:
    """Makes a batch of examples; sentences are padded to the longest."""

    def __init__(self, padding: int) -> None:
        self.padding = padding

    def __call__(self, examples: Sequence[Example]) -> Example:
        batch = {n: torch.stack([e[n] for e in examples]) for n in ("input_ids", "labels")}
        if "sentence" not in examples[0]:
            return batch
        sentences = pad_sequence(
            [e["sentence"] for e in examples], batch_first=True, padding_value=self.padding
        )
        return batch | {
            "sentences": sentences,
            "sentence_mask": (sentences != self.padding).long(),
            "meanings": torch.stack([e["meaning"] for e in examples]),
        }
