"""The tokenizer of an encoder: made from its corpus, or that of the run it goes on from."""

from typing import Any

import numpy as np
from transformers import AutoTokenizer

from saulyq.pretraining.corpus import Corpus
from saulyq.pretraining.settings import PretrainConfig
from saulyq.taggers.checkpoint import INPUTS, SPECIALS, clean_tokenizer, wrap
from saulyq.taggers.tokenizer import train_wordpiece

MAX_TOKENS = 512


def tokenizer_for(config: PretrainConfig, corpus: Corpus) -> Any:
    """Return the tokenizer of `config.start`, or one trained on an epoch of the corpus."""
    if config.start is not None:
        found = AutoTokenizer.from_pretrained(config.start)
        return clean_tokenizer(found, MAX_TOKENS)
    rows = corpus.draw(np.random.default_rng(config.seed))
    backend = train_wordpiece([corpus.lines[row] for row in rows], config.vocabulary)
    return wrap(backend, MAX_TOKENS, SPECIALS, INPUTS)
