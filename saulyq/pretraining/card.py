"""The model card of an encoder: what it was made from, and how to use it."""

from pathlib import Path

from saulyq.artifacts import commit
from saulyq.cards import metadata
from saulyq.pretraining.corpus import OWN, Corpus
from saulyq.pretraining.settings import PretrainConfig, Transplant

_CARD = """---
{metadata}
---
# {name}

A Kazakh text encoder with some Russian, trained to guess masked tokens; to be fine-tuned:

```bash
python train.py --config configs/compact.yaml --base_model path/to/{name} --data my_folder
```

```python
from transformers import AutoModelForMaskedLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/{name}")
model = AutoModelForMaskedLM.from_pretrained("path/to/{name}")
```

## How it was made

{start}
{meanings}The last loss{parts} was {loss:.2f} after {epochs} epochs; `loss.json` has the curve.
Commit `{commit}`, seed {seed}.

Text (each line once, `train` are our own paragraphs), and how often it is read in an epoch:

| file | words | times | source and licence |
|---|--:|--:|---|
{sources}

The text is not in this folder. No paragraph of the valid and test splits stands in it.

## Limits

It has read little by the standards of large encoders, mostly news, laws, encyclopaedia and
reviews. Text is read in lower case.
"""


def make_card(config: PretrainConfig, corpus: Corpus, last_loss: float) -> str:
    """Return the card of an encoder just trained."""
    return _CARD.format(
        metadata=metadata(["kk", "ru"], task="fill-mask", library="transformers"),
        name=config.output.name,
        start=_start(config),
        meanings=_meanings(config),
        loss=last_loss,
        parts="" if config.meanings is None else ", of both tasks together,",
        epochs=config.epochs,
        commit=commit(),
        seed=config.seed,
        sources="\n".join(_source(config, name, n) for name, n in corpus.n_words.items()),
    )


def _start(config: PretrainConfig) -> str:
    if config.transplant is not None:
        return _transplanted(config.transplant, config.vocabulary)
    if config.start is not None:
        return f"It goes on from the checkpoint `{config.start.name}`."
    return f"It started from random weights: {config.size}."


def _transplanted(transplant: Transplant, vocabulary: int) -> str:
    layers = "The body" if transplant.layers is None else f"Layers {transplant.layers} of the body"
    if transplant.glossary is None:
        meaning = "a token starts as the mean of the pieces that the body has for it"
    else:
        meaning = f"the embeddings start from the meanings in `{transplant.glossary.name}`"
    return (
        f"{layers} of `{Path(transplant.body).name}` under a vocabulary of {vocabulary} tokens of "
        f"its own; {meaning}."
    )


def _meanings(config: PretrainConfig) -> str:
    if config.meanings is None:
        return ""
    teacher = Path(config.meanings.teacher).name
    return (
        f"Besides guessing tokens it learnt to give each line the vector that `{teacher}` gives "
        "it, without what all lines have in common.\n"
    )


def _source(config: PretrainConfig, name: str, n_words: int) -> str:
    repeats = config.train_repeats if name == OWN else config.repeats.get(name, 1.0)
    told = "CC BY 4.0, `data/`" if name == OWN else config.sources.get(name, "not told")
    return f"| {name} | {n_words:,} | {repeats:g} | {told} |"
