"""Spoiling clean Kazakh text as people and machines do, to train with and to measure on."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from saulyq.text.alphabets import ALPHABETS, to_alphabet
from saulyq.text.conversion import to_cyrillic
from saulyq.text.letters import KAZAKH_LETTER, LOOKALIKES

Spoil = Callable[[str, np.random.Generator], str]

_WORD = re.compile(r"\w+")
_LATIN_TWIN = {cyrillic: latin for latin, cyrillic in LOOKALIKES.items()}

SHARE_OF_LETTERS = 0.3  # that are replaced by a look-alike
SHARE_OF_WORDS = 0.1  # that get a typing slip


def lookalikes(text: str, rng: np.random.Generator) -> str:
    """Return the text with some Cyrillic letters replaced by Latin ones of the same look."""
    drawn = rng.random(len(text)) < SHARE_OF_LETTERS
    return "".join(_LATIN_TWIN.get(c, c) if hit else c for c, hit in zip(text, drawn, strict=True))


def lost_letters(text: str, rng: np.random.Generator) -> str:
    """Return the text with every Kazakh letter turned into "?", as wrong encodings do."""
    return KAZAKH_LETTER.sub("?", text)


def typos(text: str, rng: np.random.Generator) -> str:
    """Return the text with a slip in some longer words: letters swapped, doubled or left out."""

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if len(word) < 4 or rng.random() >= SHARE_OF_WORDS:
            return word
        i = int(rng.integers(1, len(word) - 1))
        kinds = (
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
            word[:i] + word[i] + word[i:],
            word[:i] + word[i + 1 :],
        )
        return kinds[int(rng.integers(len(kinds)))]

    return _WORD.sub(slip, text)


def spoil_some(texts: Sequence[str], share: float, rng: np.random.Generator) -> list[str]:
    """Return the texts, each with probability `share` spoilt in one way and read as any input is.

    What is left of the noise after `to_cyrillic` is what a model meets when it tags.
    """
    kinds = list(VARIANTS.values())
    drawn = rng.random(len(texts)) < share
    return [
        to_cyrillic(kinds[int(rng.integers(len(kinds)))](text, rng)) if hit else text
        for text, hit in zip(texts, drawn, strict=True)
    ]


def _respelled(alphabet: str) -> Spoil:
    return lambda text, rng: to_alphabet(text, alphabet)


VARIANTS: dict[str, Spoil] = {
    **{alphabet: _respelled(alphabet) for alphabet in ALPHABETS if alphabet != "cyrillic"},
    "lookalikes": lookalikes,
    "lost_letters": lost_letters,
    "typos": typos,
}
